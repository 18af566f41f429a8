-- What dossiers, clients, contacts and trainers are found by, filled after the migration.

-- +goose Up
CREATE TABLE search_texts (
    kind text NOT NULL,
    ref text NOT NULL,
    text text NOT NULL DEFAULT '',
    PRIMARY KEY (kind, ref)
);
