package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"jalon/models"
)

// Bid is how a trainer answers an invitation: with a rate, or no. Who has none stays silent.
type Bid struct {
	Rate   string // euros per day as typed; empty: declined
	Reason string
}

// Missed is a half-day that a participant does not attend.
type Missed struct {
	Session     int // from 1
	Participant int // from 0
	HalfDay     int // from 0
	Justified   bool
}

// React is what a person does about a mail of a template; the mission may be nil for what concerns several.
type React func(ctx context.Context, m *Mission, mail Mail) error

// Act is what staff do about a dossier that stands at a stage.
type Act func(ctx context.Context, m *Mission, row models.Request) error

// Script says how the people of a mission behave; Reference is the usual one.
type Script struct {
	Number       int // tells the people of one mission from those of another
	Topic        string
	Title        string
	Client       models.ClientType
	Participants int
	HalfDays     int          // ordered; two make a session
	PriceCents   models.Cents // per day
	BudgetCents  models.Cents
	Bids         map[string]Bid // by address
	Choice       string         // address of the trainer whom staff prefer; any interested one if empty
	Returned     int            // times the programme is sent back
	Missed       []Missed
	ColdAnswers  bool                 // the mission is over when everybody answered the cold evaluation, otherwise when it is closed
	On           map[string]React     // replaces what people do about mails, by template
	Board        map[models.Stage]Act // replaces what staff do, by stage
}

// Reference is the script of the reference mission: five trainers match, two are interested at different rates, one
// declines, two stay silent; the programme comes back once; one absence is justified in time, another is not.
func Reference(number int) Script {
	able := []string{"alpha@example.org", "bravo@example.org", "charlie@example.org"} // those with a self-billing mandate
	at := func(i int) string { return able[(number+i)%len(able)] }
	return Script{Number: number, Topic: "tableur", Title: "Tableur : du calcul à l'analyse", Client: models.ClientSME, Participants: 4, HalfDays: 6,
		PriceCents: 120000, BudgetCents: 360000,
		Bids:   map[string]Bid{at(0): {Rate: "450,00"}, at(1): {Rate: "390"}, at(2): {Reason: "Je suis déjà pris à ces dates."}},
		Choice: at(0), Returned: 1, ColdAnswers: true,
		Missed: []Missed{{Session: 1, Participant: 1, HalfDay: 1, Justified: true}, {Session: 2, Participant: 2, HalfDay: 0}}}
}

// Mission is one request being played.
type Mission struct {
	Ref    string
	Script Script
	Client string        // reference
	Done   chan struct{} // closed when the mission is over
	player *Player

	mu           sync.Mutex
	stage        models.Stage
	turn         int // stages seen so far: the dossier may come to one again
	participants []models.Participant
	cold         int
	closed       bool
	reached      map[models.Stage]time.Time
	refused      map[string]int // times a command was
}

var invoiceRef = regexp.MustCompile(`\bI-[0-9]{4}-[0-9]{6}\b`)

// Open has a client ask for a course, by phone: staff key the request (F001).
func (p *Player) Open(ctx context.Context, s Script) (*Mission, error) {
	m := &Mission{Script: s, Done: make(chan struct{}), player: p, reached: map[models.Stage]time.Time{}, refused: map[string]int{}}
	type contact struct {
		Name    string `json:"name"`
		Email   string `json:"email"`
		Billing bool   `json:"billing,omitempty"`
	}
	type client struct {
		Type     models.ClientType `json:"type"`
		Name     string            `json:"name"`
		Company  string            `json:"company_number,omitempty"`
		Address  string            `json:"address"`
		Contacts []contact         `json:"contacts"`
	}
	n := s.Number + 1
	who := client{Type: s.Client, Name: fmt.Sprintf("Client Exemple %d", n), Address: "12 quai de l'Exemple, 69002 Lyon",
		Contacts: []contact{{Name: fmt.Sprintf("Responsable %d", n), Email: fmt.Sprintf("client-%d@example.com", n)},
			{Name: fmt.Sprintf("Comptable %d", n), Email: fmt.Sprintf("facturation-%d@example.com", n), Billing: true}}}
	if s.Client.Organisation() {
		who.Company = "999999980"
	}
	body := map[string]any{"channel": "phone", "client": who, "topic": s.Topic, "title": s.Title, "mode": "at_client",
		"address": who.Address, "department": "69", "group_size": s.Participants, "level": "intermediate", "budget_cents": s.BudgetCents,
		"needs": "Gagner du temps sur les tableaux de suivi.",
		"order": map[string]any{"half_days": s.HalfDays, "unit": "day", "unit_price_cents": s.PriceCents, "vat_bps": 2000}}
	var brief models.Brief
	if err := p.Staff.Post(ctx, "/requests", fmt.Sprintf("intake-%d", n), body, &brief); err != nil {
		return nil, err
	}
	m.Ref, m.Client = brief.Ref, brief.ClientRef
	p.mu.Lock()
	p.missions[m.Ref] = m
	for address := range s.Bids {
		if p.at[address] == nil {
			p.at[address] = m
		}
	}
	p.mu.Unlock()
	m.tell("%s demande une formation « %s », %s pour %d personnes, budget %s", who.Name, s.Title, models.French.HalfDaysName(s.HalfDays), s.Participants,
		s.BudgetCents.FormatFR())
	return m, nil
}

func (m *Mission) tell(format string, args ...any) { m.player.tell(m.Ref, format, args...) }

// Reached is when staff saw the dossier at a stage, in business time; zero if never.
func (m *Mission) Reached(s models.Stage) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reached[s]
}

// Closed tells whether the dossier was closed and refused a change.
func (m *Mission) Closed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// Participants are those registered.
func (m *Mission) Participants() []models.Participant {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.participants)
}

// finish ends the mission.
func (m *Mission) finish() {
	select {
	case <-m.Done:
	default:
		close(m.Done)
	}
}

var stageWords = map[models.Stage]string{
	models.StageSolicitation: "la recherche d’un formateur commence", models.StageAudit: "le formateur est retenu, l’audit s’organise",
	models.StageProgramme: "l’audit est tenu, le programme est attendu", models.StageInterview: "le programme est approuvé, l’entretien est attendu",
	models.StageContract: "l’entretien est concluant, les contrats partent", models.StageReadiness: "tout est signé, le dossier est contrôlé",
	models.StageSessions: "le dossier est prêt, les séances se planifient", models.StageDelivered: "tout est réalisé : certificats, évaluations et facture partent",
	models.StageClosed: "le formateur est payé, le dossier est clos", models.StageCancelled: "le dossier est annulé",
	models.StageHandedOver: "le dossier est transmis",
}

// move notes the stage and answers what staff do there.
func (m *Mission) move(row models.Request) Act {
	m.mu.Lock()
	moved := m.stage != row.Stage
	m.stage = row.Stage
	if moved {
		m.turn++
	}
	if _, seen := m.reached[row.Stage]; !seen {
		m.reached[row.Stage] = m.player.Now()
	}
	m.mu.Unlock()
	if moved && stageWords[row.Stage] != "" {
		m.tell("%s", stageWords[row.Stage])
	}
	if act, replaced := m.Script.Board[row.Stage]; replaced {
		return act
	}
	return board[row.Stage]
}

// board is what staff do in the reference mission.
var board = map[models.Stage]Act{
	models.StageQualification: Qualify, models.StageSolicitation: Choose, models.StageProgramme: Review, models.StageInterview: Interview,
	models.StageReadiness: Check, models.StageSessions: Plan, models.StageClosed: refuseChange,
	models.StageCancelled: over, models.StageHandedOver: over,
}

func over(_ context.Context, m *Mission, _ models.Request) error {
	m.finish()
	return nil
}

// now tells one stay at a stage from the next.
func (m *Mission) now() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strconv.Itoa(m.turn)
}

// Command sends a command of staff about the dossier; what tells repeats of the same one apart. A refusal is kept under
// its key: who sends it again after one decides anew.
func (m *Mission) Command(ctx context.Context, verb, what string, body any) error {
	what = verb + "/" + what
	m.mu.Lock()
	again := m.refused[what]
	m.mu.Unlock()
	err := m.player.Staff.Post(ctx, "/requests/"+m.Ref+"/"+verb, fmt.Sprintf("%s/%s/%d", m.Ref, what, again), body, nil)
	if refusal := (*Problem)(nil); errors.As(err, &refusal) {
		m.mu.Lock()
		m.refused[what]++
		m.mu.Unlock()
	}
	return err
}

// Qualify is staff who know the needs (F004).
func Qualify(ctx context.Context, m *Mission, _ models.Request) error {
	if err := m.Command(ctx, "qualify", "", map[string]any{"note": "Besoin confirmé par téléphone."}); err != nil {
		return err
	}
	m.tell("l’équipe qualifie la demande")
	return nil
}

// Invitations are those of the current search.
func (m *Mission) Invitations(ctx context.Context, search int) ([]models.Invitation, error) {
	all, err := All[models.Invitation](ctx, m.player.Staff, "/requests/"+m.Ref+"/invitations")
	return slices.DeleteFunc(all, func(i models.Invitation) bool { return i.Search != search }), err
}

// Choose is staff who retain a trainer once nobody is awaited any more: all answered, or silence refused for them.
func Choose(ctx context.Context, m *Mission, row models.Request) error {
	if row.Solicitation == 0 {
		return nil
	}
	all, err := m.Invitations(ctx, row.Solicitation)
	if err != nil {
		return err
	}
	best := -1
	prefers := m.player.Trainer(m.Script.Choice).Ref
	for i, inv := range all {
		switch {
		case inv.Status == models.InvitationSent || inv.Status == models.InvitationChosen:
			return nil
		case inv.Status != models.InvitationInterested:
		case best < 0 || inv.TrainerRef == prefers:
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	inv := all[best]
	body := map[string]any{"invitation": inv.Ref, "note": "La meilleure expérience du sujet."}
	if err := m.Command(ctx, "choose", inv.Ref, body); err != nil {
		return err
	}
	m.tell("l’équipe retient %s (%s), %s", inv.TrainerRef, inv.Ref, models.French.RateName(inv.RateCents, inv.RateUnit))
	return nil
}

// Review is the pedagogical engineer: the programme is sent back as often as the script says, then approved.
func Review(ctx context.Context, m *Mission, _ models.Request) error {
	var view struct {
		Programme *models.Programme `json:"programme"`
	}
	if err := m.player.Staff.Get(ctx, "/requests/"+m.Ref, &view); err != nil {
		return err
	}
	pr := view.Programme
	if pr == nil || pr.Status != models.ProgrammeSubmitted {
		return nil
	}
	if pr.Number <= m.Script.Returned {
		note := "Merci de préciser l’évaluation des acquis."
		if err := m.Command(ctx, "return-programme", pr.Ref, map[string]any{"note": note}); err != nil {
			return err
		}
		m.tell("l’équipe renvoie le programme : « %s »", note)
		return nil
	}
	if err := m.Command(ctx, "approve-programme", pr.Ref, map[string]any{}); err != nil {
		return err
	}
	m.tell("l’équipe approuve le programme, version %d", pr.Number)
	return nil
}

// Interview is the recruiter (F084).
func Interview(ctx context.Context, m *Mission, _ models.Request) error {
	err := m.Command(ctx, "record-interview", m.now(), map[string]any{"passed": true, "note": "Entretien concluant."})
	if err == nil {
		m.tell("la recrutrice valide l’entretien")
	}
	return err
}

// Check is the last check of the paperwork (F085).
func Check(ctx context.Context, m *Mission, _ models.Request) error {
	err := m.Command(ctx, "confirm-readiness", m.now(), map[string]any{"passed": true})
	if err == nil {
		m.tell("l’ingénieure pédagogique confirme que le dossier est prêt")
	}
	return err
}

// Plan is staff who register the participants and plan the sessions (F108, F112).
func Plan(ctx context.Context, m *Mission, _ models.Request) error {
	sessions, err := All[models.Session](ctx, m.player.Staff, "/requests/"+m.Ref+"/sessions")
	if err != nil || len(sessions) > 0 {
		return err
	}
	if err := m.Register(ctx); err != nil {
		return err
	}
	days := m.player.courseDays(m.Script.Number, (m.Script.HalfDays+1)/2)
	var plan []map[string]any
	for i, day := range days {
		at := func(hh, mm int) time.Time { return m.player.Calendar.At(day, hh, mm) }
		halfDays := []models.HalfDay{{Start: at(9, 0), End: at(12, 30)}, {Start: at(13, 30), End: at(17, 0)}}
		if 2*i+1 == m.Script.HalfDays {
			halfDays = halfDays[:1]
		}
		plan = append(plan, map[string]any{"half_days": halfDays, "place": "Salle Exemple, 12 quai de l'Exemple, 69002 Lyon"})
	}
	if err := m.Command(ctx, "plan-sessions", string(days[0]), map[string]any{"sessions": plan}); err != nil {
		return err
	}
	m.tell("l’équipe inscrit %d participants et planifie %d séances, du %s au %s", m.Script.Participants, len(days),
		models.French.Day(days[0]), models.French.Day(days[len(days)-1]))
	return nil
}

// Register registers the participants of the script.
func (m *Mission) Register(ctx context.Context) error {
	var people []map[string]any
	for i := range m.Script.Participants {
		n := fmt.Sprintf("%d-%d", m.Script.Number+1, i+1)
		people = append(people, map[string]any{"name": "Participante " + n, "email": "participante-" + n + "@example.com"})
	}
	var out list[models.Participant]
	err := m.player.Staff.Post(ctx, "/requests/"+m.Ref+"/registrations", m.Ref+"/register", map[string]any{"participants": people}, &out)
	m.mu.Lock()
	m.participants = out.Items
	m.mu.Unlock()
	return err
}

// courseDays are n business days in the last week of a month, the first month that leaves two days' notice. Missions
// do not all begin on the same day of it.
func (p *Player) courseDays(number, n int) []models.Date {
	today := p.Calendar.DateOf(p.Now())
	for month := today.Month(); ; month = month.Next() {
		var days []models.Date
		for d := month.Last(); len(days) < n+2; d = d.AddDays(-1) {
			if p.Calendar.IsBusinessDay(d) {
				days = append([]models.Date{d}, days...)
			}
		}
		if first := number % 3; today.AddDays(2) < days[first] {
			return days[first : first+n]
		}
	}
}

// refuseChange proves that a closed dossier takes no change, and ends the mission unless more is to come.
func refuseChange(ctx context.Context, m *Mission, _ models.Request) error {
	if m.Closed() {
		return nil
	}
	err := m.Command(ctx, "cancel", "closed", map[string]any{"reason": "Trop tard."})
	var refused *Problem
	if !errors.As(err, &refused) || refused.Status != http.StatusGone {
		return fmt.Errorf("a closed dossier answers a change with %v, not with 410", err)
	}
	m.tell("le dossier clos refuse tout changement (%s)", refused.Code)
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.settle()
	return nil
}

// settle ends the mission once all of it is played.
func (m *Mission) settle() {
	m.mu.Lock()
	done := m.closed && (!m.Script.ColdAnswers || m.cold == m.Script.Participants)
	m.mu.Unlock()
	if done {
		m.finish()
	}
}

// Paid tells whether every session of the dossier was paid to its trainer.
func (m *Mission) Paid(ctx context.Context) (bool, error) {
	lines, err := All[models.PayLine](ctx, m.player.Staff, "/requests/"+m.Ref+"/lines")
	unpaid := slices.ContainsFunc(lines, func(l models.PayLine) bool { return l.Status != models.LinePaid })
	return err == nil && len(lines) > 0 && !unpaid, err
}

// sessionOf is the number of the session a mail is about, from its key.
func sessionOf(key string) int {
	_, rest, _ := strings.Cut(key, "/session/")
	digits, _, _ := strings.Cut(rest, "/")
	n, _ := strconv.Atoi(digits)
	return n
}
