package api

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

// signedIn opens the console in a browser as somebody.
func (o *office) signedIn(login string) chromedp.Tasks {
	return chromedp.Tasks{chromedp.Navigate(o.http.URL + signInPath), chromedp.SendKeys("#f-login", login, chromedp.ByQuery),
		chromedp.SendKeys("#f-password", officePassword+kb.Enter, chromedp.ByQuery), opened(".menu")}
}

// TestBrowserMoneyAndTeam walks every page of money and team on a phone, at a desk and in the dark.
func TestBrowserMoneyAndTeam(t *testing.T) {
	o := newOffice(t)
	o.money()
	require.NoError(t, o.store.AddLeave(t.Context(), models.Leave{Ref: "L-000001", UserRef: "U-000001", From: "2026-11-23", Until: "2026-11-27", Backup: "U-000003"}))
	require.NoError(t, o.store.AddLeave(t.Context(), models.Leave{Ref: "L-000002", UserRef: "U-000001", From: "2026-12-24", Until: "2026-12-31"}))
	ctx := browser(t)
	for _, who := range []struct {
		login string
		pages map[string]string
	}{
		{"bo", map[string]string{"payments": moneyPath, "invoices": moneyPath + "/invoices", "clients": moneyPath + "/clients", "recaps": moneyPath + "/recaps",
			"conform": invoices + "I-2026-000001", "awaited": invoices + "I-2026-000004", "returned": invoices + "I-2026-000005", "mismatch": invoices + "I-2026-000003",
			"received": invoices + "I-2026-000008", "client": invoices + "I-2026-000007", "contested": recapAt, "unanswered": moneyPath + "/recaps/agency/T-000002/2026-11"}},
		{"amel", map[string]string{"team": teamPath, "staff": invoices + "I-2026-000001"}},
	} {
		require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(o.http.URL+signInPath), o.signedIn(who.login)))
		for name, path := range who.pages {
			for _, lang := range []string{"fr", "en"} {
				require.NoError(t, chromedp.Run(ctx, viewport(360, 740), chromedp.Navigate(o.http.URL+path+"?lang="+lang), chromedp.WaitReady("main"),
					chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)))
				fits(t, ctx)
				accessible(t, ctx)
				picture(t, ctx, "money-"+name+"-"+lang+"-phone")
				var wide bool
				require.NoError(t, chromedp.Run(ctx, viewport(1280, 900), chromedp.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wide)))
				require.False(t, wide, path)
				picture(t, ctx, "money-"+name+"-"+lang+"-desk")
				require.NoError(t, chromedp.Run(ctx, dark("dark")))
				picture(t, ctx, "money-"+name+"-"+lang+"-dark")
				require.NoError(t, chromedp.Run(ctx, dark("")))
			}
		}
		require.NoError(t, chromedp.Run(ctx, chromedp.Click(".who button", chromedp.ByQuery), opened("#f-login")))
	}
}

func dark(scheme string) chromedp.Action {
	features := []*emulation.MediaFeature{}
	if scheme != "" {
		features = append(features, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})
	}
	return emulation.SetEmulatedMedia().WithFeatures(features)
}

// TestBrowserPaysByKeyboard confirms a payment as an accountant does, without a mouse.
func TestBrowserPaysByKeyboard(t *testing.T) {
	o, x := runningMoney(t)
	ctx := browser(t)
	var said, fault string
	require.NoError(t, chromedp.Run(ctx, viewport(1280, 900), o.signedIn("bo"), chromedp.Navigate(o.http.URL+moneyPath),
		chromedp.Focus(`table.board th a`, chromedp.ByQuery), chromedp.KeyEvent(kb.Enter), opened("#f-payment_reference"),
		chromedp.SetValue("#f-paid_on", "2026-11-26", chromedp.ByQuery), // tomorrow
		chromedp.Focus("#f-payment_reference", chromedp.ByQuery), chromedp.KeyEvent("VIR 42"+kb.Enter),
		opened("[role=alert] a"), chromedp.Text("[role=alert] a", &fault)))
	require.Equal(t, "Cette date est encore à venir.", fault)
	accessible(t, ctx)
	picture(t, ctx, "money-refused")
	require.NoError(t, chromedp.Run(ctx, chromedp.SetValue("#f-paid_on", "2026-11-25", chromedp.ByQuery),
		chromedp.Focus("#f-payment_reference", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter),
		opened(".box.good"), chromedp.Text(".box.good", &said)))
	require.Equal(t, "Le paiement est confirmé.", said)
	verb, arg := x.last(t)
	require.Equal(t, []any{"invoice/I-2026-000001 pay", "2026-11-25"}, []any{verb, arg["paid_on"]})
}

// TestBrowserPlansAnAbsence plans one and takes it back.
func TestBrowserPlansAnAbsence(t *testing.T) {
	o := newOffice(t)
	ctx := browser(t)
	var said, days string
	require.NoError(t, chromedp.Run(ctx, o.signedIn("amel"), chromedp.Navigate(o.http.URL+teamPath),
		chromedp.SetValue("#f-user", "U-000003", chromedp.ByQuery), chromedp.SetValue("#f-from", "2026-12-01", chromedp.ByQuery),
		chromedp.SetValue("#f-until", "2026-11-30", chromedp.ByQuery), chromedp.SetValue("#f-backup", "U-000001", chromedp.ByQuery),
		chromedp.Submit("#f-until", chromedp.ByQuery), opened("[role=alert] a")))
	accessible(t, ctx)
	require.NoError(t, chromedp.Run(ctx, chromedp.SetValue("#f-until", "2026-12-04", chromedp.ByQuery), chromedp.Submit("#f-until", chromedp.ByQuery),
		opened(".box.good"), chromedp.Text(".box.good", &said), chromedp.Text(".leaves li span", &days, chromedp.ByQuery)))
	require.Equal(t, "L’absence est prévue.", said)
	require.Contains(t, days, "du 1er décembre 2026 au 4 décembre 2026")
	accessible(t, ctx)
	require.NoError(t, chromedp.Run(ctx, chromedp.Click(".leaves button", chromedp.ByQuery), chromedp.WaitNotPresent(".leaves", chromedp.ByQuery)))
	leaves, err := o.store.Leaves(t.Context(), "U-000003", "2026-01-01")
	require.NoError(t, err)
	require.Empty(t, leaves)
}
