package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"jalon/models"
	"jalon/store"
)

// SessionAddress names a session: references hold slashes, numbers do not.
type SessionAddress struct {
	Ref    string `path:"ref" maxLength:"32" doc:"The dossier, D-2026-000123"`
	Number int    `path:"number" minimum:"1" maximum:"9999" doc:"The session, in the order of planning"`
}

type sessionInput[B any] struct {
	SessionAddress
	Body B
}

// SessionView is a session with its signatures and absences.
type SessionView struct {
	models.Session
	Attendances []models.Attendance `json:"attendances"`
	Absences    []models.Absence    `json:"absences"`
}

// AttendanceInput is one participant's presence in one half-day.
type AttendanceInput struct {
	Participant string `json:"participant" minLength:"1" maxLength:"32" doc:"Reference"`
	HalfDay     int    `json:"half_day" minimum:"0" maximum:"100" doc:"From 0"`
	State       string `json:"state" enum:"signed,absent" doc:"What the sheet says"`
}

// SheetInput is what a paper sheet says.
type SheetInput struct {
	Keyed
	Scanned
	Attendances []AttendanceInput `json:"attendances" minItems:"1" maxItems:"2000" doc:"All are kept, or none"`
}

// Keyed is what staff key for somebody: how it reached them, and when.
type Keyed struct {
	Channel    models.Channel `json:"channel" enum:"phone,paper,mail" doc:"How it reached the agency"`
	ReceivedAt time.Time      `json:"received_at,omitzero" required:"false" doc:"Business time, not to come, at most a year ago and not before what it is about; now if absent"`
}

// received is when something was received about what began at an instant. Errors: future_date, date_too_old.
func (s *Server) received(k Keyed, began time.Time) (time.Time, error) {
	now := s.now()
	if k.ReceivedAt.IsZero() {
		return now, nil
	}
	return k.ReceivedAt.UTC().Truncate(time.Microsecond), misplaced("body.received_at", models.CheckReceived(k.ReceivedAt, began, now))
}

// session reads one by its number; session_unknown if the dossier has none.
func (s *Server) session(ctx context.Context, dossier string, n int) (models.Session, error) {
	x, err := s.store.Session(ctx, models.SessionRef(dossier, n))
	if models.ErrorCode(err) == models.CodeUnknown {
		err = refuse(models.CodeSessionUnknown)
	}
	return x, err
}

func sessionCommand[B reasoned](s *Server, verb models.Verb, segment, summary string,
	prepare func(ctx context.Context, x models.Session, in B) (func(models.By) any, error)) {
	add(s, operation{method: "POST", path: "/requests/{ref}/sessions/{number}/" + segment, id: strings.ReplaceAll(string(verb), "_", "-"),
		tag: "sessions", rule: Pedagogy, keyed: true, summary: summary},
		func(ctx context.Context, in *sessionInput[B]) (*itemOutput[models.CommandResult], error) {
			if _, _, err := s.running(ctx, in.Ref); err != nil {
				return nil, err
			}
			x, err := s.session(ctx, in.Ref, in.Number)
			if err != nil {
				return nil, err
			}
			switch x.Status {
			case models.SessionValidated, models.SessionRefused, models.SessionCancelled:
				return nil, refuse(models.CodeFinished)
			}
			command, err := prepare(ctx, x, in.Body)
			if err != nil {
				return nil, err
			}
			return s.decide(ctx, verb, in.Ref, in.Body.words(), order{workflow: models.SessionID(in.Ref, in.Number), command: command})
		})
}

// newPlace is where a session is moved to; empty if it is held there already, or everybody would be told of a move that is none.
func (s *Server) newPlace(ctx context.Context, x models.Session, place string) (string, error) {
	if place == "" || x.PlaceRef == "" {
		return place, nil
	}
	held, err := s.store.Note(ctx, x.PlaceRef)
	if held.Text == place {
		place = ""
	}
	return place, err
}

func (s *Server) registerSessions() {
	add(s, operation{method: "GET", path: "/requests/{ref}/sessions/{number}", id: "get-session", tag: "sessions", rule: Everyone,
		summary: "A session with its signatures"},
		func(ctx context.Context, in *SessionAddress) (*itemOutput[SessionView], error) {
			x, err := s.session(ctx, in.Ref, in.Number)
			if err != nil {
				return nil, err
			}
			v := SessionView{Session: x, Absences: []models.Absence{}}
			if v.Attendances, err = s.store.Attendances(ctx, x.Ref); err != nil {
				return nil, err
			}
			absences, err := s.store.Absences(ctx, in.Ref)
			for _, a := range absences {
				if a.Session == x.Ref {
					v.Absences = append(v.Absences, a)
				}
			}
			return item(v, err)
		})
	sessionCommand(s, models.VerbJudgeSheet, "judge-sheet", "Held or not, in spite of the sheet (F128)",
		func(_ context.Context, _ models.Session, in VerdictInput) (func(models.By) any, error) {
			return func(by models.By) any { return models.Verdict{By: by, Passed: in.Passed} }, nil
		})
	sessionCommand(s, models.VerbCancelSession, "cancel", "Cancel a session",
		func(_ context.Context, _ models.Session, _ DecisionInput) (func(models.By) any, error) {
			return func(by models.By) any { return models.Decision{By: by} }, nil
		})
	sessionCommand(s, models.VerbReschedule, "reschedule", "Move a session that has not started: other hours, another place or both",
		func(ctx context.Context, x models.Session, in RescheduleInput) (func(models.By) any, error) {
			if err := x.Takes(models.VerbReschedule, s.now()); err != nil {
				return nil, err
			}
			sessions, err := s.store.Sessions(ctx, x.Dossier)
			if err != nil {
				return nil, err
			}
			var others []models.HalfDay
			for _, o := range sessions {
				if o.Ref != x.Ref && o.Counts() {
					others = append(others, o.HalfDays...)
				}
			}
			if at, err := x.CheckMove(in.HalfDays, others, s.now()); err != nil {
				return nil, misplaced("body.half_days"+at, err)
			}
			place, err := s.newPlace(ctx, x, models.Trimmed(in.Place))
			if err != nil {
				return nil, err
			}
			if place, err = s.note(ctx, x.Dossier, callFrom(ctx).Ref, place); err != nil {
				return nil, err
			}
			return func(by models.By) any {
				return models.Reschedule{By: by, HalfDays: inUTC(in.HalfDays), PlaceRef: place}
			}, nil
		})

	add(s, operation{method: "POST", path: "/requests/{ref}/sessions/{number}/attendances", id: "record-attendances", tag: "sessions",
		rule: Pedagogy, keyed: true, body: scanBody, summary: "Key signatures and absences from a paper sheet; what was recorded first stays"},
		func(ctx context.Context, in *sessionInput[SheetInput]) (*itemOutput[List[models.Attendance]], error) {
			_, r, err := s.running(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			x, err := s.session(ctx, in.Ref, in.Number)
			if err != nil {
				return nil, err
			}
			at, err := s.received(in.Body.Keyed, r.OpenedAt)
			if err != nil {
				return nil, err
			}
			return item(s.attendances(ctx, x, at, in.Body))
		})
	add(s, operation{method: "POST", path: "/requests/{ref}/evaluations", id: "record-evaluation", tag: "requests", rule: Pedagogy,
		keyed: true, body: scanBody, summary: "Key a participant's answer to a questionnaire; the first one stays"},
		func(ctx context.Context, in *struct {
			Ref  string `path:"ref" maxLength:"32" doc:"The dossier, D-2026-000123"`
			Body struct {
				Keyed
				Scanned
				Participant string `json:"participant" minLength:"1" maxLength:"32" doc:"Reference"`
				Kind        string `json:"kind" enum:"positioning,hot,cold" doc:"Which questionnaire"`
				Score       int    `json:"score" minimum:"0" maximum:"100" doc:"0 to 100 for positioning, 1 to 5 for the others"`
				Text        string `json:"text,omitempty" maxLength:"10000" doc:"What they wrote"`
			}
		}) (*itemOutput[models.Evaluation], error) {
			_, r, err := s.dossier(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			b := in.Body
			p, err := s.store.Participant(ctx, b.Participant)
			if err != nil || p.Dossier != in.Ref {
				return nil, firstError(err, refuse(models.CodeUnknown))
			}
			if least, most := models.ScoreBounds(b.Kind); b.Score < least || b.Score > most {
				return nil, invalid("body.score", fmt.Sprintf("%d to %d", least, most))
			}
			at, err := s.received(b.Keyed, r.OpenedAt)
			if err != nil {
				return nil, err
			}
			e := models.Evaluation{Dossier: in.Ref, Participant: b.Participant, Kind: b.Kind,
				Score: b.Score, Text: b.Text, At: at, Channel: b.Channel, Recorder: callFrom(ctx).Ref}
			err = s.proven(ctx, models.DocumentParticipantEvidence, in.Ref+"|"+b.Participant, in.Ref, b.Scan, func(tx *store.Store) (err error) {
				e, _, err = tx.SaveEvaluation(ctx, e)
				return err
			})
			return item(e, err)
		})
}

// attendances writes rows of a sheet, all or none.
func (s *Server) attendances(ctx context.Context, x models.Session, at time.Time, in SheetInput) (List[models.Attendance], error) {
	var rows []models.Attendance
	for i, a := range in.Attendances {
		if a.HalfDay >= len(x.HalfDays) {
			return List[models.Attendance]{}, invalid(fmt.Sprintf("body.attendances[%d].half_day", i), "no such half-day")
		}
		if x.HalfDays[a.HalfDay].Start.After(at) {
			return List[models.Attendance]{}, refuse(models.CodeSessionState)
		}
		rows = append(rows, models.Attendance{Session: x.Ref, Participant: a.Participant, HalfDay: a.HalfDay, State: a.State,
			SignedAt: at, Channel: in.Channel, Recorder: callFrom(ctx).Ref})
	}
	var stored []models.Attendance
	err := s.proven(ctx, models.DocumentEvidence, x.Ref, x.Dossier, in.Scan, func(tx *store.Store) (err error) {
		stored, err = tx.SaveAttendances(ctx, rows)
		return err
	})
	return List[models.Attendance]{Items: stored}, err
}
