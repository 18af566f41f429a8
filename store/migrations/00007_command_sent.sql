-- The command that a call sent before it was answered: a repeat asks its process what became of it.

-- +goose Up
ALTER TABLE idempotencies ADD COLUMN workflow text NOT NULL DEFAULT '';
ALTER TABLE idempotencies ADD COLUMN update_id text NOT NULL DEFAULT '';
