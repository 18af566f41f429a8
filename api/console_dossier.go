package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"jalon/mail"
	"jalon/models"
	"jalon/policies"
	"jalon/store"
	"jalon/web"
)

// dossierDesk is a visit to one dossier: what the database knows of it, and what may be decided about it now.
type dossierDesk struct {
	*desk
	brief       models.Brief
	row         models.Request
	client      models.Client
	open        []models.Deadline
	invitations []models.Invitation // of every search
	audits      []models.Audit
	programmes  []models.Programme
	contracts   []models.Contract
	sessions    []models.Session
	absences    []models.Absence
	asks        map[string]models.Message // those that ask, by what they ask about
	standing    models.Standing
	ending      *models.JournalLine // that it is cancelled, while sessions under way still end
	names       map[string]string   // of people met so far, by reference
	signatories []string            // once asked for
	failed      []models.Message    // that reached nobody, once asked for
}

// tabs are the pages of a dossier, each with who may see it; the first one has its address.
var tabs = []struct {
	name string
	rule Rule
	show func(*dossierDesk, *dossierPage) error
}{
	{"situation", Everyone, (*dossierDesk).showSituation},
	{"journal", Everyone, (*dossierDesk).showJournal},
	{"deadlines", Everyone, (*dossierDesk).showDeadlines},
	{"people", Everyone, (*dossierDesk).showPeople},
	{"sessions", Everyone, (*dossierDesk).showSessions},
	{"money", StaffMoney, (*dossierDesk).showMoney},
	{"messages", Everyone, (*dossierDesk).showMessages},
	{"documents", Everyone, (*dossierDesk).showDocuments},
}

// registerConsoleDossier registers the pages of one dossier, and what staff decide and record there.
func (s *Server) registerConsoleDossier() {
	const path = "/dossiers/:ref"
	for i, tab := range tabs {
		at := path + "/" + tab.name
		if i == 0 {
			at = path
		}
		s.console(http.MethodGet, at, tab.rule, s.withDossier(func(x *dossierDesk) { x.render(tab.name, tab.show) }))
	}
	s.console(http.MethodGet, path+"/files/:sha256", Everyone, s.withDossier((*dossierDesk).sendFile))
	s.console(http.MethodGet, path+"/signed/:number", Everyone, s.withDossier((*dossierDesk).sendSigned))
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		s.console(method, path+"/decide/:what", Everyone, s.withDossier((*dossierDesk).serveDecision))
		s.console(method, path+"/record/:what", Pedagogy, s.withDossier((*dossierDesk).serveRecord))
	}
	s.bodies[http.MethodPost+" "+ConsolePath+path+"/record/:what"] = uploadLimit + formLimit
}

// withDossier reads the dossier that an address names.
func (s *Server) withDossier(serve func(*dossierDesk)) func(*desk) {
	return func(d *desk) {
		x, err := d.dossier(d.c.Param("ref"))
		if err != nil {
			d.fail(err)
			return
		}
		serve(x)
	}
}

func (d *desk) dossier(ref string) (*dossierDesk, error) {
	x := &dossierDesk{desk: d, names: map[string]string{}}
	var err error
	if x.brief, x.row, err = d.s.dossier(d.ctx, ref); err != nil {
		return nil, err
	}
	st, ctx := d.s.store, d.ctx
	if x.client, err = st.Client(ctx, x.brief.ClientRef); err != nil && models.ErrorCode(err) != models.CodeUnknown {
		return nil, err
	}
	open, err := st.OpenDeadlines(ctx, store.DeadlineFilter{Dossier: ref}, store.Cursor{}, store.MaxPage)
	if err != nil {
		return nil, err
	}
	x.open = open.Items
	if x.invitations, err = st.Invitations(ctx, ref, 0); err != nil {
		return nil, err
	}
	if x.audits, err = st.Audits(ctx, ref); err != nil {
		return nil, err
	}
	if x.programmes, err = st.Programmes(ctx, ref); err != nil {
		return nil, err
	}
	if x.contracts, err = st.Contracts(ctx, ref); err != nil {
		return nil, err
	}
	if x.sessions, err = st.Sessions(ctx, ref); err != nil {
		return nil, err
	}
	if x.absences, err = st.Absences(ctx, ref); err != nil {
		return nil, err
	}
	if x.asks, err = d.s.askingIn(ctx, ref); err != nil {
		return nil, err
	}
	if x.ending, err = d.s.ending(ctx, x.row, x.sessions); err != nil {
		return nil, err
	}
	x.standing = models.Standing{Stage: x.row.Stage, Retained: x.row.TrainerRef != "", Held: x.row.HalfDaysHeld > 0, Ending: x.ending != nil}
	if n := len(x.programmes); n > 0 {
		x.standing.Programme = x.programmes[n-1].Status
	}
	if c := models.ClientDocument(x.contracts); c != nil {
		x.standing.Document = c.Status
	}
	who := []string{x.row.Owner, x.row.TrainerRef, x.brief.ContactRef, x.brief.BillingRef}
	for _, i := range x.invitations {
		who = append(who, i.TrainerRef)
	}
	for _, a := range x.absences {
		who = append(who, a.Participant)
	}
	for _, o := range x.open {
		who = append(who, o.AwaitsRef)
	}
	return x, x.meet(who)
}

// askingIn are the latest messages of a dossier that ask for something, by what they ask about.
func (s *Server) askingIn(ctx context.Context, dossier string) (map[string]models.Message, error) {
	rows, err := s.store.MessagesOf(ctx, dossier, models.TemplatesThatAsk...)
	out := make(map[string]models.Message, len(rows))
	for _, m := range rows {
		out[m.Subject] = m
	}
	return out, err
}

// ended says why nothing can be decided of the dossier any more; empty for one that goes on.
func (x *dossierDesk) ended() string {
	switch {
	case x.row.Stage.Ended():
		key := "dossier.ended"
		if len(x.open) > 0 {
			key = "dossier.ended_awaiting"
		}
		return x.t(key, "stage", x.lang.StageName(x.row.Stage), "day", web.DateTime(x.lang, x.row.EndedAt))
	case x.ending != nil:
		return JournalSentence(*x.ending, x.lang) + " " + x.t("dossier.ending", "day", web.DateTime(x.lang, x.ending.At))
	}
	return ""
}

// at is the address of a page of this dossier.
func (x *dossierDesk) at(more ...string) string {
	return strings.Join(append([]string{dossiersPath + "/" + x.brief.Ref}, more...), "/")
}

// may tells whether the person's roles allow a call of the typed API: its own rule decides, there is no other.
func (d *desk) may(method, route string) bool {
	return d.s.rules[method+" "+ginPath(Prefix+route)].Allows(d.who.Roles)
}

// meet learns the names of people.
func (x *dossierDesk) meet(refs []string) error {
	var unknown []string
	for _, ref := range refs {
		if _, ok := x.names[ref]; !ok && ref != "" && !slices.Contains(unknown, ref) {
			unknown = append(unknown, ref)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	names, err := x.s.store.Names(x.ctx, unknown)
	for ref, name := range names {
		x.names[ref] = name
	}
	return err
}

// decideOn is where something is decided about a person, empty if it is not offered.
func (x *dossierDesk) decideOn(name, ref string) string {
	if !x.offered(name, ref) {
		return ""
	}
	return x.at("decide", name) + "?subject=" + url.QueryEscape(ref)
}

// hasSigned tells whether a participant has signed a half-day.
func (x *dossierDesk) hasSigned(ref string) (bool, error) {
	if x.signatories == nil {
		var err error
		if x.signatories, err = x.s.store.Signatories(x.ctx, x.brief.Ref); err != nil {
			return false, err
		}
	}
	return slices.Contains(x.signatories, ref), nil
}

// called is a person by name, or else by reference.
func (x *dossierDesk) called(ref string) string {
	if name := x.names[ref]; name != "" {
		return name
	}
	return ref
}

// whose is an actor of the journal: a person, a role, or the program itself.
func (x *dossierDesk) whose(actor string) string {
	switch {
	case x.names[actor] != "":
		return x.names[actor]
	case actor == string(models.RoleClient):
		return x.t("dossier.the_client", "name", x.called(x.brief.ContactRef))
	case actor == "", actor == string(models.RoleSystem), strings.Contains(actor, "/"):
		return x.lang.RoleName(models.RoleSystem)
	}
	return x.lang.RoleName(models.Role(actor))
}

// person is somebody with their role: « Camille Exemple, client ».
func (x *dossierDesk) person(role models.Role, ref string) string {
	switch role {
	case models.RoleClient:
		ref = x.brief.ContactRef
	case models.RoleBilling:
		ref = x.brief.BillingRef
	case models.RoleStaff:
		if ref == "" {
			ref = x.row.Owner
		}
	}
	name := x.names[ref]
	if name == "" {
		return x.lang.RoleName(role)
	}
	return name + x.t("dossier.comma") + x.lang.RoleName(role)
}

// recipient is who a message goes to: staff alerts without a name go to the team.
func (x *dossierDesk) recipient(m models.Message) string {
	switch {
	case m.ToRef == "" && m.To == models.RoleStaff:
		return x.lang.RoleName(m.To)
	case m.To == models.RoleParticipants || m.To == models.RoleParticipant:
		return cmp.Or(x.called(m.ToRef), x.lang.RoleName(m.To))
	}
	return x.person(m.To, m.ToRef)
}

// subject is what a reference of this dossier is about, in words: somebody goes by their name, what is of no dossier stays
// what it is.
func (x *dossierDesk) subject(ref string) string {
	rest, ok := strings.CutPrefix(ref, x.brief.Ref+"/")
	if !ok {
		return x.called(ref)
	}
	parts := strings.Split(rest, "/")
	switch {
	case len(parts) == 3 && parts[1] == "invitation":
		for _, i := range x.invitations {
			if i.Ref == ref {
				return x.called(i.TrainerRef)
			}
		}
	case len(parts) == 4 && parts[0] == "session":
		return parts[1] + x.t("dossier.comma") + x.called(parts[3])
	case len(parts) != 2:
	case parts[0] == "contract":
		for _, c := range x.contracts {
			if c.Ref == ref {
				return x.quoted(x.t("dossier.contract_kind." + string(c.Kind)))
			}
		}
	case parts[0] == "programme":
		return x.t("dossier.version", "n", parts[1])
	case parts[0] == "session", parts[0] == "audit":
		return parts[1]
	default:
		if trainer, ok := models.AssignedTrainer(ref); ok {
			return x.called(trainer)
		}
	}
	return ref
}

func (x *dossierDesk) quoted(s string) string {
	if x.lang == models.English {
		return "“" + s + "”"
	}
	return "«\u00a0" + s + "\u00a0»"
}

// dossierPage is what the pages of a dossier are drawn from.
type dossierPage struct {
	Tab    string
	Tabs   []web.NavItem
	Steps  []stageStep
	Head   []pageFact
	Alerts []alertBox
	Ended  string // why, for a dossier that ended
	Same   []namesake
	// SameMore is how many are like those and not among them.
	SameMore int
	Pages    *web.Pages

	// Situation.
	Awaited []awaited
	Primary []offer
	Others  []offer
	Records []offer
	Parked  []parkedLine
	// Resendable reached nobody, and may be sent again.
	Resendable []parkedLine
	Asked      []asked
	Unsent     string // how many of them the message has not left for, and when it does
	Recent     []journalEntry
	ReadOnly   string // why nothing can be decided

	Journal  []journalEntry
	Past     []pastDeadline
	Messages []messageLine
	// MessagesCaption says which they are, OtherMessages leads to the others.
	MessagesCaption string
	OtherMessages   *web.NavItem
	Documents       []documentLine
	ToSign          []signatureLine
	Versions        []versionView

	// People.
	Client       []pageFact
	Correct      *correction // of the client
	Contacts     []personCard
	Trainer      *personCard
	Participants []participantLine
	Listed       string // the words of their count
	Exceeded     string // that they are more than announced
	Register     *offer
	Searches     []searchView

	// Sessions.
	Sessions    []sessionView
	Planned     string
	Evaluations []evaluationLine
	Average     string

	// Money.
	Order    []pageFact
	Lines    []moneyLine
	Invoices []invoiceLine
}

// stageStep is one stage of the line under the title.
type stageStep struct {
	Name          string
	Done, Current bool
}

// namesake is another client with the same company number, with the address of its latest dossier, empty if it has none.
type namesake struct{ Name, Href string }

// namesakesShown are told one by one; of more, how many there are.
const namesakesShown = 5

func (x *dossierDesk) namesakes(p *dossierPage) error {
	same, err := x.s.namesakes(x.ctx, x.client)
	shown := same[:min(len(same), namesakesShown)]
	p.SameMore = len(same) - len(shown)
	for _, c := range shown {
		ref, err := x.s.store.NewestOfClient(x.ctx, c.Ref)
		if err != nil {
			return err
		}
		n := namesake{Name: c.Name + " (" + c.Ref + ")"}
		if ref != "" {
			n.Href = dossiersPath + "/" + ref + "/people"
		}
		p.Same = append(p.Same, n)
	}
	return err
}

// alertBox is what a person must look at, of which part of the dossier, since when, and what to do about it;
// Undelivered are the mails that it says reached nobody.
type alertBox struct {
	Sentence, Of, Todo, Since string
	Undelivered               []string
}

// render draws a page of the dossier.
func (x *dossierDesk) render(tab string, show func(*dossierDesk, *dossierPage) error) {
	p := &dossierPage{Tab: tab, Steps: x.steps(), Head: x.head(), Ended: x.ended()}
	for i, t := range tabs {
		if !t.rule.Allows(x.who.Roles) {
			continue
		}
		at := x.at()
		if i > 0 {
			at = x.at(t.name)
		}
		p.Tabs = append(p.Tabs, web.NavItem{Href: at, Label: x.t("dossier.tab." + t.name), Current: t.name == tab})
	}
	if err := show(x, p); err != nil {
		x.fail(err)
		return
	}
	x.desk.render(http.StatusOK, "console_dossier", &web.Page{Title: x.brief.Ref + " · " + x.title(x.brief), State: "dossier", Data: p})
}

// steps are the stages of the dossier's way of working, with where it stands.
func (x *dossierDesk) steps() []stageStep {
	stages := x.stages()
	at := slices.Index(stages, x.row.Stage)
	var out []stageStep
	for i, s := range stages {
		out = append(out, stageStep{Name: x.lang.StageName(s), Done: i < at || s == models.StageClosed && i == at, Current: i == at})
	}
	return out
}

func (x *dossierDesk) stages() []models.Stage {
	if x.row.Stage == models.StageCancelled || x.row.Stage == models.StageHandedOver {
		return []models.Stage{x.row.Stage}
	}
	p, err := x.s.cfg.Policies.Load(x.row.Policy)
	if err == nil && slices.Contains(p.Stages, x.row.Stage) {
		return p.Stages
	}
	return []models.Stage{x.row.Stage}
}

// head says what the dossier is and who looks after it.
func (x *dossierDesk) head() []pageFact {
	owner := x.called(x.row.Owner)
	if owner == "" {
		owner = x.t("dossier.nobody")
	}
	facts := x.fact("client", x.client.Name)
	facts = append(facts, pageFact{x.t("dossier.contact"), x.called(x.brief.ContactRef)})
	facts = append(facts, pageFact{x.t("dossier.owner"), owner})
	trainer := x.called(x.row.TrainerRef)
	if trainer == "" {
		trainer = x.t("dossier.no_trainer")
	}
	facts = append(facts, x.fact("trainer", trainer)...)
	if n := len(x.audits); n > 0 && x.audits[n-1].Status == models.AuditBooked {
		facts = append(facts, pageFact{x.t("dossier.audit_call"), web.DateTime(x.lang, x.audits[n-1].SlotAt)})
	}
	facts = append(facts, x.fact("format", x.t("mode."+string(x.brief.Mode)))...)
	facts = append(facts, x.fact("volume", x.lang.HalfDaysName(x.brief.Order.HalfDays))...)
	facts = append(facts, x.fact("group", x.t("people.count", "count", x.brief.GroupSize))...)
	if !x.brief.WantedFrom.IsZero() {
		facts = append(facts, x.fact("wanted", web.Day(x.lang, x.brief.WantedFrom))...)
	}
	if way := x.brief.Policy; way != "" && way != policies.Default { // why its stages and decisions are not the usual ones
		facts = append(facts, pageFact{x.t("dossiers.policy"), x.s.policyName(x.lang, way)})
	}
	if x.brief.Urgent {
		facts = append(facts, pageFact{x.t("dossier.priority"), x.t("dossier.urgent")})
	}
	return facts
}

// alerts are all that stand, the newest first.
func (x *dossierDesk) alerts() (out []alertBox, err error) {
	alerts, err := x.s.store.Alerts(x.ctx, x.brief.Ref)
	if err != nil {
		return nil, err
	}
	undelivered, err := x.undeliveredOf(undeliverable(alerts)...)
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		b := alertBox{Sentence: mail.AlertSentence(x.lang, a.Alert), Of: x.partOf(x.brief.Ref, a.Subject)}
		if key := "dossier.todo." + a.Alert; web.Has(key) {
			b.Todo = x.t(key)
		}
		if !a.Since.IsZero() {
			b.Since = x.t("dossier.since", "when", web.DateTime(x.lang, a.Since))
		}
		if a.Alert == models.AlertUndeliverable {
			if b.Undelivered, err = x.undelivered(undelivered[a.Subject]); err != nil {
				return nil, err
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// allUndelivered are the messages that reached nobody, read once: alerts, timeline and what can be sent again tell of them.
func (x *dossierDesk) allUndelivered() ([]models.Message, error) {
	if x.failed == nil {
		var err error
		if x.failed, err = x.s.store.Undelivered(x.ctx, x.brief.Ref); err != nil {
			return nil, err
		}
	}
	return x.failed, nil
}

func (x *dossierDesk) undeliveredOf(subjects ...string) (map[string][]models.Message, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	rows, err := x.allUndelivered()
	return models.ByAlert(rows, subjects...), err
}

// undelivered says of each mail that reached nobody what it is, to whom, why and of when.
func (x *dossierDesk) undelivered(all []models.Message) ([]string, error) {
	few, more := firstNamed(all)
	var who, out []string
	for _, m := range few {
		who = append(who, m.ToRef)
	}
	err := x.meet(who)
	for _, m := range few {
		out = append(out, x.t("dossier.undelivered", "what", x.messageName(m), "to", x.recipient(m),
			"why", x.t("dossier.message."+m.Status), "when", web.DateTime(x.lang, m.Tried())))
	}
	if more > 0 {
		out = append(out, x.t("dossier.undelivered_more", "count", more))
	}
	return out, err
}

// awaited is an open deadline: what, from whom, until when, and what happens otherwise.
type awaited struct {
	What, Who, Until, Left, Otherwise, Note string
	Mail                                    string // when the one that asks leaves, while it waits for the hours of mail
	Late                                    bool
	Postpone                                string // address of the form, empty where it cannot be
}

func (x *dossierDesk) awaitedNow() ([]awaited, error) {
	var notes []string
	for _, d := range x.open {
		notes = append(notes, d.Note)
	}
	words, err := x.s.store.Notes(x.ctx, notes)
	if err != nil {
		return nil, err
	}
	asking, err := x.s.store.Asking(x.ctx, x.open...)
	var out []awaited
	for _, d := range x.open {
		a := awaited{What: x.deadlineName(d), Until: web.DateTime(x.lang, d.DueAt), Left: x.left(d.DueAt), Late: d.DueAt.Before(x.now),
			Otherwise: x.otherwise(d, asking)}
		if d.Awaits != models.RoleSystem {
			a.Who = x.person(d.Awaits, d.AwaitsRef)
		}
		if at := leaves(asking[d.ID], x.now); !at.IsZero() {
			a.Mail = x.t("dossier.mail_leaves", "when", web.DateTime(x.lang, at))
		}
		if d.Postponed > 0 {
			a.Note = x.t("dossier.postponed", "count", d.Postponed)
			if why := words[d.Note]; why != "" {
				a.Note += x.t("dossier.because", "why", why)
			}
		}
		if d.Postponable && postponing(d).Allows(x.who.Roles) {
			a.Postpone = postponePath + "?" + url.Values{"id": {d.ID}, "from": {"dossier"}}.Encode()
		}
		out = append(out, a)
	}
	return out, err
}

// leaves is when the first of the messages that ask for something leaves; none once one of them left.
func leaves(asking []models.Message, now time.Time) (first time.Time) {
	for _, m := range asking {
		switch {
		case slices.Contains(models.MessagesTakenBack, m.Status):
		case !m.Waits(now):
			return time.Time{}
		case first.IsZero() || m.NotBefore.Before(first):
			first = m.NotBefore
		}
	}
	return first
}

// deadlineName says what a deadline awaits: which step, where only staff can take it, and of what.
func (x *dossierDesk) deadlineName(d models.Deadline) string {
	name := x.lang.AwaitedOf(d)
	if d.Kind == models.DeadlineSilence && d.Status == models.Open && x.row.Stage != models.StageSolicitation {
		name += x.t("dossier.comma") + x.t("dossier.in_reserve") // the search outlives the choice, until a contract is signed
	}
	switch rest, _ := strings.CutPrefix(d.Subject, x.brief.Ref+"/"); {
	case strings.HasPrefix(rest, "session/"):
		name += x.t("dossier.of_session", "subject", x.subject(d.Subject))
	case d.Kind != models.DeadlineStaff && strings.HasPrefix(rest, "programme/"), strings.HasPrefix(d.Subject, "I-"):
		name += " (" + x.subject(d.Subject) + ")"
	}
	return name
}

// left is how far an instant is, in days where it is more than one.
func (x *dossierDesk) left(at time.Time) string {
	days := x.s.today().DaysUntil(x.s.calendar.DateOf(at))
	switch {
	case at.Before(x.now):
		return x.t("dossier.late")
	case days == 0:
		return x.t("dossier.today")
	case days == 1:
		return x.t("dossier.tomorrow")
	}
	return x.t("dossier.in_days", "count", days)
}

// offer is something to decide or to record: where, what it is called and what it will do.
type offer struct {
	Href, Label, Says string
	Grave             bool
}

func (x *dossierDesk) showSituation(p *dossierPage) (err error) {
	if x.row.Alert != "" { // who opens the dossier has seen it
		x.s.alertRead(x.ctx, store.AlertsOf{Dossier: x.brief.Ref}, x.who.Ref)
	}
	if p.Alerts, err = x.alerts(); err != nil {
		return err
	}
	if p.Awaited, err = x.awaitedNow(); err != nil {
		return err
	}
	if err := x.namesakes(p); err != nil {
		return err
	}
	parked, err := x.s.store.Parked(x.ctx, parkedFor(x.who, x.brief.Ref), store.Cursor{}, store.DefaultPage)
	if err != nil {
		return err
	}
	if p.Parked, err = x.parkedLines(parked.Items, "dossier"); err != nil {
		return err
	}
	undelivered, err := x.allUndelivered()
	if err != nil {
		return err
	}
	if p.Resendable, err = x.resendable(undelivered, "dossier"); err != nil {
		return err
	}
	for _, c := range x.offers() {
		if c.Grave {
			p.Others = append(p.Others, c)
		} else {
			p.Primary = append(p.Primary, c)
		}
	}
	p.Records = x.recordOffers()
	if len(p.Primary)+len(p.Others) == 0 {
		p.ReadOnly = x.t("dossier.nothing_to_decide")
	}
	if x.row.Stage == models.StageSolicitation {
		p.Asked = x.asked(x.row.Solicitation)
		p.Unsent = x.unsentOf(func(i models.Invitation) bool { return i.Search == x.row.Solicitation })
	}
	page, err := x.s.store.JournalBack(x.ctx, x.brief.Ref, store.Cursor{}, 6)
	if err != nil {
		return err
	}
	p.Recent, err = x.entries(page.Items)
	return err
}

// asked is a trainer who was asked, and what became of it.
type asked struct {
	Name, Href                     string // the trainer, and where they are shown
	State, Tone, Rate, When, Extra string
	Choose, Record                 string // addresses, empty where it cannot be
	ChooseLabel, RecordLabel       string
	Correct                        *correction // of who could not be reached
}

func (x *dossierDesk) asked(search int) []asked {
	var out []asked
	for _, i := range x.invitations {
		if i.Search != search {
			continue
		}
		a := x.invited(i, x.asks[i.Ref])
		a.Name, a.Href, a.ChooseLabel, a.RecordLabel = x.called(i.TrainerRef), trainerPage(i.TrainerRef), x.t("dossier.choose"), x.t("dossier.record_answer")
		if i.Status == models.InvitationUndeliverable {
			a.Correct = x.correction("correct.link", a.Name, x.at("people"), trainerRoute, i.TrainerRef)
		}
		if search == x.row.Solicitation && x.standing.Takes(models.VerbChoose) == nil {
			if i.Choosable() == nil && x.may("POST", "/requests/{ref}/choose") {
				a.Choose = x.at("decide", "choose") + "?subject=" + url.QueryEscape(i.Ref)
			}
			if i.AwaitsAnswer() && x.may("POST", "/requests/{ref}/record") {
				a.Record = x.at("record", "answer") + "?subject=" + url.QueryEscape(i.Ref)
			}
		}
		out = append(out, a)
	}
	return out
}

// invited is what became of asking a trainer, by the message that asked.
func (d *desk) invited(i models.Invitation, m models.Message) asked {
	a := asked{State: d.t("dossier.invitation." + string(i.Status)), When: d.t("dossier.asked_on", "when", web.DateTime(d.lang, leftAt(m, i.SentAt)))}
	if m.Waits(d.now) && i.Status == models.InvitationSent {
		a.State, a.When = d.t("dossier.invitation.unsent"), d.t("dossier.will_leave", "when", web.DateTime(d.lang, m.NotBefore))
	}
	switch {
	case i.Status == models.InvitationUndeliverable && m.Key != "" && !m.Undelivered():
		a.State = d.t("dossier.invitation.again") // its search waits for nothing, but an answer counts
	case i.Status == models.InvitationNotRetained && m.Undelivered():
		a.State = d.t("dossier.invitation." + string(models.InvitationUndeliverable)) // the search ended, nobody asked
	}
	switch i.Status {
	case models.InvitationInterested, models.InvitationChosen:
		a.Tone = "good"
	case models.InvitationSent:
		a.Tone = "warn"
	case models.InvitationUndeliverable:
		a.Tone = "bad"
	}
	if i.LateAnswer != "" {
		a.Extra = d.t("dossier.late_answer", "answer", d.t("dossier.invitation."+i.LateAnswer))
	}
	if i.Upskilling {
		a.Extra += " " + d.t(map[bool]string{true: "dossier.upskilling_agreed", false: "dossier.upskilling"}[i.UpskillOK])
	}
	if i.RateCents > 0 {
		a.Rate = d.lang.RateName(i.RateCents, i.RateUnit)
	}
	if !i.AnsweredAt.IsZero() {
		a.When = d.t("dossier.answered_on", "when", web.DateTime(d.lang, i.AnsweredAt))
	}
	return a
}

// leftAt is when a message that asks really left; decided is when it was decided to ask, for what no message tells of.
func leftAt(m models.Message, decided time.Time) time.Time {
	if !m.SentAt.IsZero() {
		return m.SentAt
	}
	return decided
}

// unsentOf says of trainers asked how many of their messages wait for the hours of mail; empty if none does.
func (x *dossierDesk) unsentOf(of func(models.Invitation) bool) string {
	n, first := 0, time.Time{}
	for _, i := range x.invitations {
		if m := x.asks[i.Ref]; m.Waits(x.now) && of(i) {
			if n++; first.IsZero() || m.NotBefore.Before(first) {
				first = m.NotBefore
			}
		}
	}
	if n == 0 {
		return ""
	}
	return x.t("dossier.unsent", "count", n, "when", web.DateTime(x.lang, first))
}

// journalEntry is a line of the timeline: who did what, when, through what, and who keyed it.
type journalEntry struct {
	When, Sentence, By, Note string
	Proof, ProofLabel        string // address of the scan, empty if there is none
}

func (x *dossierDesk) entries(lines []models.JournalLine) ([]journalEntry, error) {
	var who, notes []string
	for _, l := range lines {
		who = append(who, l.Actor, l.Recorder, l.Subject, l.Args.Get("trainer"), l.Args.Get("owner"))
		if parts := strings.Split(l.Subject, "/"); len(parts) == 5 && parts[3] == "absence" {
			who = append(who, parts[4])
		}
		if noted(l).Allows(x.who.Roles) {
			notes = append(notes, l.Note)
		}
	}
	if err := x.meet(who); err != nil {
		return nil, err
	}
	words, err := x.s.store.Notes(x.ctx, notes)
	if err != nil {
		return nil, err
	}
	var failed []string
	for _, l := range lines {
		if l.Kind == string(models.FactUndeliverable) {
			failed = append(failed, l.Subject)
		}
	}
	undelivered, err := x.undeliveredOf(failed...)
	if err != nil {
		return nil, err
	}
	scans := map[string]string{}
	if slices.ContainsFunc(lines, func(l models.JournalLine) bool { return l.Recorder != "" }) {
		facts, err := x.s.store.Facts(x.ctx, x.brief.Ref)
		if err != nil {
			return nil, err
		}
		scans = proofs(x.who, facts, lines)
	}
	var out []journalEntry
	for _, l := range lines {
		said := l
		said.Subject, said.Args = x.subject(l.Subject), slices.Clone(l.Args)
		for i, a := range said.Args {
			if a.Name == "trainer" || a.Name == "owner" {
				said.Args[i].Value = x.called(a.Value)
			}
		}
		by := x.whose(l.Actor)
		if key := "dossier.channel." + string(l.Channel); l.Channel != "" && web.Has(key) {
			by += x.t("dossier.comma") + x.t(key)
		}
		if l.Recorder != "" {
			by += x.t("dossier.comma") + x.t("dossier.recorded_by", "name", x.called(l.Recorder))
		}
		sentence := JournalSentence(said, x.lang)
		if l.Kind == "wave_sent" {
			// The line is of the moment they were chosen; a wave of an earlier search is older than those asked in this one.
			unsent := x.unsentOf(func(i models.Invitation) bool {
				return strconv.Itoa(i.Wave) == l.Args.Get("wave") && !i.SentAt.After(l.At)
			})
			sentence = strings.TrimSpace(sentence + " " + unsent)
		}
		if l.Kind == string(models.FactUndeliverable) {
			which, err := x.undelivered(undelivered[l.Subject])
			if err != nil {
				return nil, err
			}
			sentence = strings.Join(append([]string{sentence}, which...), " ")
		}
		entry := journalEntry{When: web.DateTime(x.lang, l.At), Sentence: sentence, By: by, Note: words[l.Note]}
		if sha := scans[l.ID]; sha != "" {
			entry.Proof, entry.ProofLabel = x.at("files", sha), x.t("dossier.document.evidence")
		}
		out = append(out, entry)
	}
	return out, nil
}

func (x *dossierDesk) showJournal(p *dossierPage) error {
	from, err := x.cursor()
	if err != nil {
		return err
	}
	page, err := x.s.store.JournalBack(x.ctx, x.brief.Ref, from, 40)
	if err != nil {
		return err
	}
	p.Pages = x.pages(from, page.Next)
	p.Journal, err = x.entries(page.Items)
	return err
}

// pastDeadline is one that is decided.
type pastDeadline struct{ What, Who, Due, State, Tone, Closed, Note string }

func (x *dossierDesk) showDeadlines(p *dossierPage) error {
	from, err := x.cursor()
	if err != nil {
		return err
	}
	if p.Awaited, err = x.awaitedNow(); err != nil {
		return err
	}
	page, err := x.s.store.PastDeadlines(x.ctx, x.brief.Ref, from, 40)
	if err != nil {
		return err
	}
	p.Pages = x.pages(from, page.Next)
	var who, notes []string
	for _, d := range page.Items {
		who, notes = append(who, d.AwaitsRef), append(notes, d.Note)
	}
	if err := x.meet(who); err != nil {
		return err
	}
	words, err := x.s.store.Notes(x.ctx, notes)
	for _, d := range page.Items {
		line := pastDeadline{What: x.deadlineName(d), Due: web.DateTime(x.lang, d.DueAt), State: x.t("dossier.outcome." + string(d.Status)),
			Closed: web.DateTime(x.lang, d.ClosedAt), Note: words[d.Note]}
		if d.Awaits != models.RoleSystem {
			line.Who = x.person(d.Awaits, d.AwaitsRef)
		} else if d.Status == models.Met {
			line.State = x.t("dossier.outcome.came")
		}
		switch d.Status {
		case models.Met:
			line.Tone = "good"
		case models.Missed, models.Undeliverable:
			line.Tone = "warn"
		}
		p.Past = append(p.Past, line)
	}
	return err
}

// messageLine is a message without its words: what it is, to whom, and where it stands.
type messageLine struct {
	What, To, State, Tone, When string
	Settle                      *settleLinks // of one that nobody knows to have left
}

func (x *dossierDesk) showMessages(p *dossierPage) error {
	from, err := x.cursor()
	if err != nil {
		return err
	}
	takenBack := x.c.Query("taken_back") != ""
	page, err := x.s.store.MessagesBack(x.ctx, x.brief.Ref, takenBack, from, 40)
	if err != nil {
		return err
	}
	if takenBack {
		p.MessagesCaption, p.OtherMessages = x.t("dossier.messages_taken_back_caption"), &web.NavItem{Href: x.at("messages"), Label: x.t("dossier.messages_other")}
	} else {
		n, err := x.s.store.TakenBack(x.ctx, x.brief.Ref)
		if err != nil {
			return err
		}
		p.MessagesCaption = x.t("dossier.messages_caption")
		if n > 0 { // reminders, mostly, of what was answered: they would hide what left
			p.OtherMessages = &web.NavItem{Href: x.at("messages") + "?taken_back=1", Label: x.t("dossier.messages_taken_back", "count", int(n))}
		}
	}
	p.Pages = x.pages(from, page.Next)
	var who []string
	for _, m := range page.Items {
		who = append(who, m.ToRef)
	}
	if err := x.meet(who); err != nil {
		return err
	}
	for _, m := range page.Items {
		line := messageLine{What: x.messageName(m), To: x.recipient(m), State: x.t("dossier.message." + m.Status)}
		if m.Template == models.TemplateAlert {
			line.What += x.t("dossier.about", "what", firstSentence(mail.AlertSentence(x.lang, m.Args.Get("alert"))))
		}
		switch m.Status {
		case models.MessageQueued:
			line.Tone = "warn"
			line.When = x.t("dossier.leaves", "when", web.DateTime(x.lang, m.NotBefore))
			switch {
			case !m.Waits(x.now):
				line.State, line.When = x.t("dossier.message.sending"), ""
			case !x.heldBack(m):
				line.State = x.t("dossier.message.planned")
			}
		case models.MessageWithdrawn, models.MessageSuperseded:
			line.When = x.t("dossier.would_leave", "when", web.DateTime(x.lang, m.NotBefore))
		case models.MessageSent, models.MessageDelivered:
			line.Tone = "good"
		case models.MessageBounced, models.MessageNoAddress, models.MessageParked:
			line.Tone = "bad"
		}
		if !m.SentAt.IsZero() {
			said := "dossier.left"
			if m.Status == models.MessageSent {
				said = "dossier.sent_on" // the state says already that it was sent
			}
			line.When = x.t(said, "when", web.DateTime(x.lang, m.SentAt))
		}
		if m.Status == models.MessageParked && settling(m).Allows(x.who.Roles) {
			line.Settle = x.settleLinks(m, line.What, "dossier")
		} else if line.Settle, err = x.againLink(m, "dossier"); err != nil {
			return err
		}
		p.Messages = append(p.Messages, line)
	}
	return nil
}

// heldBack tells whether nothing but the hours of mail keeps a message back; others, like reminders, are meant for later.
func (x *dossierDesk) heldBack(m models.Message) bool {
	p, err := x.s.cfg.Policies.Load(x.row.Policy)
	return err == nil && m.NotBefore.Equal(x.s.calendar.MailTime(m.CreatedAt, p.MailHours))
}

type documentLine struct{ Href, Name, When, SHA256 string }

// signatureLine is a document to sign and where its signature stands.
type signatureLine struct{ What, Who, State, Tone, When, Href, Signed string }

// versionView is a version of the programme with its text.
type versionView struct {
	Title, State, Tone string
	Parts              []pageFact
}

func (x *dossierDesk) showDocuments(p *dossierPage) error {
	for i := len(x.contracts) - 1; i >= 0; i-- {
		c := x.contracts[i]
		line := signatureLine{What: x.t("dossier.contract_kind." + string(c.Kind)), Who: x.person(c.Signer, c.TrainerRef),
			State: x.t("dossier.contract_state." + c.Status), When: x.t("dossier.left", "when", web.DateTime(x.lang, leftAt(x.asks[c.Ref], c.SentAt)))}
		if m := x.asks[c.Ref]; m.Waits(x.now) {
			line.When = x.t("dossier.leaves", "when", web.DateTime(x.lang, m.NotBefore))
		}
		switch c.Status {
		case models.ContractSigned:
			line.Tone, line.When = "good", x.t("dossier.signed_on", "when", web.DateTime(x.lang, c.SignedAt))
		case models.ContractPending:
			line.Tone = "warn"
		case models.ContractDeclined, models.ContractExpired:
			line.Tone = "bad"
		}
		if c.SHA256 != "" {
			line.Href = x.at("files", c.SHA256)
		}
		if c.WasSigned() {
			line.Signed = x.at("signed", strconv.Itoa(c.Number))
		}
		p.ToSign = append(p.ToSign, line)
	}
	for i := len(x.programmes) - 1; i >= 0; i-- {
		v := x.programmes[i]
		parts, err := x.programmeText(v)
		if err != nil {
			return err
		}
		p.Versions = append(p.Versions, versionView{Title: x.t("dossier.programme", "n", v.Number), State: x.t("dossier.programme_state." + v.Status), Parts: parts})
	}
	docs, err := x.s.readable(x.ctx, x.brief.Ref)
	if err != nil {
		return err
	}
	var who []string
	for _, d := range docs {
		_, of, _ := strings.Cut(d.Subject, "|")
		who = append(who, of)
	}
	if err := x.meet(who); err != nil {
		return err
	}
	for i := len(docs) - 1; i >= 0; i-- {
		d := docs[i]
		name, err := x.documentName(d)
		if err != nil {
			return err
		}
		p.Documents = append(p.Documents, documentLine{Href: x.at("files", d.SHA256), Name: name, When: web.DateTime(x.lang, d.CreatedAt), SHA256: d.SHA256})
	}
	return nil
}

// documentName is what a document is and of what: « Feuille d’émargement, séance 2 », « Autofacture F-2026-0012 ».
func (x *dossierDesk) documentName(d models.Document) (string, error) {
	about, person, _ := strings.Cut(d.Subject, "|")
	kind := string(d.Kind)
	var of string
	switch d.Kind {
	case models.DocumentConvention, models.DocumentTrainerContract, models.DocumentSigned:
		of = x.client.Name
		for _, c := range x.contracts {
			if c.Ref == about {
				kind = string(c.Kind)
				if c.Signer == models.RoleTrainer {
					of = x.called(c.TrainerRef)
				}
			}
		}
	case models.DocumentInvoice, models.DocumentInvoiceDraft:
		i, err := x.s.store.Invoice(x.ctx, about)
		if err != nil && models.ErrorCode(err) != models.CodeUnknown {
			return "", err
		}
		if d.Kind == models.DocumentInvoice && i.Kind != "" {
			kind = "invoice_" + string(i.Kind)
		}
		return x.t("dossier.document."+kind) + " " + cmp.Or(i.Number, about), nil
	case models.DocumentEvidence, models.DocumentParticipantEvidence:
		if about != x.brief.Ref {
			of = cmp.Or(x.partOf(x.brief.Ref, about), x.subject(about))
		}
	case models.DocumentSheet:
		if of = x.t("dossier.every_session"); about != x.brief.Ref {
			of = x.partOf(x.brief.Ref, about)
		}
	default:
		of = x.partOf(x.brief.Ref, about)
	}
	parts := []string{kind, of, x.called(person)}
	if key := "dossier.document." + kind; web.Has(key) {
		parts[0] = x.t(key)
	}
	if d.Kind == models.DocumentSigned {
		parts[0] += x.t("dossier.comma") + x.t("dossier.signed_copy")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), x.t("dossier.comma")), nil
}

// sendFile shows a document of this dossier, and no other one.
func (x *dossierDesk) sendFile() {
	d, err := x.s.store.Document(x.ctx, x.c.Param("sha256"))
	x.send(d, err)
}

// sendSigned shows the signed copy of a contract of this dossier.
func (x *dossierDesk) sendSigned() {
	d, err := x.s.signed(x.ctx, x.brief.Ref, x.c.Param("number"))
	x.send(d, err)
}

func (x *dossierDesk) send(d models.Document, err error) {
	if err == nil && (d.Dossier != x.brief.Ref || x.s.cfg.Documents == nil) {
		err = refuse(models.CodeUnknown)
	}
	switch {
	case err != nil:
		x.fail(err)
	case !reading(d.Kind).Allows(x.who.Roles):
		x.forbidden("console.forbidden")
	default:
		x.sendDocument(d.SHA256, "inline")
	}
}

// personCard is somebody with how to reach them.
type personCard struct {
	Name, Role, Email, Phone string
	Href                     string // where they are shown
	Correct                  *correction
}

type participantLine struct {
	Name, Email, State, Tone string
	Complete, Remove         string // addresses, empty where it cannot be
}

// goesBy is what a participant is called, known by name or not yet.
func goesBy(p models.Participant) string { return cmp.Or(p.Name, p.Email, p.Ref) }

// searchView is one search with the trainers asked.
type searchView struct {
	Title string
	Asked []asked
}

func (x *dossierDesk) showPeople(p *dossierPage) error {
	p.Client = append(x.fact("client", x.client.Name), pageFact{x.t("dossier.client_type"), x.t("dossier.client_types." + string(x.client.Type))})
	if x.client.Company != "" {
		p.Client = append(p.Client, pageFact{x.t("dossier.company_number"), x.client.Company})
	}
	if x.client.Address != "" {
		p.Client = append(p.Client, pageFact{x.t("dossier.client_address"), x.client.Address})
	}
	p.Correct = x.correction("correct.link_client", x.client.Name, x.at("people"), clientRoute, x.client.Ref)
	p.Client = append(p.Client, x.fact("place", x.brief.Address)...)
	p.Client = append(p.Client, x.fact("needs", x.brief.Needs)...)
	contacts, err := x.s.store.Contacts(x.ctx, x.brief.ClientRef)
	if err != nil {
		return err
	}
	if err := x.namesakes(p); err != nil {
		return err
	}
	for _, c := range contacts {
		var roles []string
		if c.Ref == x.brief.ContactRef {
			roles = append(roles, x.t("dossier.asks_and_signs"))
		}
		if c.Ref == x.brief.BillingRef {
			roles = append(roles, x.t("dossier.is_billed"))
		}
		if len(roles) == 0 {
			roles = append(roles, x.t("dossier.other_contact"))
		}
		p.Contacts = append(p.Contacts, personCard{Name: c.Name, Role: strings.Join(roles, x.t("dossier.comma")), Email: c.Email, Phone: c.Phone,
			Correct: x.correction("correct.link", c.Name, x.at("people"), contactRoute, c.ClientRef, c.Ref)})
	}
	if x.row.TrainerRef != "" {
		t, err := x.s.store.Trainer(x.ctx, x.row.TrainerRef)
		if err != nil {
			return err
		}
		p.Trainer = &personCard{Name: t.Name, Href: trainerPage(t.Ref), Role: x.lang.RateName(x.row.RateCents, x.row.RateUnit), Email: t.Email, Phone: t.Phone,
			Correct: x.correction("correct.link", t.Name, x.at("people"), trainerRoute, t.Ref)}
	}
	for n := x.row.Solicitation; n > 0; n-- {
		p.Searches = append(p.Searches, searchView{x.t("dossier.search", "n", n), x.asked(n)})
	}
	people, err := x.s.store.Participants(x.ctx, x.brief.Ref, false)
	if err != nil {
		return err
	}
	p.Listed = "dossier.participants_caption"
	registered := 0
	for _, person := range people {
		if person.RemovedAt.IsZero() {
			registered++
		}
		line := participantLine{Name: goesBy(person), Email: person.Email, State: x.t("dossier.registered"), Tone: "good"}
		signed, err := x.hasSigned(person.Ref)
		if err != nil {
			return err
		}
		switch {
		case !person.RemovedAt.IsZero():
			p.Listed = "dossier.participants_removed"
			line.State, line.Tone = x.t("dossier.removed", "when", web.DateTime(x.lang, person.RemovedAt)), ""
		case person.Incomplete():
			line.State, line.Tone = x.t("dossier.incomplete"), "warn"
		case signed:
			line.State = x.t("dossier.attended")
		}
		if person.RemovedAt.IsZero() {
			line.Remove, line.Complete = x.decideOn("remove-participant", person.Ref), x.decideOn("complete-participant", person.Ref)
		}
		p.Participants = append(p.Participants, line)
	}
	if x.brief.Exceeded(registered) {
		p.Exceeded = x.t("dossier.group_exceeded", "registered", registered, "group", x.brief.GroupSize)
	}
	if x.offered("register", "") {
		o := x.offerOf(decisions["register"], "")
		p.Register = &o
	}
	return nil
}

// sessionView is a planned day with its sheet.
type sessionView struct {
	Title, State, Tone string
	Times              []string
	Facts              []pageFact
	HalfDays           []string
	Rows               []sheetRow
	Absences           []absenceLine
	Offers             []offer
}

type sheetRow struct {
	Name  string
	Cells []dayState
}

type absenceLine struct{ Name, What, State, Tone, Record string }

func (x *dossierDesk) showSessions(p *dossierPage) error {
	people, err := x.s.store.Participants(x.ctx, x.brief.Ref, false)
	if err != nil {
		return err
	}
	var refs, notes []string
	for _, s := range x.sessions {
		refs, notes = append(refs, s.Ref), append(notes, s.PlaceRef, s.Note)
	}
	if Pedagogy.Allows(x.who.Roles) { // as in the journal
		for _, a := range x.absences {
			notes = append(notes, a.Note)
		}
	}
	words, err := x.s.store.Notes(x.ctx, notes)
	if err != nil {
		return err
	}
	rows, err := x.s.store.AttendancesOf(x.ctx, refs)
	if err != nil {
		return err
	}
	convocations, err := x.s.store.MessagesOf(x.ctx, x.brief.Ref, "convocation")
	if err != nil {
		return err
	}
	leave := map[string]time.Time{} // when the first of a session's convocations leaves, of those that wait for the hours of mail
	for _, m := range convocations {
		if _, earlier := leave[m.Subject]; !earlier && m.Waits(x.now) {
			leave[m.Subject] = m.NotBefore
		}
	}
	type cell struct {
		session, participant string
		halfDay              int
	}
	recorded := map[cell]models.Attendance{}
	for _, a := range rows {
		recorded[cell{a.Session, a.Participant, a.HalfDay}] = a
	}
	planned := 0
	for _, s := range x.sessions {
		v := sessionView{Title: x.t("dossier.session", "n", s.Number), State: x.t("dossier.session_state." + s.Status), Times: x.lang.Times(s.HalfDays),
			HalfDays: x.halfDays(s)}
		switch s.Status {
		case models.SessionValidated:
			v.Tone = "good"
		case models.SessionToJudge:
			v.Tone = "warn"
		}
		if s.Counts() {
			planned += len(s.HalfDays)
		}
		place := words[s.PlaceRef]
		if place == "" {
			place = x.brief.Address
		}
		if models.CheckPlace(x.brief.Mode, place) != nil && s.Takes(models.VerbReschedule, x.now) == nil { // planned before it was asked for
			place = x.t("dossier.no_room")
		}
		v.Facts = append(x.fact("place", place), pageFact{x.t("dossier.sheet"), x.sheetState(s)})
		if at, waits := leave[s.Ref]; waits {
			v.Facts = append(v.Facts, pageFact{x.t("dossier.convocations"), x.t("dossier.they_leave", "when", web.DateTime(x.lang, at))})
		}
		if why := words[s.Note]; why != "" {
			v.Facts = append(v.Facts, pageFact{x.t("dossier.why"), why})
		}
		for _, person := range s.Roll(people, rows) {
			row := sheetRow{Name: goesBy(person)}
			known := false
			for i, h := range s.HalfDays {
				c := dayState{Label: v.HalfDays[i], State: x.t("dossier.not_signed"), Tone: "warn"}
				a, ok := recorded[cell{s.Ref, person.Ref, i}]
				known = known || ok
				switch {
				case ok && a.State == models.AttendanceSigned:
					c.State, c.Tone = x.t("state.signed"), "good"
				case ok:
					c.State, c.Tone = x.t("dossier.absent"), "bad"
				case x.now.Before(h.Start) || s.Status == models.SessionCancelled:
					c.State, c.Tone = "–", ""
				}
				row.Cells = append(row.Cells, c)
			}
			if person.RemovedAt.IsZero() || known {
				v.Rows = append(v.Rows, row)
			}
		}
		for _, a := range x.absences {
			if a.Session != s.Ref || a.Status == models.AbsenceCancelled {
				continue
			}
			line := absenceLine{Name: x.called(a.Participant), What: x.t("dossier.half_days_missed", "count", len(a.HalfDays)),
				State: x.t("dossier.absence." + a.Status)}
			switch a.Status {
			case models.AbsenceOpen:
				line.Tone = "warn"
			case models.AbsenceUnjustified:
				line.Tone = "bad"
			case models.AbsenceJustified:
				line.Tone = "good"
			}
			if why := words[a.Note]; why != "" {
				line.What += x.t("dossier.because", "why", why)
			}
			if a.Status != models.AbsenceJustified && x.offersRecord("justification", a.Ref) {
				line.Record = x.at("record", "justification") + "?subject=" + url.QueryEscape(a.Ref)
			}
			v.Absences = append(v.Absences, line)
		}
		v.Offers = append(x.sessionDecisions(s), x.sessionRecords(s)...)
		p.Sessions = append(p.Sessions, v)
	}
	p.Planned = x.t("dossier.planned", "count", planned, "ordered", x.brief.Order.HalfDays)
	for _, name := range []string{"plan-sessions", "give-up-follow-up"} {
		if x.offered(name, "") {
			p.Primary = append(p.Primary, x.offerOf(decisions[name], ""))
		}
	}
	return x.evaluations(p, people)
}

func (x *dossierDesk) sheetState(s models.Session) string {
	switch {
	case !s.SheetSigned.IsZero() && s.Complete:
		return x.t("dossier.sheet_complete", "when", web.DateTime(x.lang, s.SheetSigned))
	case !s.SheetSigned.IsZero():
		return x.t("dossier.sheet_incomplete", "when", web.DateTime(x.lang, s.SheetSigned))
	}
	return x.t("dossier.sheet_unsigned")
}

// evaluationLine is what a participant answered to each questionnaire.
type evaluationLine struct {
	Name  string
	Cells []string
}

var evaluationKinds = []string{models.EvaluationPositioning, models.EvaluationHot, models.EvaluationCold}

// evaluations are shown to whom the typed API shows them.
func (x *dossierDesk) evaluations(p *dossierPage, people []models.Participant) error {
	if !x.may("GET", "/requests/{ref}/evaluations") {
		return nil
	}
	answers, err := x.s.store.Evaluations(x.ctx, x.brief.Ref, "")
	if err != nil {
		return err
	}
	if x.offersRecord("evaluation", "") {
		p.Records = append(p.Records, x.recordOffer("evaluation", ""))
	}
	sum, n := 0, 0
	for _, person := range people {
		line := evaluationLine{Name: goesBy(person), Cells: make([]string, len(evaluationKinds))}
		any := person.RemovedAt.IsZero()
		for _, e := range answers {
			if e.Participant != person.Ref {
				continue
			}
			any = true
			score := x.t("dossier.score", "n", e.Score)
			if e.Kind == models.EvaluationPositioning {
				score = x.t("dossier.score_percent", "n", e.Score)
			} else if e.Kind == models.EvaluationHot {
				sum, n = sum+e.Score, n+1
			}
			if e.Text != "" {
				score += " · " + e.Text
			}
			line.Cells[slices.Index(evaluationKinds, e.Kind)] = score
		}
		if any {
			p.Evaluations = append(p.Evaluations, line)
		}
	}
	if n > 0 {
		p.Average = x.t("dossier.average", "score", x.lang.Quantity(int64(sum*100/n)), "count", n)
	}
	return nil
}

// moneyLine is what one session is worth to its trainer.
type moneyLine struct{ What, Held, Quantity, Rate, Amount, State, Month string }

// invoiceLine is an invoice with the date that matters now.
type invoiceLine struct {
	Number, What, State, Tone, Due, Net, Total string
	Href                                       string // where it is decided on, and its document opened
}

func (x *dossierDesk) showMoney(p *dossierPage) error {
	p.Order = x.orderFacts()
	lines, err := x.s.store.PayLinesOfDossier(x.ctx, x.brief.Ref)
	if err != nil {
		return err
	}
	page, err := x.s.store.Invoices(x.ctx, store.InvoiceFilter{Dossier: x.brief.Ref}, store.Cursor{}, store.MaxPage)
	if err != nil {
		return err
	}
	invoices := page.Items
	for _, l := range lines {
		if l.InvoiceRef == "" || slices.ContainsFunc(invoices, func(i models.Invoice) bool { return i.Ref == l.InvoiceRef }) {
			continue
		}
		i, err := x.s.store.Invoice(x.ctx, l.InvoiceRef)
		if err != nil {
			return err
		}
		invoices = append(invoices, i)
	}
	for _, l := range lines {
		p.Lines = append(p.Lines, moneyLine{What: x.t("dossier.session", "n", models.LastNumber(l.Ref)), Held: web.ShortDay(x.lang, l.HeldOn),
			Quantity: web.Quantity(x.lang, l.Quantity, l.Unit), Rate: web.Money(x.lang, l.RateCents), Amount: web.Money(x.lang, l.Cents),
			State: x.t("dossier.line." + l.Status), Month: web.MonthName(x.lang, l.Month)})
	}
	for _, i := range invoices {
		p.Invoices = append(p.Invoices, x.invoiceLine(i))
	}
	return nil
}

func (x *dossierDesk) invoiceLine(i models.Invoice) invoiceLine {
	line := invoiceLine{Number: i.Number, Href: ConsoleAddress("", i.Ref), What: x.t("dossier.invoice_kind." + string(i.Kind)), State: x.t("dossier.invoice." + i.Status),
		Net: web.Money(x.lang, i.NetCents), Total: web.Money(x.lang, i.TotalCents)}
	if line.Number == "" {
		line.Number = i.Ref
	}
	switch i.Status {
	case models.InvoicePaid:
		line.Tone, line.Due = "good", x.t("dossier.paid_on", "day", web.ShortDay(x.lang, i.PaidOn))
	case models.InvoiceNonConforming:
		line.Tone = "warn"
	}
	if due := i.DueOn(); !due.IsZero() && i.Unpaid() {
		line.Due = x.t("dossier.due_on", "day", web.ShortDay(x.lang, due))
		if i.Overdue(x.s.today()) {
			line.Tone, line.State = "bad", line.State+x.t("dossier.comma")+x.t("dossier.overdue")
		}
	}
	return line
}

// orderFacts is what the client buys, what the trainer costs, and what is left.
func (x *dossierDesk) orderFacts() []pageFact {
	o := x.brief.Order
	ordered := x.lang.HalfDaysName(o.HalfDays)
	if o.Unit == models.UnitHour || o.Unit == models.UnitFlat {
		ordered = web.Quantity(x.lang, o.Quantity, o.Unit) + " · " + ordered
	}
	facts := []pageFact{
		{x.t("dossier.ordered"), ordered},
		{x.t("dossier.unit_price"), x.lang.RateName(o.UnitPriceCents, o.Unit)},
		{x.t("dossier.price"), web.Money(x.lang, o.TotalCents())},
		{x.t("dossier.vat"), x.lang.Quantity(o.VATBps) + "\u00a0%"},
	}
	if x.brief.BudgetCents > 0 {
		facts = append(facts, pageFact{x.t("dossier.budget"), web.Money(x.lang, x.brief.BudgetCents)})
	}
	if x.row.TrainerRef == "" {
		return facts
	}
	facts = append(facts, pageFact{x.t("dossier.trainer_rate"), x.lang.RateName(x.row.RateCents, x.row.RateUnit)})
	cost, ok := o.CostAt(x.row.RateCents, x.row.RateUnit)
	if !ok {
		return facts
	}
	facts = append(facts, pageFact{x.t("dossier.trainer_cost"), web.Money(x.lang, cost)})
	margin := web.Money(x.lang, o.TotalCents()-cost)
	if total := o.TotalCents(); total > 0 {
		margin += " · " + strconv.FormatInt(int64((total-cost)*100/total), 10) + "\u00a0%"
	}
	return append(facts, pageFact{x.t("dossier.margin"), margin})
}
