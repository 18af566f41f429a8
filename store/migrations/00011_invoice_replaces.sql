-- An invoice that the agency had written in the supplier's name stays known when the supplier's own takes its place.

-- +goose Up
ALTER TABLE invoices ADD COLUMN replaces text NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN replaces_sha256 text NOT NULL DEFAULT '';
