-- The console's lists, each walked in its own order; the counts read an index alone.

-- +goose Up
DROP INDEX requests_stage;
DROP INDEX requests_owner;
DROP INDEX requests_alert;
CREATE INDEX requests_stage_opened_at ON requests (stage, opened_at, ref);
CREATE INDEX requests_owner_opened_at ON requests (owner, opened_at, ref);
CREATE INDEX requests_alert_stage ON requests (alert, stage);
DROP INDEX deadlines_status_due_at;
CREATE INDEX deadlines_open_due_at ON deadlines (due_at, id, awaits, kind, dossier) WHERE status = 'open';
