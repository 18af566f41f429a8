package api

import (
	"time"

	"jalon/models"
	"jalon/web"
)

// signPage takes a signature: of the bytes that the signer could read, known by their SHA-256 (F096, F101).
type signPage struct {
	contract models.Contract
	brief    models.Brief
	deadline models.Deadline
}

func openSign(v *visit) (linkPage, error) {
	row, err := v.s.store.Contract(v.ctx, v.link.Subject)
	if err != nil {
		return nil, err
	}
	p := &signPage{contract: row}
	var request models.Request
	if p.brief, request, err = v.mission(row.Dossier); err != nil {
		return nil, err
	}
	if row.Signer == models.RoleTrainer {
		err = v.trainer(row.TrainerRef)
	} else {
		err = v.contact(p.brief)
	}
	if err != nil {
		return nil, err
	}
	if p.deadline, err = v.due(row.DeadlineID); err != nil {
		return nil, err
	}
	switch row.Status {
	case models.ContractSigned:
		stop := v.signed(models.FactContractSigned, row.SignedAt, row.SHA256)
		stop.notice.Signed = true
		return nil, stop
	case models.ContractDeclined:
		return nil, v.signed(models.FactContractDeclined, row.SignedAt, row.SHA256)
	case models.ContractExpired:
		return nil, v.expired(p.deadline.DueAt, v.t("sign.expired"))
	case models.ContractCancelled:
		return nil, v.withdrawn("")
	}
	if fact, ok, err := v.stored(); err != nil {
		return nil, err
	} else if ok {
		return nil, v.signed(fact.Kind, fact.ReceivedAt, row.SHA256)
	}
	if err := v.ended(request); err != nil {
		return nil, err
	}
	// A trainer's contract expires; a client who is slow is reminded, then called.
	if row.Signer == models.RoleTrainer && v.over(p.deadline) {
		return nil, v.expired(p.deadline.DueAt, v.t("sign.expired"))
	}
	return p, nil
}

func (v *visit) signed(kind models.FactKind, at time.Time, sha string) *linkStop {
	key := "sign.signed"
	if kind == models.FactContractDeclined {
		key = "sign.declined"
	}
	stop := v.used(at, v.t(key))
	stop.notice.Paper = sha
	return stop
}

func (p *signPage) show(v *visit, page *web.Page) string {
	v.initial()
	page.Title = v.t("sign." + string(p.contract.Kind) + "_title")
	lead := v.t("sign.lead_client")
	facts := v.which(p.brief)
	if p.contract.Signer == models.RoleTrainer {
		lead = v.t("sign.lead_trainer")
		if r, err := v.s.store.Request(v.ctx, p.brief.Ref); err == nil {
			facts = append(facts, v.rate("rate", r.RateCents, r.RateUnit)...)
		}
	}
	page.Data = struct {
		Lead, Late, Paper string
		Facts             []pageFact
		Read              picks
		Declining         bool
	}{lead, v.late(p.deadline), p.contract.SHA256, append(facts, v.answerBy(p.deadline)...),
		v.confirm("read", v.t("sign.read_label"), v.t("sign.read")), v.values.Get("action") == "decline"}
	return "sign"
}

func (p *signPage) act(v *visit, action string) (*linkDone, error) {
	var wrong faults
	kind, data := models.FactContractSigned, models.FactData{}
	var text string
	next := v.t("sign.next_client")
	switch action {
	case "sign":
		v.ticked(&wrong, "read", v.t("sign.read"))
		text = v.text(&wrong, "name", v.t("sign.name"), web.MaxLine, false)
		if p.contract.Signer == models.RoleTrainer {
			next = v.t("sign.next_trainer")
		}
		if err := wrong.err(); err != nil {
			return nil, err
		}
		if p.contract.SHA256 == "" || v.values.Get("sha256") != p.contract.SHA256 {
			return nil, errChanged
		}
		data.SHA256 = p.contract.SHA256
	case "decline":
		kind, next = models.FactContractDeclined, v.t("sign.next_declined")
		text = v.text(&wrong, "reason", v.t("sign.reason"), web.MaxText, false)
		if err := wrong.err(); err != nil {
			return nil, err
		}
	default:
		return nil, errAction
	}
	// The note of a signature is the name that was typed.
	with := v.note(&data, p.brief.Ref, text)
	if err := v.receive(kind, data, with...); err != nil {
		return nil, err
	}
	return v.done(v.signed(kind, time.Time{}, p.contract.SHA256), next), nil
}
