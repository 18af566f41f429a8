-- +goose Up
CREATE TABLE leaves (
    ref text NOT NULL,
    user_ref text NOT NULL DEFAULT '',
    "from" text NOT NULL DEFAULT '',
    until text NOT NULL DEFAULT '',
    backup text NOT NULL DEFAULT '',
    recorder text NOT NULL DEFAULT '',
    created_at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (ref)
);
CREATE INDEX leaves_user_ref_until ON leaves (user_ref, until);

CREATE TABLE alert_reads (
    alert text NOT NULL,
    dossier text NOT NULL DEFAULT '',
    reader text NOT NULL DEFAULT '',
    at varchar(27) NOT NULL DEFAULT '',
    PRIMARY KEY (alert)
);
CREATE INDEX alert_reads_dossier ON alert_reads (dossier);

-- The lists of the money pages, each in its own order.
DROP INDEX invoices_status;
DROP INDEX invoices_kind;
DROP INDEX invoices_pay_on;
CREATE INDEX invoices_status_ref ON invoices (status, ref);
CREATE INDEX invoices_kind_ref ON invoices (kind, ref);
CREATE INDEX invoices_status_pay_on_ref ON invoices (status, pay_on, ref);
CREATE INDEX recaps_month_ref ON recaps (month, ref);
CREATE INDEX recaps_status_month_ref ON recaps (status, month, ref);
CREATE INDEX journal_lines_subject_at ON journal_lines (subject, at, id);
