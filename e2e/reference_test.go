package e2e

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"jalon/demo"
	"jalon/models"
)

// referenceMails are the mails of one reference mission up to its closure, by template; below zero: at most as many,
// since whether it still leaves depends on hours that pass in milliseconds.
func referenceMails() map[string]int {
	return map[string]int{
		"request_received": 1, "invitation": 5, "invitation_reminder": -5, "invitation_closed": 1,
		"audit_slots": 1, "audit_choice": 1, "audit_booked_trainer": 1, "audit_booked_client": 1, "audit_report_reminder": -1,
		"programme_ask": 1, "programme_returned": 1, "programme_approved": 1, "interview_notice": -1,
		"trainer_contract": 1, "contract_client": 1, "contract_signed": 2, "sessions_planned_trainer": 1, "sessions_planned_client": 1,
		"convocation": 12, "attend": 12, "sheet_ask": 3, "absence_told": 2, "certificate": 4, "hot_evaluation": 4, "client_invoice": 1,
	}
}

// moneyMails are those of the trainer's month and invoice.
func moneyMails() map[string]int {
	return map[string]int{"recap": 1, "self_billed_invoice": 1, "finance_conformity": 1, "invoice_conform": 1,
		"finance_payment_due": 1, "invoice_paid": 1}
}

// TestReferenceMission plays the reference mission from the request to the cold evaluation (F001 to F211).
func TestReferenceMission(t *testing.T) {
	t.Parallel()
	h := newHouse(t, day/2, nil)
	m := h.open(demo.Reference(0))
	within(t, m, 8*time.Minute)
	h.settle(m)
	h.stop()
	for _, err := range h.player.Errors() {
		t.Error(err)
	}

	t.Run("every mail left once", func(t *testing.T) {
		want := referenceMails()
		want["cold_evaluation"] = 4
		compare(t, "mails", h.mails(of(m)), want)
		compare(t, "mails of the month", h.mails(func(m demo.Mail) bool { return m.Dossier == "" }), moneyMails())
		for _, message := range rows[models.Message](h, m, "messages") {
			if message.Status != models.MessageSent && message.Status != models.MessageWithdrawn {
				t.Errorf("message %s is %s", message.Key, message.Status)
			}
			if message.Attempts > 1 {
				t.Errorf("message %s: %d attempts", message.Key, message.Attempts)
			}
		}
	})
	t.Run("F070 who is silent is reminded", func(t *testing.T) { remindedInTime(t, h, m) })
	t.Run("dates follow the calendar", func(t *testing.T) { datesFollow(t, h, m) })
	t.Run("F124 F135 F136 attendance and absences", func(t *testing.T) {
		states := map[string]string{}
		for _, a := range rows[models.Absence](h, m, "absences") {
			states[a.Ref] = a.Status
		}
		people := m.Participants()
		for ref, want := range map[string]string{
			models.AbsenceRef(models.SessionRef(m.Ref, 1), people[1].Ref): models.AbsenceJustified,
			models.AbsenceRef(models.SessionRef(m.Ref, 2), people[2].Ref): models.AbsenceUnjustified,
		} {
			if states[ref] != want {
				t.Errorf("absence %s is %q, not %s", ref, states[ref], want)
			}
		}
		if len(states) != 2 {
			t.Errorf("%d absences, not 2", len(states))
		}
		for _, s := range rows[models.Session](h, m, "sessions") {
			if s.Status != models.SessionValidated || !s.Complete {
				t.Errorf("session %d is %s, complete %t", s.Number, s.Status, s.Complete)
			}
		}
	})
	t.Run("F140 certificates say who attended how much", func(t *testing.T) {
		var texts []string
		for _, d := range rows[models.Document](h, m, "documents") {
			if d.Kind == models.DocumentCertificate {
				texts = append(texts, h.text(d.SHA256))
			}
		}
		if len(texts) != 4 {
			t.Fatalf("%d certificates, not 4", len(texts))
		}
		for i, p := range m.Participants() {
			n := slices.IndexFunc(texts, func(s string) bool { return strings.Contains(s, p.Name) })
			if n < 0 {
				t.Errorf("no certificate for participant %d", i)
				continue
			}
			hours := "21 h"
			if i == 1 || i == 2 {
				hours = "17 h 30"
			}
			for _, words := range []string{"Certificat de réalisation", hours, "24 novembre 2026", "26 novembre 2026"} {
				if !strings.Contains(texts[n], words) {
					t.Errorf("certificate of participant %d lacks %q:\n%s", i, words, texts[n])
				}
			}
		}
	})
	t.Run("F096 F101 each signer gets the signed copy", func(t *testing.T) {
		copies := map[string]string{} // by contract
		for _, d := range rows[models.Document](h, m, "documents") {
			if d.Kind == models.DocumentSigned {
				copies[d.Subject] = h.text(d.SHA256)
			}
		}
		contracts := rows[models.Contract](h, m, "contracts")
		if len(contracts) != 2 || len(copies) != 2 {
			t.Fatalf("%d contracts, %d signed copies", len(contracts), len(copies))
		}
		for _, c := range contracts {
			for _, words := range []string{"Page de signature", c.SHA256, "Nom saisi pour signer", "Par le lien personnel", c.SignedAt.UTC().Format(time.RFC3339)[:17]} {
				if !strings.Contains(copies[c.Ref], words) {
					t.Errorf("the signed copy of %s lacks %q:\n%s", c.Ref, words, copies[c.Ref])
				}
			}
		}
	})
	t.Run("F192 F211 invoices", func(t *testing.T) {
		invoices, err := demo.All[models.Invoice](t.Context(), h.player.Finance, "/invoices")
		if err != nil {
			t.Fatal(err)
		}
		for kind, want := range map[models.InvoiceKind][3]models.Cents{
			models.InvoiceClient:     {360000, 72000, 432000}, // three days at 1 200 €, VAT 20 %
			models.InvoiceSelfBilled: {135000, 27000, 162000}, // three days at 450 €, VAT 20 %
		} {
			i := slices.IndexFunc(invoices, func(i models.Invoice) bool { return i.Kind == kind })
			if i < 0 {
				t.Errorf("no %s invoice", kind)
				continue
			}
			v := invoices[i]
			if got := [3]models.Cents{v.NetCents, v.VATCents, v.TotalCents}; got != want || v.Status != models.InvoicePaid {
				t.Errorf("%s invoice: %v %s, not %v paid", kind, got, v.Status, want)
			}
			text := h.text(v.SHA256)
			if !strings.Contains(text, v.Number) || !strings.Contains(text, plain.Replace(v.TotalCents.FormatFR())) {
				t.Errorf("the %s invoice lacks its number %s or its total:\n%s", kind, v.Number, text)
			}
			if strings.Contains(text, "en partie") {
				t.Errorf("the whole course is billed as a part of it:\n%s", text)
			}
		}
		if len(invoices) != 2 {
			t.Errorf("%d invoices, not 2", len(invoices))
		}
	})
	t.Run("the journal tells all of it", func(t *testing.T) {
		got := map[string]int{}
		for _, line := range rows[models.JournalLine](h, m, "journal") {
			got[line.Kind]++
		}
		for kind, n := range map[string]int{
			"request_opened": 1, "request_qualified": 1, "wave_sent": 1, "invitation_interested": 2, "invitation_declined": 1,
			"invitation_silent": 2, "trainer_chosen": 1, "slots_offered": 1, "slot_chosen": 1, "audit_reported": 1,
			"programme_submitted": 2, "programme_returned": 1, "programme_approved": 1, "interview_recorded": 1, "contract_sent": 2,
			"contract_signed": 2, "readiness_checked": 1, "sessions_planned": 1, "session_convoked": 3, "sheet_signed": 3,
			"session_validated": 3, "absence_justified": 1, "absence_unjustified": 1, "certificates_sent": 1, "lines_settled": 1,
			"stage_entered": 9, "evaluation_asked": 2,
		} {
			if got[kind] < n || got[kind] > n && kind != "evaluation_asked" {
				t.Errorf("journal: %d lines %s, not %d", got[kind], kind, n)
			}
		}
		for _, kind := range []string{"alert", "fact_late", "fact_ignored"} {
			if got[kind] > 0 {
				t.Errorf("journal: %d lines %s", got[kind], kind)
			}
		}
	})
	t.Run("F206 a closed dossier takes no change", func(t *testing.T) {
		for verb, body := range map[string]any{
			"cancel": map[string]any{"reason": "x"}, "drop-trainer": map[string]any{"reason": "x"},
			"plan-sessions": map[string]any{"sessions": []any{map[string]any{"half_days": []any{map[string]any{
				"start": "2027-06-01T07:00:00Z", "end": "2027-06-01T10:00:00Z"}}}}},
		} {
			refused(t, m.Command(t.Context(), verb, "after", body), 410, models.CodeClosed)
		}
		cancel := h.one("request_received", of(m)).Link(models.LinkCancel)
		page, err := h.player.Browser("client-1@example.com").Open(t.Context(), cancel)
		if err != nil || page.State != "closed" || len(page.Forms) > 0 {
			t.Errorf("the client's link to cancel still shows a form: %+v, %v", page, err)
		}
	})
	t.Run("answered evaluations are kept", func(t *testing.T) {
		got := map[string]int{}
		for _, e := range rows[models.Evaluation](h, m, "evaluations") {
			got[e.Kind]++
		}
		compare(t, "evaluations", got, map[string]int{models.EvaluationPositioning: 4, models.EvaluationHot: 4, models.EvaluationCold: 4})
	})
	t.Run("histories hold nothing personal", func(t *testing.T) { histories(t, h) })
}

// datesFollow compares the mission's dates with the test's own agenda.
func datesFollow(t *testing.T, h *house, m *demo.Mission) {
	deadlines := map[models.DeadlineKind]models.Deadline{}
	for _, d := range rows[models.Deadline](h, m, "deadlines") {
		deadlines[d.Kind] = d
	}
	same := func(what string, got, want time.Time) {
		t.Helper()
		if !got.Equal(want) {
			t.Errorf("%s: %s, not %s", what, got.In(paris), want)
		}
	}
	on := func(what string, got, want time.Time) { t.Helper(); same(what, dateOf(got), want) }
	at := func(date string) time.Time {
		t.Helper()
		d, err := time.ParseInLocation(time.DateOnly, date, paris)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}

	var asked time.Time
	for _, mail := range h.player.Mails() {
		if mail.Template == "invitation" {
			asked = mail.At
		}
	}
	silence := deadlines[models.DeadlineSilence]
	same("F070 silence is a refusal at 18:00 on the third business day", silence.DueAt, businessDays(dateOf(asked), 3).Add(18*time.Hour))
	if silence.Status != models.Missed || !silence.ClosedAt.Equal(silence.DueAt) {
		t.Errorf("the silence is %s at %s: what a deadline causes is dated by it", silence.Status, silence.ClosedAt)
	}
	for _, line := range rows[models.JournalLine](h, m, "journal") {
		if line.Kind == "invitation_silent" {
			same("F070 the silence in the journal", line.At, silence.DueAt)
		}
	}
	convocation := deadlines[models.DeadlineConvocation]
	if days := at("2026-11-26").Sub(dateOf(convocation.DueAt)).Hours() / 24; days < 7 || days > 9 {
		t.Errorf("F119 the last convocations are due on %s, %v days before the session", convocation.DueAt.In(paris), days)
	}
	on("F178 the recap comes on the first business day from the 5th", h.one("recap", everything).At, at("2026-12-07"))
	conform := dateOf(h.one("invoice_conform", everything).At)
	invoices, err := demo.All[models.Invoice](t.Context(), h.player.Finance, "/invoices?kind=self_billed")
	if err != nil || len(invoices) != 1 {
		t.Fatalf("self-billed invoices: %v, %v", invoices, err)
	}
	promise := dateOf(invoices[0].ConformAt).AddDate(0, 0, 30)
	if promise.Before(conform) {
		t.Errorf("promised on %s, before the mail of %s", promise, conform)
	}
	payOn := promise
	for !works(payOn, bankDays) {
		payOn = payOn.AddDate(0, 0, -1)
	}
	same("F197 the promise is 30 days after conformity", at(string(invoices[0].PromiseOn)), promise)
	same("F197 money leaves on the last bank day until then", at(string(invoices[0].PayOn)), payOn)
	same("F197 paid on that day", at(string(invoices[0].PaidOn)), payOn)
	on("finance is told on that day", h.one("finance_payment_due", everything).At, payOn)
	cold := deadlines[models.DeadlineCold]
	on("F142 the cold evaluation comes 90 days after the course", cold.DueAt, at("2026-11-26").AddDate(0, 0, 90))
	if w := deadlines[models.DeadlineAbsence]; w.DueAt.Sub(w.OpenedAt) < 48*time.Hour || w.DueAt.Sub(w.OpenedAt) > 48*time.Hour+5*24*time.Hour {
		t.Errorf("F136 the window of an absence lasts %s", w.DueAt.Sub(w.OpenedAt))
	}
}

// personal are words that no history may hold: the people of the mission, their addresses, what they wrote.
var personal = regexp.MustCompile(`@example\.|Formatrice|Formateur|Participante|Responsable|Client Exemple|Train supprimé|quai de l|Besoin confirmé|Niveaux proches`)

// histories reads the history of every workflow, checks that nothing in it is personal and nothing failed, and with
// UPDATE_HISTORIES=1 keeps them for the replay test.
func histories(t *testing.T, h *house) {
	c, err := client.Dial(client.Options{HostPort: h.TemporalAddress, Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	corpus := filepath.Join("..", "workflows", "testdata", "histories")
	update := os.Getenv("UPDATE_HISTORIES") != ""
	if update { // this version's; those of earlier ones (v1_…) stay for as long as a dossier of theirs may run
		recorded, err := filepath.Glob(filepath.Join(corpus, "[^v]*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range recorded {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	types := map[string]int{}
	events, longest := 0, 0
	for token := []byte(nil); ; {
		page, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{NextPageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Executions {
			types[e.Type.Name]++
			switch e.Status {
			case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
			default:
				t.Errorf("%s ended as %s", e.Execution.WorkflowId, e.Status)
			}
			all := history(t.Context(), t, c, e.Execution.WorkflowId)
			events, longest = events+len(all.Events), max(longest, len(all.Events))
			raw, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			readable, err := temporalproto.CustomJSONMarshalOptions{
				Metadata: map[string]any{commonpb.EnablePayloadShorthandMetadataKey: true}}.Marshal(all)
			if err != nil || !strings.Contains(string(readable), "D-2026-000001") {
				t.Fatalf("payloads are not readable: %v", err)
			}
			if found := personal.FindString(string(readable)); found != "" {
				t.Errorf("the history of %s holds %q", e.Execution.WorkflowId, found)
			}
			for _, event := range all.Events {
				if event.EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED {
					t.Errorf("%s: a workflow task failed: %s", e.Execution.WorkflowId, event.GetWorkflowTaskFailedEventAttributes().GetFailure().GetMessage())
				}
			}
			if update {
				name := strings.NewReplacer("/", "_").Replace(e.Execution.WorkflowId) + ".json"
				if err := os.WriteFile(filepath.Join(corpus, name), raw, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		if token = page.NextPageToken; len(token) == 0 {
			break
		}
	}
	// The targets of bench/README.md that do not depend on the machine.
	if events > 1000 || longest > 360 {
		t.Errorf("the mission has %d events, %d in the longest history: at most 1000 and 360", events, longest)
	}
	compare(t, "workflows", types, map[string]int{models.TrainingRequestType: 1, models.SolicitationType: 1, models.SessionType: 3,
		models.FollowUpType: 1, models.RemunerationType: 1, models.InvoiceType: 2})
}

func history(ctx context.Context, t *testing.T, c client.Client, id string) *historypb.History {
	t.Helper()
	all := &historypb.History{}
	for it := c.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		event, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		all.Events = append(all.Events, event)
	}
	return all
}
