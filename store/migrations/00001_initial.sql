-- Common to SQLite and PostgreSQL. Instants are UTC text of fixed width, empty for none; lists and particulars are
-- JSON text.

-- +goose Up
CREATE TABLE settings (
    name text NOT NULL,
    value text NOT NULL DEFAULT '',
    PRIMARY KEY (name)
);

CREATE TABLE processes (
    workflow text NOT NULL,
    run text NOT NULL DEFAULT '',
    seq bigint NOT NULL DEFAULT 0,
    result text,
    PRIMARY KEY (workflow)
);

CREATE TABLE sequences (
    series text NOT NULL,
    year bigint NOT NULL,
    last bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (series, year)
);

CREATE TABLE allocations (
    series text NOT NULL,
    key text NOT NULL,
    value text NOT NULL DEFAULT '',
    PRIMARY KEY (series, key)
);

CREATE TABLE sign_ins (
    token text NOT NULL,
    data bytea,
    expires_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (token)
);
CREATE INDEX sign_ins_expires_at ON sign_ins (expires_at);

CREATE TABLE idempotencies (
    id text NOT NULL,
    body_hash text NOT NULL DEFAULT '',
    status bigint NOT NULL DEFAULT 0,
    body bytea,
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (id)
);

CREATE TABLE inbox (
    id text NOT NULL,
    kind text NOT NULL DEFAULT '',
    workflow text NOT NULL DEFAULT '',
    dossier text NOT NULL DEFAULT '',
    subject text NOT NULL DEFAULT '',
    deadline_id text NOT NULL DEFAULT '',
    received_at varchar(27) NOT NULL DEFAULT '',
    channel text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    recorder text NOT NULL DEFAULT '',
    data text,
    start text,
    state text NOT NULL DEFAULT '',
    attempts bigint NOT NULL DEFAULT 0,
    lease_until varchar(27) NOT NULL DEFAULT '',
    stored_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (id)
);
CREATE INDEX inbox_workflow ON inbox (workflow);
CREATE INDEX inbox_dossier ON inbox (dossier);
CREATE INDEX inbox_deadline_id ON inbox (deadline_id);
CREATE INDEX inbox_state_stored_at ON inbox (state, stored_at);

CREATE TABLE messages (
    key text NOT NULL,
    group_key text NOT NULL DEFAULT '',
    dossier text NOT NULL DEFAULT '',
    workflow text NOT NULL DEFAULT '',
    template text NOT NULL DEFAULT '',
    "to" text NOT NULL DEFAULT '',
    to_ref text NOT NULL DEFAULT '',
    subject text NOT NULL DEFAULT '',
    links text,
    attach text,
    args text,
    deadline_id text NOT NULL DEFAULT '',
    not_before varchar(27) NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    attempts bigint NOT NULL DEFAULT 0,
    attempt_at varchar(27) NOT NULL DEFAULT '',
    lease_until varchar(27) NOT NULL DEFAULT '',
    sent_at varchar(27) NOT NULL DEFAULT '',
    failure text NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (key)
);
CREATE INDEX messages_group_key ON messages (group_key);
CREATE INDEX messages_dossier_created_at ON messages (dossier, created_at);
CREATE INDEX messages_workflow ON messages (workflow);
CREATE INDEX messages_status_not_before ON messages (status, not_before);

CREATE TABLE mailbox_items (
    key text NOT NULL,
    message_id text NOT NULL DEFAULT '',
    recipient text NOT NULL DEFAULT '',
    subject text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',
    html text NOT NULL DEFAULT '',
    attach text,
    dossier text NOT NULL DEFAULT '',
    template text NOT NULL DEFAULT '',
    at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (key)
);
CREATE INDEX mailbox_items_recipient ON mailbox_items (recipient);
CREATE INDEX mailbox_items_dossier ON mailbox_items (dossier);
CREATE INDEX mailbox_items_at ON mailbox_items (at);

CREATE TABLE deadlines (
    id text NOT NULL,
    workflow text NOT NULL DEFAULT '',
    dossier text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    subject text NOT NULL DEFAULT '',
    awaits text NOT NULL DEFAULT '',
    awaits_ref text NOT NULL DEFAULT '',
    opened_at varchar(27) NOT NULL DEFAULT '',
    due_at varchar(27) NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    closed_at varchar(27) NOT NULL DEFAULT '',
    consequence text NOT NULL DEFAULT '',
    postponable boolean NOT NULL DEFAULT false,
    postponed bigint NOT NULL DEFAULT 0,
    note text NOT NULL DEFAULT '',
    asked text,
    left_by varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (id)
);
CREATE INDEX deadlines_workflow ON deadlines (workflow);
CREATE INDEX deadlines_dossier_status_due_at ON deadlines (dossier, status, due_at);
CREATE INDEX deadlines_subject ON deadlines (subject);
CREATE INDEX deadlines_status_due_at ON deadlines (status, due_at);

CREATE TABLE journal_lines (
    id text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    at varchar(27) NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    subject text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    channel text NOT NULL DEFAULT '',
    recorder text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    args text,
    PRIMARY KEY (id)
);
CREATE INDEX journal_lines_dossier_at ON journal_lines (dossier, at);

CREATE TABLE briefs (
    ref text NOT NULL,
    channel text NOT NULL DEFAULT '',
    partner text NOT NULL DEFAULT '',
    client_ref text NOT NULL DEFAULT '',
    client_type text NOT NULL DEFAULT '',
    contact_ref text NOT NULL DEFAULT '',
    billing_ref text NOT NULL DEFAULT '',
    topic text NOT NULL DEFAULT '',
    title text NOT NULL DEFAULT '',
    needs text NOT NULL DEFAULT '',
    mode text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    department text NOT NULL DEFAULT '',
    group_size bigint NOT NULL DEFAULT 0,
    level text NOT NULL DEFAULT '',
    funding text NOT NULL DEFAULT '',
    budget_cents bigint NOT NULL DEFAULT 0,
    wanted_from text NOT NULL DEFAULT '',
    urgent boolean NOT NULL DEFAULT false,
    order_half_days bigint NOT NULL DEFAULT 0,
    order_unit text NOT NULL DEFAULT '',
    order_quantity bigint NOT NULL DEFAULT 0,
    order_unit_price_cents bigint NOT NULL DEFAULT 0,
    order_vat_bps bigint NOT NULL DEFAULT 0,
    policy text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX briefs_client_ref ON briefs (client_ref);

CREATE TABLE requests (
    ref text NOT NULL,
    stage text NOT NULL DEFAULT '',
    policy text NOT NULL DEFAULT '',
    policy_hash text NOT NULL DEFAULT '',
    topic text NOT NULL DEFAULT '',
    owner text NOT NULL DEFAULT '',
    solicitation bigint NOT NULL DEFAULT 0,
    trainer_ref text NOT NULL DEFAULT '',
    rate_cents bigint NOT NULL DEFAULT 0,
    rate_unit text NOT NULL DEFAULT '',
    alert text NOT NULL DEFAULT '',
    outcome text NOT NULL DEFAULT '',
    half_days_held bigint NOT NULL DEFAULT 0,
    invoice_ref text NOT NULL DEFAULT '',
    opened_at varchar(27) NOT NULL DEFAULT '',
    delivered_at varchar(27) NOT NULL DEFAULT '',
    ended_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX requests_opened_at ON requests (opened_at, ref);
CREATE INDEX requests_stage ON requests (stage);
CREATE INDEX requests_owner ON requests (owner);
CREATE INDEX requests_alert ON requests (alert);

CREATE TABLE clients (
    ref text NOT NULL,
    type text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    company text NOT NULL DEFAULT '',
    vat_number text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);

CREATE TABLE contacts (
    ref text NOT NULL,
    client_ref text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    lang text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX contacts_client_ref ON contacts (client_ref);

CREATE TABLE trainers (
    ref text NOT NULL,
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    lang text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    department text NOT NULL DEFAULT '',
    legal_form text NOT NULL DEFAULT '',
    company text NOT NULL DEFAULT '',
    vat_status text NOT NULL DEFAULT '',
    vat_number text NOT NULL DEFAULT '',
    nda text NOT NULL DEFAULT '',
    label boolean NOT NULL DEFAULT false,
    iban text NOT NULL DEFAULT '',
    self_billing boolean NOT NULL DEFAULT false,
    rate_cents bigint NOT NULL DEFAULT 0,
    rate_unit text NOT NULL DEFAULT '',
    validated boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT false,
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);

CREATE TABLE skills (
    trainer_ref text NOT NULL,
    topic text NOT NULL,
    level bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (trainer_ref, topic)
);
CREATE INDEX skills_topic ON skills (topic);

CREATE TABLE courses (
    topic text NOT NULL,
    title_fr text NOT NULL DEFAULT '',
    title_en text NOT NULL DEFAULT '',
    "similar" text NOT NULL DEFAULT '',
    adjacent text NOT NULL DEFAULT '',
    PRIMARY KEY (topic)
);

CREATE TABLE participants (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    lang text NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    removed_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX participants_dossier ON participants (dossier);

CREATE TABLE notes (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    author text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',
    at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX notes_dossier ON notes (dossier);

CREATE TABLE users (
    ref text NOT NULL,
    login text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    lang text NOT NULL DEFAULT '',
    roles text,
    hash text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT false,
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE UNIQUE INDEX users_login ON users (login);

CREATE TABLE tokens (
    ref text NOT NULL,
    name text NOT NULL DEFAULT '',
    sha256 text NOT NULL DEFAULT '',
    roles text,
    expires_at varchar(27) NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE UNIQUE INDEX tokens_sha256 ON tokens (sha256);

CREATE TABLE invitations (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    search bigint NOT NULL DEFAULT 0,
    number bigint NOT NULL DEFAULT 0,
    wave bigint NOT NULL DEFAULT 0,
    trainer_ref text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    upskilling boolean NOT NULL DEFAULT false,
    upskill_ok boolean NOT NULL DEFAULT false,
    rate_cents bigint NOT NULL DEFAULT 0,
    rate_unit text NOT NULL DEFAULT '',
    score bigint NOT NULL DEFAULT 0,
    deadline_id text NOT NULL DEFAULT '',
    sent_at varchar(27) NOT NULL DEFAULT '',
    answered_at varchar(27) NOT NULL DEFAULT '',
    late_answer text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    decided_note text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX invitations_dossier ON invitations (dossier);
CREATE INDEX invitations_trainer_ref ON invitations (trainer_ref);

CREATE TABLE audits (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    number bigint NOT NULL DEFAULT 0,
    trainer_ref text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    slots text,
    slot_at varchar(27) NOT NULL DEFAULT '',
    scale text NOT NULL DEFAULT '',
    feasible boolean NOT NULL DEFAULT false,
    note text NOT NULL DEFAULT '',
    round bigint NOT NULL DEFAULT 0,
    deadline_id text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX audits_dossier ON audits (dossier);

CREATE TABLE programmes (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    number bigint NOT NULL DEFAULT 0,
    trainer_ref text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    text_ref text NOT NULL DEFAULT '',
    submitted_at varchar(27) NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    deadline_id text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX programmes_dossier ON programmes (dossier);

CREATE TABLE programme_texts (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    objectives text NOT NULL DEFAULT '',
    content text NOT NULL DEFAULT '',
    methods text NOT NULL DEFAULT '',
    assessment text NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX programme_texts_dossier ON programme_texts (dossier);

CREATE TABLE contracts (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    number bigint NOT NULL DEFAULT 0,
    kind text NOT NULL DEFAULT '',
    signer text NOT NULL DEFAULT '',
    trainer_ref text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    sha256 text NOT NULL DEFAULT '',
    sent_at varchar(27) NOT NULL DEFAULT '',
    signed_at varchar(27) NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    deadline_id text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX contracts_dossier ON contracts (dossier);

CREATE TABLE documents (
    sha256 text NOT NULL,
    kind text NOT NULL DEFAULT '',
    subject text NOT NULL DEFAULT '',
    dossier text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    media_type text NOT NULL DEFAULT '',
    size bigint NOT NULL DEFAULT 0,
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (sha256)
);
CREATE INDEX documents_subject ON documents (subject);
CREATE INDEX documents_dossier ON documents (dossier);

CREATE TABLE sessions (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    number bigint NOT NULL DEFAULT 0,
    trainer_ref text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    half_days text,
    start_at varchar(27) NOT NULL DEFAULT '',
    end_at varchar(27) NOT NULL DEFAULT '',
    place_ref text NOT NULL DEFAULT '',
    sheet_signed varchar(27) NOT NULL DEFAULT '',
    sheet_by text NOT NULL DEFAULT '',
    complete boolean NOT NULL DEFAULT false,
    note text NOT NULL DEFAULT '',
    deadline_id text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX sessions_dossier ON sessions (dossier);
CREATE INDEX sessions_trainer_ref_end_at ON sessions (trainer_ref, end_at);

CREATE TABLE attendances (
    session text NOT NULL,
    participant text NOT NULL,
    half_day bigint NOT NULL,
    state text NOT NULL DEFAULT '',
    signed_at varchar(27) NOT NULL DEFAULT '',
    channel text NOT NULL DEFAULT '',
    recorder text NOT NULL DEFAULT '',
    PRIMARY KEY (session, participant, half_day)
);

CREATE TABLE absences (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    session text NOT NULL DEFAULT '',
    participant text NOT NULL DEFAULT '',
    half_days text,
    status text NOT NULL DEFAULT '',
    told_at varchar(27) NOT NULL DEFAULT '',
    justified_at varchar(27) NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    deadline_id text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX absences_dossier ON absences (dossier);
CREATE INDEX absences_session ON absences (session);
CREATE INDEX absences_participant ON absences (participant);

CREATE TABLE evaluations (
    dossier text NOT NULL,
    participant text NOT NULL,
    kind text NOT NULL,
    score bigint NOT NULL DEFAULT 0,
    text text NOT NULL DEFAULT '',
    at varchar(27) NOT NULL DEFAULT '',
    channel text NOT NULL DEFAULT '',
    recorder text NOT NULL DEFAULT '',
    PRIMARY KEY (dossier, participant, kind)
);

CREATE TABLE pay_lines (
    ref text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    payer text NOT NULL DEFAULT '',
    trainer_ref text NOT NULL DEFAULT '',
    month text NOT NULL DEFAULT '',
    held_on text NOT NULL DEFAULT '',
    unit text NOT NULL DEFAULT '',
    quantity bigint NOT NULL DEFAULT 0,
    rate_cents bigint NOT NULL DEFAULT 0,
    cents bigint NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT '',
    recap_ref text NOT NULL DEFAULT '',
    invoice_ref text NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX pay_lines_dossier ON pay_lines (dossier);
CREATE INDEX pay_lines_payer_trainer_ref_month ON pay_lines (payer, trainer_ref, month);
CREATE INDEX pay_lines_invoice_ref ON pay_lines (invoice_ref);

CREATE TABLE recaps (
    ref text NOT NULL,
    workflow text NOT NULL DEFAULT '',
    payer text NOT NULL DEFAULT '',
    trainer_ref text NOT NULL DEFAULT '',
    month text NOT NULL DEFAULT '',
    number bigint NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT '',
    lines text,
    contested text,
    cents bigint NOT NULL DEFAULT 0,
    sha256 text NOT NULL DEFAULT '',
    sent_at varchar(27) NOT NULL DEFAULT '',
    answered_at varchar(27) NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    deadline_id text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX recaps_workflow ON recaps (workflow);
CREATE INDEX recaps_trainer_ref ON recaps (trainer_ref);

CREATE TABLE pay_months (
    payer text NOT NULL,
    trainer_ref text NOT NULL,
    month text NOT NULL,
    settled_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (payer, trainer_ref, month)
);

CREATE TABLE invoices (
    ref text NOT NULL,
    number text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    dossier text NOT NULL DEFAULT '',
    recap_ref text NOT NULL DEFAULT '',
    trainer_ref text NOT NULL DEFAULT '',
    client_ref text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    lines text,
    net_cents bigint NOT NULL DEFAULT 0,
    vat_bps bigint NOT NULL DEFAULT 0,
    vat_cents bigint NOT NULL DEFAULT 0,
    total_cents bigint NOT NULL DEFAULT 0,
    sha256 text NOT NULL DEFAULT '',
    round bigint NOT NULL DEFAULT 0,
    issued_at varchar(27) NOT NULL DEFAULT '',
    received_at varchar(27) NOT NULL DEFAULT '',
    conform_at varchar(27) NOT NULL DEFAULT '',
    promise_on text NOT NULL DEFAULT '',
    legal_on text NOT NULL DEFAULT '',
    pay_on text NOT NULL DEFAULT '',
    paid_on text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    deadline_id text NOT NULL DEFAULT '',
    client_terms text NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX invoices_kind ON invoices (kind);
CREATE INDEX invoices_dossier ON invoices (dossier);
CREATE INDEX invoices_trainer_ref ON invoices (trainer_ref);
CREATE INDEX invoices_client_ref ON invoices (client_ref);
CREATE INDEX invoices_status ON invoices (status);
CREATE INDEX invoices_recap_ref ON invoices (recap_ref);
CREATE INDEX invoices_pay_on ON invoices (pay_on);
