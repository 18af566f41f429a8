package e2e

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"jalon/demo"
	"jalon/models"
)

// TestConsoleWalk takes a dossier on as a case officer does, in a browser and by the console alone: the search is
// started, a trainer's answer by phone recorded, the trainer retained, what is awaited then postponed. Nobody outside
// does anything; each page shows at once what the act before led to.
func TestConsoleWalk(t *testing.T) {
	in, err := demo.Install(t.Context(), demo.Options{Binary: binary, Dir: t.TempDir(), Scale: 1, Epoch: time.Date(2026, time.November, 24, 8, 30, 0, 0, time.UTC)})
	if in != nil {
		t.Cleanup(in.Stop)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := in.Run(t.Context(), "user", "add", "amel", "--name", "Amel Exemple", "--email", "amel@example.org")
	if err != nil {
		t.Fatal(err)
	}
	password := regexp.MustCompile(`password (\S+)`).FindStringSubmatch(out)[1]
	staff := demo.NewCaller(in.URL, in.StaffToken)
	var brief models.Brief
	err = staff.Post(t.Context(), "/requests", "walk", map[string]any{"channel": "phone", "topic": "tableur", "title": "Tableur, prise en main", "mode": "remote", "group_size": 4,
		"client": map[string]any{"type": "sme", "name": "Société Exemple", "company_number": "999999980", "contacts": []map[string]any{{"name": "Contact Exemple", "email": "contact@example.org"}}},
		"order":  map[string]any{"half_days": 4, "unit": "half_day", "unit_price_cents": 60_000}}, &brief)
	if err != nil {
		t.Fatal(err)
	}

	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox)...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	do := func(what string, actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			var page string
			_ = chromedp.Run(ctx, chromedp.Text("main", &page))
			t.Fatalf("%s: %v\n%s", what, err, page)
		}
	}
	page := in.URL + "/console/dossiers/" + brief.Ref
	opened := func(selector string) chromedp.Action { // with its style sheets: until then what is clicked on moves
		return chromedp.Tasks{chromedp.WaitVisible(selector), chromedp.Poll(`document.readyState === "complete"`, nil)}
	}
	stage := func(want string) chromedp.Action { // of the page that says what was just done
		return chromedp.Tasks{opened("main > [role=status]"), chromedp.ActionFunc(func(ctx context.Context) error {
			var got string
			if err := chromedp.Text("[aria-current=step]", &got).Do(ctx); err != nil || got != want {
				return fmt.Errorf("stage %q, want %q: %w", got, want, err)
			}
			return nil
		})}
	}
	do("sign in", chromedp.Navigate(page), chromedp.SendKeys("#f-login", "amel"), chromedp.SendKeys("#f-password", password+kb.Enter),
		opened(`a[href$="/decide/qualify"]`))
	do("start the search", chromedp.Click(`a[href$="/decide/qualify"]`), opened("#f-owner"), chromedp.Click(".decide .actions button"),
		stage("Recherche d’un formateur"), opened(`a[href*="/record/answer"]`))
	do("record an answer by phone", chromedp.Click(`a[href*="/record/answer"]`), opened("#f-rate"), chromedp.Click(`[name=answer][value=interested]`),
		chromedp.SendKeys("#f-rate", "412,50"), chromedp.SetValue("#f-rate_in", "day"), chromedp.SendKeys("#f-note", "Disponible en décembre"), chromedp.Click(".decide .actions button"),
		stage("Recherche d’un formateur"), opened(`a[href*="/decide/choose?"]`))
	do("retain the trainer", chromedp.Click(`a[href*="/decide/choose?"]`), opened("[name=invitation]:checked"), chromedp.SendKeys("#f-reason", "La mieux placée"),
		chromedp.Click(".decide .actions button"), stage("Audit"), opened(`a[href*="/record/slots"]`))
	var before, after string
	do("postpone the slots", chromedp.Text(`ul.awaited li:has(a[href*="from=dossier"])`, &before), chromedp.Click(`ul.awaited li:last-child a[href*=postpone]`), opened("#f-date"),
		chromedp.SetValue("#f-date", "2026-12-18"), chromedp.SendKeys("#f-reason", "Le formateur est en congé"), chromedp.Click(`form[action*=postpone] button`),
		stage("Audit"), chromedp.Text("ul.awaited", &after))
	if !regexp.MustCompile(`18 décembre 2026`).MatchString(after) || !regexp.MustCompile(`Le formateur est en congé`).MatchString(after) {
		t.Errorf("awaited before:\n%s\nafter:\n%s", before, after)
	}
	var journal string
	do("read the timeline", chromedp.Navigate(page+"/journal"), chromedp.Text(".journal", &journal))
	for _, want := range []string{"par téléphone, noté par Amel Exemple", "Disponible en décembre", "La mieux placée", "L’échéance est reportée"} {
		if !regexp.MustCompile(regexp.QuoteMeta(want)).MatchString(journal) {
			t.Errorf("the timeline lacks %q:\n%s", want, journal)
		}
	}
}
