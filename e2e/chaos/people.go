package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"jalon/demo"
	"jalon/models"
)

// twists are the ways in which a mission leaves the straight path; each happens once, to whoever comes first.
var twists = []string{
	"nobody_wants", "slots_refused", "slots_silent", "slot_silent", "unfit", "report_silent", "trainer_withdraws", "programme_silent",
	"rework", "interview_failed", "trainer_dropped", "contract_declined", "contract_unsigned", "client_declines", "client_unsigned",
	"readiness_refused", "session_moved", "session_cancelled", "sheet_silent", "session_refused", "postpone", "client_cancels", "agency_cancels",
}

// mind is what is peculiar to one mission: its twists still to come.
type mind struct {
	mu     sync.Mutex
	twists []string
	cancel models.Stage // where the twists that end it strike
	link   string       // of the client, to cancel
	ended  bool         // one of them struck
}

// once tells whether a twist is to happen now; it does not happen again.
func (m *mind) once(twist string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.Index(m.twists, twist)
	if i >= 0 {
		m.twists = slices.Delete(m.twists, i, i+1)
	}
	return i >= 0
}

func (m *mind) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
}

// cast are the people of a run.
type cast struct {
	run      *run
	minds    []*mind
	trainers [][]string // by mission, those who hold its topic
	topics   []string
	answers  []map[string]demo.Bid
	scripts  []demo.Script

	mu     sync.Mutex
	recaps map[string]string // by trainer's address: what becomes of the first recap
	reject map[string]bool   // by trainer's reference: the first invoice is sent back
}

// spare is found elsewhere by staff when nobody else is left, and does everything that is asked.
func spare(mission int) string { return fmt.Sprintf("secours-%d@example.net", mission+1) }

func newCast(r *run) *cast {
	c := &cast{run: r, recaps: map[string]string{}, reject: map[string]bool{}}
	rng := r.random(2)
	shared := []string{"commun-1@example.net", "commun-2@example.net", "commun-3@example.net", "commun-4@example.net"}
	for n := range missions {
		topic, trainers := "sujet-commun", shared // missions that share trainers share their months of pay
		if n >= 3 {
			topic, trainers = fmt.Sprintf("sujet-%d", n+1), nil
			for i := range 3 + rng.IntN(2) {
				trainers = append(trainers, fmt.Sprintf("formateur-%d-%d@example.net", n+1, i+1))
			}
		}
		m := &mind{cancel: []models.Stage{models.StageSolicitation, models.StageAudit, models.StageProgramme, models.StageContract,
			models.StageSessions}[rng.IntN(5)]}
		for _, i := range rng.Perm(len(twists))[:1+rng.IntN(4)] {
			m.twists = append(m.twists, twists[i])
		}
		slices.Sort(m.twists)
		bids := map[string]demo.Bid{spare(n): {Rate: "480"}}
		for _, address := range trainers {
			switch x := rng.IntN(10); {
			case slices.Contains(m.twists, "nobody_wants") || x < 2:
				if x%2 == 0 {
					bids[address] = demo.Bid{Reason: "Je suis déjà pris."}
				}
			case x < 4: // silent
			default:
				bids[address] = demo.Bid{Rate: fmt.Sprint(380 + 10*rng.IntN(12))}
			}
		}
		for _, address := range append(slices.Clone(trainers), spare(n)) {
			if c.recaps[address] == "" {
				c.recaps[address] = []string{"accept", "accept", "accept", "contest", "silent"}[rng.IntN(5)]
			}
		}
		c.minds, c.topics, c.trainers, c.answers = append(c.minds, m), append(c.topics, topic), append(c.trainers, trainers), append(c.answers, bids)
		c.scripts = append(c.scripts, c.write(n, rng))
	}
	return c
}

// hire makes topics and trainers known.
func (c *cast) hire(ctx context.Context) error {
	rng := c.run.random(3)
	var known []string
	for n, topic := range c.topics {
		if !slices.Contains(known, topic) {
			known = append(known, topic)
			if err := c.run.player.Staff.Post(ctx, "/catalogue", "topic/"+topic, map[string]any{"topic": topic, "title_fr": "Sujet " + topic,
				"title_en": "Topic " + topic}, nil); err != nil {
				return err
			}
		}
		for _, address := range append(slices.Clone(c.trainers[n]), spare(n)) {
			if slices.Contains(known, address) {
				continue
			}
			known = append(known, address)
			body := map[string]any{"name": address, "email": address, "legal_form": models.FormMicro, "company_number": "999999923",
				"vat_status": models.VATFranchise, "iban": "FR7699999000010000000000212", "self_billing_mandate": true, "validated": true,
				"department": "69", "address": "3 rue de l'Exemple, 69003 Lyon", "activity_number": "84690000002"}
			switch rng.IntN(4) {
			case 0: // sends own invoices
				body["self_billing_mandate"] = false
			case 1:
				body["legal_form"], body["company_number"], body["vat_status"] = models.FormForeign, "DE999999999", models.VATReverse
				body["self_billing_mandate"], body["iban"] = false, "DE75512108001245126199"
			}
			if address != spare(n) {
				body["skills"] = []map[string]any{{"topic": topic, "level": 4}}
			}
			var trainer models.Trainer
			if err := c.run.player.Staff.Post(ctx, "/trainers", "trainer/"+address, body, &trainer); err != nil {
				return err
			}
			c.reject[trainer.Ref] = rng.IntN(4) == 0
		}
	}
	return c.run.player.Meet(ctx)
}

func (c *cast) script(n int) demo.Script {
	c.run.tell("mission %d: %s", n+1, strings.Join(c.minds[n].twists, ", "))
	return c.scripts[n]
}

// write is the script of a mission.
func (c *cast) write(n int, rng *rand.Rand) demo.Script {
	m := c.minds[n]
	s := demo.Reference(n)
	s.Topic, s.Title, s.Bids, s.ColdAnswers, s.Missed = c.topics[n], "Sujet "+c.topics[n], c.answers[n], false, nil
	s.HalfDays, s.Participants, s.Returned = 2+rng.IntN(4), 2+rng.IntN(3), rng.IntN(2)
	if len(c.trainers[n]) > 0 {
		s.Choice = c.trainers[n][rng.IntN(len(c.trainers[n]))]
	}
	for range rng.IntN(3) {
		s.Missed = append(s.Missed, demo.Missed{Session: 1 + rng.IntN(2), Participant: rng.IntN(s.Participants), HalfDay: rng.IntN(2), Justified: rng.IntN(2) == 0})
	}
	silent := func(twist string, react demo.React) demo.React {
		return func(ctx context.Context, mission *demo.Mission, mail demo.Mail) error {
			if m.once(twist) {
				c.run.tell("%s: %s", mission.Ref, twist)
				return nil
			}
			return react(ctx, mission, mail)
		}
	}
	decline := func(twist string, react demo.React) demo.React {
		return func(ctx context.Context, mission *demo.Mission, mail demo.Mail) error {
			if !m.once(twist) {
				return react(ctx, mission, mail)
			}
			c.run.tell("%s: %s", mission.Ref, twist)
			_, err := c.run.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkSign), "decline", reason("Les conditions ne conviennent pas."))
			return err
		}
	}
	s.On = map[string]demo.React{
		"staff_alert":           demo.Nothing, // staff look at what falls due
		"request_received":      m.keepLink,
		"invitation_reminder":   demo.Answer,
		"audit_slots":           silent("slots_silent", demo.OfferSlots),
		"audit_choice":          silent("slot_silent", c.pickSlot(m)),
		"audit_choice_reminder": demo.PickSlot,
		"audit_booked_trainer":  silent("report_silent", c.report(m)),
		"programme_ask":         silent("programme_silent", c.submit(m)),
		"trainer_contract":      silent("contract_unsigned", decline("contract_declined", demo.Sign)),
		"contract_client":       silent("client_unsigned", decline("client_declines", demo.Sign)),
		"sheet_ask":             silent("sheet_silent", demo.SignSheet),
	}
	s.Board = map[models.Stage]demo.Act{}
	for stage, act := range map[models.Stage]demo.Act{models.StageSolicitation: demo.Choose, models.StageAudit: nil, models.StageProgramme: demo.Review,
		models.StageContract: nil, models.StageInterview: c.interview(m), models.StageReadiness: c.confirm(m), models.StageSessions: c.plan(n)} {
		s.Board[stage] = c.turn(m, stage, act)
	}
	return s
}

func reason(text string) func(*demo.Form) error {
	return func(f *demo.Form) error {
		f.Values.Set("reason", text)
		f.Values.Set("confirm", "yes")
		return nil
	}
}

func (m *mind) keepLink(_ context.Context, _ *demo.Mission, mail demo.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.link = mail.Link(models.LinkCancel)
	return nil
}

// turn lets the twists that strike at a stage come before what staff do there.
func (c *cast) turn(m *mind, stage models.Stage, act demo.Act) demo.Act {
	return func(ctx context.Context, mission *demo.Mission, row models.Request) error {
		m.mu.Lock()
		here, link := m.cancel == stage, m.link
		m.mu.Unlock()
		switch {
		case here && link != "" && m.once("client_cancels"):
			c.run.tell("%s: client_cancels", mission.Ref)
			m.end()
			if stage == models.StageContract || stage == models.StageSessions { // who has signed says it by phone
				return c.run.staff.post(ctx, "/requests/"+mission.Ref+"/record", mission.Ref+"/client_cancelled",
					map[string]any{"kind": models.FactClientCancelled, "channel": models.ChannelPhone})
			}
			_, err := c.run.player.Browser("client").Act(ctx, link, "cancel", reason("Budget gelé."))
			return err
		case here && m.once("agency_cancels"):
			c.run.tell("%s: agency_cancels", mission.Ref)
			m.end()
			return mission.Command(ctx, "cancel", "", map[string]any{"reason": "Le sujet n'est plus proposé.", "cause": "by_agency"})
		case (stage == models.StageAudit || stage == models.StageProgramme) && m.once("rework"):
			c.run.tell("%s: rework", mission.Ref)
			return mission.Command(ctx, "rework", "", map[string]any{"reason": "Le groupe a changé.", "group_size": mission.Script.Participants + 1})
		case (stage == models.StageInterview || stage == models.StageContract || stage == models.StageReadiness) && m.once("trainer_dropped"):
			c.run.tell("%s: trainer_dropped", mission.Ref)
			return mission.Command(ctx, "drop-trainer", "", map[string]any{"reason": "Dossier incomplet."})
		case act == nil:
			return nil
		}
		return act(ctx, mission, row)
	}
}

// pickSlot is the client, whom perhaps nothing suits at first.
func (c *cast) pickSlot(m *mind) demo.React {
	return func(ctx context.Context, mission *demo.Mission, mail demo.Mail) error {
		if !m.once("slots_refused") {
			return demo.PickSlot(ctx, mission, mail)
		}
		_, err := c.run.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkChoose), "choose", func(f *demo.Form) error {
			f.Values.Set("action", "none")
			return nil
		})
		return err
	}
}

func (c *cast) report(m *mind) demo.React {
	return func(ctx context.Context, mission *demo.Mission, mail demo.Mail) error {
		return demo.Report(!m.once("unfit"))(ctx, mission, mail)
	}
}

// submit is a trainer who writes the programme, or leaves.
func (c *cast) submit(m *mind) demo.React {
	return func(ctx context.Context, mission *demo.Mission, mail demo.Mail) error {
		link := mail.Link(models.LinkWithdraw)
		if link == "" || !m.once("trainer_withdraws") {
			return demo.Submit(ctx, mission, mail)
		}
		c.run.tell("%s: trainer_withdraws", mission.Ref)
		_, err := c.run.player.Browser(mail.To).Act(ctx, link, "withdraw", reason("Accident."))
		return err
	}
}

func (c *cast) interview(m *mind) demo.Act {
	return func(ctx context.Context, mission *demo.Mission, row models.Request) error {
		if !m.once("interview_failed") {
			return demo.Interview(ctx, mission, row)
		}
		return mission.Command(ctx, "record-interview", "failed", map[string]any{"passed": false, "note": "Entretien non concluant."})
	}
}

func (c *cast) confirm(m *mind) demo.Act {
	return func(ctx context.Context, mission *demo.Mission, row models.Request) error {
		if m.once("readiness_refused") {
			if err := mission.Command(ctx, "confirm-readiness", "refused", map[string]any{"passed": false, "note": "Il manque une pièce."}); err != nil {
				return err
			}
		}
		return demo.Check(ctx, mission, row)
	}
}

// plan is staff who register the participants and plan what is not planned yet, and perhaps change it once.
func (c *cast) plan(n int) demo.Act {
	m := c.minds[n]
	return func(ctx context.Context, mission *demo.Mission, row models.Request) error {
		p := c.run.player
		sessions, err := demo.All[models.Session](ctx, p.Staff, "/requests/"+mission.Ref+"/sessions")
		if err != nil {
			return err
		}
		if len(sessions) == 0 {
			if err := mission.Register(ctx); err != nil {
				return err
			}
		}
		left := mission.Script.HalfDays
		first := p.Calendar.AddBusinessDays(p.Calendar.DateOf(p.Now()), 4+n%3)
		for _, s := range sessions {
			if s.Status == models.SessionCancelled || s.Status == models.SessionRefused {
				continue
			}
			left -= len(s.HalfDays)
			if day := p.Calendar.DateOf(s.EndAt); day >= first {
				first = p.Calendar.AddBusinessDays(day, 1)
			}
			early := s.StartAt.Sub(p.Now()) > 48*time.Hour
			path := fmt.Sprintf("/requests/%s/sessions/%d/", mission.Ref, s.Number)
			switch {
			case early && m.once("session_cancelled"):
				c.run.tell("%s: session_cancelled", s.Ref)
				return c.run.staff.post(ctx, path+"cancel", s.Ref, map[string]any{"reason": "Salle indisponible."})
			case early && m.once("session_moved"):
				c.run.tell("%s: session_moved", s.Ref)
				return c.run.staff.post(ctx, path+"reschedule", s.Ref, map[string]any{"reason": "Grève.",
					"half_days": c.day(p.Calendar.AddBusinessDays(first, 2), len(s.HalfDays))})
			}
		}
		if left <= 0 {
			return nil
		}
		var plan []map[string]any
		for day := first; left > 0; day = p.Calendar.AddBusinessDays(day, 1) {
			plan = append(plan, map[string]any{"half_days": c.day(day, min(2, left))})
			left -= 2
		}
		return mission.Command(ctx, "plan-sessions", fmt.Sprint(len(sessions), first), map[string]any{"sessions": plan})
	}
}

// day is the half-days of a day.
func (c *cast) day(day models.Date, halfDays int) []models.HalfDay {
	at := func(hh, mm int) time.Time { return c.run.player.Calendar.At(day, hh, mm) }
	return []models.HalfDay{{Start: at(9, 0), End: at(12, 30)}, {Start: at(13, 30), End: at(17, 0)}}[:halfDays]
}

// money is what people do about mails of several missions.
func (c *cast) money() map[string]demo.React {
	return map[string]demo.React{
		"staff_alert":        demo.Nothing,
		"recap":              c.answerRecap,
		"recap_reminder":     c.recallRecap,
		"invoice_ask":        c.deposit,
		"invoice_rejected":   c.deposit,
		"invoice_reminder":   c.deposit,
		"finance_conformity": c.conform,
	}
}

// month is the address of a month of pay under /recaps, from a mail's key.
func month(mail demo.Mail) string { return strings.Join(strings.SplitN(mail.Key, "/", 4)[:3], "/") }

// answerRecap is a trainer who accepts, contests at first, or says nothing.
func (c *cast) answerRecap(ctx context.Context, _ *demo.Mission, mail demo.Mail) error {
	c.mu.Lock()
	what := c.recaps[mail.To]
	if what != "silent" {
		c.recaps[mail.To] = "accept"
	}
	c.mu.Unlock()
	browser := c.run.player.Browser(mail.To)
	switch what {
	case "silent":
		return nil
	case "contest":
		c.run.tell("%s contests %s", mail.To, month(mail))
		if _, err := browser.Act(ctx, mail.Link(models.LinkRecap), "contest", func(f *demo.Form) error {
			lines := f.Options["line"]
			if len(lines) == 0 {
				return errors.New("no line to contest")
			}
			f.Values["line"] = lines[:1]
			f.Values.Set("explanation", "Une demi-journée de plus.")
			return nil
		}); err != nil {
			return err
		}
		return c.run.staff.correct(ctx, month(mail))
	}
	_, err := browser.Act(ctx, mail.Link(models.LinkRecap), "accept", func(*demo.Form) error { return nil })
	return err
}

// recallRecap is staff who call a silent trainer, and key what they hear.
func (c *cast) recallRecap(ctx context.Context, _ *demo.Mission, mail demo.Mail) error {
	c.mu.Lock()
	c.recaps[mail.To] = "accept"
	c.mu.Unlock()
	c.run.tell("staff call %s about %s", mail.To, month(mail))
	return c.run.staff.post(ctx, "/recaps/"+month(mail)+"/record", mail.Key, map[string]any{"channel": "phone", "kind": models.FactRecapAccepted})
}

// deposit is a supplier who sends an invoice of what was agreed.
func (c *cast) deposit(ctx context.Context, _ *demo.Mission, mail demo.Mail) error {
	ref, _, _ := strings.Cut(mail.Key, "/")
	_, err := c.run.player.Browser(mail.To).Act(ctx, mail.Link(models.LinkInvoice), "send", func(f *demo.Form) error {
		var invoice models.Invoice
		if err := c.run.player.Finance.Get(ctx, "/invoices/"+ref, &invoice); err != nil {
			return err
		}
		f.Values.Set("number", "E-"+ref)
		f.Values.Set("net", euros(invoice.NetCents))
		f.Values.Set("vat", euros(invoice.VATCents))
		f.Attach([]byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"))
		return nil
	})
	return err
}

func euros(c models.Cents) string { return fmt.Sprintf("%d,%02d", c/100, c%100) }

// conform is finance, who perhaps send an invoice back at first.
func (c *cast) conform(ctx context.Context, m *demo.Mission, mail demo.Mail) error {
	ref, _, _ := strings.Cut(mail.Key, "/")
	var invoice models.Invoice
	if err := c.run.player.Finance.Get(ctx, "/invoices/"+ref, &invoice); err != nil {
		return err
	}
	c.mu.Lock()
	rejects := c.reject[invoice.TrainerRef]
	c.reject[invoice.TrainerRef] = false
	c.mu.Unlock()
	if !rejects {
		return c.run.player.Conform(ctx, m, mail)
	}
	c.run.tell("finance reject %s", ref)
	return c.run.player.Finance.Post(ctx, "/invoices/"+ref+"/reject", mail.Key+"/reject", map[string]any{"reason": "La mention du dossier manque."}, nil)
}
