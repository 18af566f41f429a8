-- Why a statement replaces the one before it, whether other lines are billed apart, and which lines staff corrected.

-- +goose Up
ALTER TABLE recaps ADD COLUMN explanation text NOT NULL DEFAULT '';
ALTER TABLE recaps ADD COLUMN billed_apart boolean NOT NULL DEFAULT false;
ALTER TABLE pay_lines ADD COLUMN corrected boolean NOT NULL DEFAULT false;
