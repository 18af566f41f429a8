package api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

const (
	trainersPath     = ConsolePath + "/trainers"
	freshTrainerPath = trainersPath + "/new"
)

func (s *Server) registerConsoleTrainers() {
	s.console(http.MethodGet, "/trainers", Everyone, serveTrainers)
	s.console(http.MethodPost, "/trainers/search", Everyone, searchTrainers)
	s.console(http.MethodGet, "/trainers/:ref", Everyone, serveTrainer)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		s.console(method, strings.TrimPrefix(freshTrainerPath, ConsolePath), Staff, recordTrainer)
	}
}

// trainerPage is where a trainer is shown.
func trainerPage(ref string) string { return ConsolePath + filled(trainerRoute, ref) }

// filterUnchecked is the filter of those whose profile staff have still to check (F036).
const filterUnchecked = "unchecked"

const (
	skillsListed = 6  // of a trainer in the list
	askedListed  = 20 // missions that a trainer is asked about, on their page
	monthsListed = 12 // of a trainer, on their page
)

// trainerLine is a trainer in the list.
type trainerLine struct {
	Ref, Href, Name, Department, Form string
	Skills                            []string
	More                              string   // how many other skills there are
	Gaps                              []string // what keeps them from being paid
	States                            []trainerState
}

// trainerState is where a trainer's account stands.
type trainerState struct{ Says, Tone string }

type trainersPage struct {
	kept
	Search   searchBox
	Fresh    string // where a trainer is recorded
	Chips    []chip
	Topics   picker
	Caption  string
	Rows     []trainerLine
	Pages    *web.Pages
	Filtered bool // anything but the list as it opens
}

// searchTrainers keeps the words and shows what they find; the reference of a trainer leads straight to them.
func searchTrainers(d *desk) {
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	words := d.words()
	if t, err := d.s.store.TrainerAddress(d.ctx, strings.ToUpper(words)); err == nil {
		d.c.Redirect(http.StatusSeeOther, trainerPage(t.Ref))
		return
	}
	d.c.Redirect(http.StatusSeeOther, narrowed(trainersPath, url.Values{}, "show", d.values.Get("show"), "topic", d.values.Get("topic"), "search", d.keepSearch(words)))
}

// serveTrainers lists the trainers, newest first (F018, F020, F036).
func serveTrainers(d *desk) {
	query := d.filters()
	show := query.Get("show")
	cursor, err := d.cursor()
	if err == nil && !slices.Contains([]string{"", filterUnchecked, filterAll}, show) {
		err = models.NewError(models.CodeMalformed, "show")
	}
	if err != nil {
		d.fail(err)
		return
	}
	f := store.TrainerFilter{Active: show != filterAll, Unchecked: show == filterUnchecked, Topic: query.Get("topic")}
	var lost bool
	f.Search, lost = d.sought(query)
	p := trainersPage{kept: kept(query), Search: d.searchBox("trainers", trainersPath, kept(query), f.Search, lost), Filtered: len(query) > 0}
	if d.may(http.MethodPost, "/trainers") {
		p.Fresh = freshTrainerPath
	}
	topics, titles, err := d.courses()
	if err != nil {
		d.fail(err)
		return
	}
	p.Topics = picker{Name: "topic", Label: d.t("trainers.topic"), Options: []option{{Label: d.t("trainers.topic_all"), On: f.Topic == ""}}}
	for _, topic := range topics {
		p.Topics.Options = append(p.Topics.Options, option{topic, titles[topic], topic == f.Topic})
	}
	var page store.Page[models.Trainer]
	var counts []store.TrainerCount
	if !lost {
		if page, err = d.s.store.FindTrainers(d.ctx, f, cursor, store.DefaultPage); err == nil {
			counts, err = d.s.store.TrainerCounts(d.ctx, f)
		}
		if err != nil {
			d.fail(err)
			return
		}
	}
	of := map[string]int{}
	for _, c := range counts {
		of[filterAll] += c.Count
		if c.Active {
			of[""] += c.Count
			if !c.Validated {
				of[filterUnchecked] += c.Count
			}
		}
	}
	for _, value := range []string{"", filterUnchecked, filterAll} {
		p.Chips = append(p.Chips, chip{d.t("trainers.show_" + cmp.Or(value, "active")), narrowed(trainersPath, query, "show", value), of[value], value == show})
	}
	p.Caption, p.Pages = d.t("trainers.caption", "count", of[show]), d.pages(cursor, page.Next)
	for _, t := range page.Items {
		p.Rows = append(p.Rows, d.trainerLine(t, titles, f.Topic))
	}
	d.render(http.StatusOK, "console_trainers", &web.Page{Title: d.t("trainers.title"), State: "list", Data: p})
}

// trainerLine is a trainer in the list, the skill that was looked for first, then the best.
func (d *desk) trainerLine(t models.Trainer, titles map[string]string, topic string) trainerLine {
	line := trainerLine{Ref: t.Ref, Href: trainerPage(t.Ref), Name: t.Name, Department: t.Department, Form: d.legalForm(t), Gaps: d.gaps(t), States: d.trainerStates(t)}
	slices.SortStableFunc(t.Skills, func(a, b models.Skill) int {
		switch topic {
		case a.Topic:
			return -1
		case b.Topic:
			return 1
		}
		return b.Level - a.Level
	})
	for _, k := range t.Skills[:min(len(t.Skills), skillsListed)] {
		line.Skills = append(line.Skills, d.skill(k, titles))
	}
	if more := len(t.Skills) - skillsListed; more > 0 {
		line.More = d.t("trainers.more_skills", "count", more)
	}
	return line
}

func (d *desk) skill(k models.Skill, titles map[string]string) string {
	return d.t("trainers.skill", "topic", cmp.Or(titles[k.Topic], k.Topic), "level", k.Level)
}

// legalForm is how a trainer works, in words (F021).
func (d *desk) legalForm(t models.Trainer) string {
	if t.LegalForm == "" {
		return ""
	}
	return d.t("correct.trainer.legal_form_" + string(t.LegalForm))
}

// gaps are what keeps a trainer from being paid, as far as the person may know (F022, F203).
func (d *desk) gaps(t models.Trainer) (out []string) {
	for _, code := range t.Lacking() {
		if code != models.CodeAccountMissing || StaffMoney.Allows(d.who.Roles) {
			out = append(out, d.t("money."+string(code)))
		}
	}
	return out
}

func (d *desk) trainerStates(t models.Trainer) (out []trainerState) {
	if !t.Active {
		out = append(out, trainerState{d.t("trainers.inactive"), "over"})
	}
	if t.Validated {
		return append(out, trainerState{d.t("trainers.checked"), "good"})
	}
	return append(out, trainerState{d.t("trainers.unchecked"), "warn"})
}

// askedLine is a mission that a trainer is asked about.
type askedLine struct {
	Href, Ref, Title, Client string
	asked
}

type trainerData struct {
	Card     personCard
	States   []trainerState
	Gaps     string // what keeps them from being paid
	Facts    []pageFact
	Skills   []string
	Asked    []askedLine
	Dossiers dossierTable // retained for
	Pages    *web.Pages
	Money    bool // months are shown
	Owed     []recapRow
	Months   []recapRow
}

// serveTrainer shows a trainer's profile and what they are asked, hold and are paid for (F018, F019).
func serveTrainer(d *desk) {
	t, err := d.s.store.Trainer(d.ctx, d.c.Param("ref"))
	if err != nil {
		d.fail(err)
		return
	}
	p, err := d.trainerData(t)
	if err != nil {
		d.fail(err)
		return
	}
	d.render(http.StatusOK, "console_trainer", &web.Page{Title: t.Name, State: "trainer", Data: p})
}

func (d *desk) trainerData(t models.Trainer) (p trainerData, err error) {
	p = trainerData{Gaps: strings.Join(d.gaps(t), d.t("dossier.comma")), States: d.trainerStates(t), Facts: d.profileFacts(profile(d.who, t)), Money: StaffMoney.Allows(d.who.Roles),
		Card: personCard{Name: t.Name, Role: t.Ref, Email: t.Email, Phone: t.Phone, Correct: d.correction("correct.link", t.Name, trainerPage(t.Ref), trainerRoute, t.Ref)}}
	_, titles, err := d.courses()
	if err != nil {
		return p, err
	}
	for _, k := range t.Skills {
		p.Skills = append(p.Skills, d.skill(k, titles))
	}
	if p.Asked, err = d.askedNow(t.Ref); err != nil {
		return p, err
	}
	cursor, err := d.cursor()
	if err != nil {
		return p, err
	}
	missions, err := d.s.store.Board(d.ctx, store.BoardFilter{Trainer: t.Ref}, cursor, store.DefaultPage)
	if err != nil {
		return p, err
	}
	_, owners, err := d.team()
	if err != nil {
		return p, err
	}
	p.Dossiers.Caption, p.Pages = d.t("trainers.missions_caption"), d.pages(cursor, missions.Next)
	for _, row := range missions.Items {
		p.Dossiers.Rows = append(p.Dossiers.Rows, d.dossierLine(row, owners))
	}
	if !p.Money {
		return p, nil
	}
	recaps, err := d.s.store.RecapsOfTrainer(d.ctx, t.Ref)
	if err != nil {
		return p, err
	}
	for _, r := range slices.Backward(recaps) {
		if r.Status == models.RecapReplaced {
			continue
		}
		row := d.recapRow(r, map[string]string{t.Ref: t.Name})
		if r.Unanswered() {
			p.Owed = append(p.Owed, row)
		} else if len(p.Months) < monthsListed {
			p.Months = append(p.Months, row)
		}
	}
	return p, nil
}

// askedNow are the missions that a trainer is asked about, with what became of asking.
func (d *desk) askedNow(trainer string) (out []askedLine, err error) {
	rows, err := d.s.store.AskedNow(d.ctx, trainer, askedListed)
	if err != nil {
		return nil, err
	}
	for _, i := range rows {
		asks, err := d.s.askingIn(d.ctx, i.Dossier)
		if err != nil {
			return nil, err
		}
		out = append(out, askedLine{dossiersPath + "/" + i.Dossier, i.Dossier, i.Title, i.Client, d.invited(i.Invitation, asks[i.Ref])})
	}
	return out, nil
}

// profileFacts are what is known of a trainer beside how to reach them and what they teach.
func (d *desk) profileFacts(t models.Trainer) (out []pageFact) {
	add := func(name, value string) {
		if label := "correct.trainer." + name; value != "" && web.Has(label) {
			out = append(out, pageFact{d.t(label), value})
		} else if value != "" {
			out = append(out, pageFact{d.t("ask." + name), value})
		}
	}
	yes := func(name string, is bool) {
		if is {
			add(name, d.t("dossier.yes_no.yes"))
		}
	}
	add("address", t.Address)
	add("department", t.Department)
	add("lang", d.t("ask.lang_"+string(orFrench(t.Lang))))
	add("legal_form", d.legalForm(t))
	add("intermediary_name", t.Intermediary)
	out = append(out, d.companyNumber(t)...)
	if t.VATStatus != "" {
		add("vat_status", d.t("correct.trainer.vat_status_"+string(t.VATStatus)))
	}
	add("vat_number", t.VATNumber)
	if t.IBAN != "" {
		add("iban", models.GroupIBAN(t.IBAN, " "))
	}
	yes("self_billing_mandate", t.SelfBilling)
	add("titles", t.Titles)
	add("activity_number", t.NDA)
	yes("quality_label", t.Label)
	if t.RateCents > 0 {
		add("rate", d.lang.RateName(t.RateCents, t.RateUnit))
	}
	if !t.CreatedAt.IsZero() {
		out = append(out, pageFact{d.t("trainers.since"), web.ShortDay(d.lang, d.s.calendar.DateOf(t.CreatedAt))})
	}
	return out
}

// recordTrainer opens a trainer's account, by the same form that corrects one (F017).
func recordTrainer(d *desk) {
	f := d.openDraft("correct.trainer")
	if f == nil {
		return
	}
	f.say = f.misspelt
	var t models.Trainer
	body := f.profile(models.Trainer{Active: true})
	if f.posted && f.send(http.MethodPost, "/trainers", body, &t) {
		d.done(trainerPage(t.Ref), d.t("trainers.recorded"))
		return
	}
	f.draw(d.t("trainers.fresh"), decidePage{Action: freshTrainerPath, Back: trainersPath, BackLabel: d.t("trainers.back"),
		Button: d.t("trainers.record"), Leave: d.t("intake.leave"), Says: d.t("trainers.record_says")})
}
