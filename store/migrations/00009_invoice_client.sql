-- The client of an invoice is that of its dossier; the columns were never filled.

-- +goose Up
DROP INDEX invoices_client_ref;
ALTER TABLE invoices DROP COLUMN client_ref;
ALTER TABLE invoices DROP COLUMN client_terms;
