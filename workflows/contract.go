package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// playContract has the client's document and the trainer's contract signed (F096 to F101). They run side by side: the
// trainer's expires and sends the dossier back to the search, the client's is reminded and handed to staff.
func (r *request) playContract(ctx workflow.Context) {
	trainer := r.issueTrainerContract(ctx)
	client := r.clientContract()
	if client == nil || client.Status != models.ContractSigned || r.convention != r.approved {
		// A programme approved since makes a new document: the client signs the programme within it.
		if client != nil {
			r.undoContracts(ctx, func(c *models.Contract) bool { return c == client })
		}
		r.issueClientContract(ctx)
	}
	signed := func() bool {
		c := r.clientContract()
		return c != nil && c.Status == models.ContractSigned && r.chosen.engaged
	}
	if trainer != nil {
		_ = r.await(ctx, func() bool { return signed() || r.interrupted() })
	}
}

// issueTrainerContract sends the trainer's contract and watches its expiry.
func (r *request) issueTrainerContract(ctx workflow.Context) *models.Contract {
	p := r.common.Policy
	c := r.newContract(ctx, models.ContractTrainer, models.RoleTrainer)
	if c == nil {
		return nil
	}
	ask, keys, leaves := r.sendContract(ctx, c, "trainer_contract", p.ContractSignatureExpiry, p.ContractSignatureReminder)
	d := r.opens(ctx, wait{Kind: models.DeadlineTrainerContract, Subject: c.Ref, Awaits: models.RoleTrainer, AwaitsRef: c.TrainerRef,
		From: leaves, Delay: p.ContractSignatureExpiry, Asked: []string{ask}})
	r.pend(c, d.ID, keys)
	r.aside(ctx, func(ctx workflow.Context) {
		signed := func() bool { return c.Status != models.ContractPending }
		outcome := r.waitUntil(ctx, d, signed)
		r.withdraw(keys...)
		if outcome == models.Undeliverable && r.left == nil { // who never got it is not silent
			r.raise(ctx, models.AlertUndeliverable, c.Ref)
			r.awaitStaff(ctx, wait{Subject: c.Ref}, models.AlertUndeliverable, r.raiser(ctx, c.Ref), signed)
			r.clear(c.Ref)
			return
		}
		if outcome != models.Missed || r.left != nil {
			return
		}
		c.Status = models.ContractExpired
		r.contractRow(c)
		r.journal(models.JournalLine{Kind: "contract_expired", Subject: c.Ref, Actor: c.TrainerRef, At: d.DueAt})
		r.send(ctx, letter{Template: "trainer_contract_expired", To: models.RoleTrainer, ToRef: c.TrainerRef, Subject: c.Ref})
		r.raise(ctx, "trainer_unsigned", r.dossier)
		r.left = &left{reason: "contract_expired", by: models.JournalLine{Actor: c.TrainerRef}}
	})
	return c
}

// issueClientContract sends the convention, or an individual's training contract (F101), and hands it to staff when it
// stays unsigned.
func (r *request) issueClientContract(ctx workflow.Context) {
	p := r.common.Policy
	kind := models.ContractConvention
	if !r.scope.ClientType.Organisation() {
		kind = models.ContractIndividual
	}
	c := r.newContract(ctx, kind, models.RoleClient)
	if c == nil {
		return
	}
	r.convention = r.approved
	ask, keys, leaves := r.sendContract(ctx, c, "contract_client", p.ClientSignatureExpiry, p.ClientSignatureReminder)
	d := r.opens(ctx, wait{Kind: models.DeadlineClientSignature, Subject: c.Ref, Awaits: models.RoleClient, From: leaves,
		Delay: p.ClientSignatureExpiry, Asked: []string{ask}, Turned: r.dropped(c)})
	r.pend(c, d.ID, keys)
	r.aside(ctx, func(ctx workflow.Context) {
		answered := func() bool { return c.Status == models.ContractSigned || c.Status == models.ContractDeclined }
		outcome := r.waitUntil(ctx, d, answered)
		r.withdraw(keys...)
		if outcome == models.Missed || outcome == models.Undeliverable {
			r.raise(ctx, "client_unsigned", c.Ref)
			r.awaitClient(ctx, c, "client_unsigned", answered)
		}
		if c.Status == models.ContractDeclined {
			r.raise(ctx, "client_declined", c.Ref)
			r.awaitClient(ctx, c, "client_declined", func() bool { return c.Status == models.ContractSigned })
		}
	})
}

// dropped is what ends a wait for the client before its time: a trainer who leaves does not.
func (r *request) dropped(c *models.Contract) func() bool {
	return func() bool { return r.ending != nil || c.Status == models.ContractCancelled }
}

func (r *request) awaitClient(ctx workflow.Context, c *models.Contract, alert string, met func() bool) {
	if r.awaitStaff(ctx, wait{Subject: c.Ref, Turned: r.dropped(c)}, alert, r.raiser(ctx, c.Ref), met) == models.Met {
		r.clear(c.Ref)
	}
}

// newContract renders a document to sign; nil if the story turned while it was rendered.
func (r *request) newContract(ctx workflow.Context, kind models.ContractKind, signer models.Role) *models.Contract {
	if r.chosen == nil {
		return nil
	}
	n := len(r.contracts) + 1
	c := &models.Contract{Ref: models.ContractRef(r.dossier, n), Dossier: r.dossier, Number: n, Kind: kind, Signer: signer,
		TrainerRef: r.chosen.trainer, Status: models.ContractPending, SentAt: r.now(ctx)}
	document := models.DocumentConvention
	if kind == models.ContractTrainer {
		document = models.DocumentTrainerContract
	}
	r.contracts = append(r.contracts, c)
	offer, order := r.chosen.offer, r.scope.Order
	for {
		sha, err := r.render(ctx, models.RenderInput{Kind: document, Subject: c.Ref, Dossier: r.dossier, At: c.SentAt, Contract: c, Rate: &offer,
			Order: &order, Terms: r.common.Policy.Terms()})
		if ctx.Err() != nil || r.interrupted() || c.Status != models.ContractPending {
			break
		}
		if err == nil {
			c.SHA256 = sha
			return c
		}
		// What it is drawn from lacks something: nobody goes on unsigned, staff mend it and it is drawn again.
		r.raise(ctx, "document_refused", r.dossier)
		again := r.opens(ctx, wait{Kind: models.DeadlineStaff, Subject: c.Ref, Awaits: models.RoleStaff,
			Delay: r.common.Policy.StaffStep, Consequence: "document_refused"})
		if r.waitUntil(ctx, again, func() bool { return c.Status != models.ContractPending }) != models.Missed {
			break
		}
	}
	c.Status = models.ContractCancelled
	return nil
}

// sendContract sends a document to its signer, with reminders that leave unless it is signed before.
func (r *request) sendContract(ctx workflow.Context, c *models.Contract, template string, expiry, remind models.Delay) (ask string, keys []string, leaves time.Time) {
	l := letter{Template: template, To: c.Signer, Subject: c.Ref, Attach: []string{c.SHA256},
		Links: []models.Link{{Purpose: models.LinkSign, Subject: c.Ref}}, Args: r.dueArg(ctx, expiry)}
	if c.Signer == models.RoleTrainer {
		l.ToRef = c.TrainerRef
	}
	if c.Kind == models.ContractIndividual { // by which a consumer withdraws (C. conso. L221-21)
		l.Links = append(l.Links, models.Link{Purpose: models.LinkCancel, Subject: r.dossier})
	}
	ask, leaves = r.send(ctx, l)
	due := r.cal.Add(leaves, expiry)
	l.Template += "_reminder"
	l.Attach = nil
	if !remind.IsOff() {
		for at := r.cal.Add(leaves, remind); at.Before(due) && len(keys) < 4; at = r.cal.Add(at, remind) {
			l.When = r.cal.At(r.cal.DateOf(at), 0, 0)
			key, _ := r.send(ctx, l)
			keys = append(keys, key)
		}
	}
	return ask, keys, leaves
}

// pend projects a document that was sent.
func (r *request) pend(c *models.Contract, deadline string, reminders []string) {
	c.DeadlineID = deadline
	r.reminders[c.Ref] = reminders
	r.contractRow(c)
	r.journal(models.JournalLine{Kind: "contract_sent", Subject: c.Ref, Actor: string(models.RoleSystem)})
}

func (r *request) contractRow(c *models.Contract) {
	row := *c
	r.record(func(s *models.Step) { put(&s.Rows.Contracts, row, func(c models.Contract) string { return c.Ref }) })
}

// clientContract is the client's current document, nil if none stands.
func (r *request) clientContract() *models.Contract {
	for i := len(r.contracts) - 1; i >= 0; i-- {
		if c := r.contracts[i]; c.Signer == models.RoleClient && c.Status != models.ContractCancelled {
			return c
		}
	}
	return nil
}

// contractFact takes a signature or a refusal; what is signed is the document as it was sent.
func (r *request) contractFact(f models.Fact) string {
	i := slices.IndexFunc(r.contracts, func(c *models.Contract) bool { return c.Ref == f.Subject })
	if i < 0 {
		return models.FactIgnored
	}
	c := r.contracts[i]
	if c.Status == models.ContractExpired {
		return models.FactLate
	}
	if !c.Signable() || c.Status == models.ContractDeclined && f.Recorder == "" { // a refusal is taken back through staff
		return models.FactIgnored
	}
	if f.Kind == models.FactContractSigned {
		if f.Data.SHA256 != c.SHA256 {
			return models.FactIgnored
		}
		c.Status, c.SignedAt = models.ContractSigned, f.ReceivedAt
		l := letter{Template: "contract_signed", To: c.Signer, Subject: c.Ref}
		if c.Signer == models.RoleTrainer {
			l.ToRef = c.TrainerRef
			r.engage(c)
		}
		r.send(r.durable, l) // with the signed copy, drawn when it leaves (docs/adr/0009)
	} else {
		c.Status, c.Note = models.ContractDeclined, f.Data.Note
		if c.Signer == models.RoleTrainer && r.left == nil {
			r.left = &left{reason: "contract_declined", by: models.JournalLine{Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder, Note: f.Data.Note}}
		}
	}
	r.contractRow(c)
	r.journal(models.JournalLine{Kind: string(f.Kind), Subject: c.Ref, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder,
		Note: f.Data.Note, At: f.ReceivedAt})
	return models.FactApplied
}

// engage ends the search: the trainer's contract is signed.
func (r *request) engage(c *models.Contract) {
	if r.chosen == nil || r.chosen.trainer != c.TrainerRef {
		return
	}
	r.chosen.engaged = true
	if r.search != nil && !r.search.ended {
		r.tell(models.Fact{ID: r.dossier + "/engaged/" + itoa(r.search.number), Kind: models.FactTrainerEngaged, Subject: c.Ref,
			Workflow: models.SolicitationID(r.dossier, r.search.number)})
	}
}

func (r *request) checkReissue(in models.Reissue) error {
	i := slices.IndexFunc(r.contracts, func(c *models.Contract) bool { return c.Ref == in.Contract })
	if i < 0 {
		return models.NewError(models.CodeUnknown, "no such contract in this dossier")
	}
	if err := r.standing().Takes(models.VerbReissueContract); err != nil {
		return err
	}
	if r.contracts[i] != r.clientContract() {
		return models.NewError(models.CodeConflict, "only the client's unsigned document is replaced")
	}
	return r.steady()
}

// reissue replaces the client's unsigned document by a new one.
func (r *request) reissue(ctx workflow.Context, in models.Reissue) models.CommandResult {
	r.undoContracts(ctx, func(c *models.Contract) bool { return c.Ref == in.Contract })
	r.decisionLine("contract_reissued", in.Contract, in.By)
	r.aside(ctx, r.issueClientContract)
	return r.result()
}

// undoContracts cancels documents: unsigned ones lose their links, signed ones their effect.
func (r *request) undoContracts(ctx workflow.Context, which func(*models.Contract) bool) {
	for _, c := range r.contracts {
		if (c.Status != models.ContractPending && c.Status != models.ContractSigned && c.Status != models.ContractDeclined) || !which(c) {
			continue
		}
		c.Status = models.ContractCancelled
		r.contractRow(c)
		r.withdraw(r.reminders[c.Ref]...)
		r.clear(c.Ref)
		r.journal(models.JournalLine{Kind: "contract_cancelled", Subject: c.Ref, Actor: string(models.RoleSystem)})
	}
}
