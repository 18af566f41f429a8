package api

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"jalon/store/storetest"
)

// TestMain stops what the package's tests share: the browser, and a PostgreSQL server.
func TestMain(m *testing.M) { storetest.Main(m, stopBrowser) }

const chromium = "/usr/bin/chromium"

// chrome is the one browser of the package, started by the first test that needs it.
var chrome struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func startBrowser() {
	if _, chrome.err = os.Stat(chromium); chrome.err != nil {
		chrome.err = fmt.Errorf("%s is missing: apt-get install chromium", chromium)
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox)
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	chrome.ctx, chrome.stop = ctx, func() { cancel(); release() }
	chrome.err = chromedp.Run(ctx)
}

// stopBrowser ends the package's browser, if any test started it.
func stopBrowser() {
	if chrome.stop != nil {
		chrome.stop()
	}
}

// browser opens a tab as small as a phone, with cookies of its own; whatever the browser complains about fails the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	chrome.once.Do(startBrowser)
	require.NoError(t, chrome.err)
	// chromedp's own way to a context with cookies of its own opens no window, which this mode of Chromium asks for.
	all := cdp.WithExecutor(chrome.ctx, chromedp.FromContext(chrome.ctx).Browser)
	own, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(all)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, target.DisposeBrowserContext(own).Do(all)) })
	tab, err := target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(all)
	require.NoError(t, err)
	ctx, cancel := chromedp.NewContext(chrome.ctx, chromedp.WithTargetID(tab))
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute) // for what never comes; a page takes milliseconds
	t.Cleanup(cancel)
	var mu sync.Mutex
	var complaints []string
	chromedp.ListenTarget(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			// A refused form is an answer like any other; the browser notes its status.
			if e.Entry.Source != log.SourceNetwork {
				complaints = append(complaints, e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		}
	})
	require.NoError(t, chromedp.Run(ctx, log.Enable(), viewport(360, 740)))
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		require.Empty(t, complaints)
	})
	return ctx
}

func viewport(width, height int64) chromedp.Action {
	return chromedp.EmulateViewport(width, height)
}

// picture keeps what the tab shows in the folder JALON_SCREENSHOTS, for people to look at; without it, nowhere.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	folder := os.Getenv("JALON_SCREENSHOTS")
	if folder == "" {
		return
	}
	var png []byte
	require.NoError(t, chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)))
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600))
}

// opened waits for what shows that a page has opened, then for all of that page: it may show before its style sheets are
// there, wider than it will be, and what is clicked on then still moves.
func opened(selector string) chromedp.Action {
	return chromedp.Tasks{chromedp.WaitVisible(selector), chromedp.Poll(`document.readyState === "complete"`, nil)}
}

// fits fails when a page is wider than the screen, or something to touch is smaller than a finger.
func fits(t *testing.T, ctx context.Context) {
	t.Helper()
	var wide, small []string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Evaluate(`[document.documentElement, document.querySelector("main"), ...document.querySelectorAll(".scroll")]
			.filter(e => e.scrollWidth > e.clientWidth).map(e => e.tagName + " " + e.scrollWidth)`, &wide),
		chromedp.Evaluate(`[...document.querySelectorAll("button, .button, .pick, select, input:not([type=hidden],[type=checkbox],[type=radio]), summary")]
			.filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 80))`, &small)))
	require.Empty(t, wide, "wider than the screen")
	require.Empty(t, small, "too small to touch")
}

// accessible checks the page as the browser presents it to assistive technology: its language and title, its landmarks
// and headings, a name for all that can be used, and faults that are announced, lead to their field and are told there.
func accessible(t *testing.T, ctx context.Context) {
	t.Helper()
	var tree axTree
	var lang string
	var untold []string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Evaluate(`document.documentElement.lang`, &lang),
		chromedp.Evaluate(faultsUntold, &untold),
		chromedp.ActionFunc(func(ctx context.Context) error { return tree.read(ctx) })))
	faults := untold
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if lang != "fr" && lang != "en" {
		fault("the page's language is %q", lang)
	}
	byID := map[string]*axNode{}
	for _, n := range tree.Nodes {
		byID[n.ID] = n
	}
	within := func(n *axNode, role string) bool {
		for ; n != nil; n = byID[n.Parent] {
			if n.Role.text() == role {
				return true
			}
		}
		return false
	}
	count := map[string]int{}
	names := map[string][]string{} // of landmarks that may come more than once
	level := 0
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		role, name := n.Role.text(), n.Name.text()
		count[role]++
		switch role {
		case "RootWebArea", "heading", "button", "link", "textbox", "searchbox", "combobox", "listbox", "option", "checkbox", "radio", "switch", "spinbutton",
			"slider", "Date", "DateTime", "InputTime", "image", "radiogroup", "DisclosureTriangle", "table", "alertdialog", "dialog":
			if name == "" {
				fault("a %s has no name: %s", role, around(n, byID))
			}
		case "navigation", "search", "region":
			names[role] = append(names[role], name)
		}
		if role == "heading" {
			now := n.level()
			switch {
			case within(n, "alert"): // a summary of faults comes before the page it is about
			case now > level+1:
				fault("heading %q is of level %d, after one of level %d", name, now, level)
				level = now
			default:
				level = now
			}
			if now == 1 {
				count["h1"]++
			}
		}
	}
	for what, want := range map[string]int{"h1": 1, "main": 1, "banner": 1, "contentinfo": 1} {
		if count[what] != want {
			fault("%d %s, not %d", count[what], what, want)
		}
	}
	for role, list := range names {
		slices.Sort(list)
		if len(list) > 1 && (slices.Contains(list, "") || len(slices.Compact(slices.Clone(list))) < len(list)) {
			fault("%s cannot be told apart: %q", role, list)
		}
	}
	require.Empty(t, faults)
}

// faultsUntold lists what is wrong with how a page tells of groups and faults: fields said to be invalid without an
// announcement, an announcement that leads nowhere, a field that does not say what is wrong with it.
const faultsUntold = `(() => {
	const out = [], words = e => (e?.textContent ?? "").trim(), show = e => e.outerHTML.slice(0, 100);
	const told = e => (e?.getAttribute("aria-describedby") ?? "").split(/\s+/).filter(Boolean)
		.some(id => document.getElementById(id)?.matches(".wrong") && words(document.getElementById(id)));
	const alerts = [...document.querySelectorAll("[role=alert]")], invalid = [...document.querySelectorAll("[aria-invalid=true]")];
	for (const f of document.querySelectorAll("fieldset"))
		if (!words(f.querySelector(":scope > legend"))) out.push("a group of fields has no name: " + show(f));
	if (alerts.length > 1) out.push("more than one alert");
	if (alerts.some(a => !words(a))) out.push("an alert says nothing");
	if (invalid.length && !alerts.length) out.push("faults are not announced");
	for (const e of invalid)
		if (![e, e.closest("fieldset")].some(told)) out.push("a field does not say what is wrong: " + show(e));
	for (const a of document.querySelectorAll("[role=alert] a")) {
		const to = document.getElementById(a.hash.slice(1));
		if (!to) out.push("leads nowhere: " + show(a));
		else if (to.tabIndex < 0 && !to.hasAttribute("tabindex")) out.push("leads to what takes no focus: " + show(to));
		else if (!to.matches("[aria-invalid=true]") && !to.querySelector("[aria-invalid=true]")) out.push("leads to a field without fault: " + show(to));
	}
	return out;
})()`

// axTree is the accessibility tree; the types of cdproto refuse what this Chromium says of ignored nodes.
type axTree struct {
	Nodes []*axNode `json:"nodes"`
}

func (tree *axTree) read(ctx context.Context) error {
	return cdp.Execute(ctx, accessibility.CommandGetFullAXTree, nil, tree)
}

type axNode struct {
	ID         string            `json:"nodeId"`
	Parent     string            `json:"parentId"`
	Ignored    bool              `json:"ignored"`
	Backend    cdp.BackendNodeID `json:"backendDOMNodeId"`
	Role       axValue           `json:"role"`
	Name       axValue           `json:"name"`
	Properties []struct {
		Name  string  `json:"name"`
		Value axValue `json:"value"`
	} `json:"properties"`
}

type axValue struct {
	Value any `json:"value"`
}

func (v axValue) text() string {
	s, _ := v.Value.(string)
	return strings.TrimSpace(s)
}

// level is that of a heading.
func (n *axNode) level() int {
	for _, p := range n.Properties {
		if l, ok := p.Value.Value.(float64); ok && p.Name == "level" {
			return int(l)
		}
	}
	return 0
}

// around names the nearest thing around a node that has a name, to find it by.
func around(n *axNode, byID map[string]*axNode) string {
	for n = byID[n.Parent]; n != nil; n = byID[n.Parent] {
		if name := n.Name.text(); name != "" {
			return fmt.Sprintf("in %s %q", n.Role.text(), name)
		}
	}
	return "in the page"
}
