package api

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// Every kind of line that the processes write has its sentence; kinds made of two parts are listed by their second.
func TestJournalSpeaksOfEverythingTheProcessesWrite(t *testing.T) {
	files, err := filepath.Glob("../workflows/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no workflow to read", err)
	}
	kinds := map[string]bool{"request_cancelled": true, "request_handed_over": true, "trainer_left": true,
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
	const want = "Les lignes sont arrêtées\u00a0; facture I-2026-000006."
	for _, line := range []models.JournalLine{
		{Kind: "lines_settled", Subject: "I-2026-000006"},
		{Kind: "lines_settled", Subject: "agency/T-000002/2026-11/recap/1", Args: models.Args{{Name: "invoice", Value: "I-2026-000006"}}},
	} {
		require.Equal(t, want, JournalSentence(line, models.French))
	}
}
