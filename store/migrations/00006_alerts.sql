-- All that a person must look at, where the dossier's row tells the newest.

-- +goose Up
CREATE TABLE alerts (
    dossier text NOT NULL,
    alert text NOT NULL,
    subject text NOT NULL,
    since varchar(27) NOT NULL DEFAULT '',
    place bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (dossier, alert, subject)
);
CREATE INDEX alerts_alert_dossier ON alerts (alert, dossier);
INSERT INTO alerts (dossier, alert, subject, since) SELECT ref, alert, '', alert_at FROM requests WHERE alert <> '';
