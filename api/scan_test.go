package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
)

// pictures are small files of the kinds that a scanner or a telephone makes.
func pictures(t *testing.T, shade uint8) (pngs, jpegs []byte) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 2, 2))
	img.Set(0, 0, color.Gray{Y: shade})
	var a, b bytes.Buffer
	require.NoError(t, png.Encode(&a, img))
	require.NoError(t, jpeg.Encode(&b, img, nil))
	return a.Bytes(), b.Bytes()
}

// record posts a form of the console with a scan in it, under a name that says who it is about.
func (o *office) record(path string, form url.Values, content []byte) seen {
	o.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			if name != "scan" {
				require.NoError(o.t, w.WriteField(name, v))
			}
		}
	}
	part, err := w.CreateFormFile("scan", "Camille Exemple.png")
	require.NoError(o.t, err)
	_, err = part.Write(content)
	require.NoError(o.t, err)
	require.NoError(o.t, w.Close())
	r, err := http.NewRequest(http.MethodPost, o.http.URL+path, &body)
	require.NoError(o.t, err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return o.send(r)
}

// What staff record for somebody keeps the paper that proves it, beside the line that tells it.
func TestScansProveWhatStaffRecord(t *testing.T) {
	courier := &handler{state: models.FactApplied}
	o := newOffice(t, func(cfg *Config) { courier.store, cfg.Courier = cfg.Store, courier })
	o.mission(models.StageContract, withContract)
	scan, photo := pictures(t, 1)
	path := dossierPath + "/record/signature?subject=" + url.QueryEscape(dossier+"/contract/1")
	page := o.get(path)
	require.Equal(t, "multipart/form-data", page.Find("form.decide").AttrOr("enctype", ""))
	form := page.form(t, typed("outcome", "signed", "channel", "paper", "received_at", "2026-11-25T10:30"))

	bare := o.record(page.action(t), page.form(t, typed("channel", "paper")), nil)
	require.Equal(t, http.StatusUnprocessableEntity, bare.status)
	require.NotContains(t, bare.words(), "Choisissez à nouveau le fichier", "none was chosen")
	wrong := o.record(page.action(t), form, []byte("ni l’un ni l’autre"))
	require.Equal(t, []any{http.StatusUnprocessableEntity, string(models.CodeScanType)}, []any{wrong.status, wrong.code()})
	require.Equal(t, []string{"scan"}, wrong.wrong())
	require.Contains(t, wrong.words(), "Choisissez à nouveau le fichier")
	form.Set("key", wrong.form(t, nil).Get("key"))
	large := o.record(page.action(t), form, append([]byte("%PDF-1.4\n"), make([]byte, uploadLimit)...))
	require.Equal(t, []any{http.StatusRequestEntityTooLarge, string(models.CodeScanLarge)}, []any{large.status, large.code()})
	huge := o.record(page.action(t), form, append([]byte("%PDF-1.4\n"), make([]byte, uploadLimit+formLimit)...))
	require.Equal(t, http.StatusRequestEntityTooLarge, huge.status)
	require.NotEmpty(t, huge.Find("h1").Text(), "said to a person")
	require.Empty(t, courier.facts)
	docs, err := o.store.Documents(t.Context(), dossier)
	require.NoError(t, err)
	require.Empty(t, docs, "what was refused is not listed")

	form.Set("key", large.form(t, nil).Get("key"))
	require.Equal(t, http.StatusSeeOther, o.record(page.action(t), form, scan).status)
	require.Equal(t, http.StatusSeeOther, o.record(page.action(t), form, scan).status, "a second click")
	require.Len(t, courier.facts, 1)
	f := courier.facts[0]
	docs, err = o.store.Documents(t.Context(), dossier)
	require.NoError(t, err)
	require.Len(t, docs, 1)
	d := docs[0]
	require.Equal(t, []string{d.SHA256, sha}, []string{f.Data.Scan, f.Data.SHA256}, "the document signed is another one")
	require.Equal(t, models.Document{SHA256: d.SHA256, Kind: models.DocumentEvidence, Subject: dossier + "/contract/1", Dossier: dossier, MediaType: "image/png",
		Name: "justificatif-" + dossier + "-contract-1.png", Size: int64(len(scan)), CreatedAt: d.CreatedAt}, d, "nothing of the name it came with")
	require.NotContains(t, o.log.String(), "Camille")

	// Its process writes the line: two of the same moment keep apart.
	line := func(id, subject string) models.JournalLine {
		return models.JournalLine{ID: id, Dossier: dossier, At: f.ReceivedAt, Kind: "contract_signed", Subject: subject, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder}
	}
	o.apply(models.Step{Journal: []models.JournalLine{line("1", dossier+"/contract/1"), line("2", dossier+"/contract/2")}})
	require.NoError(t, o.store.FactLate(t.Context(), f.ID, o.now))
	file := dossierPath + "/files/" + d.SHA256
	for _, tab := range []string{"", "/journal"} {
		require.Equal(t, 1, o.get(dossierPath+tab).Find(`.journal a[href="`+file+`"]`).Length(), tab)
	}
	require.Contains(t, plain(o.get(dossierPath+"/documents").words()), "Justificatif, document 1")
	shown := o.get(file)
	require.Equal(t, []string{"image/png", "inline; filename=" + d.Name}, []string{shown.header.Get("Content-Type"), shown.header.Get("Content-Disposition")})
	o.as("cleo")
	require.Equal(t, http.StatusOK, o.get(file).status)
	o.as("amel")

	// A paper sheet is rows, and no fact.
	o.mission(models.StageSessions, withSession(24, models.SessionToJudge))
	page = o.get(dossierPath + "/record/presence?subject=" + url.QueryEscape(dossier+"/session/1"))
	form = page.form(t, typed("P-000001.0", "signed", "channel", "paper"))
	done := o.record(page.action(t), form, photo)
	require.Equal(t, http.StatusSeeOther, done.status, done.words())
	require.Contains(t, plain(o.get(dossierPath+"/documents").words()), "Justificatif, séance 1")
}

func TestScansThroughTheAPI(t *testing.T) {
	h := newAgency(t, nil, func(c *Config) { c.Courier = leaveToRelay{} })
	b, other := h.open(), h.open()
	recap := models.Recap{Ref: models.RecapRef("agency", "T-000001", "2026-11", 1), Workflow: models.RemunerationID("agency", "T-000001", "2026-11"),
		Payer: "agency", TrainerRef: "T-000001", Month: "2026-11", Number: 1, Status: models.RecapSent, SHA256: "x"}
	for i, x := range []models.Brief{b, other} {
		rows := models.Rows{Audits: []models.Audit{{Ref: models.AuditRef(x.Ref, 1), Dossier: x.Ref, Number: 1, TrainerRef: "T-000001", Status: models.AuditBooked}}}
		if i == 0 {
			next := recap
			next.Ref, next.Workflow, next.Month = models.RecapRef("agency", "T-000001", "2026-10", 1), models.RemunerationID("agency", "T-000001", "2026-10"), "2026-10"
			rows.Recaps = []models.Recap{recap, next}
		}
		apply(t, h.store, models.Request{Ref: x.Ref, Stage: models.StageAudit, OpenedAt: epoch}, rows)
	}
	scan, photo := pictures(t, 2)
	body := func(kind string, content []byte) string {
		return `{"kind":"` + kind + `","scale":"isolated","feasible":true,"channel":"paper","scan":"` + base64.StdEncoding.EncodeToString(content) + `"}`
	}
	stored := func(a answer) models.Inbox {
		t.Helper()
		var r Recorded
		a.into(t, &r)
		row, err := h.store.Fact(t.Context(), r.ID)
		require.NoError(t, err)
		require.Len(t, row.Data.Scan, 64)
		return row
	}
	p := h.refused(h.staff("POST", "/requests/"+b.Ref+"/record", body("audit_reported", []byte("%!PS"))), 422, models.CodeScanType)
	require.Equal(t, "body.scan", p.Errors[0].Location)
	h.refused(h.staff("POST", "/requests/"+b.Ref+"/record", body("audit_reported", append([]byte("%PDF-1.4\n"), make([]byte, uploadLimit)...))), 413, models.CodeScanLarge)
	first := stored(h.staff("POST", "/requests/"+b.Ref+"/record", body("audit_reported", scan)))
	require.Equal(t, first.Data.Scan, stored(h.staff("POST", "/requests/"+b.Ref+"/record", body("client_cancelled", scan))).Data.Scan, "one paper proves two things")
	h.refused(h.staff("POST", "/requests/"+other.Ref+"/record", body("audit_reported", scan)), 409, models.CodeScanElsewhere)
	months := "/recaps/agency/T-000001/2026-11/record"
	answered := func(content []byte) string {
		return `{"kind":"recap_accepted","channel":"paper","scan":"` + base64.StdEncoding.EncodeToString(content) + `"}`
	}
	h.refused(h.staff("POST", months, answered(scan)), 409, models.CodeScanElsewhere)
	a := h.staff("GET", "/documents/"+first.Data.Scan, "")
	require.Equal(t, []any{200, "image/png"}, []any{a.StatusCode, a.Header.Get("Content-Type")})
	require.Equal(t, 200, h.do(models.RolePedagogy, "GET", "/documents/"+first.Data.Scan, "").StatusCode)

	// What proves an answer about money follows the rule of money.
	row := stored(h.staff("POST", months, answered(photo)))
	require.Equal(t, 200, h.do(models.RoleFinance, "GET", "/documents/"+row.Data.Scan, "").StatusCode)
	h.refused(h.do(models.RolePedagogy, "GET", "/documents/"+row.Data.Scan, ""), 403, models.CodeForbidden)
	h.refused(h.staff("POST", "/recaps/agency/T-000001/2026-10/record", answered(photo)), 409, models.CodeScanElsewhere) // it would not be found there

	// Nothing is kept for what is refused for another reason.
	unkept, _ := pictures(t, 5)
	sum := sha256.Sum256(unkept)
	for path, b := range map[string]string{"/requests/" + b.Ref + "/record": body("audit_reported", unkept), months: answered(unkept)} {
		late := strings.Replace(b, `"channel"`, `"received_at":"2099-01-01T00:00:00Z","channel"`, 1)
		h.refused(h.staff("POST", path, late), 422, models.CodeFutureDate)
		_, err := h.cfg.Documents.Get(t.Context(), hex.EncodeToString(sum[:]))
		require.Equal(t, models.CodeUnknown, models.ErrorCode(err), path)
	}
}

// What a participant answered on paper, or excused an absence with, is for who reads the answers: finance does not.
func TestScansOfParticipantsAreForWhoFollowsTheCourse(t *testing.T) {
	courier := &handler{state: models.FactApplied}
	o := newOffice(t, func(cfg *Config) { courier.store, cfg.Courier = cfg.Store, courier })
	absence := models.Absence{Ref: dossier + "/session/1/absence/P-000001", Session: dossier + "/session/1", Dossier: dossier, Participant: "P-000001", Status: models.AbsenceOpen}
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionToJudge)(r, s)
		s.Rows.Absences = []models.Absence{absence}
	})
	scan, photo := pictures(t, 6)
	in64 := base64.StdEncoding.EncodeToString
	h := o.agency
	var e models.Evaluation
	h.staff("POST", "/requests/"+dossier+"/evaluations", `{"participant":"P-000001","kind":"hot","score":5,"channel":"paper","scan":"`+in64(photo)+`"}`).into(t, &e)
	var r Recorded
	h.staff("POST", "/requests/"+dossier+"/record", `{"kind":"absence_justified","subject":"`+absence.Ref+`","channel":"paper","scan":"`+in64(scan)+`"}`).into(t, &r)
	f := courier.facts[0]
	o.apply(models.Step{Journal: []models.JournalLine{{ID: "1", Dossier: dossier, At: f.ReceivedAt, Kind: "absence_justified", Subject: f.Subject, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder}}})
	docs, err := o.store.Documents(t.Context(), dossier)
	require.NoError(t, err)
	require.Len(t, docs, 2)
	for login, role := range map[string]models.Role{"amel": models.RoleStaff, "bo": models.RoleFinance, "cleo": models.RolePedagogy} {
		t.Run(login, func(t *testing.T) {
			o.as(login)
			sees, status := 1, http.StatusOK
			if role == models.RoleFinance {
				sees, status = 0, http.StatusForbidden
			}
			for _, d := range docs {
				file := dossierPath + "/files/" + d.SHA256
				require.Equal(t, status, o.get(file).status)
				require.Equal(t, status, h.do(role, "GET", "/documents/"+d.SHA256, "").StatusCode)
				require.Equal(t, sees, o.get(dossierPath+"/documents").Find(`a[href="`+file+`"]`).Length())
			}
			require.Equal(t, sees, o.get(dossierPath+"/journal").Find(`.journal a[href="`+dossierPath+"/files/"+f.Data.Scan+`"]`).Length())
		})
	}
	// The same paper is not kept for who may not read it.
	h.refused(h.staff("POST", "/requests/"+dossier+"/sessions/1/attendances", `{"channel":"paper","attendances":[{"participant":"P-000001","half_day":0,"state":"signed"}],"scan":"`+in64(scan)+`"}`),
		409, models.CodeScanElsewhere)
}

// Somebody else files the same paper between the look at the bytes and the writing of the row.
func TestScanFiledElsewhereMeanwhile(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, nil)
	scan, _ := pictures(t, 7)
	mine, err := o.scan(t.Context(), models.DocumentEvidence, dossier, dossier, scan)
	require.NoError(t, err)
	theirs := mine
	theirs.Dossier = "D-2026-000999"
	err = o.proven(t.Context(), models.DocumentEvidence, dossier, dossier, scan, func(tx *store.Store) error { return tx.SaveDocument(t.Context(), theirs) })
	require.Equal(t, models.CodeScanElsewhere, models.ErrorCode(err))
	require.NoError(t, o.store.Transact(t.Context(), func(tx *store.Store) error { return file(t.Context(), tx, mine) }))
}

func TestScanOfARecapIsShownWithIt(t *testing.T) {
	courier := &handler{state: models.FactApplied}
	o := newOffice(t, func(cfg *Config) { courier.store, cfg.Courier = cfg.Store, courier })
	require.NoError(t, o.store.SaveTrainer(t.Context(), models.Trainer{Ref: "T-000042", Name: "Formatrice Alpha", Active: true}))
	recap := models.Recap{Ref: models.RecapRef("agency", "T-000042", "2026-10", 1), Workflow: models.RemunerationID("agency", "T-000042", "2026-10"),
		Payer: "agency", TrainerRef: "T-000042", Month: "2026-10", Number: 1, Status: models.RecapSent, SHA256: "x"}
	o.apply(models.Step{Rows: models.Rows{Recaps: []models.Recap{recap}}})
	path := moneyPath + "/recaps/agency/T-000042/2026-10"
	scan, photo := pictures(t, 3)
	form := url.Values{"key": {"k1"}, "answer": {"recap_accepted"}, "channel": {"paper"}, "received_on": {"2026-11-24"}, "received_at": {"10:00"}}
	wrong := o.record(path+"/record", form, []byte("rien"))
	require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	require.Equal(t, []string{"scan"}, wrong.wrong())
	form.Set("key", "k2")
	require.Equal(t, http.StatusSeeOther, o.record(path+"/record", form, scan).status)
	require.Len(t, courier.facts, 1)
	f := courier.facts[0]
	o.apply(models.Step{Journal: []models.JournalLine{{ID: "1", At: f.ReceivedAt, Kind: "recap_accepted", Subject: f.Subject, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder}}})
	link := path + "/scans/" + f.Data.Scan
	require.Equal(t, 1, o.get(path).Find(`.journal a[href="`+link+`"]`).Length())
	require.Equal(t, http.StatusOK, o.get(link).status)
	o.mission(models.StageContract, nil)
	d, err := o.scan(t.Context(), models.DocumentEvidence, dossier, dossier, photo)
	require.NoError(t, err)
	require.NoError(t, o.store.SaveDocument(t.Context(), d))
	require.Equal(t, http.StatusNotFound, o.get(path+"/scans/"+d.SHA256).status, "a file of something else")
	o.as("cleo")
	require.Equal(t, http.StatusForbidden, o.get(link).status)
}

func TestBrowserRecordsWithAScan(t *testing.T) {
	o := newOffice(t, func(cfg *Config) { cfg.Courier = &handler{state: models.FactApplied, store: cfg.Store} })
	ctx := browser(t)
	o.mission(models.StageContract, withContract)
	path := dossierPath + "/record/signature?subject=" + url.QueryEscape(dossier+"/contract/1")
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Navigate(o.http.URL+"/sign-in"),
		chromedp.SendKeys("#f-login", "amel", chromedp.ByQuery),
		chromedp.SendKeys("#f-password", officePassword+kb.Enter, chromedp.ByQuery),
		opened(`.console .menu`),
		chromedp.Navigate(o.http.URL+path),
		opened("form.decide")))
	fits(t, ctx)
	scan, _ := pictures(t, 4)
	paper := filepath.Join(t.TempDir(), "papier.png")
	require.NoError(t, os.WriteFile(paper, scan, 0o600))
	require.NoError(t, chromedp.Run(ctx,
		chromedp.SetUploadFiles("#f-scan", []string{paper}, chromedp.ByQuery),
		chromedp.Focus("form.decide button", chromedp.ByQuery),
		chromedp.KeyEvent(kb.Enter),
		opened("[role=alert] a"))) // whether it was signed is not said
	accessible(t, ctx)
	fits(t, ctx)
	picture(t, ctx, "record-scan-refused")
	var said string
	require.NoError(t, chromedp.Run(ctx,
		chromedp.Focus(`input[name=outcome][value=signed]`, chromedp.ByQuery), chromedp.KeyEvent(" "),
		chromedp.SetUploadFiles("#f-scan", []string{paper}, chromedp.ByQuery),
		chromedp.Focus("form.decide button", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter),
		opened(".box.good"), chromedp.Text(".box.good", &said, chromedp.ByQuery)))
	require.True(t, strings.HasPrefix(said, "C’est enregistré."), said)
	docs, err := o.store.Documents(t.Context(), dossier)
	require.NoError(t, err)
	require.Len(t, docs, 1)
	rows, err := o.store.Facts(t.Context(), dossier)
	require.NoError(t, err)
	f := rows[0].Fact
	o.apply(models.Step{Journal: []models.JournalLine{{ID: "1", Dossier: dossier, At: f.ReceivedAt, Kind: "contract_signed", Subject: f.Subject, Actor: f.Actor, Channel: f.Channel, Recorder: f.Recorder}}})
	o.looks(t, ctx, "record-scan", path)
	o.looks(t, ctx, "scan-journal", dossierPath+"/journal")
	o.looks(t, ctx, "scan-documents", dossierPath+"/documents")
}
