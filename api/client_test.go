package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
)

func TestClientsOfOneCompanyNumber(t *testing.T) {
	h := newAgency(t, nil)
	number := func(n string) string { return `{"type":"sme","name":"Exemple","company_number":"` + n + `"}` }
	var first, second, other, nobody ClientView
	h.staff("POST", "/clients", number("999999980")).into(t, &first)
	h.staff("POST", "/clients", number("999999980")).into(t, &second)
	h.staff("POST", "/clients", number("999999998")).into(t, &other)
	for range 2 {
		h.staff("POST", "/clients", `{"type":"individual","name":"Personne"}`).into(t, &nobody)
	}
	require.Empty(t, first.Same)
	require.Equal(t, []string{first.Ref}, second.Same, "said, not refused")
	require.Empty(t, other.Same)
	require.Empty(t, nobody.Same, "without a number they have nothing in common")
	h.staff("GET", "/clients/"+first.Ref, "").into(t, &first)
	require.Equal(t, []string{second.Ref}, first.Same)
	h.staff("PUT", "/clients/"+other.Ref, `{"name":"Exemple","company_number":"999999980"}`).into(t, &other)
	require.Equal(t, []string{first.Ref, second.Ref}, other.Same)
}

// A creation that is repeated, since it got no answer, takes back nothing of what was corrected meanwhile.
func TestACreationRepeatedOverwritesNothing(t *testing.T) {
	h := newAgency(t, nil)
	begun := func(path, body, series string) (ref string) {
		t.Helper()
		key := digest("K-000001", "POST", Prefix+path, "again")
		_, _, err := h.store.BeginIdempotent(t.Context(), key, digest(body), epoch)
		require.NoError(t, err)
		ref, err = h.store.Allocate(t.Context(), models.Allocation{Series: series, Key: key})
		require.NoError(t, err)
		return ref
	}
	const client = `{"type":"sme","name":"Exemple","contacts":[{"name":"Contact","email":"contact@example.org"}]}`
	c := models.Client{Ref: begun("/clients", client, store.SeriesClient), Type: models.ClientSME, Name: "Société Exemple", CreatedAt: epoch}
	require.NoError(t, h.store.SaveClient(t.Context(), c))
	var v ClientView
	h.staff("POST", "/clients", client, "Idempotency-Key", "again").into(t, &v)
	require.Equal(t, c, v.Client)
	kept, err := h.store.Client(t.Context(), c.Ref)
	require.NoError(t, err)
	require.Equal(t, c, kept)

	const trainer = `{"name":"Exemple","email":"trainer@example.org","legal_form":"company","skills":[{"topic":"tableur","level":2}]}`
	corrected := models.Trainer{Ref: begun("/trainers", trainer, store.SeriesTrainer), Name: "Alix Exemple", Email: "trainer@example.org",
		Skills: []models.Skill{{Topic: "tableur", Level: 4}}, CreatedAt: epoch}
	require.NoError(t, h.store.SaveTrainer(t.Context(), corrected))
	h.staff("POST", "/trainers", trainer, "Idempotency-Key", "again").into(t, &models.Trainer{})
	again, err := h.store.Trainer(t.Context(), corrected.Ref)
	require.NoError(t, err)
	require.Equal(t, "Alix Exemple", again.Name)
	require.Equal(t, 4, again.Skills[0].Level)
}

// What a document lacks about a client is completed, and its type is not changed by the way (F005).
func TestF005StaffCompleteAClient(t *testing.T) {
	h := newAgency(t, nil)
	var v ClientView
	h.staff("POST", "/clients", `{"type":"sme","name":"Exemple","contacts":[{"name":"Contact","email":"contact@example.org"}]}`).into(t, &v)
	body := `{"name":"Société Exemple","company_number":"999999980","vat_number":"FR54999999980","address":"1 rue de l'Exemple, 69001 Lyon"}`
	var after ClientView
	h.staff("PUT", "/clients/"+v.Ref, body).into(t, &after)
	require.Equal(t, models.Client{Ref: v.Ref, Type: models.ClientSME, Name: "Société Exemple", Company: "999999980", VATNumber: "FR54999999980",
		Address: "1 rue de l'Exemple, 69001 Lyon", CreatedAt: v.CreatedAt}, after.Client)
	require.Equal(t, v.Contacts, after.Contacts)
	var kept ClientView
	h.staff("GET", "/clients/"+v.Ref, "").into(t, &kept)
	require.Equal(t, after, kept)

	h.refused(h.staff("PUT", "/clients/C-999999", body), 404, models.CodeUnknown)
	h.refused(h.staff("PUT", "/clients/"+v.Ref, `{"name":""}`), 422, models.CodeInvalid)
	h.refused(h.do(models.RoleFinance, "PUT", "/clients/"+v.Ref, body), 403, models.CodeForbidden)
	h.staff("POST", "/clients", `{"type":"individual","name":"Personne"}`).into(t, &v)
	h.refused(h.staff("PUT", "/clients/"+v.Ref, body), 422, models.CodeClientForm)
}

// Who asks or is billed is corrected where their mails bounce; the same checks hold as when they were recorded (F005).
func TestF005StaffCorrectAContact(t *testing.T) {
	h := newAgency(t, nil)
	var v, other ClientView
	h.staff("POST", "/clients", `{"type":"sme","name":"Exemple","contacts":[{"name":"Contact","email":"contcat@example.org"},{"name":"Autre","email":"autre@example.org"}]}`).into(t, &v)
	h.staff("POST", "/clients", `{"type":"sme","name":"Ailleurs"}`).into(t, &other)
	at := "/clients/" + v.Ref + "/contacts/" + v.Contacts[0].Ref
	const body = `{"name":"Camille Exemple","email":"contact@example.org","phone":"+33 1 99 00 00 09","lang":"en"}`
	var after models.Contact
	h.staff("PUT", at, body).into(t, &after)
	require.Equal(t, models.Contact{Ref: v.Contacts[0].Ref, ClientRef: v.Ref, Name: "Camille Exemple", Email: "contact@example.org",
		Phone: "+33 1 99 00 00 09", Lang: models.English}, after)
	var kept ClientView
	h.staff("GET", "/clients/"+v.Ref, "").into(t, &kept)
	require.Equal(t, []models.Contact{after, v.Contacts[1]}, kept.Contacts)

	for _, wrong := range []string{`{"name":"Camille","email":"Camille <contact@example.org>"}`, `{"name":"","email":"contact@example.org"}`, `{"name":"Camille"}`,
		`{"name":"Camille","email":"contact@example.org","phone":"01\n02"}`, `{"name":"Camille","email":"contact@example.org","billing":true}`} {
		h.refused(h.staff("PUT", at, wrong), 422, models.CodeInvalid)
	}
	h.refused(h.staff("PUT", "/clients/"+other.Ref+"/contacts/"+v.Contacts[0].Ref, body), 404, models.CodeUnknown)
	h.refused(h.staff("PUT", "/clients/"+v.Ref+"/contacts/X-999999", body), 404, models.CodeUnknown)
	h.refused(h.do(models.RoleFinance, "PUT", at, body), 403, models.CodeForbidden)
	h.staff("GET", "/clients/"+v.Ref, "").into(t, &kept)
	require.Equal(t, after, kept.Contacts[0])
}
