package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// Browser is what one person outside holds: it opens links, reads forms and sends them. Each has an address of its own,
// as people's machines have, since calls are limited by address.
type Browser struct {
	http  *http.Client
	pause time.Duration // real time between two looks at a page
}

var addresses atomic.Uint32

func newBrowser(pause time.Duration) *Browser {
	n := addresses.Add(1)
	own := &net.TCPAddr{IP: net.IPv4(127, 1+byte(n>>16)%200, byte(n>>8), byte(n))}
	plain := net.Dialer{}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, _ := net.SplitHostPort(address); host == "127.0.0.1" {
			if c, err := (&net.Dialer{LocalAddr: own}).DialContext(ctx, network, address); err == nil {
				return c, nil
			}
		}
		return plain.DialContext(ctx, network, address) // where only one loopback address exists
	}
	return &Browser{pause: pause, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: dial, MaxIdleConnsPerHost: 2, IdleConnTimeout: 5 * time.Second}}}
}

// Page is a page as a person sees it.
type Page struct {
	URL    string
	Status int
	State  string // form, done, recorded, waiting, closed, failed
	Code   string
	Title  string
	Text   string
	Forms  []*Form
}

// Form is one form of a page, with what it holds.
type Form struct {
	Action  string
	Upload  bool
	Values  url.Values
	Options map[string][]string // what can be picked, by field
	file    []byte
}

// Attach puts a file in an upload form.
func (f *Form) Attach(content []byte) { f.file = content }

// Form is the form of a page that asks for an action.
func (p *Page) Form(action string) *Form {
	i := slices.IndexFunc(p.Forms, func(f *Form) bool { return f.Values.Get("action") == action })
	if i < 0 {
		return nil
	}
	return p.Forms[i]
}

// Open shows a page.
func (b *Browser) Open(ctx context.Context, link string) (*Page, error) {
	return b.do(ctx, http.MethodGet, link, "", nil)
}

// Submit sends a form and shows the page that answers.
func (b *Browser) Submit(ctx context.Context, p *Page, f *Form) (*Page, error) {
	base, err := url.Parse(p.URL)
	if err != nil {
		return nil, err
	}
	target, err := base.Parse(f.Action)
	if err != nil {
		return nil, err
	}
	if !f.Upload {
		return b.do(ctx, http.MethodPost, target.String(), "application/x-www-form-urlencoded", []byte(f.Values.Encode()))
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range f.Values {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				return nil, err
			}
		}
	}
	part, err := w.CreateFormFile("file", "facture.pdf")
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(f.file); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.do(ctx, http.MethodPost, target.String(), w.FormDataContentType(), body.Bytes())
}

// errAway says that the house did not answer: a person tries again.
var errAway = errors.New("no answer")

func (b *Browser) do(ctx context.Context, method, address, kind string, body []byte) (*Page, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway:
		return nil, fmt.Errorf("%w: status %d", errAway, resp.StatusCode)
	}
	return readPage(resp.Request.URL.String(), resp.StatusCode, content)
}

func readPage(address string, status int, content []byte) (*Page, error) {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	main := doc.Find("main")
	p := &Page{URL: address, Status: status, State: main.AttrOr("data-state", ""), Code: main.AttrOr("data-code", ""),
		Title: strings.TrimSpace(doc.Find("h1").First().Text()), Text: strings.Join(strings.Fields(main.Text()), " ")}
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		if !strings.EqualFold(s.AttrOr("method", ""), http.MethodPost) {
			return
		}
		p.Forms = append(p.Forms, readForm(s))
	})
	return p, nil
}

func readForm(s *goquery.Selection) *Form {
	f := &Form{Action: s.AttrOr("action", ""), Upload: s.AttrOr("enctype", "") == "multipart/form-data", Values: url.Values{},
		Options: map[string][]string{}}
	s.Find("input").Each(func(_ int, in *goquery.Selection) {
		name, value := in.AttrOr("name", ""), in.AttrOr("value", "")
		switch in.AttrOr("type", "text") {
		case "checkbox", "radio":
			f.Options[name] = append(f.Options[name], value)
			if _, on := in.Attr("checked"); on {
				f.Values.Add(name, value)
			}
		case "file", "submit", "button":
		default:
			f.Values.Add(name, value)
		}
	})
	s.Find("textarea").Each(func(_ int, in *goquery.Selection) {
		f.Values.Add(in.AttrOr("name", ""), strings.TrimPrefix(in.Text(), "\n"))
	})
	s.Find("select").Each(func(_ int, in *goquery.Selection) {
		name := in.AttrOr("name", "")
		in.Find("option").Each(func(i int, o *goquery.Selection) {
			value := o.AttrOr("value", "")
			f.Options[name] = append(f.Options[name], value)
			if _, on := o.Attr("selected"); on {
				f.Values.Set(name, value)
			}
		})
	})
	return f
}

// errNotYet makes Act look at the page again later.
var errNotYet = errors.New("not yet")

// Act opens a link, fills in the form of an action and sends it. While nothing can be done yet, or the house does not
// answer, it tries again until ctx ends. What was recorded before is no error.
func (b *Browser) Act(ctx context.Context, link, action string, fill func(f *Form) error) (*Page, error) {
	for {
		page, err := b.act(ctx, link, action, fill)
		if !errors.Is(err, errAway) && !errors.Is(err, errNotYet) {
			return page, err
		}
		if !pause(ctx, b.pause) {
			return page, fmt.Errorf("%s: %w", action, errors.Join(ctx.Err(), err))
		}
	}
}

func (b *Browser) act(ctx context.Context, link, action string, fill func(f *Form) error) (*Page, error) {
	page, err := b.Open(ctx, link)
	if err != nil {
		return nil, err
	}
	switch page.State {
	case "recorded":
		return page, nil
	case "waiting":
		return page, errNotYet
	}
	form := page.Form(action)
	if form == nil {
		return page, &Stopped{Action: action, Page: page}
	}
	if err := fill(form); err != nil {
		return page, err
	}
	page, err = b.Submit(ctx, page, form)
	switch {
	case err != nil:
		return nil, err
	case page.Status == http.StatusOK, page.State == "recorded":
		return page, nil
	case page.Code == "document_changed":
		return page, errNotYet
	}
	return page, &Stopped{Action: action, Page: page}
}

// Stopped says that a page did not let a person act.
type Stopped struct {
	Action string
	Page   *Page
}

func (e *Stopped) Error() string {
	return fmt.Sprintf("%s: page %q answers %d %s: %.300s", e.Action, e.Page.Title, e.Page.Status, e.Page.Code, e.Page.Text)
}

// pause waits in real time; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
