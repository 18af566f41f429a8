-- The company that sells a trainer's work, which contracts and invoices name.

-- +goose Up
ALTER TABLE trainers ADD COLUMN intermediary text NOT NULL DEFAULT '';
