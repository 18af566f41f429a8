package api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"jalon/models"
	"jalon/web"
)

// Who is corrected, by the routes of the typed API that correct them.
const (
	clientRoute  = "/clients/{ref}"
	peopleRoute  = clientRoute + "/contacts"
	contactRoute = peopleRoute + "/{contact}"
	trainerRoute = "/trainers/{ref}"
)

// correcting ends the address where somebody is corrected.
const correcting = "/correct"

func (s *Server) registerConsoleCorrections() {
	for route, serve := range map[string]func(*desk){clientRoute: correctClient, contactRoute: correctContact, trainerRoute: correctTrainer} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			s.console(method, ginPath(route)+correcting, Staff, serve)
		}
	}
}

// correction is where somebody is corrected.
type correction struct{ Href, Label, Who string }

// correction leads from a page that shows somebody to where they are corrected, and back; nil for whose role does not allow it.
func (d *desk) correction(label, who, back, route string, refs ...string) *correction {
	if !d.may(http.MethodPut, route) {
		return nil
	}
	return &correction{ConsolePath + filled(route, refs...) + correcting + "?" + url.Values{"back": {back}}.Encode(), d.t(label), who}
}

// filled is a route with its parameters, in order; those it does not have are left out.
func filled(route string, refs ...string) string {
	parts := strings.Split(route, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i], refs = url.PathEscape(refs[0]), refs[1:]
		}
	}
	return strings.Join(parts, "/")
}

// openCorrection opens the form by which somebody is corrected.
func (d *desk) openCorrection(prefix string) *draft {
	f := d.openDraft(prefix)
	if f == nil {
		return nil
	}
	f.corrects = true
	f.say = f.misspelt
	return f
}

// misspelt says how something about a person is written; empty for what no words say it of.
func (f *draft) misspelt(_ models.Code, location string) string {
	key := "correct.fault_" + location[strings.LastIndexByte(location, '.')+1:]
	if !web.Has(key) {
		return ""
	}
	return f.t(key)
}

// save makes the correction and goes back to where it began; what was refused is shown again.
func (f *draft) save(name, path string, body any) {
	back := within(f.c.Query("back"))
	if f.posted && f.send(http.MethodPut, path, body, nil) {
		f.done(back, f.t(f.prefix+".done"))
		return
	}
	f.draw(f.t("correct.title", "name", name), decidePage{Action: f.c.Request.URL.RequestURI(), Back: back, BackLabel: f.t("correct.back"),
		Button: f.t("correct.button"), Says: f.t(f.prefix + ".says")})
}

// unspaced is a number that people write in groups.
func unspaced(s string) string { return strings.Join(strings.Fields(s), "") }

// writtenIn is the language somebody is written to in.
func (f *draft) writtenIn(name string, l models.Lang, o opt) string {
	o.initial = string(orFrench(l))
	return f.choose(name, "select", o, string(models.French), string(models.English))
}

func correctClient(d *desk) {
	c, err := d.s.store.Client(d.ctx, d.c.Param("ref"))
	if err != nil {
		d.fail(err)
		return
	}
	f := d.openCorrection("correct.client")
	if f == nil {
		return
	}
	f.facts = []pageFact{{d.t("dossier.client_type"), d.t("dossier.client_types." + string(c.Type))}, {d.t("correct.reference"), c.Ref}}
	body := map[string]any{"name": f.text("name", opt{initial: c.Name}), "address": f.area("address", opt{initial: c.Address, optional: true, most: 500})}
	if c.Type.Organisation() {
		body["company_number"] = unspaced(f.text("company_number", opt{initial: c.Company, optional: true, mode: "numeric", class: "short"}))
	}
	body["vat_number"] = unspaced(f.text("vat_number", opt{initial: c.VATNumber, optional: true, class: "short"}))
	f.save(c.Name, filled(clientRoute, c.Ref), body)
}

func correctContact(d *desk) {
	c, err := d.s.store.Contact(d.ctx, d.c.Param("contact"))
	if err == nil && c.ClientRef != d.c.Param("ref") {
		err = refuse(models.CodeUnknown)
	}
	var client models.Client
	if err == nil {
		client, err = d.s.store.Client(d.ctx, c.ClientRef)
	}
	if err != nil {
		d.fail(err)
		return
	}
	f := d.openCorrection("correct.contact")
	if f == nil {
		return
	}
	f.facts = d.fact("client", client.Name)
	f.save(c.Name, filled(contactRoute, c.ClientRef, c.Ref), map[string]any{"name": f.text("name", opt{initial: c.Name}),
		"email": f.text("email", opt{initial: c.Email, most: 254}), "phone": f.text("phone", opt{initial: c.Phone, optional: true, most: 40, class: "short"}),
		"lang": f.writtenIn("lang", c.Lang, opt{})})
}

var (
	legalForms = []models.LegalForm{models.FormCompany, models.FormMicro, models.FormUmbrella, models.FormTempAgency, models.FormCooperative, models.FormForeign}
	vatStates  = []models.VATStatus{models.VATTaxable, models.VATFranchise, models.VATExempt, models.VATReverse}
)

func correctTrainer(d *desk) {
	t, err := d.s.store.Trainer(d.ctx, d.c.Param("ref"))
	if err != nil {
		d.fail(err)
		return
	}
	f := d.openCorrection("correct.trainer")
	if f == nil {
		return
	}
	f.facts = []pageFact{{d.t("correct.reference"), t.Ref}}
	f.save(t.Name, filled(trainerRoute, t.Ref), f.profile(t))
}

// profile asks for all that is known of a trainer.
func (f *draft) profile(t models.Trainer) map[string]any {
	body := map[string]any{}
	f.group("reach", f.t("correct.reach"), func() {
		body["name"] = f.text("name", opt{initial: t.Name})
		body["email"] = f.text("email", opt{initial: t.Email, most: 254})
		body["phone"] = f.text("phone", opt{initial: t.Phone, optional: true, most: 40, class: "short"})
		body["lang"] = f.writtenIn("lang", t.Lang, opt{})
		body["address"] = f.area("address", opt{initial: t.Address, optional: true, most: 500})
		body["department"] = strings.ToUpper(f.text("department", opt{initial: t.Department, optional: true, class: "short"}))
	})
	f.group("skills", f.t("correct.skills"), func() { body["skills"] = f.skills(t.Skills) })
	f.group("pay", f.t("correct.pay"), func() {
		body["legal_form"] = f.choose("legal_form", "select", opt{initial: string(t.LegalForm)}, texts(legalForms)...)
		body["intermediary_name"] = f.text("intermediary_name", opt{initial: t.Intermediary, optional: true})
		body["company_number"] = unspaced(f.text("company_number", opt{initial: t.Company, optional: true, most: 30, class: "short"}))
		body["vat_status"] = f.choose("vat_status", "select", opt{initial: string(cmp.Or(t.VATStatus, models.VATFranchise))}, texts(vatStates)...)
		body["vat_number"] = unspaced(f.text("vat_number", opt{initial: t.VATNumber, optional: true, most: 30, class: "short"}))
		body["iban"] = strings.ToUpper(unspaced(f.text("iban", opt{initial: t.IBAN, optional: true, most: 60})))
		body["self_billing_mandate"] = f.yes("self_billing_mandate", t.SelfBilling)
	})
	f.group("work", f.t("correct.work"), func() {
		body["titles"] = f.area("titles", opt{initial: t.Titles, optional: true, most: 1000})
		body["activity_number"] = unspaced(f.text("activity_number", opt{initial: t.NDA, optional: true, most: 30, class: "short"}))
		body["quality_label"] = f.yes("quality_label", t.Label)
		rate := f.amount("rate", 0, opt{initial: f.euroText(t.RateCents), optional: true, class: "short"})
		if unit := f.choose("rate_in", "select", opt{initial: string(t.RateUnit), optional: true, keys: "unit."}, texts(models.Units)...); unit != "" {
			body["rate_unit"] = unit
		}
		body["rate_cents"], f.at["rate_cents"], f.at["rate_unit"] = rate, "rate", "rate_in"
		body["validated"] = f.yes("validated", t.Validated)
		body["active"] = f.yes("active", t.Active)
	})
	f.add(control{Kind: "more", Field: web.Field{Label: f.t("correct.more_skills")}})
	return body
}

// noLevel is chosen for a skill that is held no more.
const noLevel = "0"

// skills asks what a trainer teaches: how well each skill held, and rows for others (F020).
func (f *draft) skills(held []models.Skill) []models.Skill {
	topics, titles, err := f.courses()
	if err != nil {
		f.wrong("", Sentence(models.CodeUnavailable, f.lang))
	}
	levels, words := []string{"1", "2", "3", "4", "5"}, map[string]string{noLevel: f.t("correct.no_level")}
	for _, level := range levels {
		words[level] = f.t("correct.level", "level", level)
	}
	known, asked := map[string]string{}, slices.Clone(topics) // level by topic
	for _, k := range held {
		if known[k.Topic] = strconv.Itoa(k.Level); !slices.Contains(topics, k.Topic) {
			asked = append(asked, k.Topic)
		}
	}
	out, listed := []models.Skill{}, map[string]string{}
	list := func(topic, level, field string) {
		n, _ := strconv.Atoi(level)
		f.at["skills["+strconv.Itoa(len(out))+"]"] = field
		out, listed[topic] = append(out, models.Skill{Topic: topic, Level: n}), level
	}
	for _, topic := range asked {
		name := "skill-" + topic
		if known[topic] == "" && !f.values.Has(name) {
			continue
		}
		level := f.choose(name, "select", opt{label: cmp.Or(titles[topic], topic), initial: cmp.Or(known[topic], noLevel), words: words}, slices.Concat(levels, []string{noLevel})...)
		if level != noLevel {
			list(topic, level, name)
		}
	}
	for n := range f.rowsShown(3, 30) {
		id := "new-skill-" + strconv.Itoa(n+1)
		f.group(id, f.t("correct.new_skill", "n", n+1), func() {
			topic := f.choose(id+"-topic", "select", opt{label: f.t("correct.topic"), optional: true, plain: true, words: titles}, topics...)
			level := f.choose(id+"-level", "select", opt{label: f.t("correct.its_level"), optional: true, plain: true, words: words}, levels...)
			switch {
			case topic == "" && level == "":
			case topic == "":
				f.wrong(id+"-topic", f.t("fault.choose", "label", f.t("correct.topic")))
			case level == "":
				f.wrong(id+"-level", f.t("fault.choose", "label", f.t("correct.its_level")))
			case listed[topic] != level: // the same again: the form was sent twice
				list(topic, level, id+"-topic")
			}
		})
	}
	return out
}

// yes asks for a yes or a no.
func (f *draft) yes(name string, initial bool) bool {
	is := map[bool]string{true: "yes", false: "no"}
	return f.choose(name, "select", opt{initial: is[initial], keys: "dossier.yes_no."}, "no", "yes") == "yes"
}

// texts are values as a form holds them.
func texts[S ~string](values []S) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
