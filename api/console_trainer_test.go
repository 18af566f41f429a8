package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

// trainers are three: checked and payable, new and without a company number, and gone.
func (o *office) trainers() {
	o.t.Helper()
	for _, c := range []models.Course{{Topic: "tableur", TitleFR: "Tableur", TitleEN: "Spreadsheet"}, {Topic: "couture", TitleFR: "Couture d’ameublement", TitleEN: "Upholstery"}} {
		require.NoError(o.t, o.store.SaveCourse(o.t.Context(), c))
	}
	for _, x := range []models.Trainer{
		{Ref: "T-000042", Name: "Éloïse Œuvré " + hostile, Email: "eloise@example.org", Phone: "+33 1 99 00 00 01", Department: "69", LegalForm: models.FormCompany, Company: "999999980", IBAN: "FR7630006000011234567890189",
			RateCents: 45_000, RateUnit: models.UnitDay, Active: true, Validated: true, CreatedAt: paris(2, 9, 0), Skills: []models.Skill{{Topic: "couture", Level: 2}, {Topic: "tableur", Level: 4}}},
		{Ref: "T-000043", Name: "Formateur Bravo", Email: "bravo@example.net", LegalForm: models.FormUmbrella, Active: true, Skills: []models.Skill{{Topic: "couture", Level: 5}}},
		{Ref: "T-000044", Name: "Parti Exemple", LegalForm: models.FormForeign, Validated: true},
	} {
		require.NoError(o.t, o.store.SaveTrainer(o.t.Context(), x))
	}
}

// counted are the chips of a list.
func (p seen) counted() []string {
	return p.Find(".chips a").Map(func(_ int, s *goquery.Selection) string { return plain(s.Text()) })
}

// Staff find a trainer by skill, state or words, and see what they teach, whether they were checked and what keeps them
// from being paid (F018, F020, F021, F022, F036).
func TestF020ConsoleListsTrainers(t *testing.T) {
	o := newOffice(t)
	o.trainers()
	p := o.get(trainersPath)
	wellMade(t, p)
	require.Equal(t, "Formateurs", p.Find(".menu a[aria-current=page]").Text())
	require.Equal(t, []string{"Peuvent être sollicités 2", "À vérifier 1", "Tous 3"}, p.counted())
	require.Equal(t, [][]string{
		{"Formateur Bravo T-000043", "Couture d’ameublement, 5 sur 5", "Portage salarial sans SIREN sans IBAN", "À vérifier"},
		{plain("Éloïse Œuvré " + hostile + " T-000042 · département 69"), "Tableur, 4 sur 5Couture d’ameublement, 2 sur 5", "Société", "Vérifié"},
	}, p.cells())
	names := func(p seen) []string {
		wellMade(t, p)
		return p.Find("table.board tbody th a").Map(func(_ int, s *goquery.Selection) string {
			return strings.TrimPrefix(s.AttrOr("href", ""), trainersPath+"/T-0000")
		})
	}
	require.Equal(t, []string{"44", "43", "42"}, names(o.get(trainersPath+"?show=all")))
	require.Equal(t, "Ne peut pas être sollicité Vérifié", o.get(trainersPath + "?show=all").cells()[0][3])
	require.Equal(t, []string{"43"}, names(o.get(trainersPath+"?show=unchecked")))
	found := o.get(trainersPath + "?topic=couture&show=all")
	require.Equal(t, []string{"43", "42"}, names(found))
	require.Contains(t, found.cells()[1][1], "Couture d’ameublement, 2 sur 5Tableur", "the skill looked for comes first")
	require.Equal(t, "couture", found.Find("#f-topic option[selected]").AttrOr("value", ""))
	require.Equal(t, []string{"Peuvent être sollicités 2", "À vérifier 1", "Tous 2"}, found.counted())
	require.Equal(t, http.StatusBadRequest, o.get(trainersPath+"?show=x").status)
	require.NotContains(t, o.get(trainersPath+"?lang=en").words(), "vérifier")
	o.get(trainersPath + "?lang=fr")

	for words, want := range map[string][]string{"eloise": {"42"}, "OEUVRE": {"42"}, "bravo@example.net": {"43"}, "00004": {"43", "42"}, "personne": {}} {
		sent := o.post(trainersPath+"/search", typed("words", words, "show", "", "topic", "couture"))
		to := sent.header.Get("Location")
		require.Contains(t, to, "topic=couture", "filters go on")
		require.NotContains(t, strings.ToLower(to), strings.ToLower(words))
		p := o.get(to)
		require.Equal(t, want, names(p), words)
		require.Equal(t, words, p.Find("#f-words").AttrOr("value", ""))
		require.Contains(t, p.words(), "Formateurs où l’on trouve « "+words+" ».")
		require.Equal(t, trainersPath+"?topic=couture", p.Find(".box[role=status] a").AttrOr("href", ""))
	}
	require.Equal(t, trainersPath+"/T-000044", o.post(trainersPath+"/search", typed("words", " t-000044 ")).header.Get("Location"), "a reference leads to its trainer")
	require.Equal(t, trainersPath+"?show=all", o.post(trainersPath+"/search", typed("words", "", "show", "all")).header.Get("Location"))
	lost := o.get(trainersPath + "?search=77")
	require.Empty(t, names(lost), "a search that is forgotten does not show everybody")
	require.Contains(t, lost.words(), "n’est plus en mémoire")
	require.NotContains(t, o.log.String(), "eloise")

	o.as("cleo") // sees no account, and records nobody
	p = o.get(trainersPath)
	require.Equal(t, "Portage salarial sans SIREN", p.cells()[0][2])
	require.Zero(t, p.Find(`a[href="`+freshTrainerPath+`"]`).Length())
}

func TestTrainersPageByPage(t *testing.T) {
	o := newOffice(t)
	for i := range 60 {
		require.NoError(t, o.store.SaveTrainer(t.Context(), models.Trainer{Ref: fmt.Sprintf("T-%06d", i+1), Name: "Exemple", Active: true}))
	}
	first := o.get(trainersPath + "?show=unchecked")
	require.Len(t, first.cells(), 50)
	next := first.Find("a[rel=next]").AttrOr("href", "")
	require.Contains(t, next, "show=unchecked")
	require.Len(t, o.get(trainersPath+next).cells(), 10)
}

// A trainer's page tells who they are, what they are asked, hold and are paid for, to the staff alone (F018, F019).
func TestF019ConsoleShowsATrainer(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSolicitation, searched)
	o.trainers()
	o.apply(models.Step{Rows: models.Rows{Request: &models.Request{Ref: "D-2026-000124", Stage: models.StageSessions, Owner: "U-000001", TrainerRef: "T-000042", OpenedAt: paris(3, 9, 0)},
		Recaps: []models.Recap{
			{Ref: "agency/T-000042/2026-09/recap/1", Payer: "agency", TrainerRef: "T-000042", Month: "2026-09", Number: 1, Status: models.RecapReplaced, Cents: 1},
			{Ref: "agency/T-000042/2026-09/recap/2", Payer: "agency", TrainerRef: "T-000042", Month: "2026-09", Number: 2, Status: models.RecapAccepted, Cents: 45_000},
			{Ref: "agency/T-000042/2026-10/recap/1", Payer: "agency", TrainerRef: "T-000042", Month: "2026-10", Number: 1, Status: models.RecapWithStaff, Cents: 90_000}}}})
	path := trainersPath + "/T-000042"
	p := o.get(path)
	wellMade(t, p)
	require.Equal(t, plain("Éloïse Œuvré "+hostile), plain(p.Find("h1").Text()))
	words := plainly(p.words())
	for _, says := range []string{"Vérifié", "eloise@example.org", "450,00 € par jour", "Société", "2 novembre 2026", "FR76 3000 6000 0112 3456 7890 189", "Tableur, 4 sur 5", "Souhaite la mission"} {
		require.Contains(t, words, says)
	}
	require.NotContains(t, words, "Aucun paiement ne peut partir")
	asked := p.Find("section:has(#h-asked) li")
	require.Equal(t, 2, asked.Length(), "the first and the third were sent to them")
	require.Equal(t, dossierPath, asked.Find("a").AttrOr("href", ""))
	require.Equal(t, []string{"D-2026-000124"}, p.Find("section:has(#h-missions) tbody th a").Map(func(_ int, s *goquery.Selection) string { return s.Text() }))
	require.Equal(t, "Relevés du mois Relevés dont la réponse est attendueoctobre 2026 Sans réponse 900,00 € Derniers relevésseptembre 2026 Accepté 450,00 €",
		plainly(p.Find("section:has(#h-months)").Text()))
	require.Equal(t, moneyPath+"/recaps/agency/T-000042/2026-10", p.Find("#h-months ~ ul a").First().AttrOr("href", ""))
	require.Contains(t, plainly(o.get(trainersPath+"/T-000043").words()), "Aucun paiement ne peut partir : sans SIREN, sans IBAN.")
	require.Equal(t, http.StatusNotFound, o.get(trainersPath+"/T-000099").status)
	wellMade(t, o.get(path+"?lang=en"))
	o.get(path + "?lang=fr")

	// Names of trainers on a dossier lead there, corrections come back.
	require.Equal(t, 2, o.get(dossierPath+"/people").Find(`section:has(#h-trainer) a[href="`+path+`"]`).Length())
	o.corrected(path, `a[href^="`+path+`/correct?"]`, typed("phone", "+33 1 99 00 00 02"), "La fiche du formateur est corrigée.")

	// A message that waits for the hours of mail has not asked yet.
	o.apply(models.Step{Messages: []models.Message{{Key: "invitation/1", Dossier: dossier, Template: "invitation", To: models.RoleTrainer, ToRef: "T-000042",
		Subject: models.InvitationRef(dossier, 1, 3), Status: models.MessageQueued, NotBefore: paris(26, 8, 0), CreatedAt: o.now}}})
	require.Contains(t, o.get(path).Find("section:has(#h-asked)").Text(), "Pas encore parti")

	o.as("cleo") // neither the account nor the months, nothing to correct
	p = o.get(path)
	wellMade(t, p)
	require.NotContains(t, plainly(p.words()), "FR76")
	require.Zero(t, p.Find(`#h-months, a[href*="/correct"], a[href*="/money"]`).Length())
	require.Equal(t, "Aucun paiement ne peut partir : sans SIREN.", plainly(o.get(trainersPath+"/T-000043").Find(".box.warn").Text()))
	for _, path := range []string{path, trainersPath} { // F019
		r, err := http.NewRequest(http.MethodGet, o.http.URL+path, nil)
		require.NoError(t, err)
		o.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		require.Equal(t, http.StatusSeeOther, o.send(r).status, "nobody else")
	}
}

// Staff open a trainer's account with what is known, once (F017, F020, F021, F055).
func TestF017ConsoleRecordsATrainer(t *testing.T) {
	o := newOffice(t)
	o.trainers()
	require.Equal(t, freshTrainerPath, o.get(trainersPath).Find("main a.button:not(.second)").AttrOr("href", ""))
	form := o.get(freshTrainerPath)
	wellMade(t, form)
	is := typed("name", "Ida Exemple", "email", "ida@example.org", "legal_form", "cooperative", "company_number", "999 999 980", "rate", "60", "rate_in", "hour",
		"new-skill-1-topic", "tableur", "new-skill-1-level", "3", "new-skill-3-topic", "couture", "new-skill-3-level", "1")
	wrong := form.form(t, is)
	for name, value := range map[string]string{"email": "ida", "company_number": "12"} {
		wrong.Set(name, value)
	}
	page := o.post(freshTrainerPath, wrong)
	wellMade(t, page)
	require.ElementsMatch(t, []string{"email"}, page.wrong(), "the API says one thing at a time")
	wrong.Set("email", "ida@example.org")
	require.Equal(t, []string{"company_number"}, o.post(freshTrainerPath, wrong).wrong())
	for name, value := range map[string]string{"company_number": "", "name": "", "legal_form": "", "new-skill-1-level": "", "new-skill-3-topic": ""} {
		wrong.Set(name, value)
	}
	page = o.post(freshTrainerPath, wrong)
	wellMade(t, page)
	require.ElementsMatch(t, []string{"name", "legal_form", "new-skill-1-level", "new-skill-3-topic"}, page.wrong())
	wrong = form.form(t, is)
	wrong.Set("new-skill-3-topic", "tableur")
	page = o.post(freshTrainerPath, wrong)
	require.Equal(t, []string{"new-skill-3-topic"}, page.wrong())
	require.Contains(t, page.words(), "Cette compétence est déjà dans la liste")
	more := form.form(t, is)
	more.Set("more", "yes")
	page = o.post(freshTrainerPath, more)
	wellMade(t, page)
	require.Equal(t, 1, page.Find("#f-new-skill-6-topic").Length(), "as many as they have")

	sent := page.form(t, typed("new-skill-6-topic", "", "new-skill-6-level", ""))
	for range 2 { // a double click
		done := o.post(freshTrainerPath, sent)
		require.Equal(t, http.StatusSeeOther, done.status, done.words())
		require.Equal(t, trainersPath+"/T-000001", done.header.Get("Location"))
	}
	require.Contains(t, o.get(trainersPath+"/T-000001").words(), "Le formateur est enregistré.")
	x, err := o.store.Trainer(t.Context(), "T-000001")
	require.NoError(t, err)
	require.Equal(t, models.Trainer{Ref: "T-000001", Name: "Ida Exemple", Email: "ida@example.org", Lang: models.French, LegalForm: models.FormCooperative, Company: "999999980",
		VATStatus: models.VATFranchise, RateCents: 6_000, RateUnit: models.UnitHour, Active: true, CreatedAt: x.CreatedAt,
		Skills: []models.Skill{{TrainerRef: "T-000001", Topic: "couture", Level: 1}, {TrainerRef: "T-000001", Topic: "tableur", Level: 3}}}, x)
	for _, login := range []string{"bo", "cleo"} { // as the API has it
		o.as(login)
		require.Equal(t, http.StatusForbidden, o.get(freshTrainerPath).status)
		require.Equal(t, http.StatusForbidden, o.post(freshTrainerPath, sent).status)
	}
}

// Skills, and whether a trainer may be asked and was checked, are corrected like the rest: what somebody else changed
// meanwhile stays (F020, F036).
func TestF020ConsoleCorrectsSkills(t *testing.T) {
	o := newOffice(t)
	o.trainers()
	ctx := t.Context()
	path := trainersPath + "/T-000042/correct"
	held := func() (out []string) {
		x, err := o.store.Trainer(ctx, "T-000042")
		require.NoError(t, err)
		for _, k := range x.Skills {
			out = append(out, fmt.Sprint(k.Topic, " ", k.Level))
		}
		return out
	}
	send := func(form url.Values) {
		t.Helper()
		for range 2 { // a double click
			done := o.post(path, form)
			require.Equal(t, http.StatusSeeOther, done.status, done.words())
		}
	}
	require.NoError(t, o.store.SaveCourse(ctx, models.Course{Topic: "dorure", TitleFR: "Dorure", TitleEN: "Gilding"}))
	drawn := o.get(path)
	wellMade(t, drawn)
	send(drawn.form(t, typed("skill-tableur", "5", "skill-couture", noLevel, "new-skill-2-topic", "dorure", "new-skill-2-level", "1", "active", "no", "validated", "no")))
	require.Equal(t, []string{"dorure 1", "tableur 5"}, held())
	x, err := o.store.Trainer(ctx, "T-000042")
	require.NoError(t, err)
	require.Equal(t, []bool{false, false}, []bool{x.Active, x.Validated})

	// Drawn before: of what was changed since, only what is typed now is.
	send(drawn.form(t, typed("phone", "+33 1 99 00 00 03")))
	require.Equal(t, []string{"dorure 1", "tableur 5"}, held())
	send(drawn.form(t, typed("skill-couture", "3")))
	require.Equal(t, []string{"couture 3", "dorure 1", "tableur 5"}, held())
	send(drawn.form(t, typed("skill-tableur", noLevel)))
	require.Equal(t, []string{"couture 3", "dorure 1"}, held())

	twice := o.post(path, o.get(path).form(t, typed("new-skill-1-topic", "dorure", "new-skill-1-level", "4")))
	wellMade(t, twice)
	require.Equal(t, []string{"new-skill-1-topic"}, twice.wrong())
	more := o.get(path).form(t, typed("skill-dorure", "2", "more", "yes"))
	page := o.post(path, more)
	require.Equal(t, "2", page.Find("#f-skill-dorure option[selected]").AttrOr("value", ""), "asking for more rows keeps what is typed")
	send(page.form(t, typed("new-skill-6-topic", "tableur", "new-skill-6-level", "2")))
	require.Equal(t, []string{"couture 3", "dorure 2", "tableur 2"}, held())
}

func TestBrowserTrainers(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	o.mission(models.StageSolicitation, searched)
	o.trainers()
	o.apply(models.Step{Rows: models.Rows{Request: &models.Request{Ref: "D-2026-000124", Stage: models.StageSessions, Owner: "U-000001", TrainerRef: "T-000042", OpenedAt: paris(3, 9, 0)},
		Recaps: []models.Recap{{Ref: "agency/T-000042/2026-10/recap/1", Payer: "agency", TrainerRef: "T-000042", Month: "2026-10", Number: 1, Status: models.RecapWithStaff, Cents: 90_000}}}})
	o.visits(t, ctx, "amel")
	// By keyboard alone: past the menu, to the search, to a trainer found without accents.
	var focus, address, heading string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Click(`.menu a[href="`+trainersPath+`"]`), opened("table.board"),
		chromedp.Evaluate(`document.activeElement.blur()`, nil),
		chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab),
		chromedp.Evaluate(`document.activeElement.id`, &focus)))
	require.Equal(t, "f-words", focus)
	require.NoError(t, chromedp.Run(ctx, chromedp.KeyEvent("oeuvre"+kb.Enter), opened(".box[role=status]"), chromedp.Location(&address)))
	require.NotContains(t, address, "oeuvre")
	fits(t, ctx)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Click("table.board tbody th a"), opened("#h-missions"),
		chromedp.Click(`a[href*="/correct?"]`), opened("form.decide"),
		chromedp.SetValue("#f-skill-couture", "5", chromedp.ByQuery),
		chromedp.SetValue("#f-new-skill-1-topic", "couture", chromedp.ByQuery),
		chromedp.Click("form.decide .actions button"), opened("[role=alert] a")))
	fits(t, ctx)
	accessible(t, ctx)
	picture(t, ctx, "trainer-refused")
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Click("[role=alert] a"), chromedp.Evaluate(`document.activeElement.id`, &focus),
		chromedp.SetValue("#f-new-skill-1-topic", "", chromedp.ByQuery),
		chromedp.Click("form.decide .actions button"), opened("#h-missions"), chromedp.Text("section:has(#h-skills)", &heading)))
	require.Equal(t, "f-new-skill-1-level", focus)
	require.Contains(t, plainly(heading), "Couture d’ameublement, 5 sur 5")
	for name, path := range map[string]string{"trainers": trainersPath + "?show=all", "trainers-none": trainersPath + "?topic=couture&show=unchecked&lang=en", "trainer": trainersPath + "/T-000042?lang=fr",
		"trainer-poor": trainersPath + "/T-000043", "trainer-new": freshTrainerPath, "trainer-correct": trainersPath + "/T-000042/correct", "trainer-people": dossierPath + "/people"} {
		o.looks(t, ctx, name, path)
		fits(t, ctx)
	}
}
