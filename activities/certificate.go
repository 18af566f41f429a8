package activities

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"jalon/documents"
	"jalon/models"
)

// drawnAtOnce bounds the certificates of one group drawn at the same time: each draws for some milliseconds, then waits
// for its disk.
const drawnAtOnce = 4

// presence is what one participant followed of a course.
type presence struct {
	models.Participant
	minutes  int64 // of the half-days signed: absences are out (F134)
	from, to models.Date
}

// attended lists the active participants who signed at least one half-day of a session that was held, in the order they
// registered.
func (a clerk) attended(ctx context.Context, dossier string) ([]presence, error) {
	people, err := a.Store.Participants(ctx, dossier, true)
	if err != nil {
		return nil, err
	}
	sessions, err := a.Store.Sessions(ctx, dossier)
	if err != nil {
		return nil, err
	}
	by := map[string]*presence{}
	for _, s := range sessions {
		if !s.Counts() {
			continue
		}
		marks, err := a.Store.Attendances(ctx, s.Ref)
		if err != nil {
			return nil, err
		}
		for _, m := range marks {
			if m.State != models.AttendanceSigned || m.HalfDay < 0 || m.HalfDay >= len(s.HalfDays) {
				continue
			}
			p := by[m.Participant]
			if p == nil {
				p = &presence{}
				by[m.Participant] = p
			}
			h := s.HalfDays[m.HalfDay]
			p.minutes += int64(h.End.Sub(h.Start).Minutes())
			day := models.ParisDate(h.Start)
			if p.from == "" || day < p.from {
				p.from = day
			}
			p.to = max(p.to, day)
		}
	}
	var out []presence
	for _, person := range people {
		if p := by[person.Ref]; p != nil {
			p.Participant = person
			out = append(out, *p)
		}
	}
	return out, nil
}

// IssueCertificates draws the certificate of every participant who signed at least one half-day, with the hours
// followed, absences out (F134), and returns who they are. Issuing again at the same moment changes nothing.
func (a *Activities) IssueCertificates(ctx context.Context, in models.CertificateInput) ([]string, error) {
	out, err := a.clerk().certificates(ctx, in)
	return out, failure(ctx, err)
}

// certified tells whose certificate an earlier attempt has drawn and kept already. It is not drawn again: after a correction
// of a name between two attempts there would be two of the same instant, and no telling which one the mail encloses.
func (a clerk) certified(ctx context.Context, in models.CertificateInput) (map[string]bool, error) {
	kept, err := a.Store.Documents(ctx, in.Dossier)
	if err != nil {
		return nil, err
	}
	drawn, at := map[string]bool{}, in.At.Truncate(time.Microsecond) // as instants are kept
	for _, d := range kept {
		if d.Kind == models.DocumentCertificate && d.CreatedAt.Equal(at) {
			_, person, _ := strings.Cut(d.Subject, "|")
			drawn[person] = true
		}
	}
	return drawn, nil
}

func (a clerk) certificates(ctx context.Context, in models.CertificateInput) ([]string, error) {
	b, course, err := a.brief(ctx, in.Dossier)
	if err != nil {
		return nil, err
	}
	client, err := known(a.Store.Client(ctx, b.ClientRef))
	if err != nil {
		return nil, err
	}
	sessions, err := a.Store.Sessions(ctx, in.Dossier)
	if err != nil {
		return nil, err
	}
	var planned int64
	for _, s := range sessions {
		if s.Counts() {
			planned += s.Minutes()
		}
	}
	people, err := a.attended(ctx, in.Dossier)
	if err != nil {
		return nil, err
	}
	drawn, err := a.certified(ctx, in)
	if err != nil {
		return nil, err
	}
	employer := client.Name
	if !b.ClientType.Organisation() {
		employer = ""
	}
	issue := func(ctx context.Context, p presence) error {
		subject := in.Dossier + "|" + p.Ref
		pdf, err := documents.Certificate(documents.Attestation{Ref: in.Dossier + " – " + p.Ref, At: in.At, Agency: a.Agency, Participant: p.Name, Employer: employer,
			Course: course, From: p.from, To: p.to, Minutes: p.minutes, Planned: planned})
		if err != nil {
			return err
		}
		input := models.RenderInput{Kind: models.DocumentCertificate, Subject: subject, Dossier: in.Dossier, At: in.At}
		_, err = a.keep(ctx, input, fileName("certificat", subject), pdf)
		return err
	}
	group, together := errgroup.WithContext(ctx)
	group.SetLimit(drawnAtOnce)
	out := []string{}
	for _, p := range people {
		out = append(out, p.Ref)
		if !drawn[p.Ref] {
			group.Go(func() error { return issue(together, p) })
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}
