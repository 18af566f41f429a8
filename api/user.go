package api

import (
	"context"
	"net/http"

	"jalon/models"
	"jalon/store"
)

// UserView is an account of the staff, as its colleagues see it.
type UserView struct {
	Ref          string         `json:"ref"`
	Name         string         `json:"name"`
	Roles        []models.Role  `json:"roles"`
	Active       bool           `json:"active" doc:"False: the account is closed"`
	OpenDossiers int64          `json:"open_requests" doc:"That they look after"`
	Leaves       []models.Leave `json:"leaves" doc:"Under way and to come"`
	StandIn      string         `json:"stand_in_ref,omitempty" doc:"Who reads their mails today, if absent; the team if nobody"`
	Away         bool           `json:"away" doc:"Absent today"`
}

// LeaveInput is an absence to come.
type LeaveInput struct {
	From   models.Date `json:"from" format:"date" doc:"First day, Europe/Paris"`
	Until  models.Date `json:"until" format:"date" doc:"Last day"`
	Backup string      `json:"backup_ref,omitempty" maxLength:"32" doc:"Colleague who reads their mails meanwhile; the team if absent"`
}

// ReassignInput names who looks after a dossier from now on.
type ReassignInput struct {
	Why
	Owner string `json:"owner" minLength:"1" maxLength:"32" doc:"User"`
}

// longestLeave bounds an absence, in days: more is a mistake in the year.
const longestLeave = 366

// users are the accounts with their absences and what they look after, by name.
func (s *Server) users(ctx context.Context) ([]UserView, error) {
	today := s.today()
	rows, err := s.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	leaves, err := s.store.LeavesFrom(ctx, today)
	if err != nil {
		return nil, err
	}
	open, err := s.store.OpenByOwner(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]UserView, len(rows))
	for i, u := range rows {
		v := UserView{Ref: u.Ref, Name: u.Name, Roles: u.Roles, Active: u.Active, OpenDossiers: open[u.Ref], Leaves: []models.Leave{}}
		for _, l := range leaves {
			if l.UserRef == u.Ref {
				v.Leaves = append(v.Leaves, l)
				v.Away = v.Away || l.Covers(today)
			}
		}
		if v.Away {
			in, err := s.store.StandIn(ctx, u.Ref, today)
			if err != nil {
				return nil, err
			}
			v.StandIn = in.Ref
		}
		out[i] = v
	}
	return out, nil
}

// mayPlan refuses (forbidden) who plans the absences of somebody else without being of the staff.
func mayPlan(ctx context.Context, user string) error {
	call := callFrom(ctx)
	if call.Ref == user || Staff.Allows(call.Roles) {
		return nil
	}
	return refuse(models.CodeForbidden)
}

func (s *Server) addLeave(ctx context.Context, user string, in LeaveInput) (models.Leave, error) {
	l := models.Leave{UserRef: user, From: in.From, Until: in.Until, Backup: in.Backup, Recorder: callFrom(ctx).Ref, CreatedAt: s.now()}
	if err := mayPlan(ctx, user); err != nil {
		return l, err
	}
	key := callFrom(ctx).key
	ref, err := s.store.Allocated(ctx, store.SeriesLeave, key)
	switch {
	case err == nil: // a first call, whose answer was lost, added it; it may have been dropped since
		first, err := s.store.Leave(ctx, ref)
		if models.ErrorCode(err) == models.CodeUnknown {
			l.Ref = ref
			return l, nil
		}
		return first, err
	case models.ErrorCode(err) != models.CodeUnknown:
		return l, err
	}
	if _, err := s.store.User(ctx, user); err != nil {
		return l, err
	}
	switch {
	case l.Until < l.From:
		return l, invalid("body.until", "before the first day")
	case l.Until < s.today():
		return l, fault(models.CodePastDate, "body.until", "already past")
	case l.From.DaysUntil(l.Until) > longestLeave:
		return l, invalid("body.until", "more than a year")
	case l.Backup == user:
		return l, invalid("body.backup_ref", "somebody else")
	}
	if l.Backup != "" {
		b, err := s.store.User(ctx, l.Backup)
		if models.ErrorCode(err) == models.CodeUnknown || err == nil && !b.Active {
			return l, invalid("body.backup_ref", "no such account")
		}
		if err != nil {
			return l, err
		}
	}
	err = s.store.Transact(ctx, func(tx *store.Store) (err error) { // a reference that was given tells that it was added
		if l.Ref, err = tx.Allocate(ctx, models.Allocation{Series: store.SeriesLeave, Key: key}); err != nil {
			return err
		}
		return tx.AddLeave(ctx, l)
	})
	if models.ErrorCode(err) == models.CodeConflict {
		err = fault(models.CodeConflict, "body.from", "another absence covers some of these days")
	}
	return l, err
}

// alertRead notes that somebody has seen what staff are called about: the team is not told any more (docs/adr/0007).
// What it cannot note stays unread, which harms nobody.
func (s *Server) alertRead(ctx context.Context, of store.AlertsOf, reader string) {
	if _, err := s.store.ReadAlerts(ctx, of, reader, s.now()); err != nil {
		s.log.WarnContext(ctx, "alert not marked as read", "request", requestIDFrom(ctx), "error", err)
	}
}

func (s *Server) registerUsers() {
	add(s, operation{method: "GET", path: "/users", id: "list-users", tag: "users", rule: Everyone, summary: "The staff, their absences and what they look after"},
		func(ctx context.Context, in *Paging) (*listOutput[UserView], error) {
			rows, err := s.users(ctx)
			if err != nil {
				return nil, err
			}
			return sliced(in, rows, func(u UserView) string { return u.Ref })
		})
	add(s, operation{method: "GET", path: "/users/{ref}/leaves", id: "list-leaves", tag: "users", rule: Everyone,
		summary: "Absences of somebody of the staff, under way and to come"},
		func(ctx context.Context, in *struct {
			Ref string `path:"ref" maxLength:"32" doc:"The account, U-000001"`
			Paging
		}) (*listOutput[models.Leave], error) {
			if _, err := s.store.User(ctx, in.Ref); err != nil {
				return nil, err
			}
			rows, err := s.store.Leaves(ctx, in.Ref, s.today())
			if err != nil {
				return nil, err
			}
			return sliced(&in.Paging, rows, func(l models.Leave) string { return l.Ref })
		})
	add(s, operation{method: "POST", path: "/users/{ref}/leaves", id: "add-leave", tag: "users", rule: Everyone, keyed: true,
		status: http.StatusCreated, summary: "Plan an absence: one's own, or anybody's for staff; mails go to the backup meanwhile"},
		func(ctx context.Context, in *struct {
			Ref  string `path:"ref" maxLength:"32" doc:"The account, U-000001"`
			Body LeaveInput
		}) (*createdOutput[models.Leave], error) {
			l, err := s.addLeave(ctx, in.Ref, in.Body)
			if err != nil {
				return nil, err
			}
			return created("/users/"+in.Ref+"/leaves", l), nil
		})
	add(s, operation{method: "DELETE", path: "/users/{ref}/leaves/{leave}", id: "drop-leave", tag: "users", rule: Everyone,
		status: http.StatusNoContent, summary: "Take an absence back; again changes nothing"},
		func(ctx context.Context, in *struct {
			Ref   string `path:"ref" maxLength:"32" doc:"The account, U-000001"`
			Leave string `path:"leave" maxLength:"32" doc:"The absence, as listed"`
		}) (*struct{}, error) {
			if err := mayPlan(ctx, in.Ref); err != nil {
				return nil, err
			}
			l, err := s.store.Leave(ctx, in.Leave)
			switch {
			case models.ErrorCode(err) == models.CodeUnknown:
				return nil, nil
			case err != nil:
				return nil, err
			case l.UserRef != in.Ref:
				return nil, refuse(models.CodeUnknown)
			}
			return nil, s.store.DropLeave(ctx, l.Ref)
		})
	add(s, operation{method: "POST", path: "/requests/{ref}/reassign", id: "reassign", tag: "commands", rule: Staff, keyed: true,
		summary: "Somebody else of the staff looks after the dossier"},
		func(ctx context.Context, in *requestInput[ReassignInput]) (*itemOutput[models.CommandResult], error) {
			before, _, err := s.running(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			u, err := s.store.User(ctx, in.Body.Owner)
			if models.ErrorCode(err) == models.CodeUnknown || err == nil && !u.Active {
				return nil, invalid("body.owner", "no such account")
			}
			if err != nil {
				return nil, err
			}
			after := before
			after.Owner = u.Ref
			return s.rebrief(ctx, models.VerbReassign, before, after, in.Body.words(),
				func(by models.By) any { return models.Reassign{By: by, Owner: u.Ref} })
		})
}
