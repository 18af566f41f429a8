package mail

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"jalon/models"
)

const hostile = "Zoé <script>alert(1)</script> & \"Élan\"\r\nBcc: x@example.com"

func at(day, hour, minute int) time.Time {
	zone, _ := time.LoadLocation(models.DefaultZone)
	return time.Date(2026, 12, day, hour, minute, 0, 0, zone)
}

// full is data with everything a template can ask for.
func full() Data {
	amount := models.Cents(123456)
	day := func(d int) []models.HalfDay {
		return []models.HalfDay{{Start: at(d, 9, 0), End: at(d, 12, 30)}, {Start: at(d, 14, 0), End: at(d, 17, 30)}}
	}
	return Data{Recipient: "Zoé Élan", Agency: "Atelier Jalon", Dossier: "D-2026-000123", Title: "Tableur, perfectionnement",
		Mode: models.ModeClient, Place: "12 rue de l’Exemple, 69003 Lyon", Department: "69", Level: "intermediate",
		HalfDays: 6, GroupSize: 4, WantedFrom: "2026-12-07", Trainer: "Noé Formateur", TrainerPhone: "01 00 00 00 00",
		Client: "Société Exemple", Contact: "Ada Contact", ContactPhone: "01 00 00 00 01", ContactEmail: "ada@example.com", Participant: "Léo Stagiaire", Owner: "Olga Suivi",
		Sessions: []Session{{1, day(7), ""}, {2, day(8), ""}, {3, day(9), ""}}, Session: &Session{1, day(7), ""},
		Slots: []time.Time{at(1, 9, 0), at(1, 11, 30), at(2, 14, 0)}, At: at(1, 11, 30), Due: at(4, 18, 0),
		Amount: &amount, Rate: "450,00 € par jour", Month: "2026-12", Number: "F-2026-0001", PayOn: "2027-01-29",
		PaidOn: "2027-01-28", Note: "Préciser l’évaluation.\nAjouter un exercice.", Alert: "slots_refused",
		Reason: "audit_unfit", Subject: "D-2026-000123/audit/1", Enclosed: true}
}

// links are the ones each template has in the contract with the processes.
var links = map[string][]models.Purpose{
	"invitation": {models.LinkAnswer}, "invitation_reminder": {models.LinkAnswer},
	"audit_slots": {models.LinkSlots, models.LinkWithdraw}, "audit_slots_reminder": {models.LinkSlots},
	"audit_booked_trainer": {models.LinkAuditReport, models.LinkWithdraw}, "audit_report_reminder": {models.LinkAuditReport},
	"programme_ask": {models.LinkProgramme, models.LinkWithdraw}, "programme_reminder": {models.LinkProgramme},
	"programme_returned": {models.LinkProgramme}, "trainer_contract": {models.LinkSign},
	"trainer_contract_reminder": {models.LinkSign}, "sheet_ask": {models.LinkSheet}, "sheet_reminder": {models.LinkSheet},
	"recap": {models.LinkRecap}, "recap_reminder": {models.LinkRecap}, "invoice_ask": {models.LinkInvoice},
	"invoice_reminder": {models.LinkInvoice}, "invoice_rejected": {models.LinkInvoice},
	"request_received": {models.LinkCancel}, "audit_choice": {models.LinkChoose}, "audit_choice_reminder": {models.LinkChoose},
	"contract_client": {models.LinkSign}, "contract_client_reminder": {models.LinkSign},
	"convocation": {models.LinkPositioning}, "attend": {models.LinkAttend}, "absence_told": {models.LinkJustify},
	"hot_evaluation": {models.LinkHot}, "hot_reminder": {models.LinkHot}, "cold_evaluation": {models.LinkCold},
}

// named are the templates of the contract with the processes.
var named = strings.Fields(`invitation invitation_reminder invitation_closed audit_slots audit_slots_reminder
audit_booked_trainer audit_report_reminder programme_ask programme_reminder programme_returned programme_approved
interview_notice trainer_contract trainer_contract_reminder trainer_contract_expired mission_ended mission_cancelled
sessions_planned_trainer session_moved_trainer session_cancelled_trainer sheet_ask sheet_reminder recap recap_reminder recap_cancelled
self_billed_invoice invoice_ask invoice_reminder invoice_rejected invoice_conform invoice_unconfirmed invoice_paid invoice_withdrawn
request_received audit_choice audit_choice_reminder audit_booked_client audit_cancelled_client contract_client
contract_client_reminder contract_signed sessions_planned_client session_moved_client session_cancelled_client trainer_changed_client
request_cancelled_client request_handed_over_client client_invoice client_invoice_reminder convocation
session_moved_participant session_cancelled_participant course_cancelled_participant attend absence_told certificate
hot_evaluation hot_reminder cold_evaluation staff_alert staff_alert_unread staff_request_cancelled finance_conformity finance_payment_due finance_payment_late`)

func TestEveryTemplateIsThere(t *testing.T) {
	want := slices.Sorted(slices.Values(named))
	if got := Templates(); !slices.Equal(got, want) {
		t.Errorf("templates\n%v\nwant\n%v", got, want)
	}
	fr, en := vocabulary[models.French], vocabulary[models.English]
	for _, pair := range [][2]map[string]string{{fr.alerts, en.alerts}, {fr.reasons, en.reasons}, {fr.buttons, en.buttons}, {fr.phrases, en.phrases}} {
		for key := range pair[0] {
			if pair[1][key] == "" {
				t.Errorf("%s is not said in English", key)
			}
		}
		if len(pair[0]) != len(pair[1]) {
			t.Errorf("%d keys in French, %d in English", len(pair[0]), len(pair[1]))
		}
	}
	for _, key := range strings.Fields(`no_candidate_left nobody_interested no_answer_slots slots_refused audit_not_reported
		programme_late client_unsigned client_declined trainer_unsigned interview_overdue readiness_overdue choice_overdue
		qualification_overdue planning_overdue sheet_missing sheet_incomplete recap_unanswered recap_contested
		invoice_not_received conformity_overdue payment_late legal_cap_near message_undeliverable message_parked group_size
		consecutive_absences unjustified_absences audit_overdue trainer_withdrew
		client_payment_late unknown`) {
		if fr.alerts[key] == "" {
			t.Errorf("no sentence for the alert %s", key)
		}
	}
	if s := AlertSentence(models.English, "new_thing"); !strings.Contains(s, "new_thing") {
		t.Errorf("an alert without a sentence: %q", s)
	}
}

// What tells an amount is known to be about money; the price in a client's contract is one of what is agreed on.
func TestTemplatesThatTellAmountsAreOfMoney(t *testing.T) {
	var tell []string
	for _, name := range Templates() {
		source, err := files.ReadFile("templates/fr/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), ".Amount") && name != "contract_client" {
			tell = append(tell, name)
		}
	}
	if !slices.Equal(tell, models.TemplatesOfMoney) {
		t.Errorf("tell amounts\n%v\nof money\n%v", tell, models.TemplatesOfMoney)
	}
}

func TestEveryMailInBothLanguages(t *testing.T) {
	for _, name := range Templates() {
		for _, lang := range Languages {
			t.Run(string(lang)+"/"+name, func(t *testing.T) {
				data := full()
				data.Recipient, data.Title, data.Note = hostile, hostile, hostile
				data.Client, data.Trainer, data.Place = hostile, hostile, hostile
				data.Sessions = []Session{{HalfDays: data.Session.HalfDays, Place: hostile}}
				for _, p := range append(slices.Clone(links[name]), models.LinkDocument) {
					data.Links = append(data.Links, Link{p, "https://jalon.example.org/l/" + string(p) + ".token"})
				}
				subject, text, html, err := Render(name, lang, data)
				if err != nil {
					t.Fatal(err)
				}
				if subject == "" || strings.ContainsAny(subject, "\r\n") {
					t.Errorf("subject %q", subject)
				}
				if !strings.Contains(html, `<html lang="`+string(lang)+`">`) {
					t.Error("the language is not said")
				}
				for _, bad := range []string{"<no value>", "<script>", "%!", "ZgotmplZ", "{{"} {
					if strings.Contains(html, bad) || bad != "<script>" && strings.Contains(text+subject, bad) {
						t.Errorf("%s is in the mail", bad)
					}
				}
				if regexp.MustCompile(`(?m)^Bcc:`).MatchString(text) || strings.Contains(html, "<img") {
					t.Error("a name added a line, or an image is loaded from afar")
				}
				for _, l := range data.Links {
					if !strings.Contains(text, l.URL) || strings.Count(html, l.URL) < 2 {
						t.Errorf("%s is missing", l.URL)
					}
				}
				if !strings.Contains(text, "Atelier Jalon") {
					t.Error("nobody says who writes")
				}
			})
		}
	}
}

func TestMailsThatLackSomethingFail(t *testing.T) {
	if _, _, _, err := Render("nonsense", models.French, full()); models.ErrorCode(err) != models.CodeUnknown {
		t.Errorf("unknown template: %v", err)
	}
	for name, data := range map[string]Data{"invitation": full(), "invoice_paid": {Number: "F-1"}, "staff_alert": {},
		"session_moved_trainer": {Title: "T"}, "programme_returned": {Title: "T", Links: []Link{{models.LinkProgramme, "https://x.example.org"}}}} {
		if _, _, _, err := Render(name, models.French, data); models.ErrorCode(err) != models.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestF068InvitationSaysWhatIsAskedAndNotWhoTheClientIs(t *testing.T) {
	data := full()
	data.Links = []Link{{models.LinkAnswer, "https://jalon.example.org/l/a"}}
	data.Place = "" // what the letter leaves out for those who are only asked
	for _, name := range []string{"invitation", "invitation_reminder", "invitation_closed"} {
		for _, lang := range Languages {
			_, text, html, err := Render(name, lang, data)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{data.Title, lang.ModeName(data.Mode), lang.HalfDaysName(6), lang.Day(data.WantedFrom)} {
				if !strings.Contains(text, want) {
					t.Errorf("%s %s: %q is missing", lang, name, want)
				}
			}
			for _, secret := range []string{data.Client, data.Contact, data.ContactPhone, data.ContactEmail} {
				if strings.Contains(text, secret) || strings.Contains(html, secret) {
					t.Errorf("%s %s tells %q", lang, name, secret)
				}
			}
		}
	}
}

// Whoever leaves by themselves is not dismissed, and a search that nobody was asked in begins with nobody (F081).
func TestF081MailsOfATrainerWhoLeavesHoldInEachCase(t *testing.T) {
	data := full()
	say := func(name string, lang models.Lang) string {
		_, text, _, err := Render(name, lang, data)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for lang, words := range map[models.Lang][3]string{models.French: {"Nous mettons fin", "Vous nous avez fait savoir", "déjà contactés"},
		models.English: {"We end", "You told us", "already contacted"}} {
		data.Reason = "trainer_withdrew"
		if text := say("mission_ended", lang); strings.Contains(text, words[0]) || !strings.Contains(text, words[1]) {
			t.Errorf("%s: %s", lang, text)
		}
		for _, data.Searched = range []bool{false, true} {
			if text := say("trainer_changed_client", lang); strings.Contains(text, words[2]) != data.Searched {
				t.Errorf("%s, searched %v: %s", lang, data.Searched, text)
			}
		}
	}
}

// The search that is announced has begun: most requests wait to be qualified first (F003, F004).
func TestF003AcknowledgementSaysWhetherTheSearchBegins(t *testing.T) {
	for lang, words := range map[models.Lang][2]string{models.French: {"chercher le formateur", "étudions votre besoin"}, models.English: {"look for the trainer", "studying what you need"}} {
		for _, searched := range []bool{false, true} {
			data := full()
			data.Searched = searched
			_, text, _, err := Render("request_received", lang, data)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text, words[0]) != searched || strings.Contains(text, words[1]) == searched {
				t.Errorf("%s, searched %v: %s", lang, searched, text)
			}
		}
	}
}

// The trainer is asked what they can do with what is known of the client's contact (F079).
func TestF079TrainerIsToldHowToReachTheClient(t *testing.T) {
	for lang, ways := range map[models.Lang][3]string{models.French: {"l’appeler", "lui écrire", "répondez à ce message"},
		models.English: {"call them", "write to them", "reply to this message and"}} {
		for want, known := range [][2]string{{"0100000001", "ada@example.com"}, {"", "ada@example.com"}, {"", ""}} {
			data := full()
			data.ContactPhone, data.ContactEmail = known[0], known[1]
			data.Links = []Link{{models.LinkAuditReport, "https://jalon.example.org/l/r"}}
			_, text, _, err := Render("audit_booked_trainer", lang, data)
			if err != nil {
				t.Fatal(err)
			}
			for i, way := range ways {
				if strings.Contains(text, way) != (i == want) {
					t.Errorf("%s, known %v: %s", lang, known, text)
				}
			}
			if !strings.Contains(text, known[0]) || !strings.Contains(text, known[1]) {
				t.Errorf("%s: %v is missing", lang, known)
			}
		}
	}
}

func TestF101AnIndividualIsTakenToWhereTheyWithdraw(t *testing.T) {
	for _, name := range []string{"contract_client", "contract_client_reminder"} {
		data := full()
		data.Individual = true
		data.Links = []Link{{models.LinkSign, "https://jalon.example.org/l/sign"}, {models.LinkCancel, "https://jalon.example.org/l/cancel"}}
		_, text, html, err := Render(name, models.French, data)
		if err != nil || !strings.Contains(text, "pendant le délai de rétractation") || !strings.Contains(text, "Me rétracter") || !strings.Contains(html, "https://jalon.example.org/l/cancel") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		data.Individual, data.Links = false, data.Links[:1]
		if _, text, _, err = Render(name, models.French, data); err != nil || strings.Contains(text, "rétract") {
			t.Errorf("%s: who signs a convention does not withdraw: %v\n%s", name, err, text)
		}
	}
}

// TestGoldenMails compares some mails with what was read and approved; JALON_UPDATE_GOLDEN=1 writes them again.
func TestGoldenMails(t *testing.T) {
	for _, name := range []string{"invitation", "audit_choice", "contract_client", "contract_signed", "convocation", "recap", "staff_alert"} {
		for _, lang := range Languages {
			data := full()
			if lang == models.English {
				data.Rate = "€450.00 per day"
			}
			for _, p := range links[name] {
				data.Links = append(data.Links, Link{p, "https://jalon.example.org/l/" + string(p) + ".token"})
			}
			subject, text, html, err := Render(name, lang, data)
			if err != nil {
				t.Fatal(err)
			}
			for ext, got := range map[string]string{"txt": "Subject: " + subject + "\n\n" + text, "html": html} {
				file := filepath.Join("testdata", name+"."+string(lang)+"."+ext)
				if os.Getenv("JALON_UPDATE_GOLDEN") != "" {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil || string(want) != got {
					t.Errorf("%s differs (%v); got\n%s", file, err, got)
				}
			}
		}
	}
}

// Letters do not read what a template does not say: leaving it out must change no word.
func TestWhatNoTemplateSaysChangesNothing(t *testing.T) {
	without := map[string]func(*Data){"Sessions": func(d *Data) { d.Sessions = nil }, "Client": func(d *Data) { d.Client = "" },
		"Contact": func(d *Data) { d.Contact, d.ContactPhone, d.ContactEmail = "", "", "" }, "Trainer": func(d *Data) { d.Trainer, d.TrainerPhone = "", "" }}
	for field, leaveOut := range without {
		said := 0
		for _, name := range Templates() {
			if Says(name, field) {
				said++
				continue
			}
			for _, lang := range Languages {
				whole, bare := full(), full()
				leaveOut(&bare)
				for _, d := range []*Data{&whole, &bare} {
					for _, purpose := range links[name] {
						d.Links = append(d.Links, Link{purpose, "https://jalon.example.org/l/x"})
					}
				}
				subject, text, html, err := Render(name, lang, whole)
				subject2, text2, html2, err2 := Render(name, lang, bare)
				if err != nil || err2 != nil || subject != subject2 || text != text2 || html != html2 {
					t.Errorf("%s %s is not the same without %s: %v, %v", lang, name, field, err, err2)
				}
			}
		}
		if said == 0 {
			t.Errorf("no template says %s", field)
		}
	}
}
