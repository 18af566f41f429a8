package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

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
