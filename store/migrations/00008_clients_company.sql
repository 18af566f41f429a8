-- Another client of the same company number is told with each of its dossiers.

-- +goose Up
CREATE INDEX clients_company ON clients (company);
