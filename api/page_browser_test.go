package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

func TestBrowserAnswers(t *testing.T) {
	h := newPageHouse(t)
	ctx := browser(t)
	var title, fault, focus, typed, state, code string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(h.link(models.LinkAnswer, dossier+"/1/invitation/1")),
		chromedp.Text("h1", &title)))
	require.Equal(t, "Seriez-vous disponible pour cette mission\u202f?", title)
	fits(t, ctx)
	accessible(t, ctx)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.SendKeys("#f-rate", "quatre cents", chromedp.ByQuery),
		chromedp.SendKeys("#f-message", "Disponible en décembre", chromedp.ByQuery),
		chromedp.Click(`form:has([value=accept]) button`),
		opened(`[role=alert]`),
		chromedp.Text(`[role=alert] a`, &fault),
		chromedp.Click(`[role=alert] a`),
		chromedp.Evaluate(`document.activeElement.id || document.querySelector(":target").id`, &focus),
		chromedp.Value("#f-message", &typed, chromedp.ByQuery)))
	require.Contains(t, fault, "montant en euros")
	require.Equal(t, "f-rate", focus)
	require.Equal(t, "Disponible en décembre", typed)
	fits(t, ctx)
	accessible(t, ctx)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Clear("#f-rate", chromedp.ByQuery),
		chromedp.SendKeys("#f-rate", "420", chromedp.ByQuery),
		chromedp.SetValue("#f-unit", "day", chromedp.ByQuery),
		chromedp.Click(`form:has([value=accept]) button`),
		opened(`[data-state=done]`)))
	row := h.fact(models.LinkAnswer, dossier+"/1/invitation/1", 0)
	require.Equal(t, models.Cents(42_000), row.Data.RateCents)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(h.link(models.LinkAnswer, dossier+"/1/invitation/1")),
		chromedp.AttributeValue("main", "data-state", &state, nil),
		chromedp.AttributeValue("main", "data-code", &code, nil)))
	require.Equal(t, "recorded", state)
	require.Equal(t, "link_used", code)
	require.Len(t, h.delivered.facts, 1)
}

func TestBrowserSigns(t *testing.T) {
	h := newPageHouse(t)
	ctx := browser(t)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(h.link(models.LinkSign, dossier+"/contract/2")),
		chromedp.Click(`nav a[hreflang=en]`),
		opened(`html[lang=en] main`)))
	fits(t, ctx)
	accessible(t, ctx)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Click(`.pick`), // the whole label is the target
		chromedp.SendKeys("#f-name", "Camille Durand\r", chromedp.ByQuery),
		opened(`html[lang=en] [data-state=done]`)))
	row := h.fact(models.LinkSign, dossier+"/contract/2", 0)
	require.Equal(t, sha, row.Data.SHA256)
	require.Equal(t, "T-000042", row.Actor)
}

// TestBrowserEveryPageFitsAPhone writes what pages look like into JALON_SCREENSHOTS, for people to look at; without it, it checks
// that every page fits a phone.
func TestBrowserEveryPageFitsAPhone(t *testing.T) {
	h := newPageHouse(t)
	ctx := browser(t)
	h.mail()
	folder := os.Getenv("JALON_SCREENSHOTS")
	pages := map[string]string{"home": h.url + "/", "mailbox": h.url + "/mailbox", "mail": h.url + "/mailbox/item?key=invitation%2F1",
		"attend": h.link(models.LinkAttend, dossier+"/session/1|P-000001"), "late": h.link(models.LinkAnswer, dossier+"/1/invitation/2"),
		"invoice": h.link(models.LinkInvoice, "I-2026-000077", 1), "hot": h.link(models.LinkHot, dossier+"|P-000001"),
		"expired": h.link(models.LinkSign, dossier+"/contract/3"), "invalid": h.url + "/l/none",
		"early": h.link(models.LinkAuditReport, dossier+"/audit/5", 1), "cold": h.link(models.LinkCold, dossier+"|P-000002")}
	for _, j := range journeys() {
		pages[string(j.purpose)] = h.link(j.purpose, j.subject, j.generation)
	}
	visit := func(name, address string) {
		sep := "?"
		if strings.Contains(address, "?") {
			sep = "&"
		}
		for _, lang := range []string{"fr", "en"} {
			require.NoError(t, chromedp.Run(ctx, viewport(360, 740), chromedp.Navigate(address+sep+"lang="+lang), chromedp.WaitReady("main")))
			fits(t, ctx)
			accessible(t, ctx)
			require.NoError(t, chromedp.Run(ctx, viewport(1200, 900)))
			fits(t, ctx)
			accessible(t, ctx)
			if folder == "" {
				continue
			}
			for look, action := range map[string]chromedp.Action{"phone": viewport(360, 740), "desk": viewport(1200, 900),
				"dark": emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}})} {
				var png []byte
				require.NoError(t, chromedp.Run(ctx, action, chromedp.FullScreenshot(&png, 100),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{})))
				require.NoError(t, os.WriteFile(filepath.Join(folder, name+"-"+lang+"-"+look+".png"), png, 0o600))
			}
		}
	}
	for name, address := range pages {
		visit(name, address)
	}
	h.set(paris(20, 9, 0))
	visit("positioning", h.link(models.LinkPositioning, dossier+"|P-000001"))
}
