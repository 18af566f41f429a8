package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"jalon/models"
)

// reaction is what the receiver of a mail does about it, nil for nothing.
func (p *Player) reaction(m *Mission, mail Mail) React {
	if m != nil {
		if r, replaced := m.Script.On[mail.Template]; replaced {
			return r
		}
	}
	if r, replaced := p.cfg.On[mail.Template]; replaced {
		return r
	}
	switch mail.Template {
	case "recap":
		return p.acceptRecap
	case "finance_conformity":
		return p.Conform
	case "finance_payment_due":
		return p.pay
	case "client_invoice":
		return p.payClient
	case "self_billed_invoice", "invoice_conform", "invoice_paid":
		return p.note
	case "staff_alert":
		return func(_ context.Context, _ *Mission, mail Mail) error { return fmt.Errorf("alerte : %.300s", mail.Text) }
	}
	if m == nil {
		return nil
	}
	return reactions[mail.Template]
}

// Nothing is the reaction of who does nothing.
func Nothing(context.Context, *Mission, Mail) error { return nil }

// reactions are what people do about mails of their mission.
var reactions = map[string]React{
	"invitation":           Answer,
	"audit_slots":          OfferSlots,
	"audit_choice":         PickSlot,
	"audit_booked_trainer": Report(true),
	"programme_ask":        Submit,
	"programme_returned":   Submit,
	"trainer_contract":     Sign,
	"contract_client":      Sign,
	"convocation":          positioning,
	"attend":               Attend,
	"sheet_ask":            SignSheet,
	"absence_told":         justify,
	"certificate":          certificate,
	"hot_evaluation":       Evaluate(models.LinkHot),
	"cold_evaluation":      Evaluate(models.LinkCold),
}

func (m *Mission) trainerName(mail Mail) string {
	if t := m.player.Trainer(mail.To); t.Name != "" {
		return t.Name
	}
	return name(mail.To)
}

// Answer is a trainer who answers an invitation as the script says, or stays silent (F070).
func Answer(ctx context.Context, m *Mission, mail Mail) error {
	bid, answers := m.Script.Bids[mail.To]
	if !answers {
		m.tell("%s est sollicité(e) et restera sans réponse", m.trainerName(mail))
		return nil
	}
	action := "accept"
	if bid.Rate == "" {
		action = "decline"
	}
	_, err := m.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkAnswer), action, func(f *Form) error {
		if action == "decline" {
			f.Values.Set("reason", bid.Reason)
			return nil
		}
		f.Values.Set("rate", bid.Rate)
		f.Values.Set("unit", string(models.UnitDay))
		if len(f.Options["agree"]) > 0 {
			f.Values.Set("agree", "yes")
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case action == "decline":
		m.tell("%s décline", m.trainerName(mail))
	default:
		m.tell("%s se dit intéressé(e), %s € par jour", m.trainerName(mail), bid.Rate)
	}
	return nil
}

// OfferSlots is the trainer who offers three moments for the call (F079).
func OfferSlots(ctx context.Context, m *Mission, mail Mail) error {
	p := m.player
	_, err := p.Browser(mail.To).Act(ctx, mail.Link(models.LinkSlots), "offer", func(f *Form) error {
		day := p.Calendar.DateOf(p.Now())
		for n := 1; n <= 3; n++ {
			slot := p.Calendar.AddBusinessDays(day, n+2)
			f.Values.Set("slot"+strconv.Itoa(n), string(slot)+"T14:00")
		}
		return nil
	})
	if err == nil {
		m.tell("%s propose trois créneaux d’audit", m.trainerName(mail))
	}
	return err
}

// PickSlot is the client who picks the first moment that is not too near, or says that none suits.
func PickSlot(ctx context.Context, m *Mission, mail Mail) error {
	p := m.player
	var picked time.Time
	page, err := p.Browser(mail.To).Act(ctx, mail.Link(models.LinkChoose), "choose", func(f *Form) error {
		for _, option := range f.Options["slot"] {
			at, err := time.Parse(time.RFC3339, option)
			if err == nil && at.After(p.Now().Add(4*time.Hour)) {
				picked = at
				f.Values.Set("slot", option)
				return nil
			}
		}
		f.Values.Set("action", "none")
		return nil
	})
	switch {
	case err != nil:
		return err
	case picked.IsZero():
		m.tell("aucun créneau ne convient au client")
	case page.State == "done":
		m.tell("le client choisit le créneau du %s", models.French.Moment(picked))
	}
	return nil
}

// Report is the trainer who reports on the call once it took place (F080).
func Report(feasible bool) React {
	return func(ctx context.Context, m *Mission, mail Mail) error {
		_, err := m.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkAuditReport), "report", func(f *Form) error {
			f.Values.Set("scale", "isolated")
			f.Values.Set("feasible", "no")
			if feasible {
				f.Values.Set("feasible", "yes")
			}
			f.Values.Set("observation", "Niveaux proches, fichiers de travail fournis par le client.")
			return nil
		})
		if err == nil && feasible {
			m.tell("%s rend compte de l’audit : la mission est réalisable", m.trainerName(mail))
		} else if err == nil {
			m.tell("%s rend compte de l’audit : la mission n’est pas réalisable", m.trainerName(mail))
		}
		return err
	}
}

// Submit is the trainer who writes the programme, or what is to be added to it (F089).
func Submit(ctx context.Context, m *Mission, mail Mail) error {
	again := mail.Template == "programme_returned"
	_, err := m.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkProgramme), "submit", func(f *Form) error {
		for field, text := range map[string]string{
			"objectives": "Construire un tableau de suivi fiable et le tenir à jour.",
			"content":    "Jour 1 : fonctions. Jour 2 : tableaux croisés. Jour 3 : tableaux de bord.",
			"methods":    "Exercices sur les fichiers des participants.",
			"assessment": "Un cas pratique à la fin de chaque journée.",
		} {
			if again && field == "assessment" {
				text += " Un questionnaire final noté sur vingt."
			}
			f.Values.Set(field, text)
		}
		return nil
	})
	if err == nil {
		m.tell("%s dépose le programme", m.trainerName(mail))
	}
	return err
}

// Sign is a trainer or a client who reads a document and signs it.
func Sign(ctx context.Context, m *Mission, mail Mail) error {
	_, err := m.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkSign), "sign", func(f *Form) error {
		f.Values.Set("read", "yes")
		f.Values.Set("name", m.trainerName(mail))
		return nil
	})
	switch {
	case err != nil:
	case mail.Template == "contract_client":
		m.tell("le client signe la convention")
	default:
		m.tell("%s signe son contrat", m.trainerName(mail))
	}
	return err
}

// positioning is a participant who takes the test that comes with the first convocation (F120).
func positioning(ctx context.Context, m *Mission, mail Mail) error {
	link := mail.Link(models.LinkPositioning)
	if link == "" {
		return nil
	}
	return m.evaluate(ctx, mail, link, "%s reçoit sa convocation et répond au test de positionnement")
}

// Evaluate is a participant who evaluates the course.
func Evaluate(purpose models.Purpose) React {
	return func(ctx context.Context, m *Mission, mail Mail) error {
		words := "%s répond à l’évaluation à chaud"
		if purpose == models.LinkCold {
			words = "%s répond à l’évaluation à froid"
		}
		err := m.evaluate(ctx, mail, mail.Link(purpose), words)
		if err == nil && purpose == models.LinkCold {
			m.mu.Lock()
			m.cold++
			m.mu.Unlock()
			m.settle()
		}
		return err
	}
}

func (m *Mission) evaluate(ctx context.Context, mail Mail, link, words string) error {
	_, err := m.player.Browser(mail.To).Act(ctx, link, "evaluate", func(f *Form) error {
		for _, q := range slices.Sorted(maps.Keys(f.Options)) {
			f.Values.Set(q, f.Options[q][len(f.Options[q])*3/4])
		}
		f.Values.Set("text", "Utile au travail de tous les jours.")
		return nil
	})
	if err == nil {
		m.tell(words, name(mail.To))
	}
	return err
}

// missed tells whether the script has somebody miss a half-day.
func (m *Mission) missed(session int, participant string, halfDay int) bool {
	return slices.ContainsFunc(m.Script.Missed, func(x Missed) bool {
		return x.Session == session && x.HalfDay == halfDay && m.participantRef(x.Participant) == participant
	})
}

func (m *Mission) participantRef(n int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n >= len(m.participants) {
		return ""
	}
	return m.participants[n].Ref
}

func (m *Mission) participantAt(address string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.participants {
		if p.Email == address {
			return p.Ref
		}
	}
	return ""
}

// Attend is a participant who signs each half-day attended, once it has begun (F124).
func Attend(ctx context.Context, m *Mission, mail Mail) error {
	session, me := sessionOf(mail.Key), m.participantAt(mail.To)
	due := min(2, m.Script.HalfDays-2*(session-1))
	for halfDay := range min(2, m.Script.HalfDays-2*(session-1)) {
		if m.missed(session, me, halfDay) {
			due--
		}
	}
	for signed := 0; signed < due; {
		now := 0
		page, err := m.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkAttend), "attend", func(f *Form) error {
			f.Values.Del("half_day")
			for _, option := range f.Options["half_day"] {
				if n, err := strconv.Atoi(option); err == nil && !m.missed(session, me, n) {
					f.Values.Add("half_day", option)
				}
			}
			if len(f.Values["half_day"]) == 0 {
				return errNotYet
			}
			now = len(f.Values["half_day"])
			return nil
		})
		if err != nil {
			return err
		}
		signed += now
		if page.State == "recorded" {
			break
		}
	}
	return nil
}

// ErrUnsigned says that participants who attended could not sign in time.
var ErrUnsigned = errors.New("participants could not sign in time")

// SignSheet is the trainer who signs the sheet once everybody present has signed, marking who was away (F125).
func SignSheet(ctx context.Context, m *Mission, mail Mail) error {
	p := m.player
	session := sessionOf(mail.Key)
	var absent int
	latest := p.Now().Add(20 * time.Hour)
	_, err := p.Browser(mail.To).Act(ctx, mail.Link(models.LinkSheet), "sign", func(f *Form) error {
		f.Values.Del("absent")
		for _, option := range f.Options["absent"] {
			var participant string
			var halfDay int
			if i := slices.Index([]byte(option), ':'); i > 0 {
				participant = option[:i]
				halfDay, _ = strconv.Atoi(option[i+1:])
			}
			if !m.missed(session, participant, halfDay) && p.Now().Before(latest) {
				return errNotYet // they are still signing
			}
			f.Values.Add("absent", option)
		}
		absent = len(f.Values["absent"])
		f.Values.Set("certify", "yes")
		f.Values.Set("name", m.trainerName(mail))
		return nil
	})
	if err != nil {
		return err
	}
	expected := 0
	for _, x := range m.Script.Missed {
		if x.Session == session {
			expected++
		}
	}
	m.tell("%s signe la feuille d’émargement de la séance %d, %d absence(s)", m.trainerName(mail), session, absent)
	if absent > expected {
		return ErrUnsigned
	}
	return nil
}

// justify is a participant who says why, if the script lets them (F136).
func justify(ctx context.Context, m *Mission, mail Mail) error {
	session, me := sessionOf(mail.Key), m.participantAt(mail.To)
	justified := slices.ContainsFunc(m.Script.Missed, func(x Missed) bool {
		return x.Session == session && x.Justified && m.participantRef(x.Participant) == me
	})
	if !justified {
		m.tell("%s ne justifie pas son absence de la séance %d", name(mail.To), session)
		return nil
	}
	_, err := m.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkJustify), "justify", func(f *Form) error {
		f.Values.Set("reason", "Train supprimé.")
		return nil
	})
	if err == nil {
		m.tell("%s justifie son absence de la séance %d", name(mail.To), session)
	}
	return err
}

func certificate(_ context.Context, m *Mission, mail Mail) error {
	m.tell("%s reçoit son certificat de réalisation", name(mail.To))
	return nil
}

// acceptRecap is the trainer who agrees with the month (F179).
func (p *Player) acceptRecap(ctx context.Context, _ *Mission, mail Mail) error {
	_, err := p.Browser(mail.To).Act(ctx, mail.Link(models.LinkRecap), "accept", func(*Form) error { return nil })
	if err == nil {
		p.tell(mail.Dossier, "%s accepte son relevé du mois", p.Trainer(mail.To).Name)
	}
	return err
}

// Conform is finance, who check an invoice (F195).
func (p *Player) Conform(ctx context.Context, _ *Mission, mail Mail) error {
	ref := invoiceRef.FindString(mail.Text)
	if err := p.Finance.Post(ctx, "/invoices/"+ref+"/conform", mail.Key, map[string]any{}, nil); err != nil {
		return err
	}
	p.tell(mail.Dossier, "la comptabilité déclare la facture %s conforme", ref)
	return nil
}

// pay is finance, who confirm the payment on the day it falls due (F197).
func (p *Player) pay(ctx context.Context, _ *Mission, mail Mail) error {
	ref := invoiceRef.FindString(mail.Text)
	if err := p.Finance.Post(ctx, "/invoices/"+ref+"/pay", mail.Key, map[string]any{}, nil); err != nil {
		return err
	}
	p.tell(mail.Dossier, "la comptabilité confirme le paiement de la facture %s", ref)
	return nil
}

// payClient is the client, who pays ten days after the invoice, and finance who see it.
func (p *Player) payClient(ctx context.Context, m *Mission, mail Mail) error {
	if m != nil {
		m.tell("la facture du client est émise")
	}
	invoices, err := All[models.Invoice](ctx, p.Finance, "/invoices?kind=client&request="+mail.Dossier)
	if err != nil || len(invoices) == 0 {
		return fmt.Errorf("no client invoice on the dossier: %w", err)
	}
	if !p.wait(ctx, p.Calendar.At(p.Calendar.AddBusinessDays(p.Calendar.DateOf(p.Now()), 10), 11, 0)) {
		return ctx.Err()
	}
	if err := p.Finance.Post(ctx, "/invoices/"+invoices[0].Ref+"/pay", mail.Key, map[string]any{}, nil); err != nil {
		return err
	}
	p.tell(mail.Dossier, "le client règle sa facture")
	return nil
}

// note tells of a mail that asks for nothing.
func (p *Player) note(_ context.Context, _ *Mission, mail Mail) error {
	p.tell(mail.Dossier, "%s reçoit : %s", p.Trainer(mail.To).Name, mail.Subject)
	return nil
}
