package api

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// visits signs somebody in with the browser.
func (o *office) visits(t *testing.T, ctx context.Context, login string) {
	t.Helper()
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(o.http.URL+"/sign-in"),
		chromedp.SendKeys("#f-login", login, chromedp.ByQuery),
		chromedp.SendKeys("#f-password", officePassword+kb.Enter, chromedp.ByQuery),
		opened(`.console [data-state=list]`)))
}

// looks opens a page as a phone and as a desk show it, in light and dark.
func (o *office) looks(t *testing.T, ctx context.Context, name, path string) {
	t.Helper()
	dark := func(scheme string) chromedp.Action {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}})
	}
	for _, look := range []struct {
		name, scheme  string
		width, height int64
	}{{"phone", "light", 360, 740}, {"phone-dark", "dark", 360, 740}, {"tablet", "light", 800, 1000}, {"desk", "light", 1280, 900}, {"desk-dark", "dark", 1280, 900}} {
		require.NoError(t, chromedp.Run(ctx, viewport(look.width, look.height), dark(look.scheme), chromedp.Navigate(o.http.URL+path), chromedp.WaitReady("main")))
		var wide []string
		require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`[document.documentElement, document.querySelector("main"), ...document.querySelectorAll("table")]
			.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.tagName + " " + e.scrollWidth)`, &wide)))
		require.Empty(t, wide, "%s is wider than a %s", path, look.name)
		accessible(t, ctx)
		picture(t, ctx, name+"-"+look.name)
	}
	require.NoError(t, chromedp.Run(ctx, dark("light"), viewport(360, 740)))
}

func TestBrowserDossiersAndDue(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	ctx := browser(t)
	o.visits(t, ctx, "amel")
	fits(t, ctx)

	// By keyboard alone: past the menu, to the search, to a dossier found without accents.
	var focus, address, text string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Evaluate(`document.activeElement.blur()`, nil),
		chromedp.KeyEvent(kb.Tab),
		chromedp.Evaluate(`document.activeElement.className`, &focus)))
	require.Equal(t, "skip", focus, "the first thing reached leads past the menu")
	require.NoError(t, chromedp.Run(ctx,
		chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab),
		chromedp.Evaluate(`document.activeElement.id`, &focus)))
	require.Equal(t, "f-words", focus)
	require.NoError(t, chromedp.Run(ctx,
		chromedp.KeyEvent("lefevre"+kb.Enter),
		opened(`.box[role=status]`),
		chromedp.Location(&address),
		chromedp.Text("table.board tbody", &text)))
	require.NotContains(t, address, "lefevre")
	require.Contains(t, text, "D-2026-000001")
	require.NotContains(t, text, "D-2026-000002")
	o.looks(t, ctx, "dossiers-searched", strings.TrimPrefix(address, o.http.URL))

	// Filters are folded until they are used.
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(o.http.URL+dossiersPath),
		chromedp.Click(`details.more summary`),
		chromedp.SetValue("#f-alert", "any", chromedp.ByQuery)))
	_, err := chromedp.RunResponse(ctx, chromedp.Click(`form:has(#f-alert) button`))
	require.NoError(t, err)
	require.NoError(t, chromedp.Run(ctx,
		opened(`details[open] #f-alert`),
		chromedp.Location(&address),
		chromedp.Text("table.board tbody", &text)))
	require.Contains(t, address, "alert=any")
	require.Contains(t, text, "D-2026-000002")
	require.NotContains(t, text, "D-2026-000001")
	fits(t, ctx)
	for name, path := range map[string]string{"dossiers": dossiersPath, "dossiers-filtered": dossiersPath + "?alert=any&stage=all&lang=en", "dossiers-none": dossiersPath + "?policy=solstice&lang=fr",
		"due": duePath, "due-filtered": duePath + "?awaits=staff&when=week", "postpone": postponePath + "?id=request%2FD-2026-000001%231"} {
		o.looks(t, ctx, name, path)
	}

	// From the board to a form that says what is wrong.
	var fault string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(o.http.URL+duePath+"?when=today"),
		chromedp.Click(`a[href*=postpone]`),
		opened(`#f-date`),
		chromedp.SetValue("#f-date", "2026-11-25", chromedp.ByQuery),
		chromedp.SetValue("#f-time", "16:30", chromedp.ByQuery),
		chromedp.SendKeys("#f-reason", "Le client rappelle", chromedp.ByQuery),
		chromedp.Click(`form[action*=postpone] button`),
		opened(`[role=alert]`),
		chromedp.Text(`[role=alert] a`, &fault)))
	require.NotEmpty(t, fault)
	fits(t, ctx)
	accessible(t, ctx)
	picture(t, ctx, "postpone-refused")
}
