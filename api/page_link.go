package api

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// linkPath is the route of links: GET shows, POST acts.
const linkPath = "/l/:token"

// Limits of what a form may weigh, in bytes.
const (
	formLimit   = 512 << 10
	uploadLimit = 5 << 20
)

func (s *Server) registerPages() {
	s.page(http.MethodGet, linkPath, Public, s.serveLink)
	s.page(http.MethodHead, linkPath, Public, s.serveLink)
	s.page(http.MethodPost, linkPath, Public, s.serveLink)
	s.page(http.MethodGet, linkPath+"/document", Public, s.servePaper)
	s.page(http.MethodHead, linkPath+"/document", Public, s.servePaper)
	static := gin.WrapH(web.Static())
	s.page(http.MethodGet, "/static/*file", Public, func(c *gin.Context) {
		c.Header("Content-Security-Policy", web.CSP)
		static(c)
	})
	s.page(http.MethodGet, "/", Public, s.serveHome)
	if s.cfg.Mailbox {
		s.registerMailbox()
	}
}

// linkPage is one purpose while something is awaited: what it shows, and what its form does.
type linkPage interface {
	// show fills the page of a template; what was typed is in v.values.
	show(v *visit, p *web.Page) (template string)
	// act does what the form asks for. Errors: faults, *linkStop.
	act(v *visit, action string) (*linkDone, error)
}

// openLink finds what the link is about. A *linkStop says why nothing is awaited (any more, or yet).
type openLink func(v *visit) (linkPage, error)

var linkPages = map[models.Purpose]openLink{
	models.LinkAnswer:      openAnswer,
	models.LinkSlots:       openSlots,
	models.LinkChoose:      openChoose,
	models.LinkAuditReport: openReport,
	models.LinkProgramme:   openProgramme,
	models.LinkSign:        openSign,
	models.LinkAttend:      openAttend,
	models.LinkSheet:       openSheet,
	models.LinkJustify:     openJustify,
	models.LinkPositioning: openPositioning,
	models.LinkHot:         openHot,
	models.LinkCold:        openCold,
	models.LinkRecap:       openRecap,
	models.LinkInvoice:     openInvoice,
	models.LinkWithdraw:    openWithdraw,
	models.LinkCancel:      openCancel,
}

// visit is one call of a link.
type visit struct {
	ctx    context.Context
	s      *Server
	c      *gin.Context
	link   models.Link
	now    time.Time // business time
	lang   models.Lang
	chosen bool   // the language was asked for in the query
	person string // reference of who holds the link
	// to is the addressee of this link's fact, where the page has read it: workflow, dossier and deadline.
	to     models.Fact
	values url.Values
	faults faults
	// uploads: the form may carry a file.
	uploads bool
}

// faults are what is wrong with a form.
type faults []web.Fault

func (f faults) Error() string { return string(models.CodeInvalid) }

// add notes a fault; field is empty when none is concerned.
func (f *faults) add(field, message string) {
	*f = append(*f, web.Fault{Field: field, Message: message})
}

// err is nil without a fault.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// pageFact is a labelled value of a page.
type pageFact struct{ Label, Value string }

// notice is the data of a page without form.
type notice struct {
	Tone  string // good, warn, bad
	Words []string
	Facts []pageFact
	Next  []string
	Paper string // SHA-256 of the document that can be read, if any
	// Signed: what can be read is the signed copy of that document.
	Signed bool
}

// linkDone is what the person reads once their act is stored.
type linkDone struct {
	facts []pageFact
	next  string
	paper string
}

// linkStop is why a link does not show its form. Showing a recorded outcome is a success, acting again is not.
type linkStop struct {
	code   models.Code
	status int // of a POST, and of a GET unless shown
	shown  bool
	state  string
	title  string
	notice notice
}

func (e *linkStop) Error() string { return string(e.code) }

// t is a sentence in the person's language.
func (v *visit) t(key string, pairs ...any) string { return web.T(v.lang, key, pairs...) }

// fact is a labelled value; without a value there is nothing to show.
func (v *visit) fact(key, value string) []pageFact {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	return []pageFact{{v.t("fact." + key), value}}
}

// used shows what is recorded.
func (v *visit) used(at time.Time, outcome string, more ...pageFact) *linkStop {
	facts := append([]pageFact{{v.t("fact.your_answer"), outcome}}, more...)
	if !at.IsZero() {
		facts = append(facts, v.fact("recorded", web.DateTime(v.lang, at))...)
	}
	return &linkStop{code: models.CodeLinkUsed, status: http.StatusConflict, shown: true, state: "recorded",
		title: v.t("stop.used_title"), notice: notice{Tone: "good", Words: []string{v.t("stop.used")}, Facts: facts,
			Next: []string{v.t("stop.change")}}}
}

// done thanks with the outcome that a later visit will show.
func (v *visit) done(outcome *linkStop, next string) *linkDone {
	return &linkDone{facts: outcome.notice.Facts, next: next, paper: outcome.notice.Paper}
}

// expired says until when it was possible.
func (v *visit) expired(due time.Time, more ...string) *linkStop {
	words := more
	if !due.IsZero() {
		words = append([]string{v.t("stop.expired", "due", web.DateTime(v.lang, due))}, more...)
	}
	return &linkStop{code: models.CodeLinkExpired, status: http.StatusGone, state: "closed", title: v.t("stop.expired_title"),
		notice: notice{Tone: "warn", Words: words, Next: []string{v.t("stop.ask")}}}
}

// withdrawn says why the link is of no more use.
func (v *visit) withdrawn(words string) *linkStop {
	if words == "" {
		words = v.t("stop.withdrawn")
	}
	return &linkStop{code: models.CodeLinkWithdrawn, status: http.StatusGone, state: "closed",
		title: v.t("stop.withdrawn_title"), notice: notice{Words: []string{words}, Next: []string{v.t("stop.ask")}}}
}

// early says from when the link serves.
func (v *visit) early(code models.Code, words string, facts ...pageFact) *linkStop {
	return &linkStop{code: code, status: http.StatusConflict, shown: true, state: "waiting", title: v.t("stop.early_title"),
		notice: notice{Words: []string{words}, Facts: facts}}
}

// failed turns any error into a page: what is not ours to tell is logged, never shown.
func (v *visit) failed(err error) *linkStop {
	if stop := (*linkStop)(nil); errors.As(err, &stop) {
		return stop
	}
	var large *http.MaxBytesError
	code := codeOf(err)
	stop := &linkStop{code: code, status: Status(code), state: "failed"}
	switch {
	case errors.As(err, &large), code == models.CodeTooLarge:
		stop.title, stop.notice.Words = v.t("stop.large_title"), []string{v.t("stop.large")}
	case code == models.CodeMalformed:
		stop.title, stop.notice.Words = v.t("stop.malformed_title"), []string{v.t("stop.malformed")}
	case code == models.CodeLinkInvalid, code == models.CodeUnknown:
		// A signed link to a row that is gone tells no more than one that was never given out.
		stop.code, stop.status = models.CodeLinkInvalid, http.StatusNotFound
		stop.title, stop.notice.Words = v.t("stop.invalid_title"), []string{v.t("stop.invalid")}
		stop.notice.Next = []string{v.t("stop.ask")}
	case code == models.CodeUnavailable, code == models.CodeRateLimited:
		v.c.Header("Retry-After", "5")
		stop.title, stop.notice.Words = v.t("stop.unavailable_title"), []string{v.t("stop.internal")}
	default:
		v.s.log.ErrorContext(v.ctx, "page failed", "purpose", v.link.Purpose, "request", requestIDFrom(v.ctx), "error", err)
		stop.code, stop.status = models.CodeInternal, http.StatusInternalServerError
		stop.title, stop.notice.Words = v.t("stop.internal_title"), []string{v.t("stop.internal")}
	}
	stop.notice.Tone = "bad"
	return stop
}

// refusePage answers what no page answers: in words to who reads pages, as a problem document to programs.
func (s *Server) refusePage(c *gin.Context, err error) {
	if !strings.Contains(c.GetHeader("Accept"), "text/html") {
		s.problem(c, err)
		return
	}
	v := s.newVisit(c)
	stop := v.failed(err)
	if models.ErrorCode(err) == models.CodeUnknown {
		stop.code, stop.title, stop.notice = models.CodeUnknown, v.t("stop.missing_title"), notice{Words: []string{v.t("stop.missing")}}
	}
	v.stop(stop)
	c.Abort()
}

// newVisit starts a page; its language is the reader's until the person is known.
func (s *Server) newVisit(c *gin.Context) *visit {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", web.CSP)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	v := &visit{ctx: c.Request.Context(), s: s, c: c, now: s.now(), lang: langOf(c.Request)}
	switch lang := models.Lang(c.Query("lang")); lang {
	case models.French, models.English:
		v.lang, v.chosen = lang, true
	}
	return v
}

// is tells the page who holds the link.
func (v *visit) is(ref string, lang models.Lang) {
	v.person = ref
	if !v.chosen && (lang == models.French || lang == models.English) {
		v.lang = lang
	}
}

// serveLink shows what a link is about and, on POST alone, does what its form says.
func (s *Server) serveLink(c *gin.Context) {
	v := s.newVisit(c)
	link, err := s.cfg.Signer.Verify(c.Param("token"))
	if err != nil {
		v.stop(v.failed(models.NewError(models.CodeLinkInvalid, "no such link")))
		return
	}
	v.link, v.uploads = link, link.Purpose == models.LinkInvoice
	if link.Purpose == models.LinkDocument {
		s.servePaper(c)
		return
	}
	open, ok := linkPages[link.Purpose]
	if !ok {
		v.stop(v.failed(models.NewError(models.CodeLinkInvalid, "no such purpose")))
		return
	}
	page, err := open(v)
	if err != nil {
		v.stop(v.failed(err))
		return
	}
	if c.Request.Method != http.MethodPost {
		v.form(http.StatusOK, "", page)
		return
	}
	if err := v.read(); err != nil {
		v.stop(v.failed(err))
		return
	}
	done, err := page.act(v, v.values.Get("action"))
	var wrong faults
	switch stop := (*linkStop)(nil); {
	case errors.As(err, &wrong):
		v.faults = wrong
		v.form(http.StatusUnprocessableEntity, models.CodeInvalid, page)
	case errors.Is(err, errChanged):
		v.faults = faults{{Message: v.t("fault.document_changed")}}
		v.form(http.StatusConflict, models.CodeDocumentChanged, page)
	case errors.Is(err, errRecorded):
		// Somebody was faster, perhaps this person's other click: what counts is what is stored.
		if _, err = open(v); err == nil {
			err = v.used(time.Time{}, v.t("evaluation.recorded"))
		}
		v.stop(v.failed(err))
	case errors.As(err, &stop):
		v.stop(stop)
	case err != nil:
		v.stop(v.failed(err))
	default:
		v.render(http.StatusOK, "notice", &web.Page{Title: v.t("done_title"), State: "done",
			Data: notice{Facts: done.facts, Next: []string{done.next}, Paper: done.paper}})
	}
}

var (
	// errRecorded says that the same act was stored before.
	errRecorded = errors.New("already recorded")
	// errChanged says that the document on the page is no longer the one to sign.
	errChanged = errors.New("document changed")
	// errAction says that the form asks for what the page does not do.
	errAction = models.NewError(models.CodeMalformed, "no such action")
)

// serves tells whether whoever follows a link now is asked for something, or will be.
func (s *Server) serves(ctx context.Context, link models.Link) (bool, error) {
	open, ok := linkPages[link.Purpose]
	if !ok {
		return true, nil // a document
	}
	_, err := open(&visit{ctx: ctx, s: s, now: s.now(), link: link})
	if stop := (*linkStop)(nil); errors.As(err, &stop) {
		return stop.state == "waiting", nil
	}
	return err == nil, err
}

func (v *visit) form(status int, code models.Code, page linkPage) {
	p := &web.Page{Lang: v.lang, State: "form", Code: code, Faults: v.faults}
	name := page.show(v, p)
	p.Values = v.values
	v.render(status, name, p)
}

func (v *visit) stop(stop *linkStop) {
	status := stop.status
	if stop.shown && v.c.Request.Method != http.MethodPost {
		status = http.StatusOK
	}
	v.render(status, "notice", &web.Page{Title: stop.title, State: stop.state, Code: stop.code, Data: stop.notice})
}

func (v *visit) render(status int, name string, p *web.Page) {
	p.Personal = v.link.Purpose != ""
	p.Lang, p.Chosen, p.Path, p.Contact = v.lang, v.chosen, v.c.Request.URL.Path, v.s.cfg.TeamEmail
	query := v.c.Request.URL.Query()
	query.Set("lang", string(p.Other()))
	p.Switch = p.Path + "?" + query.Encode()
	if p.Values == nil {
		p.Values = url.Values{}
	}
	body, err := web.Render(name, p)
	if err != nil {
		v.s.log.ErrorContext(v.ctx, "template failed", "template", name, "error", err)
		v.c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	v.c.Header("Content-Language", string(v.lang))
	v.c.Data(status, "text/html; charset=utf-8", body)
}

// read parses the form: from the body alone, so that an address never acts by itself. Texts lose what no keyboard
// types, and their line ends become plain.
func (v *visit) read() error {
	r, limit := v.c.Request, int64(formLimit)
	if v.uploads {
		limit = uploadLimit + formLimit
	}
	r.Body = http.MaxBytesReader(v.c.Writer, r.Body, limit)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case err == nil && kind == "multipart/form-data" && v.uploads:
		err = r.ParseMultipartForm(limit)
	default:
		err = errAction
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return models.NewError(models.CodeTooLarge, "form")
	case err != nil:
		return models.NewError(models.CodeMalformed, "form")
	}
	v.values = make(url.Values, len(r.PostForm))
	for name, list := range r.PostForm {
		for _, s := range list {
			if !utf8.ValidString(s) {
				return models.NewError(models.CodeMalformed, "form is not UTF-8")
			}
			v.values[name] = append(v.values[name], clean(s))
		}
	}
	return nil
}

// clean trims a text, makes its line ends plain and drops control characters.
func clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\ufeff' {
			return -1
		}
		return r
	}, s))
}

// text reads a field of the form: required unless optional, no longer than most characters.
func (v *visit) text(f *faults, name, label string, most int, optional bool) string {
	s := v.values.Get(name)
	switch {
	case s == "" && !optional:
		f.add(name, v.t("fault.required", "label", label))
	case utf8.RuneCountInString(s) > most:
		f.add(name, v.t("fault.too_long", "label", label, "max", most))
	}
	return s
}

// ticked reads a box that has to be ticked.
func (v *visit) ticked(f *faults, name, label string) {
	if v.values.Get(name) != "yes" {
		f.add(name, v.t("fault.tick", "label", label))
	}
}

// euros reads an amount, at least min.
func (v *visit) euros(f *faults, name string, min models.Cents) models.Cents {
	const most = models.Cents(100_000_00)
	cents, ok := parseEuros(v.values.Get(name))
	switch {
	case !ok:
		f.add(name, v.t("fault.money"))
	case cents < min || cents > most:
		f.add(name, v.t("fault.money_range", "min", web.Money(v.lang, min), "max", web.Money(v.lang, most)))
	}
	return cents
}

// parseEuros reads an amount as people write it: 450, 412,50, 1 234.5 €. At most two decimals.
func parseEuros(s string) (models.Cents, bool) {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u202f' || r == '€' {
			return -1
		}
		return r
	}, s)
	whole, decimals, dot := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if whole == "" || len(whole) > 9 || len(decimals) > 2 || dot && decimals == "" || strings.Trim(whole+decimals, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(decimals + "00")[:2], 10, 64)
	return models.Cents(n), err == nil
}

// picks is a group of boxes or buttons.
type picks struct {
	web.Field
	Options []pick
}

type pick struct {
	Value, Label, Small string
	On                  bool
}

// group builds a group; its options are ticked as the form was.
func (v *visit) group(kind, name, label, class string, options ...pick) picks {
	g := picks{Field: web.Field{Name: name, ID: "f-" + name, Label: label, Type: kind, Class: class, Required: true}, Options: options}
	for _, f := range v.faults {
		if f.Field == name {
			g.Wrong = f.Message
		}
	}
	for i := range g.Options {
		for _, given := range v.values[name] {
			g.Options[i].On = g.Options[i].On || given == g.Options[i].Value
		}
	}
	return g
}

// confirm is the one box to tick.
func (v *visit) confirm(name, legend, label string) picks {
	return v.group("checkbox", name, legend, "", pick{Value: "yes", Label: label})
}

// initial is what the form holds before anything is typed.
func (v *visit) initial(pairs ...string) {
	if v.values != nil {
		return
	}
	v.values = url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.values.Set(pairs[i], pairs[i+1])
	}
}

// factID is the same for each use of a link: acting twice is acting once.
func (v *visit) factID() string {
	return string(v.link.Purpose) + "/" + v.link.Subject + "/" + strconv.Itoa(v.link.Generation)
}

// stored is the fact that this link already led to.
func (v *visit) stored() (models.Inbox, bool, error) {
	row, err := v.s.store.Fact(v.ctx, v.factID())
	if models.ErrorCode(err) == models.CodeUnknown {
		return models.Inbox{}, false, nil
	}
	return row, err == nil, err
}

// receive stores the fact of this link and hands it on. Errors: errRecorded if it was stored before.
func (v *visit) receive(kind models.FactKind, data models.FactData, with ...store.ReceiveOption) error {
	f := v.to
	f.ID, f.Kind, f.Subject, f.Channel, f.Actor, f.Data = v.factID(), kind, v.link.Subject, models.ChannelLink, v.person, data
	_, dup, err := v.s.receive(v.ctx, f, with...)
	if err == nil && dup {
		return errRecorded
	}
	return err
}

// note names a free text in a fact, and keeps it with the fact; an empty text has none.
func (v *visit) note(data *models.FactData, dossier, text string) []store.ReceiveOption {
	if text == "" {
		return nil
	}
	n := models.Note{Ref: "N-" + randomID(), Dossier: dossier, Author: v.person, Text: text, At: v.now}
	data.Note = n.Ref
	return []store.ReceiveOption{store.Alongside(func(tx *store.Store) error { return tx.SaveNote(v.ctx, n) })}
}

// noteText reads a note back; a missing one is no reason to fail.
func (v *visit) noteText(ref string) string {
	if ref == "" {
		return ""
	}
	n, err := v.s.store.Note(v.ctx, ref)
	if err != nil {
		return ""
	}
	return n.Text
}

// due is the deadline a row points to; zero if there is none.
func (v *visit) due(id string) (models.Deadline, error) {
	if id == "" {
		return models.Deadline{}, nil
	}
	d, err := v.s.store.Deadline(v.ctx, id)
	if models.ErrorCode(err) == models.CodeUnknown {
		return models.Deadline{}, nil
	}
	return d, err
}

// over tells whether a deadline is past for good: an act at its very instant is in time, and who was asked late has
// longer than the row says yet.
func (v *visit) over(d models.Deadline) bool {
	over, err := v.s.store.Overdue(v.ctx, d, v.now)
	if err != nil {
		v.s.log.WarnContext(v.ctx, "deadline not judged", "request", requestIDFrom(v.ctx), "error", err)
	}
	return over
}

// late tells that a deadline is past although the act is still of use; empty in time.
func (v *visit) late(d models.Deadline) string {
	if !v.over(d) {
		return ""
	}
	return v.t("form.late", "due", web.DateTime(v.lang, d.DueAt))
}

// mission reads what is known of a dossier; one that has ended awaits nothing more.
func (v *visit) mission(dossier string) (models.Brief, models.Request, error) {
	brief, err := v.s.store.Brief(v.ctx, dossier)
	if err != nil {
		return brief, models.Request{}, err
	}
	request, err := v.request(dossier)
	return brief, request, err
}

// request reads how far a dossier is.
func (v *visit) request(dossier string) (models.Request, error) {
	request, err := v.s.store.Request(v.ctx, dossier)
	if models.ErrorCode(err) == models.CodeUnknown {
		err = nil // the request has just come in: its first step is not written yet
	}
	return request, err
}

// ended is the stop of a dossier that has ended, nil for one that has not.
func (v *visit) ended(request models.Request) error {
	if request.Stage.Ended() {
		return v.withdrawn(v.t("stop.ended"))
	}
	return nil
}

// trainer is who holds a trainer's link.
func (v *visit) trainer(ref string) error {
	t, err := v.s.store.TrainerAddress(v.ctx, ref)
	if err != nil {
		return err
	}
	v.is(t.Ref, t.Lang)
	return nil
}

// contact is who holds a client's link.
func (v *visit) contact(brief models.Brief) error {
	c, err := v.s.store.Contact(v.ctx, brief.ContactRef)
	if err != nil {
		return err
	}
	v.is(c.Ref, c.Lang)
	return nil
}

// participant is who holds a participant's link: registered on this dossier, and still so.
func (v *visit) participant(dossier, ref string) (models.Participant, error) {
	p, err := v.s.store.Participant(v.ctx, ref)
	if err != nil {
		return p, err
	}
	if p.Dossier != dossier {
		return p, models.NewError(models.CodeLinkInvalid, "of another dossier")
	}
	v.is(p.Ref, p.Lang)
	if !p.RemovedAt.IsZero() {
		return p, v.withdrawn("")
	}
	return p, nil
}

// title is the course of a dossier in the reader's language.
func (v *visit) title(brief models.Brief) string {
	if brief.Title != "" {
		return brief.Title
	}
	if c, err := v.s.store.Course(v.ctx, brief.Topic); err == nil {
		if v.lang == models.English && c.TitleEN != "" {
			return c.TitleEN
		}
		if c.TitleFR != "" {
			return c.TitleFR
		}
	}
	return brief.Topic
}

// about says what a dossier is about. Only who works on it reads where exactly and for whom.
func (v *visit) about(brief models.Brief, insider bool) []pageFact {
	facts := v.fact("course", v.title(brief))
	if insider {
		if c, err := v.s.store.Client(v.ctx, brief.ClientRef); err == nil {
			facts = append(facts, v.fact("client", c.Name)...)
		}
	}
	facts = append(facts, v.fact("format", v.t("mode."+string(brief.Mode)))...)
	if insider {
		facts = append(facts, v.fact("place", brief.Address)...)
	} else {
		facts = append(facts, v.fact("department", brief.Department)...)
	}
	if brief.Order.HalfDays > 0 {
		volume := web.Quantity(v.lang, int64(brief.Order.HalfDays)*100, models.UnitHalfDay)
		if u := brief.Order.Unit; u == models.UnitDay || u == models.UnitHour {
			volume = web.Quantity(v.lang, brief.Order.Quantity, u)
		}
		facts = append(facts, v.fact("volume", volume)...)
	}
	if brief.GroupSize > 0 {
		facts = append(facts, v.fact("group", v.t("people.count", "count", brief.GroupSize))...)
	}
	if brief.Level != "" && web.Has("level."+brief.Level) {
		facts = append(facts, v.fact("level", v.t("level."+brief.Level))...)
	}
	if !brief.WantedFrom.IsZero() {
		facts = append(facts, v.fact("wanted", web.Day(v.lang, brief.WantedFrom))...)
	}
	if insider {
		facts = append(facts, v.fact("needs", brief.Needs)...)
	}
	return append(facts, v.fact("reference", brief.Ref)...)
}

// which names a dossier: its course, its client, its reference.
func (v *visit) which(brief models.Brief) []pageFact {
	facts := v.fact("course", v.title(brief))
	if c, err := v.s.store.Client(v.ctx, brief.ClientRef); err == nil {
		facts = append(facts, v.fact("client", c.Name)...)
	}
	return append(facts, v.fact("reference", brief.Ref)...)
}

// answerBy says until when an answer is awaited.
func (v *visit) answerBy(d models.Deadline) []pageFact {
	if d.DueAt.IsZero() || d.Status == models.Undeliverable || v.over(d) {
		return nil
	}
	return v.fact("due", web.DateTime(v.lang, d.DueAt))
}

// servePaper sends the document that a link is about, and no other one.
func (s *Server) servePaper(c *gin.Context) {
	v := s.newVisit(c)
	link, err := s.cfg.Signer.Verify(c.Param("token"))
	if err != nil {
		v.stop(v.failed(models.NewError(models.CodeLinkInvalid, "no such link")))
		return
	}
	v.link = link
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		v.stop(v.failed(errAction))
		return
	}
	var sha string
	switch link.Purpose {
	case models.LinkDocument:
		sha = link.Subject
	case models.LinkSign:
		var row models.Contract
		if row, err = s.store.Contract(v.ctx, link.Subject); err == nil {
			if sha = row.SHA256; row.WasSigned() {
				var copied models.Document
				copied, err = s.signed(v.ctx, row.Dossier, strconv.Itoa(row.Number))
				sha = copied.SHA256
			}
		}
	case models.LinkRecap:
		var row models.Recap
		if row, err = s.store.Recap(v.ctx, link.Subject); err == nil {
			sha = row.SHA256
		}
	}
	if err == nil && (sha == "" || s.cfg.Documents == nil) {
		err = models.NewError(models.CodeUnknown, "no document behind this link")
	}
	if err != nil {
		v.stop(v.failed(err))
		return
	}
	v.sendDocument(sha, "inline")
}

// sendDocument streams a stored document.
func (v *visit) sendDocument(sha, disposition string) {
	content, err := v.s.cfg.Documents.Get(v.ctx, sha)
	if err != nil {
		v.stop(v.failed(err))
		return
	}
	name, media := "document.pdf", "application/pdf"
	if doc, err := v.s.store.Document(v.ctx, sha); err == nil {
		name, media = doc.Name, doc.MediaType
	}
	if _, ok := scanEndings[media]; !ok {
		disposition = "attachment" // nothing that a browser could run is shown
	}
	h := v.c.Writer.Header()
	// The browser's own viewer needs its styles: only framing is refused here.
	h.Set("Content-Security-Policy", "frame-ancestors 'none'")
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	v.c.Data(http.StatusOK, media, content)
}
