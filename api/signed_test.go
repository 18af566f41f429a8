package api

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/documents"
	"jalon/models"
)

// convention puts a real document to sign into a step.
func (o *office) convention() (content []byte, change func(*models.Request, *models.Step)) {
	o.t.Helper()
	content, err := documents.Convention(documents.Agreement{Ref: models.ContractRef(dossier, 1), At: paris(24, 9, 0), Agency: issuing,
		Client: documents.Party{Name: "Atelier Exemple", Address: "2 rue Exemple, Lyon"}, Course: documents.Course{Dossier: dossier, Title: "Tableur", Duration: "2 jours", Period: "décembre", Mode: "À distance", GroupSize: 4},
		Programme: documents.Programme{Objectives: "Savoir trier", Content: "Tris"}, Price: documents.Price{Net: 100, VAT: 20, Total: 120, VATBps: 2000}})
	require.NoError(o.t, err)
	_, err = o.cfg.Documents.Put(o.t.Context(), content)
	require.NoError(o.t, err)
	return content, func(r *models.Request, s *models.Step) {
		withContract(r, s)
		s.Rows.Contracts[0].Status, s.Rows.Contracts[0].SHA256 = models.ContractPending, documents.SHA256(content)
	}
}

// taken has the process take the signature of the contract.
func (o *office) taken(sha string) {
	o.t.Helper()
	facts, err := o.store.Facts(o.t.Context(), dossier)
	require.NoError(o.t, err)
	require.Len(o.t, facts, 1)
	step := models.Step{Dossier: dossier, Handled: []models.FactHandling{{ID: facts[0].ID, State: models.FactApplied}}}
	withContract(&models.Request{}, &step)
	step.Rows.Contracts[0].Status, step.Rows.Contracts[0].SHA256, step.Rows.Contracts[0].SignedAt = models.ContractSigned, sha, facts[0].ReceivedAt
	o.apply(step)
}

// bytes is a file as it is served.
func (o *office) bytes(path string) []byte {
	o.t.Helper()
	res, err := o.client.Get(o.http.URL + path)
	require.NoError(o.t, err)
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	require.NoError(o.t, err)
	require.Equal(o.t, http.StatusOK, res.StatusCode, "%s: %.200s", path, content)
	return content
}

// Who signed, staff and programs get one and the same signed copy, even before its mail has left (F096, F101).
func TestF101SignedCopyIsFoundWhereTheDocumentIs(t *testing.T) {
	const api = "/requests/" + dossier + "/contracts/1/signed-copy"
	o := newOffice(t)
	document, pending := o.convention()
	o.mission(models.StageContract, pending)
	sha := documents.SHA256(document)
	link := "/l/" + o.cfg.Signer.Sign(models.Link{Purpose: models.LinkSign, Subject: models.ContractRef(dossier, 1)})
	unsigned := func() {
		t.Helper()
		require.Equal(t, document, o.bytes(link+"/document"))
		require.Equal(t, http.StatusNotFound, o.do(models.RoleStaff, "GET", api, "").StatusCode)
		require.Equal(t, http.StatusNotFound, o.get(dossierPath+"/signed/1").status)
		require.Zero(t, o.get(dossierPath+"/documents").Find(`a[href$="/signed/1"]`).Length())
	}
	unsigned()
	done := o.post(link, url.Values{"action": {"sign"}, "read": {"yes"}, "name": {"Camille Exemple"}, "sha256": {sha}})
	require.Equal(t, http.StatusOK, done.status, done.words())
	require.Contains(t, done.words(), "Lire le document")
	unsigned() // until its process has said so
	o.taken(sha)

	page := o.get(link)
	require.Contains(t, page.words(), "Lire votre exemplaire signé")
	require.Contains(t, page.words(), "Empreinte SHA-256 du document signé : "+sha)
	require.Contains(t, o.get(link+"?lang=en").words(), "Read your signed copy")
	copied := o.bytes(link + "/document")
	require.True(t, bytes.HasPrefix(copied, document))
	require.Greater(t, len(copied), len(document))
	require.Equal(t, copied, o.bytes(link+"/document"))
	for _, role := range []models.Role{models.RoleStaff, models.RolePedagogy, models.RoleFinance} {
		a := o.do(role, "GET", api, "")
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.Equal(t, string(copied), a.body)
	}
	require.Equal(t, http.StatusUnauthorized, o.do("", "GET", api, "").StatusCode)
	for _, none := range []string{"/requests/" + dossier + "/contracts/2/signed-copy", "/requests/" + dossier + "/contracts/x/signed-copy", "/requests/D-2026-000124/contracts/1/signed-copy"} {
		require.Equal(t, http.StatusNotFound, o.do(models.RoleStaff, "GET", none, "").StatusCode, none)
	}

	tab := o.get(dossierPath + "/documents")
	href, _ := tab.Find(`section[aria-labelledby=h-sign] a:contains("exemplaire signé")`).Attr("href")
	require.Equal(t, copied, o.bytes(href))
	require.Contains(t, tab.words(), "Convention de formation, exemplaire signé, Atelier")
	var kept List[models.Document]
	o.do(models.RoleStaff, "GET", "/requests/"+dossier+"/documents", "").into(t, &kept)
	require.Len(t, kept.Items, 1, "it is drawn once")
	require.Equal(t, models.DocumentSigned, kept.Items[0].Kind)
	require.Equal(t, documents.SHA256(copied), kept.Items[0].SHA256)
	require.True(t, kept.Items[0].CreatedAt.Equal(o.now), "dated by the signature")
}

// What was signed on paper, its scan shows: no second copy is made.
func TestF101ScanIsTheSignedCopy(t *testing.T) {
	o := newOffice(t)
	document, pending := o.convention()
	o.mission(models.StageContract, pending)
	a := o.do(models.RoleStaff, "POST", "/requests/"+dossier+"/record", `{"kind":"contract_signed","subject":"`+models.ContractRef(dossier, 1)+`","channel":"paper","scan":"`+base64.StdEncoding.EncodeToString([]byte(pdf))+`"}`)
	require.Equal(t, http.StatusOK, a.StatusCode, a.body)
	o.taken(documents.SHA256(document))
	link := "/l/" + o.cfg.Signer.Sign(models.Link{Purpose: models.LinkSign, Subject: models.ContractRef(dossier, 1)})
	for _, path := range []string{link + "/document", dossierPath + "/signed/1"} {
		require.Equal(t, pdf, string(o.bytes(path)))
	}
	require.Equal(t, pdf, o.do(models.RoleStaff, "GET", "/requests/"+dossier+"/contracts/1/signed-copy", "").body)
	require.False(t, strings.Contains(o.do(models.RoleStaff, "GET", "/requests/"+dossier+"/documents", "").body, string(models.DocumentSigned)))
}
