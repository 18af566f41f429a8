package api

import (
	"context"
	"time"

	"jalon/models"
	"jalon/store"
)

// receive stores a fact and tries to deliver it at once. Workflow, Dossier and DeadlineID are found from Kind and
// Subject when Workflow is empty. A fact whose ID is known already changes nothing: the stored row comes back with
// dup true. Errors: not_found when the subject is unknown. Delivery that fails is the relay's business, not the caller's.
func (s *Server) receive(ctx context.Context, f models.Fact, opts ...store.ReceiveOption) (row models.Inbox, dup bool, err error) {
	if f.Workflow == "" {
		if err := s.address(ctx, &f); err != nil {
			return models.Inbox{}, false, err
		}
	}
	// Leased to this call for the time it tries: the relay would signal it a second time.
	opts = append(opts, store.Leased(s.cfg.Now().Add(deliverTimeout)))
	row, dup, err = s.store.Receive(ctx, f, s.now, opts...)
	if err != nil {
		return models.Inbox{}, false, err
	}
	if !dup {
		s.deliver(ctx, row)
	}
	return row, dup, nil
}

// deliver hands a stored fact to its workflow, without waiting for long.
func (s *Server) deliver(ctx context.Context, row models.Inbox) {
	ctx = context.WithoutCancel(ctx)
	short, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	err := s.cfg.Courier.Deliver(short, row)
	if err == nil {
		return
	}
	s.log.WarnContext(ctx, "fact left to the relay", "kind", row.Kind, "code", models.ErrorCode(err))
	if err := s.store.FactRetry(ctx, row.ID, s.cfg.Now()); err != nil {
		s.log.WarnContext(ctx, "the relay waits for the lease to end", "kind", row.Kind, "error", err)
	}
}

const deliverTimeout = 3 * time.Second

// address finds the workflow a fact is for and the deadline it answers, from its kind and subject.
func (s *Server) address(ctx context.Context, f *models.Fact) error {
	dossier := models.DossierOf(f.Subject)
	toRequest := func(deadline string) {
		f.Dossier, f.Workflow, f.DeadlineID = dossier, models.RequestID(dossier), deadline
	}
	switch f.Kind {
	case models.FactInvitationAnswered:
		inv, err := s.store.Invitation(ctx, f.Subject)
		if err != nil {
			return err
		}
		f.Dossier, f.Workflow, f.DeadlineID = dossier, models.SolicitationID(dossier, inv.Search), inv.DeadlineID
	case models.FactTrainerWithdrew, models.FactClientCancelled:
		if _, err := s.store.Brief(ctx, dossier); err != nil {
			return err
		}
		toRequest("") // leaving does not answer the wait for an answer
	case models.FactSlotsOffered, models.FactSlotChosen, models.FactSlotsRefused, models.FactAuditReported:
		audit, err := s.store.Audit(ctx, f.Subject)
		if err != nil {
			return err
		}
		toRequest(audit.DeadlineID)
	case models.FactProgrammeSubmitted:
		programme, err := s.store.Programme(ctx, f.Subject)
		if err != nil {
			return err
		}
		toRequest(programme.DeadlineID)
	case models.FactContractSigned, models.FactContractDeclined:
		contract, err := s.store.Contract(ctx, f.Subject)
		if err != nil {
			return err
		}
		toRequest(contract.DeadlineID)
	case models.FactSheetSigned:
		session, err := s.store.Session(ctx, f.Subject)
		if err != nil {
			return err
		}
		f.Dossier, f.Workflow, f.DeadlineID = dossier, models.SessionID(dossier, session.Number), session.DeadlineID
	case models.FactAbsenceJustified:
		absence, err := s.store.Absence(ctx, f.Subject)
		if err != nil {
			return err
		}
		f.Dossier, f.Workflow = dossier, models.SessionID(dossier, models.LastNumber(absence.Session))
		f.DeadlineID = absence.DeadlineID
	case models.FactRecapAccepted, models.FactRecapContested:
		recap, err := s.store.Recap(ctx, f.Subject)
		if err != nil {
			return err
		}
		f.Workflow, f.DeadlineID = recap.Workflow, recap.DeadlineID
	case models.FactInvoiceReceived:
		invoice, err := s.store.Invoice(ctx, f.Subject)
		if err != nil {
			return err
		}
		f.Dossier, f.Workflow, f.DeadlineID = invoice.Dossier, models.InvoiceID(invoice.Ref), invoice.DeadlineID
	default:
		return models.NewError(models.CodeInvalid, "no addressee for "+string(f.Kind))
	}
	return nil
}

// note keeps a free text apart and returns its reference; an empty text has none.
func (s *Server) note(ctx context.Context, dossier, author, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	call := callFrom(ctx)
	key := call.key // a repeat of the call keeps the same note
	if key == "" {
		key = randomID()
	}
	ref, err := s.store.Allocate(ctx, models.Allocation{Series: store.SeriesNote, Key: digest("note", key, text)})
	if err != nil {
		return "", err
	}
	call.notes = append(call.notes, ref)
	return ref, s.store.SaveNote(ctx, models.Note{Ref: ref, Dossier: dossier, Author: author, Text: text, At: s.now()})
}
