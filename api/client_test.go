package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
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
