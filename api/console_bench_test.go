package api

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/store"
	"jalon/store/storetest"
)

// BenchmarkConsole asks each page of the console, of an agency with 10,000 dossiers, with filters drawn at random, over
// HTTP and signed in, on both databases; it reports the 95th percentile:
//
//	go test ./api -run '^$' -bench Console -benchtime 200x
func BenchmarkConsole(b *testing.B) {
	const dossiers = 10_000
	for _, database := range []struct {
		name string
		open func(testing.TB) *store.Store
	}{{"sqlite", storetest.SQLite}, {"postgres", storetest.Postgres}} {
		b.Run(database.name, func(b *testing.B) {
			st := database.open(b)
			filled := storetest.Fill(b, st, dossiers)
			o := newOffice(b, func(cfg *Config) {
				cfg.Store, cfg.RateLimit, cfg.Log = st, 1e6, slog.New(slog.NewTextHandler(io.Discard, nil))
			})
			o.moveTo(filled.Now)
			random := rand.New(rand.NewPCG(3, 4))
			pick := func(values ...string) string { return values[random.IntN(len(values))] }
			filters := func() url.Values {
				q := url.Values{}
				for name, values := range map[string][]string{
					"stage": {"", "", "all", "ended", "audit", "sessions", "closed"}, "owner": {"", "", "me", "nobody", "U-000004"},
					"alert": {"", "", "", "any", "programme_late"}, "due": {"", "", "", "overdue", "today", "week"}, "sort": {"", "", "due"},
				} {
					if v := pick(values...); v != "" {
						q.Set(name, v)
					}
				}
				return q
			}
			for _, page := range []struct {
				name string
				path func() string
			}{
				{"dossiers", func() string { return "/console/dossiers" }},
				{"dossiers_by_due", func() string { return "/console/dossiers?sort=due" }},
				{"dossiers_filtered", func() string { return "/console/dossiers?" + filters().Encode() }},
				{"dossiers_searched", func() string {
					form := filters()
					form.Set("words", pick("échantillon", "amelie", "securite", "exemple tableur", "nobody of this name", "00012", "inès fictif"))
					return o.post("/console/dossiers/search", form).header.Get("Location")
				}},
				{"due", func() string { return "/console/due" }},
				{"due_filtered", func() string {
					return "/console/due?" + url.Values{"awaits": {pick("", "staff", "trainer", "client")}, "owner": {pick("", "me", "nobody", "U-000004")},
						"when": {pick("", "overdue", "today", "week", "later")}, "kind": {pick("", "", "staff_step", "programme")}}.Encode()
				}},
				{"dossier", func() string { return "/console/dossiers/" + pick(filled.Dossiers...) }},
				{"payments", func() string { return "/console/money" }},
				{"invoices", func() string {
					return "/console/money/invoices?" + url.Values{"status": {pick("", "awaited", "received", "conform", "paid", "withdrawn")}}.Encode()
				}},
				{"clients", func() string {
					return "/console/money/clients?" + url.Values{"status": {pick("", "issued", "paid", "withdrawn")}}.Encode()
				}},
				{"recaps", func() string {
					return "/console/money/recaps?" + url.Values{"status": {pick("", "sent", "contested", "accepted", "replaced")}, "month": {pick("", "2026-05", "2025-01")}}.Encode()
				}},
				{"invoice", func() string { return "/console/money/invoices/" + pick(filled.Invoices...) }},
				{"recap", func() string { return "/console/money/recaps/" + pick(filled.Months...) }},
				{"trainers", func() string {
					return "/console/trainers?" + url.Values{"show": {pick("", "unchecked", "all")}, "topic": {pick("", "topic-1", "topic-4")}}.Encode()
				}},
				{"trainers_searched", func() string {
					return o.post("/console/trainers/search", url.Values{"words": {pick("échantillon", "amelie", "trainer-12", "nobody of this name", "T-00012")}, "show": {pick("", "all")}}).header.Get("Location")
				}},
				{"trainer", func() string { return fmt.Sprintf("/console/trainers/T-%06d", random.IntN(dossiers/20)+1) }},
				{"team", func() string { return "/console/team" }},
			} {
				b.Run(page.name, func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						b.StopTimer()
						path := page.path()
						r, err := http.NewRequest(http.MethodGet, o.http.URL+path, nil)
						require.NoError(b, err)
						b.StartTimer()
						start := time.Now()
						res, err := o.client.Do(r)
						require.NoError(b, err)
						_, err = io.Copy(io.Discard, res.Body)
						took = append(took, time.Since(start))
						require.NoError(b, err)
						require.NoError(b, res.Body.Close())
						require.Equal(b, http.StatusOK, res.StatusCode, path)
					}
					slices.Sort(took)
					ms := func(share float64) float64 {
						return float64(took[int(share*float64(len(took)-1))].Microseconds()) / 1000
					}
					b.ReportMetric(ms(.5), "p50-ms")
					b.ReportMetric(ms(.95), "p95-ms")
					b.ReportMetric(ms(1), "max-ms")
				})
			}
		})
	}
}
