package store

import (
	"context"
	"errors"

	"jalon/models"
)

// Addressee is who reads a message, and where.
type Addressee struct {
	Name, Email string
	Lang        models.Lang
	Owner       string // name of who of the staff it is meant for
	Instead     bool   // somebody else reads it
}

// Addressee finds who the role of a message stands for on a day; team is the address of what nobody of the staff in
// particular reads. Somebody without an address has none; somebody unknown is ErrNotFound.
func (s *Store) Addressee(ctx context.Context, m models.Message, on models.Date, team string) (Addressee, error) {
	switch m.To {
	case models.RoleTrainer:
		t, err := s.TrainerAddress(ctx, m.ToRef)
		return Addressee{Name: t.Name, Email: t.Email, Lang: t.Lang}, err
	case models.RoleParticipant:
		p, err := s.Participant(ctx, m.ToRef)
		return Addressee{Name: p.Name, Email: p.Email, Lang: p.Lang}, err
	case models.RoleClient, models.RoleBilling:
		if err := s.address(ctx, &m, map[string]models.Brief{}); err != nil {
			return Addressee{}, err
		}
		c, err := s.Contact(ctx, m.ToRef)
		return Addressee{Name: c.Name, Email: c.Email, Lang: c.Lang}, err
	}
	return s.reader(ctx, m, on, team)
}

// reader finds who of the agency reads a message: the owner of the dossier as it is now, in their absence who stands in
// for them, or else the team, since an alert must reach somebody.
func (s *Store) reader(ctx context.Context, m models.Message, on models.Date, team string) (Addressee, error) {
	out := Addressee{Email: team, Lang: models.French}
	ref := m.ToRef
	if ref == "" {
		owner, err := s.User(ctx, m.Args.Get("owner"))
		out.Owner = owner.Name
		return out, unlessUnknown(err)
	}
	if m.To == models.RoleStaff && m.Dossier != "" {
		r, err := s.Request(ctx, m.Dossier)
		if err := unlessUnknown(err); err != nil {
			return Addressee{}, err
		}
		if r.Owner != "" {
			ref = r.Owner // handed on since the message was written
		}
	}
	owner, err := s.User(ctx, ref)
	if err := unlessUnknown(err); err != nil {
		return Addressee{}, err
	}
	reader, err := s.StandIn(ctx, ref, on)
	if err != nil || reader.Ref == "" {
		out.Owner, out.Instead = owner.Name, true
		return out, err
	}
	return Addressee{reader.Name, reader.Email, reader.Lang, owner.Name, reader.Ref != ref}, nil
}

// unlessUnknown is an error that is not an absence.
func unlessUnknown(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
