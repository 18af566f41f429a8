package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

// An address can hold what PostgreSQL refuses to compare with: that is a mistake of the caller, the same on both databases.
func TestAddressesThatAreNoText(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		o := newOffice(t, func(cfg *Config) { cfg.Store, cfg.Mailbox = st, true })
		o.mission(models.StageAudit, nil)
		cursor := func(id string) string { return store.Cursor{At: time.Unix(0, 0), ID: id}.String() }
		for _, bad := range []string{"%00", "a%00b", "%ff", "%c3%28"} {
			for _, path := range []string{
				"/requests/" + bad, "/requests/" + dossier + "/sessions/" + bad, "/requests/" + dossier + "/registrations/" + bad, "/documents/" + bad,
				"/requests?owner=" + bad, "/requests?alert=" + bad, "/requests?" + bad + "=1", "/invoices?trainer=" + bad, "/invoices/" + bad,
				"/recaps?month=" + bad, "/deadlines?awaits=" + bad, "/trainers/" + bad, "/clients/" + bad, "/catalogue/" + bad, "/policies/" + bad,
			} {
				o.refused(o.staff("GET", path, ""), http.StatusBadRequest, models.CodeMalformed)
			}
			for _, path := range []string{
				dossiersPath + "?owner=" + bad, dossiersPath + "?policy=" + bad, dossiersPath + "?search=" + bad, dossiersPath + ".csv?alert=" + bad,
				duePath + "?owner=" + bad, postponePath + "?id=" + bad, dossiersPath + "/" + bad, dossierPath + "/files/" + bad,
				dossierPath + "/decide/choose?subject=" + bad, moneyPath + "/recaps?month=" + bad, moneyPath + "/invoices/" + bad,
				"/mailbox?to=" + bad, "/mailbox/item?key=" + bad, "/l/" + bad, "/static/" + bad, "/" + bad,
			} {
				p := o.get(path)
				require.Equal(t, http.StatusBadRequest, p.status, path)
				require.Equal(t, string(models.CodeMalformed), p.code(), path)
			}
			text, err := url.QueryUnescape(bad)
			require.NoError(t, err)
			for _, path := range []string{"/requests", "/trainers", "/invoices", "/requests/" + dossier + "/journal", "/requests/" + dossier + "/contracts"} {
				o.refused(o.staff("GET", path+"?cursor="+cursor(text), ""), http.StatusBadRequest, models.CodeInvalid)
			}
			for _, path := range []string{dossiersPath, dossierPath + "/journal", moneyPath, "/mailbox"} {
				p := o.get(path + "?cursor=" + cursor(text))
				require.GreaterOrEqual(t, p.status, 400, path)
				require.Less(t, p.status, 500, path)
			}
		}
		require.NotContains(t, o.log.String(), `"internal error"`)
		require.Equal(t, http.StatusOK, o.staff("GET", "/requests?owner="+strings.Repeat("%C3%A9", 3), "").StatusCode, "accents are text")
	})
}
