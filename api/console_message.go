package api

import (
	"cmp"
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

// settleLinks are where to say that a message left, or that it goes again; one that was never tried cannot have left, and
// one that nobody knows an address for cannot go again before it has one.
type settleLinks struct {
	Left, LeftLabel, Again, AgainLabel, What string
	Address                                  *correction
}

func (d *desk) settleLinks(m models.Message, what, from string) *settleLinks {
	l := &settleLinks{LeftLabel: d.t("parked.left.button"), Again: settlePath(verbAgain, m.Key, from), AgainLabel: d.t("parked.again.button"), What: what}
	if !m.AttemptAt.IsZero() {
		l.Left = settlePath(verbLeft, m.Key, from)
	}
	return l
}

// againLink is where to send a message again that reached nobody; nil for one that did, or is of no more use.
func (d *desk) againLink(m models.Message, from string) (*settleLinks, error) {
	if !m.Undelivered() || !settling(m).Allows(d.who.Roles) {
		return nil, nil
	}
	l := &settleLinks{Again: settlePath(verbAgain, m.Key, from), AgainLabel: d.t("parked.again.button"), What: d.messageName(m)}
	switch err := d.s.settleable(d.ctx, m, false); codeOf(err) {
	case models.CodeMessageOver:
		return nil, nil
	case models.CodeNoAddress:
		back, _ := d.backTo(m, from)
		var missing error
		if l.Address, missing = d.addressLink(m, back); l.Address != nil || missing != nil {
			l.Again = ""
		}
		return l, missing
	default:
		return l, err
	}
}

// addressLink is where to add the address that a message lacks; nil where it cannot be, or not by who is here.
func (d *desk) addressLink(m models.Message, back string) (*correction, error) {
	switch m.To {
	case models.RoleTrainer:
		return d.correction("parked.add_address", "", back, trainerRoute, m.ToRef), nil
	case models.RoleParticipant:
		complete := decisions["complete-participant"]
		_, row, err := d.s.dossier(d.ctx, m.Dossier)
		if err != nil || row.Stage.Ended() || !d.may(complete.method, complete.route) {
			return nil, err
		}
		return &correction{Href: dossiersPath + "/" + m.Dossier + "/decide/" + complete.name + "?" + url.Values{"subject": {m.ToRef}}.Encode(),
			Label: d.t("parked.add_address")}, nil
	}
	return nil, nil
}

// resendShown are the messages that can be sent again where it is told at once that they reached nobody; the Messages tab
// has all.
const resendShown = 5

// resendable are the latest of messages that reached nobody and are worth sending again.
func (d *desk) resendable(undelivered []models.Message, from string) ([]parkedLine, error) {
	var latest []models.Message
	var links []*settleLinks
	for _, m := range slices.Backward(undelivered) {
		link, err := d.againLink(m, from)
		if err != nil {
			return nil, err
		}
		if link != nil {
			latest, links = append(latest, m), append(links, link)
		}
		if len(latest) == resendShown {
			break
		}
	}
	lines, err := d.parkedLines(latest, from)
	for i := range lines {
		lines[i].Settle, lines[i].Why = links[i], d.t("dossier.message."+latest[i].Status)
	}
	return lines, err
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
		line := parkedLine{What: d.messageName(m), To: d.lang.RoleName(m.To), About: m.Dossier, Href: ConsoleAddress(m.Dossier, ""),
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
	Address                                    *correction
}

// serveSettle says what will follow, and has the API settle the message.
func serveSettle(d *desk, verb string) {
	m, err := d.s.store.Message(d.ctx, d.c.Query("message"))
	if err == nil && !settling(m).Allows(d.who.Roles) {
		d.forbidden("console.forbidden")
		return
	}
	if err == nil && d.c.Request.Method == http.MethodPost {
		err = d.read()
	}
	if err != nil {
		d.fail(err)
		return
	}
	if d.c.Request.Method != http.MethodPost {
		showSettle(d, m, verb, d.s.settleable(d.ctx, m, verb == verbLeft))
		return
	}
	if p := d.call(http.MethodPost, "/messages/"+verb, SettleInput{Key: m.Key}, nil); p != nil {
		showSettle(d, m, verb, refuse(models.Code(p.Code)))
		return
	}
	back, _ := d.backTo(m, d.c.Query("from"))
	d.done(back, d.t("parked."+verb+".done"))
}

// backTo is the page that led to a message.
func (d *desk) backTo(m models.Message, from string) (href, label string) {
	switch {
	case from == "money":
		return ConsoleAddress(m.Dossier, m.Subject), d.t("correct.back")
	case from == "dossier" && m.Dossier != "":
		return dossiersPath + "/" + m.Dossier + "/messages", d.t("dossier.back")
	}
	return messagesPath, d.t("parked.back")
}

// showSettle draws the form, or says why the message cannot be settled so.
func showSettle(d *desk, m models.Message, verb string, refused error) {
	from := d.c.Query("from")
	lines, err := d.parkedLines([]models.Message{m}, from)
	if err != nil {
		d.fail(err)
		return
	}
	line := lines[0]
	page := settlePage{Action: settlePath(verb, m.Key, from), Facts: []pageFact{{d.t("parked.what"), line.What}, {d.t("parked.to"), line.To},
		{d.t("parked.about"), line.About}, {d.t("parked.tried"), line.Tried}, {d.t("parked.key"), m.Key}}}
	page.Back, page.BackLabel = d.backTo(m, from)
	title, closed, says := "parked."+verb+".title", "parked.not", "parked."+verb+".says"
	switch resent := m.Undelivered() && verb == verbAgain; {
	case resent:
		closed, says = "parked.not_again", "parked.again.says_undelivered"
		address, err := d.s.addressOf(d.ctx, m)
		if err != nil {
			d.fail(err)
			return
		}
		page.Facts = append(page.Facts, pageFact{d.t("parked.address"), cmp.Or(address, "–")})
		if codeOf(refused) == models.CodeNoAddress {
			if page.Address, err = d.addressLink(m, d.c.Request.URL.RequestURI()); err != nil {
				d.fail(err)
				return
			}
		}
	case verb == verbAgain && m.Failure != unclear:
		says = "parked.again.says_unwritten"
	}
	status, code, state := http.StatusOK, models.Code(""), "form"
	if refused != nil {
		code = codeOf(refused)
		status = Status(code)
	}
	switch code {
	case models.CodeNotParked, models.CodeNeverTried, models.CodeMessageOver, models.CodeNoAddress:
		title, state, page.Says = closed, "closed", Sentence(code, d.lang)
	default:
		page.Says, page.Button, page.Key = d.t(says, "when", line.Tried), d.t("parked."+verb+".button"), d.formKey()
		if code != "" {
			d.faults.add("", Sentence(code, d.lang))
		}
	}
	d.render(status, "console_settle", &web.Page{Title: d.t(title), State: state, Code: code, Faults: d.faults, Values: d.values, Data: page})
}
