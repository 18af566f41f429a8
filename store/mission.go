package store

import (
	"context"

	"jalon/models"
)

// Audit reads an audit.
func (s *Store) Audit(ctx context.Context, ref string) (models.Audit, error) {
	return one[models.Audit](ctx, s, "ref = ?", ref)
}

// Audits lists those of a dossier.
func (s *Store) Audits(ctx context.Context, dossier string) ([]models.Audit, error) {
	return all[models.Audit](ctx, s, "number", "dossier = ?", dossier)
}

// Programme reads a version of a programme.
func (s *Store) Programme(ctx context.Context, ref string) (models.Programme, error) {
	return one[models.Programme](ctx, s, "ref = ?", ref)
}

// Programmes lists those of a dossier.
func (s *Store) Programmes(ctx context.Context, dossier string) ([]models.Programme, error) {
	return all[models.Programme](ctx, s, "number", "dossier = ?", dossier)
}

// ProgrammeText reads what a trainer wrote.
func (s *Store) ProgrammeText(ctx context.Context, ref string) (models.ProgrammeText, error) {
	return one[models.ProgrammeText](ctx, s, "ref = ?", ref)
}

// SaveProgrammeText keeps what a trainer wrote.
func (s *Store) SaveProgrammeText(ctx context.Context, t models.ProgrammeText) error {
	return save(ctx, s, t)
}

// Contract reads a document to sign.
func (s *Store) Contract(ctx context.Context, ref string) (models.Contract, error) {
	return one[models.Contract](ctx, s, "ref = ?", ref)
}

// Contracts lists those of a dossier.
func (s *Store) Contracts(ctx context.Context, dossier string) ([]models.Contract, error) {
	return all[models.Contract](ctx, s, "number", "dossier = ?", dossier)
}

// Signature reads the fact that signed a document; ErrNotFound while none did.
func (s *Store) Signature(ctx context.Context, contract string) (models.Inbox, error) {
	return one[models.Inbox](ctx, s, "dossier = ? AND kind = ? AND subject = ? AND state = ?", models.DossierOf(contract), models.FactContractSigned, contract, models.FactApplied)
}

// Document reads the row of a stored file by its content's SHA-256.
func (s *Store) Document(ctx context.Context, sha256 string) (models.Document, error) {
	return one[models.Document](ctx, s, "sha256 = ?", sha256)
}

// DocumentOf reads the newest document of a kind about a subject.
func (s *Store) DocumentOf(ctx context.Context, kind models.DocumentKind, subject string) (models.Document, error) {
	var d models.Document
	err := s.db.WithContext(ctx).Where("subject = ? AND kind = ?", subject, kind).Order("created_at DESC, sha256").Take(&d).Error
	return d, failure(err)
}

// Documents lists those of a dossier, oldest first.
func (s *Store) Documents(ctx context.Context, dossier string) ([]models.Document, error) {
	return all[models.Document](ctx, s, "created_at, sha256", "dossier = ?", dossier)
}

// SaveDocument keeps the row of a stored file; the first one of a content stays.
func (s *Store) SaveDocument(ctx context.Context, d models.Document) error {
	_, err := insert(ctx, s, d)
	return err
}
