package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// The local mailbox shows every mail of the installation, to everybody who can reach it: it is for development and
// demonstration, where no mail goes out.
func (s *Server) registerMailbox() {
	s.page(http.MethodGet, "/mailbox", Public, s.serveMailbox)
	s.page(http.MethodGet, "/mailbox.json", Public, s.serveMailboxJSON)
	s.page(http.MethodGet, "/mailbox/item", Public, s.serveMail)
	s.page(http.MethodGet, "/mailbox/html", Public, s.serveMailHTML)
	s.page(http.MethodGet, "/mailbox/file", Public, s.serveMailFile)
}

// mailboxPage is how many mails a page of the mailbox holds.
const mailboxPage = 50

// serveHome says what this is and where to go.
func (s *Server) serveHome(c *gin.Context) {
	v := s.newVisit(c)
	type place struct{ Href, Label, Small string }
	places := []place{{ConsolePath, v.t("home.console"), v.t("home.console_small")}}
	if s.cfg.Mailbox {
		places = append(places, place{"/mailbox", v.t("home.mailbox"), v.t("home.mailbox_small")})
	}
	places = append(places, place{"/openapi.json", v.t("home.api"), v.t("home.api_small")})
	if s.cfg.TemporalUIURL != "" {
		places = append(places, place{s.cfg.TemporalUIURL, v.t("home.temporal"), v.t("home.temporal_small")})
	}
	v.render(http.StatusOK, "home", &web.Page{Title: v.t("home.title"), State: "home", Data: places})
}

func (s *Server) serveMailbox(c *gin.Context) {
	v := s.newVisit(c)
	to := strings.TrimSpace(c.Query("to"))
	cursor, err := cursorOf(c.Query("cursor"))
	if err != nil {
		v.stop(v.failed(models.NewError(models.CodeMalformed, "cursor")))
		return
	}
	list, err := s.store.Mailbox(v.ctx, to, cursor, mailboxPage)
	if err != nil {
		v.stop(v.failed(err))
		return
	}
	held, err := s.store.Held(v.ctx, v.now)
	if err != nil {
		v.stop(v.failed(err))
		return
	}
	type line struct {
		models.MailboxItem
		Href string
	}
	data := struct {
		To, Newer, Older, Held, Later string
		Items                         []line
	}{To: to}
	if held.First > 0 {
		data.Held = v.t("mailbox.held", "count", held.First, "when", web.DateTime(v.lang, held.Next))
	}
	if held.Later > 0 {
		data.Later = v.t("mailbox.later", "count", held.Later)
	}
	for _, m := range list.Items {
		data.Items = append(data.Items, line{m, "/mailbox/item?" + url.Values{"key": {m.Key}}.Encode()})
	}
	if cursor.ID != "" {
		data.Newer = "/mailbox?" + url.Values{"to": {to}}.Encode()
	}
	if list.Next.ID != "" {
		data.Older = "/mailbox?" + url.Values{"to": {to}, "cursor": {list.Next.String()}}.Encode()
	}
	v.render(http.StatusOK, "mailbox", &web.Page{Title: v.t("mailbox.title"), State: "mailbox", Wide: true, Data: data})
}

// mailLink is a link found in a mail; Purpose is set for those that act.
type mailLink struct {
	URL     string         `json:"url"`
	Purpose models.Purpose `json:"purpose,omitempty"`
}

var urlForm = regexp.MustCompile(`https?://[^\s<>"'()]+`)

// links finds the addresses in a mail's text, each once, in order.
func (s *Server) links(text string) []mailLink {
	found := []mailLink{}
	for _, u := range urlForm.FindAllString(text, -1) {
		u = strings.TrimRight(u, ".,;:!?»")
		if slices.ContainsFunc(found, func(l mailLink) bool { return l.URL == u }) {
			continue
		}
		l := mailLink{URL: u}
		if _, token, ok := strings.Cut(u, "/l/"); ok {
			if link, err := s.cfg.Signer.Verify(token); err == nil {
				l.Purpose = link.Purpose
			}
		}
		found = append(found, l)
	}
	return found
}

// mailboxEntry is a mail for the programs that play people: since is inclusive, mails come oldest first, and the same
// key is always the same mail.
type mailboxEntry struct {
	Key      string     `json:"key"`
	To       string     `json:"to"`
	Subject  string     `json:"subject"`
	Template string     `json:"template"`
	Dossier  string     `json:"request_ref"`
	Text     string     `json:"text"`
	Links    []mailLink `json:"links"`
	At       time.Time  `json:"at"`
}

func (s *Server) serveMailboxJSON(c *gin.Context) {
	ctx := c.Request.Context()
	var since time.Time
	if text := c.Query("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			s.problem(c, badQuery("since", "expected an RFC 3339 instant"))
			return
		}
	}
	entries := []mailboxEntry{}
	for cursor, more := (store.Cursor{}), true; more; {
		list, err := s.store.Mailbox(ctx, c.Query("to"), cursor, store.MaxPage)
		if err != nil {
			s.problem(c, err)
			return
		}
		cursor, more = list.Next, list.Next.ID != ""
		for _, m := range list.Items {
			if m.At.Before(since) {
				more = false
				break
			}
			if t := c.Query("template"); t != "" && t != m.Template {
				continue
			}
			entries = append(entries, mailboxEntry{m.Key, m.To, m.Subject, m.Template, m.Dossier, m.Text, s.links(m.Text), m.At})
		}
	}
	slices.Reverse(entries)
	body, err := json.Marshal(struct {
		Items []mailboxEntry `json:"items"`
	}{entries})
	if err != nil {
		s.problem(c, err)
		return
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", body)
}

// mail reads the mail named in the query, or answers that there is none.
func (s *Server) mail(v *visit) (models.MailboxItem, bool) {
	m, err := s.store.MailboxItem(v.ctx, v.c.Query("key"))
	if err == nil {
		return m, true
	}
	stop := v.failed(err)
	if models.ErrorCode(err) == models.CodeUnknown {
		stop.code, stop.title, stop.notice = models.CodeUnknown, v.t("mailbox.missing"), notice{}
	}
	v.stop(stop)
	return m, false
}

func (s *Server) serveMail(c *gin.Context) {
	v := s.newVisit(c)
	m, ok := s.mail(v)
	if !ok {
		return
	}
	key := url.Values{"key": {m.Key}}
	type file struct{ Name, Href string }
	data := struct {
		Item  models.MailboxItem
		Links []mailLink
		Files []file
		HTML  string
	}{Item: m, Links: s.links(m.Text)}
	for _, sha := range m.Attach {
		f := file{sha[:min(12, len(sha))] + ".pdf", "/mailbox/file?" + url.Values{"key": {m.Key}, "sha256": {sha}}.Encode()}
		if doc, err := s.store.Document(v.ctx, sha); err == nil {
			f.Name = doc.Name
		}
		data.Files = append(data.Files, f)
	}
	if m.HTML != "" {
		data.HTML = "/mailbox/html?" + key.Encode()
	}
	c.Header("Content-Security-Policy", web.CSP+"; frame-src 'self'")
	v.render(http.StatusOK, "mail", &web.Page{Title: m.Subject, State: "mail", Wide: true, Data: data})
}

// serveMailHTML shows a mail's HTML as a mail program would: its own styles, no script, nothing from elsewhere.
func (s *Server) serveMailHTML(c *gin.Context) {
	v := s.newVisit(c)
	m, ok := s.mail(v)
	if !ok {
		return
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "+
		"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation")
	c.Header("X-Frame-Options", "SAMEORIGIN")
	// Links leave the frame.
	const base = `<base target="_blank">`
	html := m.HTML
	if i := strings.Index(strings.ToLower(html), "<head>"); i >= 0 {
		html = html[:i+len("<head>")] + base + html[i+len("<head>"):]
	} else {
		html = base + html
	}
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(html))
}

// serveMailFile sends an attachment of a mail, and no other document.
func (s *Server) serveMailFile(c *gin.Context) {
	v := s.newVisit(c)
	m, ok := s.mail(v)
	if !ok {
		return
	}
	sha := c.Query("sha256")
	if !slices.Contains(m.Attach, sha) || s.cfg.Documents == nil {
		v.stop(v.failed(models.NewError(models.CodeUnknown, "no such attachment")))
		return
	}
	v.sendDocument(sha, "attachment")
}
