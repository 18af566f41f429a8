package api

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/web"
)

// Every kind of line that the processes write has its sentence; kinds made of two parts are listed by their second.
func TestJournalSpeaksOfEverythingTheProcessesWrite(t *testing.T) {
	files, err := filepath.Glob("../workflows/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no workflow to read", err)
	}
	kinds := map[string]bool{"evaluation_asked": true, "evaluation_reminded": true, "evaluation_answered": true, "request_cancelled": true, "request_handed_over": true, "trainer_left": true,
		"invitation_silent": true, "invitation_undeliverable": true, "invitation_interested": true, "invitation_declined": true,
		"invoice_awaited": true, "invoice_received": true, "invoice_issued": true, "fact_late": true, "fact_ignored": true}
	written := regexp.MustCompile(`(?:Kind: |decisionLine\()"([a-z_]+)"`)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range written.FindAllStringSubmatch(string(source), -1) {
			if !strings.HasSuffix(m[1], "_") {
				kinds[m[1]] = true
			}
		}
	}
	for _, k := range []models.FactKind{models.FactSlotsOffered, models.FactSlotChosen, models.FactSlotsRefused, models.FactAuditReported,
		models.FactProgrammeSubmitted, models.FactContractSigned, models.FactContractDeclined, models.FactSheetSigned,
		models.FactAbsenceJustified, models.FactRecapAccepted, models.FactRecapContested, models.FactInvoiceReceived,
		models.FactLinesSettled, models.FactLinesCancelled, models.FactInvoicePaid, models.FactInvoiceUnpaid} {
		kinds[string(k)] = true
	}
	for kind := range kinds {
		for _, lang := range []models.Lang{models.French, models.English} {
			if got := JournalSentence(models.JournalLine{Kind: kind}, lang); got == kind {
				t.Errorf("%s has no sentence in %s", kind, lang)
			}
		}
	}
}

// The month and the invoice both tell that lines are settled; only the month's line names the invoice beside itself.
func TestJournalNamesTheInvoice(t *testing.T) {
	const want = "Les lignes sont arrêtées\u202f; facture I-2026-000006."
	for _, line := range []models.JournalLine{
		{Kind: "lines_settled", Subject: "I-2026-000006"},
		{Kind: "lines_settled", Subject: "agency/T-000002/2026-11/recap/1", Args: models.Args{{Name: "invoice", Value: "I-2026-000006"}}},
	} {
		require.Equal(t, want, JournalSentence(line, models.French))
	}
}

// A supplier's invoice takes another number when it is rejected: what was said under the first one is not said again.
func TestJournalNamesAnInvoiceByItsNumberOfThen(t *testing.T) {
	then := models.Args{{Name: "number", Value: "RE-1"}}
	require.Equal(t, "La facture RE-1 n’est pas conforme.", JournalSentence(models.JournalLine{Kind: "invoice_rejected", Subject: "I-2026-000006", Args: then}, models.French))
	require.Equal(t, "The lines are settled; invoice RE-1.", JournalSentence(models.JournalLine{Kind: "lines_settled", Subject: "agency/T-000002/2026-11/recap/1",
		Args: append(models.Args{{Name: "invoice", Value: "I-2026-000006"}}, then...)}, models.English))
	require.Equal(t, "La facture I-2026-000006 est attendue du fournisseur.", JournalSentence(models.JournalLine{Kind: "invoice_awaited", Subject: "I-2026-000006"}, models.French))
}

// The histories of dossiers hold lines of payments that lack their day.
func TestJournalTellsOfAPaymentWithOrWithoutItsDay(t *testing.T) {
	line := models.JournalLine{Kind: "invoice_paid", Subject: "I-2026-000002"}
	require.Equal(t, "La facture I-2026-000002 est payée.", JournalSentence(line, models.French))
	require.Equal(t, "Invoice I-2026-000002 is paid.", JournalSentence(line, models.English))
	line.Args = models.Args{{Name: "paid_on", Value: "2026-11-20"}}
	require.Equal(t, "Invoice I-2026-000002 is paid on "+web.Day(models.English, "2026-11-20")+".", JournalSentence(line, models.English))
}

// What conforms after its legal term is not said to be paid on a day that is past (F197).
func TestF197JournalTellsThatAPaymentIsLate(t *testing.T) {
	line := models.JournalLine{Kind: "invoice_conform", Subject: "A-1", At: paris(25, 23, 0), Args: models.Args{{Name: "pay_on", Value: "2026-11-25"}}}
	require.Equal(t, "Invoice A-1 conforms; payment on Wednesday 25 November 2026.", JournalSentence(line, models.English))
	line.At = paris(26, 0, 30)
	require.Equal(t, "Invoice A-1 conforms; its payment has been due since Wednesday 25 November 2026.", JournalSentence(line, models.English))
}

// Why somebody was away may be about their health: finance reads that it was justified, not by what, here nor by its address.
func TestF136WhySomebodyWasAwayIsForWhoFollowsTheCourse(t *testing.T) {
	o := newOffice(t)
	session := models.SessionRef(dossier, 1)
	absence := models.Absence{Ref: models.AbsenceRef(session, "P-000001"), Session: session, Dossier: dossier, Participant: "P-000001",
		Status: models.AbsenceJustified, Note: "N-health"}
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionValidated)(r, s)
		s.Rows.Absences = []models.Absence{absence}
	})
	require.NoError(t, o.store.SaveNote(t.Context(), models.Note{Ref: "N-health", Dossier: dossier, Text: "Grippe"}))
	late := models.Args{{Name: "fact", Value: string(models.FactAbsenceJustified)}}
	o.apply(models.Step{Journal: []models.JournalLine{
		{ID: "1", Dossier: dossier, At: paris(25, 9, 0), Kind: string(models.FactAbsenceJustified), Subject: absence.Ref, Actor: "P-000001", Note: "N-health"},
		{ID: "2", Dossier: dossier, At: paris(25, 10, 0), Kind: "fact_late", Subject: absence.Ref, Actor: "P-000001", Note: "N-health", Args: late},
		{ID: "3", Dossier: dossier, At: paris(25, 11, 0), Kind: "step_waived", Subject: dossier, Actor: "U-000001", Note: "N-000001"},
	}})
	for login, role := range map[string]models.Role{"amel": models.RoleStaff, "bo": models.RoleFinance, "cleo": models.RolePedagogy} {
		t.Run(login, func(t *testing.T) {
			o.as(login)
			follows := role != models.RoleFinance
			for _, tab := range []string{"", "/journal", "/sessions"} {
				require.Equal(t, follows, strings.Contains(o.get(dossierPath+tab).words(), "Grippe"), tab)
			}
			require.Contains(t, o.get(dossierPath+"/journal").words(), "Parce que", "other notes are for everybody")
			journal := o.agency.do(role, "GET", "/requests/"+dossier+"/journal", "")
			require.Equal(t, http.StatusOK, journal.StatusCode)
			require.Equal(t, follows, strings.Contains(journal.body, "Grippe"))
			require.Contains(t, journal.body, "N-health", "a reference only")
		})
	}
}

// A line is written with the message it goes with, and may be read before that leaves, in the hours of mail.
func TestJournalDoesNotSayThatWhatIsQueuedHasLeft(t *testing.T) {
	for _, kind := range []string{"contract_sent", "session_convoked", "certificates_sent", "recap_sent"} {
		line := models.JournalLine{Kind: kind, Subject: dossier, Args: models.Args{{Name: "participants", Value: "2"}}}
		require.NotRegexp(t, "envoyé|part(ent)?[. ]", JournalSentence(line, models.French), kind)
		require.NotRegexp(t, "sent|leave", JournalSentence(line, models.English), kind)
	}
}
