package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// ConsolePath is where the staff console begins.
const ConsolePath = "/console"

const (
	signInPath = "/sign-in"
	flashKey   = "flash" // session: what was just done, to say once
	langKey    = "lang"  // session: the language chosen
	keyField   = "key"   // form: the idempotency key it was drawn with
)

// desk is one visit of the console by somebody signed in.
type desk struct {
	*visit
	who Caller
}

// console registers a page of staff. Who is not signed in is sent to the sign-in page and comes back here.
func (s *Server) console(method, path string, rule Rule, handler func(*desk)) {
	path = ConsolePath + path
	s.rules[method+" "+path] = rule
	s.engine.Handle(method, path, func(c *gin.Context) {
		err := s.admit(c, rule)
		switch models.ErrorCode(err) {
		case "":
		case models.CodeUnauthenticated:
			next := c.Request.URL.RequestURI()
			if unsafe(method) {
				next = ConsolePath
			}
			c.Redirect(http.StatusSeeOther, signInPath+"?"+url.Values{"next": {next}}.Encode())
			return
		case models.CodeForbidden:
			caller, _ := s.authenticate(c.Request)
			s.newDesk(c, caller).forbidden("console.forbidden")
			return
		default:
			s.refusePage(c, err)
			return
		}
		handler(s.newDesk(c, callFrom(c.Request.Context()).Caller))
	})
}

// noAddress answers an address that does not exist: who is signed in and looks for a page of the console keeps its menu.
func (s *Server) noAddress(c *gin.Context) {
	err := refuse(models.CodeUnknown)
	if strings.HasPrefix(c.Request.URL.Path, ConsolePath+"/") && strings.Contains(c.GetHeader("Accept"), "text/html") {
		switch who := s.admit(c, Everyone); models.ErrorCode(who) {
		case "":
			s.newDesk(c, callFrom(c.Request.Context()).Caller).fail(err)
			return
		case models.CodeRateLimited:
			err = refuse(models.CodeRateLimited)
		}
	}
	s.refusePage(c, err)
}

func (s *Server) newDesk(c *gin.Context, who Caller) *desk {
	v := s.newVisit(c)
	v.person = who.Ref
	switch chosen := models.Lang(s.sessions.GetString(v.ctx, langKey)); {
	case v.chosen && who.cookie:
		s.sessions.Put(v.ctx, langKey, string(v.lang))
	case v.chosen:
	case chosen != "":
		v.lang = chosen
	case who.Lang != "":
		v.lang = who.Lang
	}
	v.chosen = false // kept in the session, not in addresses
	return &desk{v, who}
}

// places are the entries of the menu, in order; a place is shown to those its rule lets in.
var places = []struct {
	path, label string
	rule        Rule
}{
	{"/dossiers", "console.dossiers", Everyone},
	{"/due", "console.due", Everyone},
	{"/trainers", "console.trainers", Everyone},
	{"/money", "console.money", StaffMoney},
	{"/team", "console.team", Everyone},
}

// render draws a page in the console's frame.
func (d *desk) render(status int, name string, p *web.Page) {
	path := d.c.Request.URL.Path
	frame := &web.Console{User: d.who.Name, Flash: d.s.sessions.PopString(d.ctx, flashKey)}
	for _, place := range places {
		if !place.rule.Allows(d.who.Roles) {
			continue
		}
		at := ConsolePath + place.path
		current := path == at || strings.HasPrefix(path, at+"/")
		frame.Nav = append(frame.Nav, web.NavItem{Href: at, Label: d.t(place.label), Current: current})
	}
	if d.s.cfg.TemporalUIURL != "" {
		frame.Nav = append(frame.Nav, web.NavItem{Href: d.s.cfg.TemporalUIURL, Label: d.t("console.temporal")})
	}
	p.Console = frame
	d.visit.render(status, name, p)
}

// forbidden says, by the key of its sentence, what the person's roles do not allow.
func (d *desk) forbidden(why string) {
	d.render(http.StatusForbidden, "notice", &web.Page{Title: d.t("console.forbidden_title"), State: "closed",
		Code: models.CodeForbidden, Data: notice{Tone: "warn", Words: []string{d.t(why)}}})
}

// fail draws what went wrong in the console's frame.
func (d *desk) fail(err error) {
	stop := d.failed(err)
	if models.ErrorCode(err) == models.CodeUnknown {
		stop.code, stop.title, stop.notice = models.CodeUnknown, d.t("stop.missing_title"), notice{Words: []string{d.t("stop.missing")}}
	}
	d.render(stop.status, "notice", &web.Page{Title: stop.title, State: stop.state, Code: stop.code, Data: stop.notice})
}

// done goes on to another page of the console, which says once what was done: a reload does nothing again.
func (d *desk) done(path, said string) {
	d.s.sessions.Put(d.ctx, flashKey, said)
	d.c.Redirect(http.StatusSeeOther, path)
}

// formKey is the idempotency key a form carries: sent twice, it acts once.
func (d *desk) formKey() string {
	if key := d.values.Get(keyField); key != "" {
		return key
	}
	return randomID()
}

// call sends a call of the typed API (path without Prefix) as the person at the desk. The console decides nothing by
// itself: rules, checks and idempotency are the API's, so that whatever is done here can be done there. A refusal comes
// back as a *Problem in the person's language; out, if not nil, gets the answer.
func (d *desk) call(method, path string, body, out any) *Problem {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // bodies are structs and maps of plain values
	}
	r, err := http.NewRequestWithContext(d.ctx, method, Prefix+path, bytes.NewReader(raw))
	if err != nil {
		return d.s.problemOf(d.ctx, d.lang, models.NewError(models.CodeMalformed, "address"))
	}
	from := d.c.Request
	r.RemoteAddr, r.Host, r.RequestURI = from.RemoteAddr, from.Host, r.URL.RequestURI()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", string(d.lang))
	r.Header.Set("Idempotency-Key", d.values.Get(keyField))
	r.Header.Set("Sec-Fetch-Site", "same-origin") // the form's own origin was checked before it came here
	for _, name := range []string{"Authorization", "Cookie", forwardedFor} {
		for _, v := range from.Header.Values(name) {
			r.Header.Add(name, v)
		}
	}
	w := reply{header: http.Header{}, status: http.StatusOK}
	d.s.engine.ServeHTTP(&w, r)
	if w.status >= 400 {
		if w.status < 500 {
			d.values.Del(keyField) // refused for good: the form corrected is another call
		}
		p := &Problem{}
		if err := json.Unmarshal(w.body.Bytes(), p); err != nil {
			return d.s.problemOf(d.ctx, d.lang, models.NewError(models.CodeInternal, "unreadable refusal"))
		}
		return p
	}
	if out != nil {
		if err := json.Unmarshal(w.body.Bytes(), out); err != nil {
			return d.s.problemOf(d.ctx, d.lang, models.NewError(models.CodeInternal, "unreadable answer"))
		}
	}
	return nil
}

// refused puts the faults of a refused call beside the fields of the form: field names a body location's input where
// the two differ ("body.rate_cents": "rate").
func (d *desk) refused(p *Problem, field map[string]string) {
	for _, f := range p.Errors {
		name, ok := field[f.Location]
		if !ok {
			name = strings.TrimPrefix(f.Location, "body.")
		}
		said := p.Detail // in the person's language; what the API says of a field is for who writes programs
		if d.lang == models.English && models.Code(p.Code) == models.CodeInvalid {
			said = f.Message
		}
		d.faults.add(name, said)
	}
	if len(p.Errors) == 0 {
		d.faults.add("", p.Detail)
	}
}

// reply keeps what a call of the API answers.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *reply) Header() http.Header         { return a.header }
func (a *reply) WriteHeader(status int)      { a.status = status }
func (a *reply) Write(b []byte) (int, error) { return a.body.Write(b) }

// cursor is where the list of the page begins.
func (d *desk) cursor() (store.Cursor, error) {
	from, err := cursorOf(d.c.Query("cursor"))
	if err != nil {
		return from, models.NewError(models.CodeMalformed, "cursor")
	}
	return from, nil
}

// pages are the links under a list of which cursor was shown; filters go on.
func (d *desk) pages(cursor, next store.Cursor) *web.Pages {
	if cursor.ID == "" && next.ID == "" {
		return nil
	}
	query := d.c.Request.URL.Query()
	query.Del("cursor")
	p := &web.Pages{Label: d.t("console.pages"), FirstLabel: d.t("console.first"), NextLabel: d.t("console.next")}
	if cursor.ID != "" {
		p.First = "?" + query.Encode()
	}
	if next.ID != "" {
		query.Set("cursor", next.String())
		p.Next = "?" + query.Encode()
	}
	return p
}

func (s *Server) registerConsole() {
	s.console(http.MethodGet, "", Everyone, func(d *desk) { d.c.Redirect(http.StatusSeeOther, ConsolePath+"/dossiers") })
	s.registerConsoleBoard()
	s.registerConsoleIntake()
	s.registerConsoleDue()
	s.registerConsoleMessages()
	s.registerConsoleDossier()
	s.registerConsoleMoney()
	s.registerConsoleTrainers()
	s.registerConsoleTeam()
	s.registerConsoleCorrections()
	s.page(http.MethodGet, signInPath, Public, s.serveSignIn)
	s.page(http.MethodPost, signInPath, Public, s.serveSignIn)
	s.page(http.MethodPost, "/sign-out", Public, func(c *gin.Context) {
		if err := s.signOut(c.Request.Context()); err != nil {
			s.refusePage(c, err)
			return
		}
		c.Redirect(http.StatusSeeOther, signInPath)
	})
}

// serveSignIn asks for a local account and goes on to where the person wanted to be.
func (s *Server) serveSignIn(c *gin.Context) {
	v := s.newVisit(c)
	next := c.Query("next")
	status, code := http.StatusOK, models.Code("")
	if c.Request.Method == http.MethodPost {
		if err := v.read(); err != nil {
			v.stop(v.failed(err))
			return
		}
		next = v.values.Get("next")
		// A form has no cookie to be checked against yet: signing somebody in from elsewhere is refused here.
		err := refuse(models.CodeForeignOrigin)
		if s.ownOrigin(c.Request) {
			_, err = s.signIn(v.ctx, c.ClientIP(), v.values.Get("login"), c.Request.PostForm.Get("password"))
		}
		switch models.ErrorCode(err) {
		case "":
			c.Redirect(http.StatusSeeOther, within(next))
			return
		case models.CodeWrongPassword:
			v.faults.add("login", v.t("sign_in.wrong"))
		case models.CodeRateLimited:
			v.faults.add("", v.t("sign_in.too_many"))
		default:
			v.stop(v.failed(err))
			return
		}
		code = models.ErrorCode(err)
		status = Status(code)
		v.values.Del("password")
	}
	v.render(status, "sign_in", &web.Page{Title: v.t("sign_in.title"), State: "form", Code: code, Faults: v.faults, Values: v.values, Data: next})
}

// within is an address of the console, whatever was asked for.
func within(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || path.Clean(u.Path) != u.Path || u.Path != ConsolePath && !strings.HasPrefix(u.Path, ConsolePath+"/") || strings.Contains(next, "\\") {
		return ConsolePath
	}
	return u.RequestURI()
}
