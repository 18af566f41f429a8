package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"jalon/models"
	"jalon/store"
)

// Scanned is the paper that proves what staff record, where there is one.
type Scanned struct {
	Scan []byte `json:"scan,omitempty" doc:"What proves it, in base64: a PDF, a JPEG or a PNG of up to 5 MB"`
}

// scanBody is what a call with a scan may weigh in bytes: base64 takes a third more.
const scanBody = uploadLimit * 2

// scanEndings are the files taken, with the ending of the names they are kept by. The name they came with may name people.
var scanEndings = map[string]string{"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}

// scanned is the file of a form that may carry one, nil if none was given. The name it came with is not looked at.
func (v *visit) scanned(wrong *faults) []byte {
	f, header, err := v.c.Request.FormFile("scan")
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart), err == nil && header.Size == 0:
		return nil
	case err != nil:
		wrong.add("scan", v.t("stop.malformed"))
		return nil
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		wrong.add("scan", v.t("stop.malformed"))
		return nil
	}
	return content
}

// scan keeps the file of a scan and returns its row, for file to write with what it proves; a row without SHA-256: there
// is none. Errors: scan_wrong_type, scan_too_large.
func (s *Server) scan(ctx context.Context, kind models.DocumentKind, subject, dossier string, content []byte) (models.Document, error) {
	if len(content) == 0 {
		return models.Document{}, nil
	}
	if len(content) > uploadLimit {
		return models.Document{}, fault(models.CodeScanLarge, "body.scan", "5 MB at most")
	}
	media, _, _ := strings.Cut(mimetype.Detect(content).String(), ";")
	ending, ok := scanEndings[media]
	if !ok || s.cfg.Documents == nil {
		return models.Document{}, fault(models.CodeScanType, "body.scan", "a PDF, a JPEG or a PNG is needed")
	}
	sha, err := s.cfg.Documents.Put(ctx, content)
	return models.Document{SHA256: sha, Kind: kind, Subject: subject, Dossier: dossier, MediaType: media, Size: int64(len(content)), CreatedAt: s.now(),
		Name: "justificatif-" + strings.NewReplacer("/", "-", "|", "-").Replace(subject) + ending}, err
}

// file writes the row of a scan, in the transaction of what it proves; without SHA-256 there is none. One row is kept for
// each content: who may read the one that is there must be who may read this one, and where it is found must be where this
// one is looked for, a dossier or, of no dossier, its subject. Errors: scan_filed_elsewhere.
func file(ctx context.Context, tx *store.Store, d models.Document) error {
	if d.SHA256 == "" {
		return nil
	}
	if err := tx.SaveDocument(ctx, d); err != nil {
		return err
	}
	known, err := tx.Document(ctx, d.SHA256)
	if err == nil && (known.Dossier != d.Dossier || d.Dossier == "" && known.Subject != d.Subject ||
		!slices.Equal(reading(known.Kind).Roles, reading(d.Kind).Roles)) {
		err = fault(models.CodeScanElsewhere, "body.scan", "the same file is kept for something else")
	}
	return err
}

// prove keeps the scan of a fact and has the fact name it; both rows are written together.
func (s *Server) prove(ctx context.Context, f *models.Fact, dossier string, content []byte) (store.ReceiveOption, error) {
	d, err := s.scan(ctx, models.EvidenceOf(f.Kind), f.Subject, dossier, content)
	f.Data.Scan = d.SHA256
	return store.Alongside(func(tx *store.Store) error { return file(ctx, tx, d) }), err
}

// proven runs write in the transaction that keeps the row of a scan, for what is rows and no fact.
func (s *Server) proven(ctx context.Context, kind models.DocumentKind, subject, dossier string, content []byte, write func(tx *store.Store) error) error {
	d, err := s.scan(ctx, kind, subject, dossier, content)
	if err != nil {
		return err
	}
	return s.store.Transact(ctx, func(tx *store.Store) error {
		if err := write(tx); err != nil {
			return err
		}
		return file(ctx, tx, d)
	})
}

// proofs are the scans of what staff recorded that somebody may open, by line of a journal.
func proofs(who Caller, facts []models.Inbox, lines []models.JournalLine) map[string]string {
	out := map[string]string{}
	for _, f := range facts {
		if f.Data.Scan == "" || !reading(models.EvidenceOf(f.Kind)).Allows(who.Roles) {
			continue
		}
		for _, l := range lines {
			if f.Told(l) || store.LineOfLate(l, f.Fact) {
				out[l.ID] = f.Data.Scan
			}
		}
	}
	return out
}
