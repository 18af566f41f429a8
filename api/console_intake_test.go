package api

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
)

// asks is what a client asks for on the phone, as staff type it.
func asks(more ...string) url.Values {
	form := typed("topic", "tableur", "title", "Tableur", "mode", "remote", "group_size", "4", "budget", "3 600,00", "wanted_from", "2026-12-14",
		"half_days", "6", "unit", "day", "unit_price", "1 200,00 €", "vat", "standard")
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// An order is exempt because somebody said so, never because a field was left empty: documents then invoke the law (F101).
func TestF101ConsoleAsksForTheTaxOfAnOrder(t *testing.T) {
	form := func(posted bool, values url.Values) *draft {
		return &draft{desk: &desk{visit: &visit{lang: models.French, values: values}}, prefix: "ask", posted: posted}
	}
	for _, c := range []struct {
		vat, rate string
		bps       int64
		wrong     []string
	}{{"standard", "", 2000, nil}, {"exempt", "", 0, nil}, {"other", "5,5", 550, nil}, {"other", "", 0, []string{"vat_rate"}}, {"other", "0", 0, []string{"vat_rate"}},
		{"", "", 0, []string{"vat"}}, {"20", "", 0, []string{"vat"}}} {
		f := form(true, url.Values{"vat": {c.vat}, "vat_rate": {c.rate}})
		require.Equal(t, c.bps, f.vat(models.Order{}), c)
		var wrong []string
		for _, x := range f.faults {
			wrong = append(wrong, x.Field)
		}
		require.Equal(t, c.wrong, wrong, c)
	}
	for order, want := range map[models.Order][]string{{}: {"", ""}, {UnitPriceCents: 1}: {"exempt", ""}, {VATBps: 2000}: {"standard", ""}, {VATBps: 550}: {"other", "5,5"}} {
		f := form(false, url.Values{})
		f.vat(order)
		require.Equal(t, want, []string{f.values.Get("vat"), f.values.Get("vat_rate")}, order)
	}
}

// Staff open the request of a client who calls, known or not, without the API (F001).
func TestF001ConsoleOpensARequest(t *testing.T) {
	courier := &handler{state: models.FactApplied}
	o := newOffice(t, func(cfg *Config) { courier.store, cfg.Courier, cfg.Partners = cfg.Store, courier, []string{"centre-1"} })
	require.NoError(t, o.store.SaveCourse(t.Context(), models.Course{Topic: "tableur", TitleFR: "Tableur", TitleEN: "Spreadsheet"}))
	require.Equal(t, intakePath, o.get(dossiersPath).Find(`main a.button:not(.second)`).AttrOr("href", ""))
	wellMade(t, o.get(intakePath))
	require.Equal(t, intakeFormPath, o.get(intakePath).Find("main a.button.second").AttrOr("href", ""))

	// What is wrong is said beside its field, what was typed stays, nothing is written.
	form := o.get(intakeFormPath)
	wellMade(t, form)
	require.Equal(t, "U-000001", form.form(t, nil).Get("owner"), "who opens it")
	client := asks("client_type", "sme", "client_name", "Atelier Élan "+hostile, "client_company_number", "999 999 980", "client_address", "1 rue Exemple\n75001 Paris",
		"contact_name", "Camille Exemple", "contact_email", "camille@example.org")
	wrong := form.form(t, client)
	all := []string{"client_company_number", "contact_email", "unit_price", "group_size", "department", "vat_rate", "wanted_from", "address"}
	for field, value := range map[string]string{"client_company_number": "99", "contact_email": "camille", "unit_price": "cher", "group_size": "0",
		"department": "Rhône", "vat": "other", "vat_rate": "200", "wanted_from": "2026-11-01", "mode": "at_client"} {
		wrong.Set(field, value)
	}
	page := o.post(intakeFormPath, wrong)
	wellMade(t, page)
	require.Equal(t, http.StatusUnprocessableEntity, page.status)
	require.ElementsMatch(t, all, page.wrong(), "all at once")
	for field, says := range map[string]string{"client_company_number": "Un SIREN a neuf chiffres.", "contact_email": "Écrivez une adresse e-mail seule",
		"vat_rate": "Écrivez au plus 100.", "department": "Écrivez un département", "wanted_from": "passé", "address": "Cette modalité demande une adresse."} {
		require.Contains(t, plainly(page.Find("#f-"+field+"-wrong").Text()), says)
	}
	for _, field := range append(all, "vat", "mode") {
		wrong.Set(field, client.Get(field))
	}
	wrong.Set("unit_price", "10000000,01")
	page = o.post(intakeFormPath, wrong)
	require.Equal(t, []string{"unit_price"}, page.wrong())
	require.Contains(t, plainly(page.Find("#f-unit_price-wrong").Text()), "Écrivez au plus 10 000 000")
	wrong.Set("unit_price", "10000000") // which the API takes
	require.Equal(t, "Tableur", page.form(t, nil).Get("title"))
	wrong.Set("mode", "at_client")
	page = o.post(intakeFormPath, wrong)
	require.Equal(t, []string{"address"}, page.wrong())
	require.Contains(t, page.words(), "Cette modalité demande une adresse.")
	wrong.Set("mode", "remote")
	wrong.Set("channel", "partner")
	require.Equal(t, []string{"partner"}, o.post(intakeFormPath, wrong).wrong())
	require.Empty(t, courier.facts)
	clients, err := o.store.Clients(t.Context(), store.Cursor{}, 10)
	require.NoError(t, err)
	require.Empty(t, clients.Items)

	sent := form.form(t, client)
	var at string
	for range 2 { // a double click
		done := o.post(intakeFormPath, sent)
		require.Equal(t, http.StatusSeeOther, done.status, done.words())
		at = done.header.Get("Location")
	}
	require.Equal(t, dossiersPath+"/D-2026-000001", at)
	require.Len(t, courier.facts, 1, "sent twice, it opens one")
	opened := courier.facts[0].Start.Request
	require.Equal(t, []string{"phone", "U-000001"}, []string{string(opened.Channel), opened.Recorder}, "the timeline tells how it arrived and who noted it")
	require.Contains(t, o.get(at).words(), "Le dossier est ouvert.")
	changed, err := url.ParseQuery(sent.Encode())
	require.NoError(t, err)
	changed.Set("title", "Tableur avancé") // gone back to, changed and sent again
	back := o.post(intakeFormPath, changed)
	require.Equal(t, http.StatusUnprocessableEntity, back.status)
	require.Contains(t, back.words(), "Ce formulaire a déjà été envoyé")
	require.Len(t, courier.facts, 1)
	b, err := o.store.Brief(t.Context(), "D-2026-000001")
	require.NoError(t, err)
	require.Equal(t, models.Brief{Ref: "D-2026-000001", Channel: models.ChannelPhone, Policy: "standard", ClientRef: b.ClientRef, ClientType: models.ClientSME,
		ContactRef: b.ContactRef, BillingRef: b.ContactRef, Topic: "tableur", Title: "Tableur", Mode: models.ModeRemote, GroupSize: 4, Funding: "employer",
		BudgetCents: 360_000, WantedFrom: "2026-12-14", Owner: "U-000001", CreatedAt: b.CreatedAt,
		Order: models.Order{HalfDays: 6, Unit: models.UnitDay, Quantity: 300, UnitPriceCents: 120_000, VATBps: 2000}}, b)
	c, err := o.store.Client(t.Context(), b.ClientRef)
	require.NoError(t, err)
	require.Equal(t, models.Client{Ref: c.Ref, Type: models.ClientSME, Name: "Atelier Élan " + hostile, Company: "999999980", Address: "1 rue Exemple\n75001 Paris", CreatedAt: c.CreatedAt}, c)

	// The same client again: found by name, by who is there, by number, by reference.
	for _, words := range []string{"elan", "camille atelier", "999 999 980", c.Ref} {
		found := o.post(intakePath, url.Values{"words": {words}})
		require.Equal(t, http.StatusOK, found.status)
		wellMade(t, found)
		require.Equal(t, 1, found.Find(`a[href="`+intakeFormPath+`?client=`+c.Ref+`"]`).Length(), words)
	}
	require.Contains(t, o.post(intakePath, url.Values{"words": {"personne"}}).words(), "0 client trouvé")
	known := intakeFormPath + "?client=" + c.Ref
	wellMade(t, o.get(known))
	done := o.fill(known, asks())
	require.Equal(t, http.StatusSeeOther, done.status, done.words())
	again, err := o.store.Brief(t.Context(), "D-2026-000002")
	require.NoError(t, err)
	require.Equal(t, []string{b.ClientRef, b.ContactRef}, []string{again.ClientRef, again.ContactRef})

	// Somebody new there is recorded once, whatever the rest of the form has to be corrected for.
	page = o.fill(known, asks("contact", somebodyElse, "contact_name", "Dominique Exemple", "contact_email", "dominique@example.org", "billed", b.ContactRef, "wanted_from", "2020-01-01"))
	require.Equal(t, []string{"wanted_from"}, page.wrong(), page.words())
	wellMade(t, page)
	done = o.post(known, page.form(t, typed("wanted_from", "")))
	require.Equal(t, http.StatusSeeOther, done.status, done.words())
	people, err := o.store.Contacts(t.Context(), c.Ref)
	require.NoError(t, err)
	require.Len(t, people, 2)
	third, err := o.store.Brief(t.Context(), "D-2026-000003")
	require.NoError(t, err)
	require.Equal(t, []string{people[1].Ref, b.ContactRef}, []string{third.ContactRef, third.BillingRef})
	require.Equal(t, "Dominique Exemple", people[1].Name)

	require.Equal(t, http.StatusNotFound, o.get(intakeFormPath+"?client=C-999999").status)
	require.NotContains(t, o.get(known+"&lang=en").words(), "Interlocuteur")
	require.Equal(t, http.StatusOK, o.get(intakePath).status)
	for _, login := range []string{"bo", "cleo"} { // as the API has it
		o.as(login)
		require.Zero(t, o.get(dossiersPath).Find(`a[href="`+intakePath+`"]`).Length())
		require.Equal(t, http.StatusForbidden, o.get(intakePath).status)
		require.Equal(t, http.StatusForbidden, o.post(intakeFormPath, sent).status)
	}
}

func TestBrowserIntake(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	o.mission(models.StageQualification, nil)
	o.visits(t, ctx, "amel")
	var heading string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Click(`a[href="`+intakePath+`"]`),
		opened("#f-words"),
		chromedp.SendKeys("#f-words", "atelier", chromedp.ByQuery),
		chromedp.Click(`form.search button`),
		opened(`a[href*="client=C-000001"]`)))
	fits(t, ctx)
	accessible(t, ctx)
	picture(t, ctx, "intake-found")
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Click(`a[href*="client=C-000001"]`),
		opened("form.decide"),
		chromedp.SendKeys("#f-title", "Tableur, suite", chromedp.ByQuery),
		chromedp.Click("form.decide .actions button"),
		opened("[role=alert] a"),
		chromedp.Text("h1", &heading)))
	require.Equal(t, "Nouvelle demande", heading)
	fits(t, ctx)
	accessible(t, ctx)
	picture(t, ctx, "intake-refused")
	for name, path := range map[string]string{"intake": intakePath, "intake-fresh": intakeFormPath, "intake-known": intakeFormPath + "?client=C-000001", "intake-board": dossiersPath} {
		o.looks(t, ctx, name, path)
		fits(t, ctx)
	}
}
