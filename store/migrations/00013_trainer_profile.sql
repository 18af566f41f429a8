-- The company that sells a trainer's work, which contracts and invoices name, and the titles that an individual's contract states.

-- +goose Up
ALTER TABLE trainers ADD COLUMN intermediary text NOT NULL DEFAULT '';
ALTER TABLE trainers ADD COLUMN titles text NOT NULL DEFAULT '';
