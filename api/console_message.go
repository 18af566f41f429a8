package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"

	"jalon/models"
	"jalon/web"
)

const messagesPath = ConsolePath + "/messages"

func (s *Server) registerConsoleMessages() {
	s.console(http.MethodGet, "/messages", Everyone, serveParked)
	for _, verb := range []string{verbLeft, verbAgain} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			s.console(method, "/messages/"+verb, Everyone, func(d *desk) { serveSettle(d, verb) })
		}
	}
}

// unclear is the failure of a message that was handed over without an answer; any other says why it could not be written.
const unclear = "unclear"

// parkedLine is a message that nobody knows to have left, and where to say what became of it.
type parkedLine struct {
	What, To, About, Href, Tried, Why string
	Settle                            *settleLinks
}

// settleLinks are where to say that a message left, or that it goes again; one that was never tried cannot have left.
type settleLinks struct{ Left, LeftLabel, Again, AgainLabel, What string }

func (d *desk) settleLinks(m models.Message, what, from string) *settleLinks {
	l := &settleLinks{LeftLabel: d.t("parked.left.button"), Again: settlePath(verbAgain, m.Key, from), AgainLabel: d.t("parked.again.button"), What: what}
	if !m.AttemptAt.IsZero() {
		l.Left = settlePath(verbLeft, m.Key, from)
	}
	return l
}

// againLink is where to send a message again that reached nobody; nil for one that did, or is of no more use.
func (d *desk) againLink(m models.Message, what, from string) *settleLinks {
	if !m.ReachedNobody() || !settling(m).Allows(d.who.Roles) || d.s.ofUse(d.ctx, m) != nil {
		return nil
	}
	return &settleLinks{Again: settlePath(verbAgain, m.Key, from), AgainLabel: d.t("parked.again.button"), What: what}
}

// unreachedShown are the messages that reached nobody told at once where they can be sent again; the Messages tab has all.
const unreachedShown = 5

// unreached are the latest messages of a process, or of a dossier, that reached nobody and may be sent again.
func (d *desk) unreached(dossier, workflow, from string) ([]parkedLine, error) {
	rows, err := d.s.store.Undelivered(d.ctx, dossier, workflow)
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	rows = rows[:min(len(rows), unreachedShown)]
	lines, err := d.parkedLines(rows, from)
	var out []parkedLine
	for i, line := range lines {
		if line.Settle = d.againLink(rows[i], line.What, from); line.Settle != nil {
			line.Why = d.t("dossier.message." + rows[i].Status)
			out = append(out, line)
		}
	}
	return out, err
}

// addressOf is where a message for somebody outside would go now; staff have the team's.
func (s *Server) addressOf(ctx context.Context, m models.Message) (string, error) {
	var email string
	var err error
	switch m.To {
	case models.RoleTrainer:
		var t models.Trainer
		t, err = s.store.TrainerAddress(ctx, m.ToRef)
		email = t.Email
	case models.RoleClient, models.RoleBilling:
		var c models.Contact
		c, err = s.store.Contact(ctx, m.ToRef)
		email = c.Email
	case models.RoleParticipant:
		var p models.Participant
		p, err = s.store.Participant(ctx, m.ToRef)
		email = p.Email
	default:
		email = s.cfg.TeamEmail
	}
	if models.ErrorCode(err) == models.CodeUnknown {
		err = nil
	}
	return email, err
}

// parkedLines are messages as pages offer to settle them; from says which page to come back to.
func (d *desk) parkedLines(rows []models.Message, from string) ([]parkedLine, error) {
	var who []string
	for _, m := range rows {
		who = append(who, m.ToRef)
	}
	names, err := d.s.store.Names(d.ctx, who)
	out := make([]parkedLine, len(rows))
	for i, m := range rows {
		line := parkedLine{What: templateName(d.lang, m.Template), To: d.lang.RoleName(m.To), About: m.Dossier, Href: ConsoleAddress(m.Dossier, ""),
			Tried: d.t("parked.never"), Why: d.t("parked.unwritten")}
		if name := cmp.Or(names[m.ToRef], m.ToRef); name != "" {
			line.To = name + d.t("dossier.comma") + line.To
		}
		if m.Dossier == "" {
			line.About, line.Href = d.t("parked.month"), ConsoleAddress("", m.Subject)
		}
		if !m.AttemptAt.IsZero() {
			line.Tried = web.DateTime(d.lang, m.AttemptAt)
		}
		if m.Failure == unclear {
			line.Why = d.t("parked.unclear")
		}
		line.Settle = d.settleLinks(m, line.What, from)
		out[i] = line
	}
	return out, err
}

func settlePath(verb, key, from string) string {
	query := url.Values{"message": {key}}
	if from != "" {
		query.Set("from", from)
	}
	return messagesPath + "/" + verb + "?" + query.Encode()
}

// parkedPage is what the list shows.
type parkedPage struct {
	Rows  []parkedLine
	Pages *web.Pages
}

func serveParked(d *desk) {
	from, err := d.cursor()
	if err != nil {
		d.fail(err)
		return
	}
	page, err := d.s.store.Parked(d.ctx, parkedFor(d.who, ""), from, 40)
	if err != nil {
		d.fail(err)
		return
	}
	p := parkedPage{Pages: d.pages(from, page.Next)}
	if p.Rows, err = d.parkedLines(page.Items, ""); err != nil {
		d.fail(err)
		return
	}
	d.render(http.StatusOK, "console_parked", &web.Page{Title: d.t("parked.title"), State: "list", Data: p})
}

// parkedBox leads from the lists of what needs a look to the messages that do; nil: there is none.
type parkedBox struct{ Says, Href, Label string }

func (d *desk) parkedBox() (*parkedBox, error) {
	n, err := d.s.store.ParkedCount(d.ctx, parkedFor(d.who, ""))
	if err != nil || n == 0 {
		return nil, err
	}
	return &parkedBox{d.t("parked.box", "count", int(n)), messagesPath, d.t("parked.box_link")}, nil
}

// settlePage is what the form shows before somebody says what became of a message.
type settlePage struct {
	Action, Back, BackLabel, Says, Button, Key string
	Facts                                      []pageFact
}

// serveSettle says what will follow, and has the API settle the message.
func serveSettle(d *desk, verb string) {
	key, from := d.c.Query("message"), d.c.Query("from")
	posted := d.c.Request.Method == http.MethodPost
	if posted {
		if err := d.read(); err != nil {
			d.fail(err)
			return
		}
	}
	m, err := d.s.store.Message(d.ctx, key)
	if err == nil && !settling(m).Allows(d.who.Roles) {
		d.forbidden("console.forbidden")
		return
	}
	if err != nil {
		d.fail(err)
		return
	}
	again := m.ReachedNobody() && verb == verbAgain
	page := settlePage{Action: settlePath(verb, key, from), Back: messagesPath, BackLabel: d.t("parked.back")}
	if from == "money" {
		page.Back, page.BackLabel = ConsoleAddress(m.Dossier, m.Subject), d.t("correct.back")
	}
	if from == "dossier" && m.Dossier != "" {
		page.Back, page.BackLabel = dossiersPath+"/"+m.Dossier+"/messages", d.t("dossier.back")
	}
	status, code := http.StatusOK, models.Code("")
	switch {
	case posted:
		p := d.call(http.MethodPost, "/messages/"+verb, SettleInput{Key: key}, nil)
		if p == nil {
			d.done(page.Back, d.t("parked."+verb+".done"))
			return
		}
		status, code = p.Status, models.Code(p.Code)
	case again:
		if err := d.s.ofUse(d.ctx, m); err != nil {
			status, code = Status(codeOf(err)), codeOf(err)
		}
	case m.Status != models.MessageParked:
		status, code = Status(models.CodeNotParked), models.CodeNotParked
	case verb == verbLeft && m.AttemptAt.IsZero():
		status, code = Status(models.CodeNeverTried), models.CodeNeverTried
	}
	lines, err := d.parkedLines([]models.Message{m}, from)
	if err != nil {
		d.fail(err)
		return
	}
	line := lines[0]
	page.Facts = []pageFact{{d.t("parked.what"), line.What}, {d.t("parked.to"), line.To}, {d.t("parked.about"), line.About},
		{d.t("parked.tried"), line.Tried}, {d.t("parked.key"), m.Key}}
	if again {
		address, err := d.s.addressOf(d.ctx, m)
		if err != nil {
			d.fail(err)
			return
		}
		page.Facts = append(page.Facts, pageFact{d.t("parked.address"), cmp.Or(address, "–")})
		if address == "" && code == "" {
			status, code = Status(models.CodeNoAddress), models.CodeNoAddress
		}
	}
	title, state := d.t("parked."+verb+".title"), "form"
	switch code {
	case models.CodeNotParked, models.CodeNeverTried, models.CodeMessageOver, models.CodeNoAddress:
		title, state, page.Says = d.t("parked.not"), "closed", Sentence(code, d.lang)
		if again {
			title = d.t("parked.not_again")
		}
	default:
		says := "parked." + verb + ".says"
		switch {
		case again:
			says = "parked.again.says_failed"
		case verb == verbAgain && m.Failure != unclear:
			says = "parked.again.says_unwritten"
		}
		page.Says, page.Button, page.Key = d.t(says, "when", line.Tried), d.t("parked."+verb+".button"), d.formKey()
		if code != "" {
			d.faults.add("", Sentence(code, d.lang))
		}
	}
	d.render(status, "console_settle", &web.Page{Title: title, State: state, Code: code, Faults: d.faults, Values: d.values, Data: page})
}
