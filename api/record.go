package api

import (
	"context"
	"time"

	"jalon/models"
	"jalon/store"
)

// RecordInput is an act of somebody outside, keyed by staff: the twin of every link.
type RecordInput struct {
	Keyed
	Why
	Scanned
	Kind       models.FactKind `json:"kind" enum:"invitation_answered,slots_offered,slot_chosen,slots_refused,audit_reported,programme_submitted,contract_signed,contract_declined,trainer_withdrew,client_cancelled,sheet_signed,absence_justified" doc:"What was done"`
	Subject    string          `json:"subject,omitempty" maxLength:"120" doc:"Reference of the invitation, audit, programme, contract, session or absence; if absent the newest audit or programme, the trainer retained, or the client"`
	OnBehalfOf string          `json:"on_behalf_of,omitempty" maxLength:"32" pattern:"^([TXP]-[0-9]{6,12})?$" doc:"Who did it, by reference; found from the subject if absent"`

	Answer    string                `json:"answer,omitempty" enum:"interested,declined" doc:"invitation_answered"`
	RateCents models.Cents          `json:"rate_cents,omitempty" minimum:"0" maximum:"100000000" doc:"invitation_answered: asked for"`
	RateUnit  models.Unit           `json:"rate_unit,omitempty" enum:"hour,half_day,day,flat" doc:"invitation_answered: what the rate is for"`
	Agreed    bool                  `json:"agreed,omitempty" doc:"invitation_answered: to the upskilling needed"`
	Slots     []time.Time           `json:"slots,omitempty" maxItems:"20" doc:"slots_offered"`
	At        time.Time             `json:"at,omitzero" required:"false" doc:"slot_chosen; audit_reported: when the call was held, if not as agreed"`
	Scale     string                `json:"scale,omitempty" enum:"isolated,complex" doc:"audit_reported (F080)"`
	Feasible  bool                  `json:"feasible,omitempty" doc:"audit_reported"`
	Programme *ProgrammeParts       `json:"programme,omitempty" doc:"programme_submitted"`
	SHA256    string                `json:"sha256,omitempty" pattern:"^([0-9a-f]{64})?$" doc:"contract_signed: of the document signed; the one sent if absent"`
	Absent    []models.AbsenceEntry `json:"absent,omitempty" maxItems:"1000" doc:"sheet_signed: who missed which half-days"`
}

// ProgrammeParts are the four parts of a programme, all needed (F091).
type ProgrammeParts struct {
	Objectives string `json:"objectives" maxLength:"20000" doc:"What trainees can do afterwards"`
	Content    string `json:"content" maxLength:"20000" doc:"What is taught"`
	Methods    string `json:"methods" maxLength:"20000" doc:"How, and with what"`
	Assessment string `json:"assessment" maxLength:"20000" doc:"How what was learnt is checked"`
}

// Recorded is a fact as stored. It counts from the moment it was received.
type Recorded struct {
	ID         string          `json:"id"`
	Kind       models.FactKind `json:"kind"`
	Subject    string          `json:"subject"`
	ReceivedAt time.Time       `json:"received_at"`
	State      string          `json:"state" doc:"pending until its process has it"`
}

// record stores what staff keyed about what began at an instant, with the scan that proves it, and hands it to its process.
// Nothing is kept of what is not acceptable.
func (s *Server) record(ctx context.Context, f models.Fact, k Keyed, began time.Time, dossier, words string, scan []byte, opts ...store.ReceiveOption) (*itemOutput[Recorded], error) {
	call := callFrom(ctx)
	at, err := s.received(k, began)
	if err != nil {
		return nil, err
	}
	if err := s.address(ctx, &f); err != nil {
		return nil, err
	}
	proof, err := s.prove(ctx, &f, dossier, scan)
	if err != nil {
		return nil, err
	}
	if f.Data.Note, err = s.note(ctx, dossier, f.Actor, words); err != nil {
		return nil, err
	}
	// Not the link's identity: what staff key later may say when it was really received, and reopen what silence closed.
	f.ID = recordID(call.key)
	f.ReceivedAt, f.Channel, f.Recorder = at, k.Channel, call.Ref
	if f.Actor == "" {
		f.Actor = call.Ref
	}
	row, _, err := s.receive(ctx, f, append(opts, proof)...)
	if err != nil {
		return nil, err
	}
	return item(recorded(row), nil)
}

// recordID is the identity of a fact that staff key: one for an idempotency key.
func recordID(key string) string { return "record/" + key }

func recorded(row models.Inbox) Recorded {
	return Recorded{row.ID, row.Kind, row.Subject, row.ReceivedAt, row.State}
}

func (s *Server) registerRecord() {
	add(s, operation{method: "POST", path: "/requests/{ref}/record", id: "record", tag: "record", rule: Pedagogy, keyed: true,
		body: scanBody, summary: "Key what somebody did by phone, on paper or by mail: the twin of every link"},
		func(ctx context.Context, in *requestInput[RecordInput]) (*itemOutput[Recorded], error) {
			b, r, err := s.running(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			f := models.Fact{Kind: in.Body.Kind, Subject: in.Body.Subject, Actor: in.Body.OnBehalfOf}
			if f.Subject != "" && models.DossierOf(f.Subject) != in.Ref {
				return nil, refuse(models.CodeUnknown)
			}
			opts, actor, err := s.particulars(ctx, b, r, &f, in.Body)
			if err != nil {
				return nil, err
			}
			if f.Actor == "" {
				f.Actor = actor
			}
			if f.Kind == models.FactTrainerWithdrew && (r.TrainerRef == "" || f.Actor != r.TrainerRef) { // nobody leaves before being retained: they decline
				return nil, refuse(models.CodeNoTrainer)
			}
			return s.record(ctx, f, in.Body.Keyed, r.OpenedAt, in.Ref, in.Body.words(), in.Body.Scan, opts...)
		})
}

// particulars checks and fills in what a kind of fact carries, and tells who did it.
func (s *Server) particulars(ctx context.Context, b models.Brief, r models.Request, f *models.Fact, in RecordInput) (opts []store.ReceiveOption, actor string, err error) {
	if f.Kind == models.FactTrainerWithdrew && f.Subject == "" { // whoever is retained: invited, or assigned without a search
		f.Subject = b.Ref
		return nil, r.TrainerRef, nil
	}
	switch f.Kind {
	case models.FactInvitationAnswered, models.FactTrainerWithdrew:
		inv, err := s.store.Invitation(ctx, f.Subject)
		if err != nil {
			return nil, "", err
		}
		if f.Kind == models.FactInvitationAnswered {
			switch {
			case inv.Answered():
				return nil, "", refuse(models.CodeAnswered)
			case in.Answer == "":
				return nil, "", invalid("body.answer", "interested or declined")
			case in.Answer == "interested" && !(models.Offer{Cents: in.RateCents, Unit: in.RateUnit}).Named():
				return nil, "", invalid("body.rate_cents", "a rate and its unit are needed")
			}
			f.Data.Answer, f.Data.RateCents, f.Data.RateUnit, f.Data.Agreed = in.Answer, in.RateCents, in.RateUnit, in.Agreed
		}
		return nil, inv.TrainerRef, nil
	case models.FactSlotsOffered, models.FactSlotChosen, models.FactSlotsRefused, models.FactAuditReported:
		audit, err := s.audit(ctx, b.Ref, f)
		if err != nil {
			return nil, "", err
		}
		received, err := s.received(in.Keyed, r.OpenedAt)
		if err != nil {
			return nil, "", err
		}
		actor = audit.TrainerRef
		switch f.Kind {
		case models.FactSlotsOffered:
			if len(in.Slots) == 0 {
				return nil, "", invalid("body.slots", "at least one slot is needed")
			}
			for _, at := range in.Slots {
				if err := misplaced("body.slots", models.CheckSlot(at, s.now())); err != nil {
					return nil, "", err
				}
				f.Data.Slots = append(f.Data.Slots, at.UTC().Truncate(time.Microsecond))
			}
		case models.FactSlotChosen:
			if in.At.IsZero() {
				return nil, "", invalid("body.at", "needed")
			}
			if err := misplaced("body.at", audit.CheckChoice(in.At, received)); err != nil {
				return nil, "", err
			}
			f.Data.At, actor = in.At.UTC(), b.ContactRef
		case models.FactSlotsRefused:
			actor = b.ContactRef
		case models.FactAuditReported:
			if in.Scale == "" {
				return nil, "", invalid("body.scale", "isolated or complex")
			}
			if !in.At.IsZero() {
				if err := misplaced("body.at", models.CheckReceived(in.At, time.Time{}, received)); err != nil {
					return nil, "", err
				}
				f.Data.At = in.At.UTC().Truncate(time.Microsecond)
			}
			if err := misplaced("body.at", audit.CheckReport(f.Data.At, r.OpenedAt, received)); err != nil {
				return nil, "", err
			}
			f.Data.Scale, f.Data.Feasible = in.Scale, in.Feasible
		}
		return nil, actor, nil
	case models.FactProgrammeSubmitted:
		programme, err := s.programme(ctx, b.Ref, f)
		if err != nil {
			return nil, "", err
		}
		text := models.ProgrammeText{Dossier: b.Ref, CreatedAt: s.now()}
		if p := in.Programme; p != nil {
			text.Objectives, text.Content, text.Methods, text.Assessment = p.Objectives, p.Content, p.Methods, p.Assessment
		}
		if missing := text.Missing(); len(missing) > 0 {
			e := &faulty{cause: models.NewError(models.CodeProgrammeIncomplete, "parts are missing")}
			for _, m := range missing {
				e.faults = append(e.faults, Fault{"body.programme." + m, "needed"})
			}
			return nil, "", e
		}
		text.Ref, err = s.store.Allocate(ctx, models.Allocation{Series: store.SeriesProgrammeText, Key: callFrom(ctx).key})
		if err != nil {
			return nil, "", err
		}
		f.Data.Ref = text.Ref
		return []store.ReceiveOption{store.Alongside(func(tx *store.Store) error { return tx.SaveProgrammeText(ctx, text) })},
			programme.TrainerRef, nil
	case models.FactContractSigned, models.FactContractDeclined:
		contract, err := s.store.Contract(ctx, f.Subject)
		if err != nil {
			return nil, "", err
		}
		if _, err := s.received(in.Keyed, contract.Began(r.OpenedAt)); err != nil {
			return nil, "", err
		}
		actor = b.ContactRef
		if contract.Signer == models.RoleTrainer {
			actor = contract.TrainerRef
		}
		switch {
		case contract.Status == models.ContractSigned:
			return nil, "", refuse(models.CodeConflict)
		case f.Kind == models.FactContractDeclined:
		case in.SHA256 != "" && in.SHA256 != contract.SHA256:
			return nil, "", refuse(models.CodeDocumentChanged)
		default:
			f.Data.SHA256 = contract.SHA256
		}
		return nil, actor, nil
	case models.FactClientCancelled:
		f.Subject = b.Ref
		return nil, b.ContactRef, nil
	case models.FactSheetSigned:
		session, err := s.store.Session(ctx, f.Subject)
		if err != nil {
			return nil, "", err
		}
		at, err := s.received(in.Keyed, r.OpenedAt)
		if err != nil {
			return nil, "", err
		}
		if !session.TakesSheet(at) {
			return nil, "", refuse(models.CodeSessionState)
		}
		if len(in.Absent) > 0 {
			recorder := callFrom(ctx).Ref
			opts = append(opts, store.Alongside(func(tx *store.Store) error {
				_, err := tx.MarkAbsent(ctx, session.Ref, in.Absent, at, in.Channel, recorder)
				return err
			}))
		}
		return opts, session.TrainerRef, nil
	case models.FactAbsenceJustified:
		absence, err := s.store.Absence(ctx, f.Subject)
		return nil, absence.Participant, err
	}
	return nil, "", invalid("body.kind", "not one to record here")
}

// audit is the subject of a fact, the newest one if none is named.
func (s *Server) audit(ctx context.Context, dossier string, f *models.Fact) (models.Audit, error) {
	if f.Subject != "" {
		return s.store.Audit(ctx, f.Subject)
	}
	all, err := s.store.Audits(ctx, dossier)
	if err != nil || len(all) == 0 {
		return models.Audit{}, firstError(err, refuse(models.CodeWrongStage))
	}
	newest := all[len(all)-1]
	f.Subject = newest.Ref
	return newest, nil
}

// programme is the subject of a fact, the newest one if none is named.
func (s *Server) programme(ctx context.Context, dossier string, f *models.Fact) (models.Programme, error) {
	if f.Subject != "" {
		return s.store.Programme(ctx, f.Subject)
	}
	all, err := s.store.Programmes(ctx, dossier)
	if err != nil || len(all) == 0 {
		return models.Programme{}, firstError(err, refuse(models.CodeWrongStage))
	}
	newest := all[len(all)-1]
	f.Subject = newest.Ref
	return newest, nil
}
