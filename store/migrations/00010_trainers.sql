-- A trainer's missions, the newest first.

-- +goose Up
CREATE INDEX requests_trainer_opened_at ON requests (trainer_ref, opened_at, ref);
