package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"jalon/models"
	"jalon/policies"
	"jalon/web"
)

const (
	intakePath     = dossiersPath + "/new"
	intakeFormPath = intakePath + "/request"
	clientsFound   = 20    // listed at most
	somebodyElse   = "new" // a contact who is not known yet
)

func (s *Server) registerConsoleIntake() {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		s.console(method, strings.TrimPrefix(intakePath, ConsolePath), Staff, chooseClient)
		s.console(method, strings.TrimPrefix(intakeFormPath, ConsolePath), Staff, serveIntake)
	}
}

// intakeLink is where a request is opened; empty for whose role does not allow it.
func (d *desk) intakeLink() string {
	if !d.may(http.MethodPost, "/requests") {
		return ""
	}
	return intakePath
}

// foundClient is a client that a request may come from.
type foundClient struct{ Name, Small, Href string }

type chooseClientPage struct {
	Found []foundClient
	Asked bool // words were looked for
	More  bool // there are others
	Fresh string
}

// chooseClient looks for who asks among the clients known, so that the same one is not recorded twice.
func chooseClient(d *desk) {
	p := chooseClientPage{Asked: d.posted(), Fresh: intakeFormPath}
	if p.Asked {
		if err := d.read(); err != nil {
			d.fail(err)
			return
		}
		clients, err := d.s.store.FindClients(d.ctx, d.values.Get("words"), clientsFound+1)
		if err != nil {
			d.fail(err)
			return
		}
		p.More = len(clients) > clientsFound
		for _, c := range clients[:min(len(clients), clientsFound)] {
			small := []string{d.t("dossier.client_types." + string(c.Type)), c.Company, c.Ref}
			p.Found = append(p.Found, foundClient{c.Name, strings.Join(slices.DeleteFunc(small, func(s string) bool { return s == "" }), " · "),
				intakeFormPath + "?" + url.Values{"client": {c.Ref}}.Encode()})
		}
	}
	d.render(http.StatusOK, "console_intake", &web.Page{Title: d.t("intake.title"), State: "list", Values: d.values, Data: p})
}

// serveIntake opens a request of a known client, or of one recorded with it (F001).
func serveIntake(d *desk) {
	var client ClientView
	var err error
	if ref := d.c.Query("client"); ref != "" {
		if client, err = d.s.clientView(d.ctx, ref); err != nil {
			d.fail(err)
			return
		}
	}
	f := d.openDraft("intake")
	if f == nil {
		return
	}
	f.say = func(code models.Code, location string) string {
		if location == "body.address" {
			return f.t("intake.fault_address")
		}
		return f.misspelt(code, location)
	}
	body, somebody := f.fillIntake(client)
	f.foresee("/requests", body, func(raw []byte) (wrong []error) {
		var in Intake
		if json.Unmarshal(raw, &in) != nil {
			return nil // its shape is at fault, which is said
		}
		if in.Client != nil {
			if err := in.Client.check("body.client"); err != nil {
				wrong = append(wrong, err)
			}
		}
		return append(wrong, in.checks("", d.s.today())...)
	})
	var opened models.Brief
	if !f.posted || !f.recordContact(&client, body, somebody) || !f.send(http.MethodPost, "/requests", body, &opened) {
		if somebody != nil && body["contact_ref"] != nil { // recorded, they are chosen from now on
			f.controls = nil
			f.fillIntake(client)
		}
		f.draw(d.t("intake.title"), decidePage{Action: d.c.Request.URL.RequestURI(), Back: intakePath, BackLabel: d.t("intake.back"),
			Button: d.t("intake.button"), Leave: d.t("intake.leave"), Says: d.t("intake.says")})
		return
	}
	x, err := d.dossier(opened.Ref)
	if err != nil {
		d.fail(err)
		return
	}
	x.goOn("", d.t("intake.done"), poll(d.ctx, settleWithin, 20*time.Millisecond, func(ctx context.Context) bool {
		_, err := d.s.store.Request(ctx, opened.Ref) // its process has begun
		return err == nil
	}))
}

// recordContact records somebody new at a known client, who then asks; nil: nobody is new. False: the form is shown again.
func (f *draft) recordContact(client *ClientView, body map[string]any, somebody map[string]any) bool {
	if somebody == nil {
		return true
	}
	var contact models.Contact
	if !f.send(http.MethodPost, filled(peopleRoute, client.Ref), somebody, &contact) {
		return false
	}
	if !slices.ContainsFunc(client.Contacts, func(c models.Contact) bool { return c.Ref == contact.Ref }) { // recorded by a form sent before
		client.Contacts = append(client.Contacts, contact)
	}
	f.values.Set("contact", contact.Ref)
	body["contact_ref"] = contact.Ref
	return true
}

// fillIntake draws the form of a request; somebody at a known client, if not nil, has to be recorded first.
func (f *draft) fillIntake(client ClientView) (body, somebody map[string]any) {
	who := map[string]any{}
	if client.Ref == "" {
		fresh := map[string]any{}
		f.group("client", f.t("intake.client"), func() { f.newClient(fresh) })
		f.group("people", f.t("intake.contact"), func() { fresh["contacts"] = []map[string]any{f.newContact(false)} })
		who["client"] = fresh
	} else {
		f.facts = append(f.fact("client", client.Name), pageFact{f.t("correct.reference"), client.Ref})
		f.group("people", f.t("intake.people"), func() { somebody = f.contactOf(client, who) })
	}
	partners := f.s.cfg.Partners
	channels := []string{string(models.ChannelPhone), string(models.ChannelMail), string(models.ChannelSite)}
	if len(partners) > 0 {
		channels = append(channels, string(models.ChannelPartner))
	}
	channel := f.choose("channel", "select", opt{initial: string(models.ChannelPhone), keys: "dossier.channel."}, channels...)
	if len(partners) > 0 {
		through := channel == string(models.ChannelPartner)
		if partner := f.choose("partner", "select", opt{optional: !through, plain: true, words: themselves(partners)}, partners...); through {
			who["partner"] = partner
		}
	}
	body = f.needs(models.Brief{Mode: models.ModeClient, Funding: "employer", Order: models.Order{Unit: models.UnitDay}})
	f.group("follow", f.t("intake.follow"), func() {
		body["owner"] = f.owner(f.who.Ref, false)
		ways := slices.DeleteFunc(slices.Clone(f.s.cfg.Policies.Names()), func(name string) bool { _, err := f.s.policy(name); return err != nil })
		words := map[string]string{}
		for _, name := range ways {
			words[name] = f.s.policyName(f.lang, name)
		}
		body["policy"] = f.choose("policy", "select", opt{initial: policies.Default, words: words}, ways...)
	})
	body["channel"] = channel
	maps.Copy(body, who)
	return body, somebody
}

// themselves are values that have no other name.
func themselves(values []string) map[string]string {
	words := map[string]string{}
	for _, v := range values {
		words[v] = v
	}
	return words
}

// newClient asks for a client.
func (f *draft) newClient(in map[string]any) {
	for _, name := range []string{"type", "name", "company_number", "vat_number", "address"} {
		f.at["client."+name] = "client_" + name
	}
	for _, name := range []string{"name", "email", "phone", "lang"} {
		f.at["client.contacts[0]."+name] = "contact_" + name
	}
	in["type"] = f.choose("client_type", "select", opt{keys: "dossier.client_types."}, texts(models.ClientTypes)...)
	in["name"] = f.text("client_name", opt{label: f.t("correct.client.name")})
	in["company_number"] = unspaced(f.text("client_company_number", opt{label: f.t("correct.client.company_number"), optional: true, mode: "numeric", class: "short"}))
	in["address"] = f.area("client_address", opt{label: f.t("correct.client.address"), hint: f.t("correct.client.address_hint"), optional: true, most: 500})
	in["vat_number"] = unspaced(f.text("client_vat_number", opt{label: f.t("correct.client.vat_number"), optional: true, class: "short"}))
}

// contactOf asks who asks at a known client, and who is billed; it returns who is new there, if anybody.
func (f *draft) contactOf(client ClientView, in map[string]any) (somebody map[string]any) {
	refs, words := []string{}, map[string]string{somebodyElse: f.t("intake.somebody_else")}
	for _, c := range client.Contacts {
		refs, words[c.Ref] = append(refs, c.Ref), c.Name+" · "+c.Email
	}
	chosen := somebodyElse
	if len(refs) > 0 {
		chosen = f.choose("contact", "radio", opt{initial: refs[0], words: words}, append(slices.Clone(refs), somebodyElse)...)
	}
	for _, name := range []string{"name", "email", "phone", "lang"} {
		f.at[name] = "contact_" + name
	}
	f.at["contact_ref"], f.at["billing_contact_ref"] = "contact", "billed"
	known := chosen != somebodyElse
	if person := f.newContact(known); !known {
		somebody = person
	} else {
		in["contact_ref"] = chosen
	}
	if len(refs) > 0 {
		if billed := f.choose("billed", "select", opt{optional: true, words: words}, refs...); billed != "" {
			in["billing_contact_ref"] = billed
		}
	}
	in["client_ref"] = client.Ref
	return somebody
}

// newContact asks for somebody at a client; idle: it is somebody known, and what is typed does not count.
func (f *draft) newContact(idle bool) map[string]any {
	return map[string]any{"name": f.text("contact_name", opt{label: f.t("correct.contact.name"), optional: idle, plain: true}),
		"email": f.text("contact_email", opt{label: f.t("correct.contact.email"), optional: idle, plain: true, most: 254}),
		"phone": f.text("contact_phone", opt{label: f.t("correct.contact.phone"), optional: true, plain: idle, most: 40, class: "short"}),
		"lang":  f.writtenIn("contact_lang", models.French, opt{label: f.t("ask.lang"), keys: "ask.lang_"})}
}
