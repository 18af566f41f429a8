package api

import (
	"time"

	"jalon/models"
	"jalon/web"
)

// leavePage ends something for good, with a reason: a trainer leaves the mission, or a client cancels the request.
type leavePage struct {
	action string // also the prefix of its words
	kind   models.FactKind
	facts  []pageFact
	ref    string // dossier
}

// openWithdraw lets the retained trainer leave, before or after signing.
func openWithdraw(v *visit) (linkPage, error) {
	var chosen bool
	trainer, assigned := models.AssignedTrainer(v.link.Subject)
	if !assigned {
		inv, err := v.s.store.Invitation(v.ctx, v.link.Subject)
		if err != nil {
			return nil, err
		}
		trainer, chosen = inv.TrainerRef, inv.Status == models.InvitationChosen
	}
	if err := v.trainer(trainer); err != nil {
		return nil, err
	}
	brief, request, err := openLeave(v, models.DossierOf(v.link.Subject), "withdraw")
	if err != nil {
		return nil, err
	}
	if !chosen && request.TrainerRef != trainer {
		return nil, v.withdrawn(v.t("withdraw.none"))
	}
	return &leavePage{"withdraw", models.FactTrainerWithdrew, v.which(brief), brief.Ref}, nil
}

// openCancel lets the client cancel the request; what was promised is undone.
func openCancel(v *visit) (linkPage, error) {
	brief, err := v.s.store.Brief(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	if err := v.contact(brief); err != nil {
		return nil, err
	}
	_, request, err := openLeave(v, brief.Ref, "cancel")
	if err != nil {
		return nil, err
	}
	contracts, err := v.s.store.Contracts(v.ctx, brief.Ref)
	if err != nil {
		return nil, err
	}
	signed := models.ClientDocument(contracts)
	if models.ClientBound(signed, request.HalfDaysHeld > 0, v.now, v.s.calendar) {
		return nil, v.bound(brief, signed)
	}
	return &leavePage{"cancel", models.FactClientCancelled, v.which(brief), brief.Ref}, nil
}

// bound tells a client who does not cancel alone any more why, what was agreed on, and whom to ask.
func (v *visit) bound(brief models.Brief, signed *models.Contract) *linkStop {
	stop := v.withdrawn(v.t("cancel.bound"))
	stop.notice.Tone, stop.notice.Facts, stop.notice.Next = "warn", v.which(brief), []string{v.t("cancel.bound_ask")}
	if signed != nil && signed.Status == models.ContractSigned {
		kind := string(signed.Kind)
		stop.notice.Words = []string{v.t("cancel.bound_"+kind, "day", web.Day(v.lang, models.ParisDate(signed.SignedAt))), v.t("cancel.article_5_" + kind)}
	}
	if v.s.cfg.TeamEmail != "" {
		stop.notice.Next = []string{v.t("cancel.bound_write", "email", v.s.cfg.TeamEmail)}
	}
	return stop
}

func openLeave(v *visit, dossier, words string) (models.Brief, models.Request, error) {
	brief, request, err := v.mission(dossier)
	if err != nil {
		return brief, request, err
	}
	if fact, ok, err := v.stored(); err != nil {
		return brief, request, err
	} else if ok {
		return brief, request, v.used(fact.ReceivedAt, v.t(words+".recorded"))
	}
	if request.Stage == models.StageDelivered {
		return brief, request, v.withdrawn(v.t(words + ".too_late"))
	}
	return brief, request, v.ended(request)
}

func (p *leavePage) show(v *visit, page *web.Page) string {
	v.initial()
	page.Title, page.Values = v.t(p.action+".title"), v.values
	page.Data = struct {
		Lead, Action, Button string
		Facts                []pageFact
		Reason               web.Field
		Confirm              picks
	}{v.t(p.action + ".lead"), p.action, v.t(p.action + ".send"), p.facts, page.Text(p.action, "reason"),
		v.confirm("confirm", v.t("leave.confirm_label"), v.t(p.action+".confirm"))}
	return "leave"
}

func (p *leavePage) act(v *visit, action string) (*linkDone, error) {
	if action != p.action {
		return nil, errAction
	}
	var wrong faults
	reason := v.text(&wrong, "reason", v.t(p.action+".reason"), web.MaxText, false)
	v.ticked(&wrong, "confirm", v.t(p.action+".confirm"))
	if err := wrong.err(); err != nil {
		return nil, err
	}
	data := models.FactData{}
	with := v.note(&data, p.ref, reason)
	if err := v.receive(p.kind, data, with...); err != nil {
		return nil, err
	}
	return v.done(v.used(time.Time{}, v.t(p.action+".recorded")), v.t(p.action+".next")), nil
}
