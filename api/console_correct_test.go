package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// corrected follows the link of a page that corrects somebody, sends what is typed, and comes back to that page.
func (o *office) corrected(from, link string, typed url.Values, says string) {
	o.t.Helper()
	href, ok := o.get(from).Find(link).Attr("href")
	require.True(o.t, ok, "%s: %s", from, link)
	done := o.fill(href, typed)
	require.Equal(o.t, http.StatusSeeOther, done.status, done.words())
	require.Equal(o.t, from, done.header.Get("Location"))
	require.Contains(o.t, o.get(from).words(), says)
}

// Staff correct where they see it who cannot be reached, paid or written on a document (F005, F018, F203).
func TestF018ConsoleCorrectsAClientAContactAndATrainer(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	o.mission(models.StageAudit, retained)
	people := dossierPath + "/people"

	o.corrected(people, `a[href^="/console/clients/C-000001/correct?"]`, typed("name", "Atelier Exemple", "address", "1 rue Exemple\n75001 Paris", "company_number", "999 999 998", "vat_number", ""), "La fiche du client est corrigée.")
	c, err := o.store.Client(ctx, "C-000001")
	require.NoError(t, err)
	require.Equal(t, models.Client{Ref: "C-000001", Type: models.ClientSME, Name: "Atelier Exemple", Company: "999999998", Address: "1 rue Exemple\n75001 Paris"}, c)
	require.Contains(t, o.get(people).words(), "1 rue Exemple 75001 Paris")

	o.corrected(people, `a[href^="/console/clients/C-000001/contacts/X-000001/correct?"]`, typed("email", "camille@example.com", "lang", "en"), "La fiche de l’interlocuteur est corrigée.")
	x, err := o.store.Contact(ctx, "X-000001")
	require.NoError(t, err)
	require.Equal(t, models.Contact{Ref: "X-000001", ClientRef: "C-000001", Name: "Camille Exemple", Email: "camille@example.com", Phone: "+33 1 99 00 00 09", Lang: models.English}, x)

	o.corrected(people, `a[href^="/console/trainers/T-000042/correct?"]`, typed("legal_form", "micro_entrepreneur", "iban", "fr76 3000 6000 0112 3456 7890 189",
		"company_number", "999 999 980", "department", "2a", "rate", "1 200,50", "self_billing_mandate", "yes"), "La fiche du formateur est corrigée.")
	trainer, err := o.store.Trainer(ctx, "T-000042")
	require.NoError(t, err)
	require.Equal(t, models.Trainer{Ref: "T-000042", Name: "Formatrice Alpha", Email: "alpha@example.org", Lang: models.French, Active: true, LegalForm: models.FormMicro,
		VATStatus: models.VATFranchise, IBAN: "FR7630006000011234567890189", Company: "999999980", Department: "2A", RateCents: 120_050, RateUnit: models.UnitDay,
		SelfBilling: true, Skills: trainer.Skills}, trainer)
	require.Equal(t, "tableur", trainer.Skills[0].Topic, "what the form does not show stays")

	o.corrected(people, `a[href^="/console/trainers/T-000042/correct?"]`, typed("legal_form", "umbrella", "intermediary_name", "Portage Exemple", "titles", "Master de gestion, 2009"), "La fiche du formateur est corrigée.")
	trainer, err = o.store.Trainer(ctx, "T-000042")
	require.NoError(t, err)
	require.Equal(t, "Portage Exemple", trainer.Payee(), "F021")
	require.Equal(t, "Master de gestion, 2009", trainer.Titles)

	for path, c := range map[string]struct {
		bad  url.Values
		says string
	}{
		ConsolePath + "/clients/C-000001/correct":                   {typed("company_number", "99"), "Un SIREN a neuf chiffres."},
		ConsolePath + "/clients/C-000001/contacts/X-000001/correct": {typed("email", "Camille <camille@example.org>"), "Écrivez une adresse e-mail seule"},
		ConsolePath + "/trainers/T-000042/correct":                  {typed("iban", "FR76"), "Écrivez un IBAN complet"},
	} {
		page := o.get(path)
		wellMade(t, page)
		require.Equal(t, ConsolePath, page.Find(".back a").AttrOr("href", ""), "from nowhere")
		page = o.fill(path, c.bad)
		require.Equal(t, http.StatusUnprocessableEntity, page.status, page.words())
		wellMade(t, page)
		for field, typed := range c.bad {
			require.Equal(t, []string{field}, page.wrong(), page.words())
			require.Contains(t, plainly(page.Find("#f-"+field+"-wrong").Text()), c.says)
			require.Equal(t, typed[0], page.Find("#f-"+field).AttrOr("value", ""), "what was typed stays")
		}
		require.NotContains(t, o.get(path+"?lang=en").words(), "Corriger")
		o.get(path + "?lang=fr")
		require.Equal(t, http.StatusNotFound, o.get(strings.Replace(path, "/correct", "9/correct", 1)).status)
	}
	require.Equal(t, http.StatusNotFound, o.get(ConsolePath+"/clients/C-000009/contacts/X-000001/correct").status)
	require.Equal(t, ConsolePath, o.get(ConsolePath+"/trainers/T-000042/correct?back=https://example.org").Find(".back a").AttrOr("href", ""))

	for _, login := range []string{"bo", "cleo"} { // as the API has it
		o.as(login)
		require.Zero(t, o.get(people).Find(`a[href*="/correct?"]`).Length())
		require.Equal(t, http.StatusForbidden, o.get(ConsolePath+"/trainers/T-000042/correct").status)
		require.Equal(t, http.StatusForbidden, o.post(ConsolePath+"/trainers/T-000042/correct", typed("name", "X")).status)
	}
}

// A form drawn before somebody else's correction takes back nothing of it: least of all the account that is paid.
func TestConsoleCorrectsWhatWasChangedAlone(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageAudit, retained)
	path := ConsolePath + "/trainers/T-000042/correct"
	trainer, err := o.store.Trainer(t.Context(), "T-000042")
	require.NoError(t, err)
	trainer.LegalForm, trainer.IBAN = models.FormCompany, "FR7630006000011234567890189"
	require.NoError(t, o.store.SaveTrainer(t.Context(), trainer))
	drawn := o.get(path)
	trainer.IBAN, trainer.Phone = "DE89370400440532013000", "+33 1 99 00 00 01"
	require.NoError(t, o.store.SaveTrainer(t.Context(), trainer))

	form := drawn.form(t, typed("phone", "+33 1 99 00 00 02", "email", "alpha"))
	refused := o.post(path, form)
	require.Equal(t, []string{"email"}, refused.wrong())
	require.Equal(t, "DE89370400440532013000", refused.Find("#f-iban").AttrOr("value", ""), "as it is now")
	form = refused.form(t, typed("email", "alpha@example.com"))
	for range 2 {
		done := o.post(path, form)
		require.Equal(t, http.StatusSeeOther, done.status, done.words())
	}
	now, err := o.store.Trainer(t.Context(), "T-000042")
	require.NoError(t, err)
	require.Equal(t, "DE89370400440532013000", now.IBAN)
	require.Equal(t, "+33 1 99 00 00 02", now.Phone, "both changed it: the last one stands")
	require.Equal(t, "alpha@example.com", now.Email)
}

// Finance stops at an invoice that cannot be paid or lacks an address: staff correct it from there (F203).
func TestF203ConsoleCorrectsFromAnInvoiceAndAStatement(t *testing.T) {
	o := newOffice(t)
	o.money()
	ctx := t.Context()
	require.NoError(t, o.store.SaveContact(ctx, models.Contact{Ref: "X-000009", ClientRef: "C-000001", Name: "Compta Exemple", Email: "compta@example.org"}))
	brief, err := o.store.Brief(ctx, "D-2026-000001")
	require.NoError(t, err)
	brief.BillingRef = "X-000009"
	require.NoError(t, o.store.SaveBrief(ctx, brief))
	trainer := `a[href^="/console/trainers/T-000001/correct?"]`
	o.corrected(ConsoleAddress("", "I-2026-000001"), trainer, typed("legal_form", "company", "iban", "DE89 3704 0044 0532 0130 00"), "La fiche du formateur est corrigée.")
	o.corrected(ConsoleAddress("", month+"/recap/1"), trainer, typed("email", "fabule@example.org"), "La fiche du formateur est corrigée.")
	paid, err := o.store.Trainer(ctx, "T-000001")
	require.NoError(t, err)
	require.Equal(t, []string{"DE89370400440532013000", "fabule@example.org"}, []string{paid.IBAN, paid.Email})
	require.Equal(t, 1, o.get(ConsoleAddress("", "I-2026-000007")).Find(`a[href^="/console/clients/C-000001/correct?"]`).Length(), "the client of its dossier owes it")
	o.corrected(ConsoleAddress("", "I-2026-000007"), `a[href^="/console/clients/C-000001/contacts/X-000009/correct?"]`, typed("email", "compta@example.com"), "La fiche de l’interlocuteur est corrigée.")
	o.as("bo")
	for _, ref := range []string{"I-2026-000001", "I-2026-000007", month + "/recap/1"} {
		require.Zero(t, o.get(ConsoleAddress("", ref)).Find(`a[href*="/correct?"]`).Length())
	}
}

func TestBrowserCorrections(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	o.mission(models.StageAudit, retained)
	o.visits(t, ctx, "amel")
	for name, path := range map[string]string{"people": dossierPath + "/people", "correct-client": ConsolePath + "/clients/C-000001/correct", "correct-contact": ConsolePath + "/clients/C-000001/contacts/X-000001/correct",
		"correct-trainer": ConsolePath + "/trainers/T-000042/correct?lang=en"} {
		o.looks(t, ctx, name, path)
		fits(t, ctx)
	}
}
