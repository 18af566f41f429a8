package documents

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// signature is the client's of a convention.
var signature = Signature{Ref: "D-2026-000123/contract/1", Dossier: "D-2026-000123", Kind: models.ContractConvention, Agency: agency,
	IssuedAt: issued, Decided: "Olga Suivi, le vendredi 11\u00a0décembre 2026 à 10\u00a0h (programme approuvé)", Signer: client, Online: true, Name: "Ada Çontact",
	At: time.Date(2026, 12, 17, 9, 4, 11, 0, time.UTC), Means: "Par le lien personnel envoyé à ada@example.com"}

// A signed copy is the document as it was signed, byte for byte, then who signed it, when and how (F096, F101).
func TestF096F101SignedCopy(t *testing.T) {
	all := paperwork()
	trainers := signature
	trainers.Kind, trainers.Signer, trainers.Name = models.ContractTrainer, trainer, "<b>Noé</b> Œuvré \U0001f600"
	person := signature
	person.Kind, person.Signer = models.ContractIndividual, all["F101 training contract"].(Agreement).Client
	recorded := signature
	recorded.Online, recorded.Name, recorded.Means = false, "", "Par téléphone, enregistré par Olga Suivi"
	stamped := signature
	logo, err := os.ReadFile("testdata/logo.png")
	require.NoError(t, err)
	stamped.Agency.Stamp, stamped.Agency.Logo = logo, logo
	for name, c := range map[string]struct {
		of   any
		by   Signature
		says []string
	}{
		"convention": {all["F101 convention"], signature, []string{"Convention de formation professionnelle", "D-2026-000123/contract/1", "Camille Exemple, gérante",
			"lundi 14 décembre 2026 à 9 h 30, heure de Paris (2026-12-14T08:30:00Z)", "Olga Suivi, le vendredi 11 décembre", "Le client", "Société Ça & Là", "Ada Çontact",
			"jeudi 17 décembre 2026 à 10 h 04, heure de Paris (2026-12-17T09:04:11Z)", "Par le lien personnel envoyé à ada@example.com",
			"Émis le 14 décembre 2026", "Signé en ligne par Ada Çontact le 17 décembre 2026"}},
		"training contract": {all["F101 training contract"], person, []string{"Contrat de formation professionnelle", "Le stagiaire", "Léo Ÿvan"}},
		"trainer contract":  {all["F034 F096 F097 F099 trainer contract"], trainers, []string{"Contrat d’intervention d’un formateur", "Le formateur", "Noé Œuvré", "<b>Noé</b> Œuvré □"}},
		"recorded":          {all["F101 convention"], recorded, []string{"Signature reçue", "jeudi 17 décembre 2026 à 10 h 04", "Par téléphone, enregistré par Olga Suivi", "Signature reçue le 17 décembre 2026"}},
		"with pictures":     {all["F101 convention"], stamped, nil},
	} {
		t.Run(name, func(t *testing.T) {
			document, err := draw(c.of)
			require.NoError(t, err)
			copied, err := SignedCopy(document, c.by)
			require.NoError(t, err)
			again, err := SignedCopy(document, c.by)
			require.NoError(t, err)
			require.Equal(t, SHA256(copied), SHA256(again), "the same data gives other bytes")
			if dir := os.Getenv("JALON_PDF_DIR"); dir != "" { // to look at them
				require.NoError(t, os.WriteFile(filepath.Join(dir, "signed-"+strings.ReplaceAll(name, " ", "-")+".pdf"), copied, 0o644))
			}

			require.True(t, bytes.HasPrefix(copied, document), "what was signed is no longer what is shown")
			text, signed := extract(t, copied), extract(t, document)
			require.True(t, strings.HasPrefix(text, signed), "the pages signed read otherwise")
			page := strings.TrimPrefix(text, signed)
			sum := sha256.Sum256(document)
			follows(t, page, append([]string{"Page de signature"}, c.says...)...)
			require.Contains(t, page, hex.EncodeToString(sum[:]))
			require.Equal(t, c.by.Online, strings.Contains(solid(page), "Signatureélectronique"))
			require.Contains(t, page, "Les "+strconv.Itoa(len(document))+" premiers octets")

			count := func(pdf []byte) int {
				_, rest, _ := strings.Cut(poppler(t, pdf, "pdfinfo", "-"), "Pages:")
				n, err := strconv.Atoi(strings.Fields(rest)[0])
				require.NoError(t, err)
				return n
			}
			require.Equal(t, count(document)+1, count(copied))
			for _, tool := range [][]string{{"pdfinfo", "-"}, {"pdffonts", "-"}, {"pdftoppm", "-r", "30", "-", filepath.Join(t.TempDir(), "page")}} {
				require.NotContains(t, poppler(t, copied, tool[0], tool[1:]...), "Error", tool)
			}
		})
	}
}

// What was not drawn here is no document to complete, whatever it looks like.
func TestSignedCopyOfSomethingElseIsRefused(t *testing.T) {
	document, err := draw(paperwork()["F101 convention"])
	require.NoError(t, err)
	for name, pdf := range map[string][]byte{"nothing": nil, "text": []byte("%PDF-1.3\nstartxref\n9\n%%EOF\n"), "cut": document[:len(document)-1],
		"longer": append([]byte("%"), document...), "a table far away": []byte("\nstartxref\n99999999999999999999\n%%EOF\n")} {
		_, err := SignedCopy(pdf, signature)
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err), name)
	}
}
