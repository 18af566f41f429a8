-- +goose Up
ALTER TABLE requests ADD COLUMN alert_at varchar(27) NOT NULL DEFAULT '';
