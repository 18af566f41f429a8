package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/activities"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
	"jalon/web"
	"jalon/worker/temporaltest"
)

// commands stands for all processes of a dossier: it takes every command and says what it was sent.
type commands struct {
	mu     sync.Mutex
	refuse models.Code            // with this code
	effect func(verb models.Verb) // what is written before the answer
	verbs  []models.Verb
	args   []map[string]any
}

var everyVerb = []models.Verb{models.VerbQualify, models.VerbHandOver, models.VerbCancel, models.VerbAssign, models.VerbReassign, models.VerbRework,
	models.VerbDropTrainer, models.VerbWaive, models.VerbApproveProgramme, models.VerbReturnProgramme, models.VerbRecordInterview,
	models.VerbReissueContract, models.VerbConfirmReadiness, models.VerbPlanSessions, models.VerbChoose, models.VerbWiden,
	models.VerbJudgeSheet, models.VerbCancelSession, models.VerbReschedule, models.VerbGiveUp}

func (c *commands) process(ctx workflow.Context) error {
	for _, verb := range everyVerb {
		err := workflow.SetUpdateHandlerWithOptions(ctx, string(verb), func(_ workflow.Context, arg map[string]any) (models.CommandResult, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.verbs, c.args = append(c.verbs, verb), append(c.args, arg)
			if c.effect != nil {
				c.effect(verb)
			}
			return models.CommandResult{Ref: dossier, Status: "done"}, nil
		}, workflow.UpdateHandlerOptions{Validator: func(workflow.Context, map[string]any) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.refuse != "" {
				return temporal.NewNonRetryableApplicationError("no", string(c.refuse), nil)
			}
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return workflow.Await(ctx, func() bool { return false })
}

// taken is the only command that was taken since the last look.
func (c *commands) taken(t *testing.T) (models.Verb, map[string]any) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Len(t, c.verbs, 1, "%v", c.verbs)
	verb, arg := c.verbs[0], c.args[0]
	c.verbs, c.args = nil, nil
	return verb, arg
}

func (c *commands) none(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Empty(t, c.verbs)
}

// newCommands runs the processes of a dossier on a real Temporal server.
func newCommands(t *testing.T) (client.Client, *commands) {
	t.Helper()
	temporalClient, _ := temporaltest.Start(t)
	c := &commands{}
	w := worker.New(temporalClient, models.TaskQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(c.process, workflow.RegisterOptions{Name: "commands"})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	for _, id := range []string{models.RequestID(dossier), models.SolicitationID(dossier, 1), models.SessionID(dossier, 1), models.FollowUpID(dossier)} {
		_, err := temporalClient.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: models.TaskQueue}, "commands")
		require.NoError(t, err)
	}
	return temporalClient, c
}

const dossierPath = ConsolePath + "/dossiers/" + dossier

// mission puts the dossier D-2026-000123 at a stage, with what change adds; its processes wait for somebody.
func (o *office) mission(stage models.Stage, change func(*models.Request, *models.Step)) {
	o.t.Helper()
	ctx := o.t.Context()
	for _, err := range []error{
		o.store.SaveClient(ctx, models.Client{Ref: "C-000001", Type: models.ClientSME, Name: "Atelier " + hostile, Company: "999999980"}),
		o.store.SaveContact(ctx, models.Contact{Ref: "X-000001", ClientRef: "C-000001", Name: "Camille Exemple", Email: "camille@example.org", Phone: "+33 1 99 00 00 09"}),
		o.store.SaveTrainer(ctx, models.Trainer{Ref: "T-000042", Name: "Formatrice Alpha", Email: "alpha@example.org", Active: true, RateCents: 45_000, RateUnit: models.UnitDay,
			Skills: []models.Skill{{Topic: "tableur", Level: 4}}}),
		o.store.SaveTrainer(ctx, models.Trainer{Ref: "T-000043", Name: "Formateur Bravo", Active: true}),
		o.store.SaveBrief(ctx, models.Brief{Ref: dossier, ClientRef: "C-000001", ContactRef: "X-000001", BillingRef: "X-000001", Topic: "tableur",
			Title: "Tableur " + hostile, Mode: models.ModeRemote, GroupSize: 4, Funding: "employer", Owner: "U-000001", Policy: "standard", CreatedAt: o.now,
			Order: models.Order{HalfDays: 4, Unit: models.UnitHalfDay, Quantity: 400, UnitPriceCents: 60_000, VATBps: 2000}}),
		o.store.SaveParticipants(ctx, []models.Participant{{Ref: "P-000001", Dossier: dossier, Name: "Alix " + hostile, Email: "alix@example.org"}, {Ref: "P-000002", Dossier: dossier, Email: "sans-nom@example.org"}}),
		o.store.SaveNote(ctx, models.Note{Ref: "N-000001", Dossier: dossier, Text: "Parce que " + hostile}),
		o.store.SaveProgrammeText(ctx, models.ProgrammeText{Ref: "W-000001", Dossier: dossier, Objectives: "Savoir trier " + hostile, Content: "Tris", Methods: "Exercices", Assessment: "Cas"}),
	} {
		require.NoError(o.t, err)
	}
	row := models.Request{Ref: dossier, Stage: stage, Policy: "standard", Topic: "tableur", Owner: "U-000001", OpenedAt: paris(20, 9, 0), Solicitation: 1}
	step := models.Step{}
	if change != nil {
		change(&row, &step)
	}
	step.Rows.Request = &row
	for _, id := range []string{models.RequestID(dossier), models.SolicitationID(dossier, 1), models.FollowUpID(dossier)} {
		step.Deadlines = append(step.Deadlines, models.Deadline{ID: id + "#1", Workflow: id, Dossier: dossier, Kind: models.DeadlineStaff, Subject: dossier,
			Awaits: models.RoleStaff, DueAt: paris(27, 18, 0), Status: models.Open, Consequence: "qualification_overdue", Postponable: true})
	}
	o.apply(step)
}

func retained(r *models.Request, _ *models.Step) {
	r.TrainerRef, r.RateCents, r.RateUnit = "T-000042", 45_000, models.UnitDay
}

// searched is a search in which one is interested, one silent and one has not answered.
func searched(_ *models.Request, s *models.Step) {
	for i, status := range []models.InvitationStatus{models.InvitationInterested, models.InvitationSilent, models.InvitationSent} {
		s.Rows.Invitations = append(s.Rows.Invitations, models.Invitation{Ref: models.InvitationRef(dossier, 1, i+1), Dossier: dossier, Search: 1, Number: i + 1,
			TrainerRef: fmt.Sprintf("T-0000%d", 42+i%2), Status: status, RateCents: 45_000, RateUnit: models.UnitDay, SentAt: paris(24, 9, 0)})
	}
}

func withProgramme(r *models.Request, s *models.Step) {
	retained(r, s)
	s.Rows.Programmes = []models.Programme{{Ref: models.ProgrammeRef(dossier, 1), Dossier: dossier, Number: 1, TrainerRef: "T-000042",
		Status: models.ProgrammeSubmitted, TextRef: "W-000001", SubmittedAt: paris(24, 9, 0)}}
}

func withContract(r *models.Request, s *models.Step) {
	retained(r, s)
	s.Rows.Contracts = []models.Contract{{Ref: models.ContractRef(dossier, 1), Dossier: dossier, Number: 1, Kind: models.ContractConvention,
		Signer: models.RoleClient, Status: models.ContractDeclined, SHA256: sha, SentAt: paris(24, 9, 0)}}
}

// withSession has one session, of tomorrow or of yesterday.
func withSession(day int, status string) func(*models.Request, *models.Step) {
	return func(r *models.Request, s *models.Step) {
		retained(r, s)
		halfDays := []models.HalfDay{{Start: paris(day, 9, 0), End: paris(day, 12, 30)}, {Start: paris(day, 14, 0), End: paris(day, 17, 30)}}
		x := models.Session{Ref: models.SessionRef(dossier, 1), Dossier: dossier, Number: 1, TrainerRef: "T-000042", Status: status,
			HalfDays: halfDays, StartAt: halfDays[0].Start, EndAt: halfDays[1].End}
		s.Rows.NewSessions, s.Rows.Sessions = []models.Session{x}, []models.Session{x}
	}
}

// F128: judging a session held makes absences of what nobody signed: the page says of whom, and that papers come first.
func TestJudgingASheetShowsWhatItDoes(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, withSession(24, models.SessionConvoked))
	ref := models.SessionRef(dossier, 1)
	for i, state := range []string{models.AttendanceSigned, models.AttendanceAbsent} {
		_, _, err := o.store.SaveAttendance(t.Context(), models.Attendance{Session: ref, Participant: "P-000001", HalfDay: i, State: state, SignedAt: paris(24, 17, 30), Channel: models.ChannelLink})
		require.NoError(t, err)
	}
	o.mission(models.StageSessions, withSession(24, models.SessionToJudge))
	page := o.get(dossierPath + "/decide/judge-sheet?subject=1")
	wellMade(t, page)
	words := plainly(page.words())
	for _, want := range []string{"due au formateur en entier", "9 h 00 à 12 h 30 : Signée", "14 h 00 à 17 h 30 : Absence", "9 h 00 à 12 h 30 : Non signée",
		"1 participant est noté absent.", "1 participant n’a pas tout signé et n’est pas noté absent.", "une fois la séance jugée, elles ne changent plus"} {
		require.Contains(t, words, want)
	}
	require.NotContains(t, words, "Aucun participant n’a signé")
	require.Equal(t, 1, page.Find(`a[href*="/record/presence"]`).Length(), "where it is recorded")
	o.mission(models.StageSessions, withSession(24, models.SessionValidated))
	require.Equal(t, http.StatusConflict, o.get(dossierPath+"/record/presence?subject="+url.QueryEscape(ref)).status)
}

// fill is the form of a page as a browser would send it, with what a person changes.
func (o *office) fill(path string, typed url.Values) seen {
	o.t.Helper()
	page := o.get(path)
	require.Equal(o.t, http.StatusOK, page.status, "%s: %s", path, page.words())
	return o.post(page.action(o.t), page.form(o.t, typed))
}

// action is where the form of a page goes.
func (p seen) action(t testing.TB) string {
	t.Helper()
	action, ok := p.Find("form.decide").Attr("action")
	require.True(t, ok, p.words())
	return action
}

func (p seen) form(t testing.TB, typed url.Values) url.Values {
	t.Helper()
	values := url.Values{}
	p.Find("form.decide").Find("input,select,textarea").Each(func(_ int, s *goquery.Selection) {
		name, _ := s.Attr("name")
		kind, _ := s.Attr("type")
		_, checked := s.Attr("checked")
		switch {
		case goquery.NodeName(s) == "textarea":
			values.Set(name, strings.TrimPrefix(s.Text(), "\n"))
		case goquery.NodeName(s) == "select":
			option := s.Find("option[selected]")
			if option.Length() == 0 {
				option = s.Find("option").First()
			}
			values.Set(name, option.AttrOr("value", ""))
		case kind == "radio" || kind == "checkbox":
			if checked {
				values.Add(name, s.AttrOr("value", "on"))
			}
		default:
			values.Set(name, s.AttrOr("value", ""))
		}
	})
	for name, list := range typed {
		values[name] = list
	}
	return values
}

// wrong are the fields whose fault is told beside them.
func (p seen) wrong() []string {
	out := []string{}
	p.Find("[aria-invalid=true]").Each(func(_ int, s *goquery.Selection) {
		if name := s.AttrOr("name", ""); len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	})
	return out
}

func typed(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		out.Add(pairs[i], pairs[i+1])
	}
	return out
}

func TestConsoleDecisions(t *testing.T) {
	temporalClient, process := newCommands(t)
	tomorrow, later := "2026-11-26", "2026-11-30"
	for name, c := range map[string]struct {
		stage   models.Stage
		change  func(*models.Request, *models.Step)
		subject string
		bad     url.Values // typed wrongly; wrong are the fields that say so
		wrong   []string
		good    url.Values
		verb    models.Verb
		args    string // what the command holds, as a part of its printed form
		role    string // who may not: signs in and is refused
	}{
		"qualify": {stage: models.StageQualification, bad: typed("group_size", "0", "unit_price", "cher", "vat", "", "topic", "rien"), wrong: []string{"topic", "group_size", "unit_price", "vat"},
			good: typed("topic", "tableur", "group_size", "5", "vat", "standard", "unit_price", "612,50", "owner", "U-000001", "budget", "2 400"), verb: models.VerbQualify, args: "unit_price_cents:61250", role: "cleo"},
		"rework": {stage: models.StageAudit, change: retained, bad: typed("half_days", "x"), wrong: []string{"half_days", "sure"},
			good: typed("half_days", "6", "sure", "yes"), verb: models.VerbRework, args: "half_days:6 quantity:600", role: "cleo"},
		"assign": {stage: models.StageSolicitation, bad: typed("trainer", "T-999999 · Personne", "rate", "450"), wrong: []string{"trainer"},
			good: typed("trainer", "T-000042 · Formatrice Alpha", "rate", "412,50", "rate_in", "day"), verb: models.VerbAssign, args: "rate_cents:41250", role: "cleo"},
		"reassign": {stage: models.StageAudit, change: retained, bad: typed("owner", ""), wrong: []string{"owner"},
			good: typed("owner", "U-000004"), verb: models.VerbReassign, args: "owner:U-000004", role: "bo"},
		"choose": {stage: models.StageSolicitation, change: searched, bad: typed("invitation", ""), wrong: []string{"invitation"},
			good: typed("invitation", dossier+"/1/invitation/1", "reason", "La mieux placée"), verb: models.VerbChoose, args: "invitation:" + dossier + "/1/invitation/1", role: "bo"},
		"widen": {stage: models.StageSolicitation, change: searched, bad: typed("how", "named"), wrong: []string{"trainer1"},
			good: typed("how", "named", "trainer2", "formateur bravo"), verb: models.VerbWiden, args: "trainers:[T-000043]", role: "cleo"},
		"hand-over": {stage: models.StageSolicitation, bad: typed("reason", "Hors sujet"), wrong: []string{"sure"},
			good: typed("reason", "Hors sujet", "sure", "yes"), verb: models.VerbHandOver, args: "note:N-", role: "cleo"},
		"cancel": {stage: models.StageSessions, change: retained, bad: typed("sure", "yes"), wrong: []string{"cause", "reason"},
			good: typed("cause", "by_client", "reason", "Budget gelé", "sure", "yes"), verb: models.VerbCancel, args: "reason:by_client", role: "bo"},
		"drop-trainer": {stage: models.StageProgramme, change: retained, bad: typed("reason", "", "sure", "yes"), wrong: []string{"reason"},
			good: typed("reason", "Injoignable", "sure", "yes"), verb: models.VerbDropTrainer, args: "note:N-", role: "cleo"},
		"waive": {stage: models.StageInterview, change: retained, bad: typed("reason", ""), wrong: []string{"reason"},
			good: typed("reason", "Déjà rencontrée"), verb: models.VerbWaive, args: "step:interview", role: "bo"},
		"approve-programme": {stage: models.StageProgramme, change: withProgramme, good: typed(), verb: models.VerbApproveProgramme, args: "role:staff", role: "bo"},
		"return-programme": {stage: models.StageProgramme, change: withProgramme, bad: typed("changes", ""), wrong: []string{"changes"},
			good: typed("changes", "Préciser l'évaluation"), verb: models.VerbReturnProgramme, args: "note:N-", role: "bo"},
		"record-interview": {stage: models.StageInterview, change: retained, bad: typed(), wrong: []string{"passed"},
			good: typed("passed", "no", "observation", "Peu à l'aise"), verb: models.VerbRecordInterview, args: "passed:false", role: "bo"},
		"confirm-readiness": {stage: models.StageReadiness, change: retained, bad: typed(), wrong: []string{"passed"},
			good: typed("passed", "yes"), verb: models.VerbConfirmReadiness, args: "passed:true", role: "bo"},
		"reissue-contract": {stage: models.StageContract, change: withContract, good: typed(), verb: models.VerbReissueContract, args: "contract:" + dossier + "/contract/1", role: "cleo"},
		"plan-sessions": {stage: models.StageSessions, change: retained, bad: typed("s1_day", "2026-11-01"), wrong: []string{"s1_am_from"},
			good: typed("s1_day", tomorrow, "s1_place", "Salle B", "s2_day", later, "s2_pm_from", "", "s2_pm_to", ""), verb: models.VerbPlanSessions,
			args: "half_days:[map[end:2026-11-26T11:30:00Z start:2026-11-26T08:00:00Z] map[end:2026-11-26T16:30:00Z start:2026-11-26T13:00:00Z]]", role: "cleo"},
		"judge-sheet": {stage: models.StageSessions, change: withSession(24, models.SessionToJudge), subject: "1", bad: typed("observation", "?"), wrong: []string{"passed"},
			good: typed("passed", "no", "observation", "Personne n'est venu"), verb: models.VerbJudgeSheet, args: "passed:false", role: "bo"},
		"reschedule": {stage: models.StageSessions, change: withSession(26, models.SessionConvoked), subject: "1", bad: typed("h1_day", "2026-11-24"), wrong: []string{"h1_from"},
			good: typed("h1_day", later, "h2_day", later), verb: models.VerbReschedule, args: "start:2026-11-30T08:00:00Z", role: "bo"},
		"cancel-session": {stage: models.StageSessions, change: withSession(26, models.SessionConvoked), subject: "1", bad: typed("reason", "Salle fermée"), wrong: []string{"sure"},
			good: typed("reason", "Salle fermée", "sure", "yes"), verb: models.VerbCancelSession, args: "note:N-", role: "bo"},
		"give-up-follow-up": {stage: models.StageDelivered, change: retained, bad: typed("reason", ""), wrong: []string{"reason"},
			good: typed("reason", "Plus personne ne répond"), verb: models.VerbGiveUp, args: "note:N-", role: "cleo"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, func(cfg *Config) {
				cfg.Temporal = temporalClient
				cfg.Courier = &activities.Courier{Client: temporalClient, Store: cfg.Store}
			})
			require.NoError(t, o.store.SaveUser(t.Context(), models.User{Ref: "U-000004", Login: "dani", Name: "Dani Exemple", Roles: []models.Role{models.RoleStaff}, Active: true}))
			o.mission(c.stage, c.change)
			path := dossierPath + "/decide/" + name
			if c.subject != "" {
				path += "?subject=" + url.QueryEscape(c.subject)
			}
			page := o.get(path)
			require.Equal(t, http.StatusOK, page.status, page.words())
			require.NotContains(t, page.html, "[decide.", "every sentence is there")
			require.NotContains(t, page.html, "[ask.")
			require.NotEmpty(t, page.Find(".box p").First().Text(), "it says what will happen")

			if c.bad != nil {
				page = o.post(page.action(t), page.form(t, c.bad))
				require.Equal(t, http.StatusUnprocessableEntity, page.status, page.words())
				require.Equal(t, c.wrong, page.wrong(), page.words())
				process.none(t)
				for field, list := range c.bad {
					if s := page.Find(`input[type=text][name="` + field + `"]`); s.Length() > 0 {
						require.Equal(t, list[0], s.AttrOr("value", ""), "what was typed stays")
					}
				}
			}

			// What the process refuses is told in the reader's words, and what was typed stays.
			process.refuse = models.CodeWrongStage
			page = o.post(page.action(t), page.form(t, c.good))
			require.Equal(t, http.StatusConflict, page.status, page.words())
			require.Contains(t, page.words(), "Le dossier n’en est pas à cette étape.")
			process.refuse = ""

			form := page.form(t, nil)
			process.effect = o.follow(c.change)
			for range 2 { // a double click acts once
				done := o.post(page.action(t), form)
				require.Equal(t, http.StatusSeeOther, done.status, done.words())
			}
			verb, args := process.taken(t)
			require.Equal(t, c.verb, verb)
			require.Contains(t, fmt.Sprint(args), c.args)
			require.Contains(t, fmt.Sprint(args), "actor:U-000001")

			o.as(c.role)
			require.Equal(t, http.StatusForbidden, o.get(path).status, "the roles of the API hold")
			require.Equal(t, http.StatusForbidden, o.post(path, form).status)
			process.none(t)
		})
	}
}

// follow writes what the processes would after a command, as far as the page waits for it.
func (o *office) follow(change func(*models.Request, *models.Step)) func(models.Verb) {
	return func(verb models.Verb) {
		switch verb {
		case models.VerbChoose:
			o.mission(models.StageAudit, retained)
		case models.VerbCancel, models.VerbHandOver:
			o.mission(models.StageCancelled, nil)
		case models.VerbDropTrainer:
			o.mission(models.StageSolicitation, nil)
		case models.VerbRework:
			o.mission(models.StageSolicitation, func(r *models.Request, _ *models.Step) { r.Solicitation = 2 })
		case models.VerbCancelSession:
			o.mission(models.StageSessions, withSession(26, models.SessionCancelled))
		}
	}
}

func TestConsoleOffersWhatTheDossierTakes(t *testing.T) {
	o := newOffice(t)
	offered := func() (out []string) {
		o.get(dossierPath).Find("ul.offers a").Each(func(_ int, s *goquery.Selection) {
			_, name, _ := strings.Cut(s.AttrOr("href", ""), dossier+"/")
			name, _, _ = strings.Cut(name, "?")
			out = append(out, name)
		})
		return out
	}
	o.mission(models.StageQualification, nil)
	require.Equal(t, []string{"decide/qualify", "decide/assign", "decide/register", "decide/reassign", "decide/hand-over", "decide/cancel", "record/client-cancel"}, offered())
	o.mission(models.StageSolicitation, searched)
	require.Equal(t, []string{"decide/choose", "decide/widen", "decide/assign", "decide/register", "decide/reassign", "decide/rework", "decide/hand-over", "decide/cancel", "record/client-cancel"}, offered())
	page := o.get(dossierPath)
	require.Equal(t, 1, page.Find(`a[href*="decide/choose?"]`).Length(), "who has not accepted cannot be retained")
	require.Equal(t, 2, page.Find(`a[href*="record/answer"]`).Length())
	o.mission(models.StageProgramme, withProgramme)
	require.Equal(t, []string{"decide/approve-programme", "decide/return-programme", "decide/register", "decide/waive", "decide/reassign", "decide/rework",
		"decide/drop-trainer", "decide/cancel", "record/programme", "record/withdrawal", "record/client-cancel"}, offered())
	o.as("cleo") // pedagogy
	require.Equal(t, []string{"decide/approve-programme", "decide/return-programme", "decide/waive", "record/programme", "record/withdrawal", "record/client-cancel"}, offered())
	o.as("bo") // finance reads
	require.Empty(t, offered())
	require.Contains(t, o.get(dossierPath).words(), "Rien n’est à décider ici pour votre rôle.")
	o.as("amel")
	o.mission(models.StageClosed, retained)
	require.NotContains(t, offered(), "decide/cancel")
	page = o.get(dossierPath + "/decide/cancel")
	require.Equal(t, http.StatusGone, page.status)
	require.Contains(t, page.words(), "Le dossier est terminé et ne peut plus changer.")
	require.Equal(t, http.StatusNotFound, o.get(dossierPath+"/decide/nothing").status)
	unknown := o.get(ConsolePath + "/dossiers/D-2026-000999")
	require.Equal(t, http.StatusNotFound, unknown.status)
	nowhere := o.get(ConsolePath + "/nowhere")
	require.Equal(t, http.StatusNotFound, nowhere.status)
	require.NotZero(t, nowhere.Find("nav a").Length(), "the menu stays")
	require.Equal(t, unknown.Find("main").Text(), nowhere.Find("main").Text())
	require.Equal(t, http.StatusOK, o.get(ConsolePath+"/dossiers?lang=en").status)
	require.Equal(t, "en", o.get(ConsolePath+"/nowhere").Find("html").AttrOr("lang", ""), "the session's language")
}

func TestConsoleTellsOfAnotherClientWithTheSameNumber(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageQualification, nil)
	require.NotContains(t, o.get(dossierPath).words(), "le même SIREN")
	for _, c := range []models.Client{{Ref: "C-000002", Name: "Atelier bis", Company: "999999980"}, {Ref: "C-000003", Name: "Ailleurs", Company: "999999998"},
		{Ref: "C-000004", Name: "Sans dossier " + hostile, Company: "999999980"}} {
		require.NoError(t, o.store.SaveClient(t.Context(), c))
	}
	for ref, day := range map[string]int{"D-2026-000007": 20, "D-2026-000008": 22, "D-2026-000009": 21} {
		require.NoError(t, o.store.SaveBrief(t.Context(), models.Brief{Ref: ref, ClientRef: "C-000002", CreatedAt: paris(day, 9, 0)}))
	}
	for _, tab := range []string{"", "/people"} {
		p := o.get(dossierPath + tab)
		wellMade(t, p)
		require.Contains(t, plainly(p.words()), "D’autres clients ont le même SIREN : Atelier bis (C-000002), Sans dossier")
		require.Equal(t, 1, p.Find(`.box a[href="/console/dossiers/D-2026-000008/people"]`).Length(), "its latest dossier")
		require.NotContains(t, p.words(), "Ailleurs")
	}
	for n := 5; n < 12; n++ {
		require.NoError(t, o.store.SaveClient(t.Context(), models.Client{Ref: fmt.Sprintf("C-%06d", n), Name: "Encore", Company: "999999980"}))
	}
	p := o.get(dossierPath)
	require.Equal(t, 3, strings.Count(p.words(), "Encore"), "five in all")
	require.Contains(t, p.words(), "Encore (C-000007) et 4 autres.")
	require.Contains(t, o.get(dossierPath+"/people?lang=en").words(), "Encore (C-000007) and 4 more.")
}

// A programme is not skipped where nothing else would tell what the client signs for: who tries reads why.
func TestF091ConsoleKeepsAProgrammeThatIsNeeded(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageProgramme, retained)
	page := o.fill(dossierPath+"/decide/waive", typed("reason", "Pas le temps"))
	require.Equal(t, http.StatusConflict, page.status)
	require.Contains(t, plainly(page.words()), "Enregistrez le programme plutôt que de passer l’étape.")
	require.Contains(t, o.get(dossierPath+"/decide/waive?lang=en").words(), "Waive")
	page = o.fill(dossierPath+"/decide/waive", typed("reason", "No time"))
	require.Contains(t, page.words(), "Record the programme rather than skip the step.")
}

func TestConsoleRecords(t *testing.T) {
	slot := paris(27, 10, 0)
	audit := func(status string) func(*models.Request, *models.Step) {
		return func(r *models.Request, s *models.Step) {
			retained(r, s)
			s.Rows.Audits = []models.Audit{{Ref: models.AuditRef(dossier, 1), Dossier: dossier, Number: 1, TrainerRef: "T-000042", Status: status, Slots: []time.Time{slot}, SlotAt: slot}}
		}
	}
	for name, c := range map[string]struct {
		stage   models.Stage
		change  func(*models.Request, *models.Step)
		subject string
		bad     url.Values
		wrong   []string
		good    url.Values
		kind    models.FactKind
		actor   string
		data    models.FactData
	}{
		"answer": {stage: models.StageSolicitation, change: searched, subject: dossier + "/1/invitation/3", bad: typed("answer", "interested", "rate", ""), wrong: []string{"rate"},
			good: typed("answer", "interested", "rate", "412,50", "rate_in", "day"), kind: models.FactInvitationAnswered, actor: "T-000042",
			data: models.FactData{Answer: "interested", RateCents: 41_250, RateUnit: models.UnitDay}},
		"slots": {stage: models.StageAudit, change: audit(models.AuditSlotsAwaited), subject: dossier + "/audit/1", bad: typed("slot1", "2026-11-01T09:00"), wrong: []string{"slot1"},
			good: typed("slot1", "2026-11-27T10:00"), kind: models.FactSlotsOffered, actor: "T-000042", data: models.FactData{Slots: []time.Time{slot.UTC()}}},
		"slot": {stage: models.StageAudit, change: audit(models.AuditChoiceAwaited), subject: dossier + "/audit/1", bad: typed(), wrong: []string{"at"},
			good: typed("at", slot.UTC().Format(time.RFC3339Nano)), kind: models.FactSlotChosen, actor: "X-000001", data: models.FactData{At: slot.UTC()}},
		"report": {stage: models.StageAudit, change: audit(models.AuditBooked), subject: dossier + "/audit/1", bad: typed("held_at", "2026-11-27T10:00", "scale", "isolated", "feasible", "yes"), wrong: []string{"held_at"},
			good: typed("held_at", "2026-11-25T09:00", "scale", "complex", "feasible", "yes"), kind: models.FactAuditReported, actor: "T-000042",
			data: models.FactData{Scale: "complex", Feasible: true, At: paris(25, 9, 0).UTC()}},
		"programme": {stage: models.StageProgramme, change: withProgramme, subject: dossier + "/programme/1", bad: typed("objectives", "O", "content", "C", "methods", "M"), wrong: []string{"assessment"},
			good: typed("objectives", "O", "content", "C", "methods", "M", "assessment", "A"), kind: models.FactProgrammeSubmitted, actor: "T-000042"},
		"signature": {stage: models.StageContract, change: withContract, subject: dossier + "/contract/1", bad: typed(), wrong: []string{"outcome"},
			good: typed("outcome", "signed", "channel", "paper"), kind: models.FactContractSigned, actor: "X-000001", data: models.FactData{SHA256: sha}},
		"sheet": {stage: models.StageSessions, change: withSession(24, models.SessionToJudge), subject: dossier + "/session/1", bad: typed("received_at", "2026-11-27T10:00"), wrong: []string{"received_at"},
			good: typed("received_at", "2026-11-25T09:00", "absent", "P-000001.1"), kind: models.FactSheetSigned, actor: "T-000042"},
		"withdrawal": {stage: models.StageProgramme, change: retained, bad: typed("received_at", "demain"), wrong: []string{"sure", "received_at"},
			good: typed("sure", "yes"), kind: models.FactTrainerWithdrew, actor: "T-000042"}, // assigned: nobody was invited
		"client-cancel": {stage: models.StageAudit, change: audit(models.AuditBooked), bad: typed("received_at", "demain"), wrong: []string{"sure", "received_at"},
			good: typed("sure", "yes"), kind: models.FactClientCancelled, actor: "X-000001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			courier := &handler{state: models.FactApplied}
			o := newOffice(t, func(cfg *Config) { courier.store, cfg.Courier = cfg.Store, courier })
			o.mission(c.stage, c.change)
			path := dossierPath + "/record/" + name
			if c.subject != "" {
				path += "?subject=" + url.QueryEscape(c.subject)
			}
			page := o.fill(path, c.bad)
			require.Equal(t, http.StatusUnprocessableEntity, page.status, page.words())
			require.Equal(t, c.wrong, page.wrong(), page.words())
			require.Empty(t, courier.facts)
			form := page.form(t, c.good)
			form.Set("received_at", "2026-11-25T10:30")
			form.Set("note", "Dit au téléphone")
			for range 2 {
				done := o.post(page.action(t), form)
				require.Equal(t, http.StatusSeeOther, done.status, done.words())
			}
			require.Contains(t, o.get(dossierPath).words(), "C’est enregistré.")
			require.Len(t, courier.facts, 1, "sent twice, it counts once")
			f := courier.facts[0]
			require.Equal(t, c.kind, f.Kind)
			require.Equal(t, c.actor, f.Actor)
			require.Equal(t, "U-000001", f.Recorder)
			require.Equal(t, paris(25, 10, 30).UTC(), f.ReceivedAt.UTC(), "when it was received, in Paris")
			require.Contains(t, []models.Channel{models.ChannelPhone, models.ChannelPaper}, f.Channel)
			note, err := o.store.Note(t.Context(), f.Data.Note)
			require.NoError(t, err)
			require.Equal(t, "Dit au téléphone", note.Text)
			f.Data.Note, f.Data.Ref = "", ""
			require.Equal(t, c.data, f.Data)
			if name == "sheet" {
				a, err := o.store.Attendance(t.Context(), c.subject, "P-000001", 1)
				require.NoError(t, err)
				require.Equal(t, models.AttendanceAbsent, a.State)
			}
			o.as("bo")
			require.Equal(t, http.StatusForbidden, o.get(path).status)
			require.Equal(t, http.StatusForbidden, o.post(path, form).status)
		})
	}
}

// A year mistyped is told beside its field, whatever was typed stays.
func TestConsoleTellsOfAWrongYear(t *testing.T) {
	o := newOffice(t)
	withOne := func(r *models.Request, s *models.Step) { withSession(26, models.SessionConvoked)(r, s) }
	for _, c := range []struct {
		change            func(*models.Request, *models.Step)
		path, field, year string
		bad               url.Values
	}{
		{retained, "/decide/plan-sessions", "s1_am_from", "lointaine", typed("s1_day", "2206-11-26")},
		{withOne, "/decide/reschedule?subject=1", "h1_from", "lointaine", typed("h1_day", "2206-11-26", "h2_day", "2206-11-26")},
		{withOne, "/record/client-cancel", "received_at", "ancienne", typed("sure", "yes", "received_at", "1026-11-25T10:30")},
	} {
		o.mission(models.StageSessions, c.change)
		page := o.fill(dossierPath+c.path, c.bad)
		require.Equal(t, http.StatusUnprocessableEntity, page.status, page.words())
		require.Equal(t, []string{c.field}, page.wrong(), page.words())
		require.Contains(t, page.words(), "Cette date est trop "+c.year)
		for field, list := range c.bad {
			if s := page.Find(`input[type=date][name="` + field + `"],input[type=datetime-local][name="` + field + `"]`); s.Length() > 0 {
				require.Equal(t, list[0], s.AttrOr("value", ""))
			}
		}
	}
}

// handler is a courier to processes that say at once what becomes of a fact.
type handler struct {
	store *store.Store
	state string
	facts []models.Fact
}

func (h *handler) Deliver(ctx context.Context, row models.Inbox) error {
	h.facts = append(h.facts, row.Fact)
	_, err := h.store.Apply(ctx, models.Step{Workflow: row.Workflow, Run: "run", Seq: int64(len(h.facts)), At: row.StoredAt, Dossier: row.Dossier,
		Handled: []models.FactHandling{{ID: row.ID, State: h.state}}})
	return err
}

func TestConsoleTellsWhatCameTooLate(t *testing.T) {
	courier := &handler{state: models.FactLate}
	o := newOffice(t, func(cfg *Config) { courier.store, cfg.Courier = cfg.Store, courier })
	o.mission(models.StageContract, withContract)
	done := o.fill(dossierPath+"/record/signature?subject="+url.QueryEscape(dossier+"/contract/1"), typed("outcome", "signed"))
	require.Equal(t, http.StatusSeeOther, done.status, done.words())
	require.Contains(t, o.get(dossierPath).words(), "arrivé trop tard ou déjà pris en compte")
}

func TestF123ConsoleShowsWhoTheSheetIsFor(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, withSession(24, models.SessionToJudge))
	require.NoError(t, o.store.SaveParticipants(t.Context(), []models.Participant{{Ref: "P-000003", Dossier: dossier, Name: "Tardif", CreatedAt: paris(24, 18, 0)}}))
	subject := "?subject=" + url.QueryEscape(dossier+"/session/1")
	listed := func() string { return o.get(dossierPath + "/sessions").Find("table.matrix").First().Text() }
	require.NotContains(t, listed(), "Tardif")
	require.NotContains(t, o.get(dossierPath+"/record/sheet"+subject).words(), "Tardif")
	require.Equal(t, http.StatusSeeOther, o.fill(dossierPath+"/record/presence"+subject, typed("P-000003.0", "signed")).status, "they were there before they were registered")
	require.Contains(t, listed(), "Tardif")
	require.Contains(t, o.get(dossierPath+"/record/sheet"+subject).words(), "Tardif")
}

// F121: a remote session has a room when it is planned, the one before's unless another is named; one planned without is
// given its room by a move.
func TestF121ConsoleAsksForTheRoom(t *testing.T) {
	temporalClient, process := newCommands(t)
	o := newOffice(t, func(cfg *Config) {
		cfg.Temporal = temporalClient
		cfg.Courier = &activities.Courier{Client: temporalClient, Store: cfg.Store}
	})
	o.mission(models.StageSessions, retained)
	page := o.fill(dossierPath+"/decide/plan-sessions", typed("s1_day", "2026-11-26", "s2_day", "2026-11-30"))
	require.Equal(t, http.StatusUnprocessableEntity, page.status)
	require.Equal(t, []string{"s1_place"}, page.wrong())
	require.Contains(t, page.words(), "Indiquez le lien de la salle visio")
	process.none(t)
	require.Equal(t, http.StatusSeeOther, o.post(page.action(t), page.form(t, typed("s1_place", "https://visio.example.org/1"))).status)
	_, args := process.taken(t)
	sessions := args["sessions"].([]any)
	require.Len(t, sessions, 2)
	room := sessions[0].(map[string]any)["place_note_ref"]
	require.NotEmpty(t, room)
	require.Equal(t, room, sessions[1].(map[string]any)["place_note_ref"])

	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(26, models.SessionConvoked)(r, s)
		s.Rows.Sessions[0].HalfDays = s.Rows.Sessions[0].HalfDays[:1]
		s.Rows.Sessions[0].PlaceRef = "N-000099"
	})
	require.NoError(t, o.store.SaveNote(t.Context(), models.Note{Ref: "N-000099", Dossier: dossier, Text: "https://visio.example.org/3"}))
	require.Equal(t, http.StatusSeeOther, o.fill(dossierPath+"/decide/plan-sessions", typed("s1_day", "2026-11-30", "s1_pm_from", "", "s1_pm_to", "")).status,
		"the room of the session planned before")
	_, args = process.taken(t)
	note, err := o.store.Note(t.Context(), args["sessions"].([]any)[0].(map[string]any)["place_note_ref"].(string))
	require.NoError(t, err)
	require.Equal(t, "https://visio.example.org/3", note.Text)

	o.mission(models.StageSessions, withSession(26, models.SessionConvoked))
	require.Contains(t, o.get(dossierPath+"/sessions").words(), "Lien manquant : indiquez-le")
	require.Equal(t, http.StatusSeeOther, o.fill(dossierPath+"/decide/reschedule?subject=1", typed("place", "https://visio.example.org/2")).status)
	_, args = process.taken(t)
	note, err = o.store.Note(t.Context(), args["place_note_ref"].(string))
	require.NoError(t, err)
	require.Equal(t, "https://visio.example.org/2", note.Text)
}

func TestConsoleRecordsRows(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, withSession(24, models.SessionToJudge))
	path := dossierPath + "/record/presence?subject=" + url.QueryEscape(dossier+"/session/1")
	require.Equal(t, http.StatusUnprocessableEntity, o.fill(path, nil).status)
	require.Equal(t, http.StatusSeeOther, o.fill(path, typed("P-000001.0", "signed", "P-000002.1", "absent")).status)
	rows, err := o.store.Attendances(t.Context(), dossier+"/session/1")
	require.NoError(t, err)
	require.Len(t, rows, 2)
	page := o.get(dossierPath + "/sessions")
	require.Equal(t, 1, page.Find("table.matrix td .state.good").Length(), page.words())
	require.Equal(t, 1, page.Find("table.matrix td .state.bad").Length())
	require.Contains(t, page.words(), "sans-nom@example.org", "who has no name yet goes by the address")

	path = dossierPath + "/record/evaluation"
	refused := o.fill(path, typed("participant", "P-000001", "kind", "hot", "score", "9"))
	require.Equal(t, []string{"score"}, refused.wrong())
	require.Equal(t, http.StatusSeeOther, o.post(refused.action(t), refused.form(t, typed("score", "4", "text", "Bien "+hostile))).status)
	page = o.get(dossierPath + "/sessions")
	require.Contains(t, page.words(), "4 sur 5")
	o.as("bo")
	require.NotContains(t, o.get(dossierPath+"/sessions").words(), "4 sur 5", "finance does not read evaluations, as in the API")
	o.as("amel")

	page = o.fill(dossierPath+"/decide/register", typed("people", "Léa Exemple <lea@example.org>\nalix@example.org, Alix"))
	require.Equal(t, http.StatusConflict, page.status)
	require.Contains(t, page.words(), "Déjà inscrit sur ce dossier : Alix alix@example.org")
	page = o.fill(dossierPath+"/decide/register", typed("people", "Léa Exemple <lea@example.org>\nLéa LEA@example.org"))
	require.Contains(t, page.words(), "Écrit deux fois dans la liste : Léa LEA@example.org")
	require.NotContains(t, page.words(), "Déjà inscrit")
	require.Equal(t, http.StatusSeeOther, o.post(page.action(t), page.form(t, typed("people", "Léa\u00a0Exemple <lea@example.org\u200b>\u00a0\n\nMarc"))).status)
	people, err := o.store.Participants(t.Context(), dossier, true)
	require.NoError(t, err)
	require.Len(t, people, 4)
	require.Equal(t, "Léa Exemple", people[2].Name)
	require.NotContains(t, o.get(dossierPath+"/people").words(), "Plus de participants que prévu")
	require.Equal(t, http.StatusSeeOther, o.fill(dossierPath+"/decide/register", typed("people", "Nora\nOmar")).status, "staff may take more than announced (F007)")
	require.Contains(t, plain(o.get(dossierPath+"/people").words()), "Plus de participants que prévu : 6 pour un effectif annoncé de 4")
	require.Contains(t, plain(o.get(dossierPath+"/journal").words()), "Participants inscrits : 2. L’effectif annoncé est dépassé : 6 pour 4.")
	require.Equal(t, http.StatusSeeOther, o.fill(dossierPath+"/decide/complete-participant?subject=P-000002", typed("name", "Bo Complet")).status)
	completed, err := o.store.Participant(t.Context(), "P-000002")
	require.NoError(t, err)
	require.Equal(t, "Bo Complet", completed.Name)
	removal := dossierPath + "/decide/remove-participant?subject="
	page = o.get(dossierPath + "/people")
	require.Contains(t, page.words(), "Inscrit, a déjà signé")
	require.Zero(t, page.Find(`a[href="`+removal+`P-000001"]`).Length())
	require.Equal(t, 1, page.Find(`a[href="`+removal+`P-000002"]`).Length())
	require.Contains(t, o.get(removal+"P-000001").words(), "ne peut plus être retiré")
	require.Equal(t, http.StatusSeeOther, o.fill(removal+"P-000002", typed("sure", "yes")).status)
	require.Contains(t, o.get(dossierPath+"/people").words(), "Bo Complet ne fait plus partie du groupe.")
	history := o.get(dossierPath + "/journal").words()
	require.Contains(t, history, "La fiche du participant Bo Complet est modifiée.")
	require.Contains(t, history, "Le participant Bo Complet est retiré.")
	require.NotContains(t, history, "P-000002")
	people, err = o.store.Participants(t.Context(), dossier, true)
	require.NoError(t, err)
	require.Len(t, people, 5)
}

func TestConsoleDossierPages(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionValidated)(r, s)
		withProgramme(r, s)
		withContract(r, s)
		searched(r, s)
		r.Alert, r.AlertAt = "sheet_incomplete", paris(24, 18, 0)
		s.Rows.Alerts = []models.Alert{{Dossier: dossier, Alert: "sheet_incomplete", Subject: dossier + "/session/1", Since: paris(24, 18, 0)},
			{Dossier: dossier, Alert: "client_unsigned", Subject: dossier + "/contract/1", Since: paris(23, 18, 0)}} // the older one stands too
		s.Rows.Lines = []models.PayLine{{Ref: dossier + "/session/1", Dossier: dossier, Payer: models.PayerAgency, TrainerRef: "T-000042", Month: "2026-11", HeldOn: "2026-11-24",
			Unit: models.UnitDay, Quantity: 100, RateCents: 45_000, Cents: 45_000, Status: models.LineDue}}
		s.Rows.Invoices = []models.Invoice{{Ref: "I-2026-000001", Number: "F-2026-0001", Kind: models.InvoiceClient, Dossier: dossier, Status: models.InvoiceIssued, PromiseOn: "2026-11-24", NetCents: 240_000, TotalCents: 288_000}}
		s.Journal = []models.JournalLine{{ID: "j1", Dossier: dossier, At: paris(24, 10, 0), Kind: "invitation_interested", Subject: dossier + "/1/invitation/1", Actor: "T-000042",
			Channel: models.ChannelPhone, Recorder: "U-000001", Note: "N-000001"},
			{ID: "j2", Dossier: dossier, At: paris(24, 9, 0), Kind: "request_opened", Subject: dossier, Actor: string(models.RoleClient), Channel: models.ChannelPhone, Recorder: "U-000001"},
			{ID: "j3", Dossier: dossier, At: paris(24, 11, 0), Kind: "invoice_issued", Subject: "I-2026-000001", Actor: string(models.RoleSystem),
				Args: models.Args{{Name: "number", Value: "F-2026-0001"}}}}
		s.Messages = []models.Message{
			{Key: "m1", Dossier: dossier, Workflow: models.RequestID(dossier), Template: "convocation", To: models.RoleParticipant, ToRef: "P-000001", Subject: dossier, NotBefore: paris(26, 9, 0), Status: models.MessageQueued},
			{Key: "m2", Dossier: dossier, Workflow: models.RequestID(dossier), Template: "staff_alert", To: models.RoleStaff, Subject: dossier, Args: models.Args{{Name: "alert", Value: "sheet_incomplete"}}, NotBefore: paris(25, 9, 0), Status: models.MessageQueued}}
		s.Deadlines = []models.Deadline{{ID: "past", Workflow: "w", Dossier: dossier, Kind: models.DeadlineProgramme, Subject: dossier + "/programme/1", Awaits: models.RoleTrainer, AwaitsRef: "T-000042",
			DueAt: paris(23, 18, 0), ClosedAt: paris(23, 18, 0), Status: models.Missed, Postponed: 1, Note: "N-000001"},
			{ID: "legal", Workflow: "w", Dossier: dossier, Kind: models.DeadlineLegalCap, Subject: dossier, Awaits: models.RoleFinance, DueAt: paris(28, 18, 0), Status: models.Open}}
	})
	content, err := o.cfg.Documents.Put(t.Context(), []byte(pdf))
	require.NoError(t, err)
	require.NoError(t, o.store.SaveDocument(t.Context(), models.Document{SHA256: content, Kind: models.DocumentConvention, Subject: dossier + "/contract/1", Dossier: dossier, Name: "convention.pdf", MediaType: "application/pdf", CreatedAt: o.now}))
	for tab, says := range map[string][]string{
		"":           {"Alix", "À regarder", "(séance 1) (depuis le mardi 24 novembre 2026", "jugez la séance", "(document 1) (depuis le lundi 23 novembre 2026", "appelez le client", "Formatrice Alpha", "Qualifier la demande", "par téléphone, noté par Amel Exemple", "Le formateur souhaite la mission (Formatrice Alpha)."},
		"/journal":   {"Parce que <script>", "La demande est arrivée.Camille Exemple, client, par téléphone, noté par Amel Exemple", "La facture F-2026-0001 est émise."},
		"/deadlines": {"Programme adapté du formateur (version 1)", "Manquée", "Formatrice Alpha, formateur", "Avertissement avant le terme légal"},
		"/people":    {"Camille Exemple", "+33 1 99 00 00 09", "Recherche n° 1", "Souhaite la mission", "Sans réponse", "sans-nom@example.org"},
		"/sessions":  {"Validée", "2 demi-journées planifiées ou tenues, sur 4 commandées."},
		"/money":     {"2\u00a0400,00\u00a0€", "900,00\u00a0€", "1\u00a0500,00\u00a0€", "F-2026-0001", "Émise, en retard", "24 novembre"},
		"/messages":  {"Convocation", "partira le jeudi 26 novembre 2026 à\u00a09\u00a0h\u00a000", "Alerte à l’équipe : La feuille d’émargement est incomplète."},
		"/documents": {"convention de formation", "Refusé", content, "Savoir trier <script>"},
	} {
		for _, lang := range []string{"fr", "en"} {
			page := o.get(dossierPath + tab + "?lang=" + lang)
			require.Equal(t, http.StatusOK, page.status, tab)
			require.Equal(t, 1, page.Find("h1").Length())
			require.NotContains(t, page.html, "<script")
			require.NotRegexp(t, `\[[a-z_]+\.[a-z_.]+\]`, page.html, "%s in %s: every sentence is there", tab, lang)
			require.Equal(t, 1, page.Find(".tabs [aria-current=page]").Length())
			if lang == "fr" {
				for _, s := range says {
					if tab == "" && s == "Alix" {
						continue
					}
					require.Contains(t, plain(page.words()), plain(s), tab)
				}
			}
		}
	}
	page := o.get(dossierPath + "/deadlines?lang=fr")
	require.Equal(t, 3, page.Find(`ul.awaited a[href^="/console/due/postpone"]`).Length(), "a legal deadline cannot be postponed")
	require.Equal(t, 1, o.get(dossierPath+"/money").Find(`a[href="/console/money/invoices/I-2026-000001"]`).Length(), "from the dossier to where it is decided on")
	file := o.get(dossierPath + "/files/" + content)
	require.Equal(t, http.StatusOK, file.status)
	require.Contains(t, file.header.Get("Content-Disposition"), "inline")
	o.mission(models.StageAudit, nil)
	require.NoError(t, o.store.SaveDocument(t.Context(), models.Document{SHA256: strings.Repeat("a", 64), Dossier: "D-2026-000124", CreatedAt: o.now}))
	require.Equal(t, http.StatusNotFound, o.get(dossierPath+"/files/"+strings.Repeat("a", 64)).status, "a document of another dossier")
}

// plain has ordinary spaces: words are wrapped by the page.
func plain(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestConsolePagesThroughATimeline(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageAudit, func(_ *models.Request, s *models.Step) {
		for i := range 100 {
			s.Journal = append(s.Journal, models.JournalLine{ID: fmt.Sprintf("j%03d", i), Dossier: dossier, At: paris(24, 0, 0).Add(time.Duration(i) * time.Minute), Kind: "request_opened", Actor: "client"})
		}
	})
	path, n := dossierPath+"/journal", 0
	for range 3 {
		page := o.get(path)
		n += page.Find(".journal li").Length()
		next, ok := page.Find("a[rel=next]").Attr("href")
		if !ok {
			break
		}
		path = dossierPath + "/journal" + next
	}
	require.Equal(t, 100, n)
}

// Every alert that mails speak of says on the dossier what to do about it, in both languages; every mail has a name.
func TestConsoleSpeaksOfEveryAlertAndMail(t *testing.T) {
	text, err := os.ReadFile("../mail/templates/fr/_alerts.txt")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`(?m)^([a-z_]+): `).FindAllStringSubmatch(string(text), -1) {
		if m[1] != "unknown" {
			require.True(t, web.Has("dossier.todo."+m[1]), m[1])
		}
	}
	for _, name := range mail.Templates() {
		require.True(t, web.Has("dossier.template."+name), name)
	}
}

// Asked outside the hours of mail, trainers hear of it when they open: until then the dossier says so (F070).
func TestMessagesThatWaitForTheHoursOfMailAreNotSaidToHaveLeft(t *testing.T) {
	o := newOffice(t)
	o.moveTo(paris(24, 21, 0))
	message := func(key, template, subject string, at time.Time) models.Message {
		return models.Message{Key: key, Dossier: dossier, Workflow: models.RequestID(dossier), Template: template, To: models.RoleTrainer, ToRef: "T-000042", Subject: subject, NotBefore: at}
	}
	o.mission(models.StageSolicitation, func(r *models.Request, s *models.Step) {
		for n := 1; n <= 3; n++ {
			ref := models.InvitationRef(dossier, 1, n)
			s.Rows.Invitations = append(s.Rows.Invitations, models.Invitation{Ref: ref, Dossier: dossier, Search: 1, Number: n, Wave: n/2 + 1, TrainerRef: "T-000042", Status: models.InvitationSent, SentAt: paris(24, 20, 0)})
			s.Messages = append(s.Messages, message("r"+ref, "invitation_reminder", ref, paris(26, 8, 0)))
			if n > 1 { // the first one left long ago, its reminder alone waits
				s.Messages = append(s.Messages, message(ref, "invitation", ref, paris(25, 8, 0)))
			}
		}
		s.Rows.Contracts = []models.Contract{{Ref: models.ContractRef(dossier, 1), Dossier: dossier, Number: 1, Kind: models.ContractConvention, Signer: models.RoleClient, Status: models.ContractPending, SentAt: paris(24, 20, 0)}}
		s.Messages = append(s.Messages, message("c", "contract_client", models.ContractRef(dossier, 1), paris(25, 8, 0)))
		for i, wave := range []string{"1", "2"} {
			s.Journal = append(s.Journal, models.JournalLine{ID: "j" + wave, Dossier: dossier, At: paris(24, 20, i), Kind: "wave_sent", Subject: dossier, Args: models.Args{{Name: "wave", Value: wave}, {Name: "trainers", Value: "2"}}},
				models.JournalLine{ID: "old" + wave, Dossier: dossier, At: paris(20, 20, i), Kind: "wave_sent", Subject: dossier, Args: models.Args{{Name: "wave", Value: wave}, {Name: "trainers", Value: "7"}}})
		}
	})
	page := o.get(dossierPath)
	asked := page.Find(`section[aria-labelledby=h-asked]`)
	require.Contains(t, plain(asked.Find("p").First().Text()), "2 messages attendent les heures d’envoi : ils partiront le mercredi 25 novembre 2026 à 8 h 00.")
	states := asked.Find(".state").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	require.Equal(t, []string{"Réponse attendue", "Pas encore parti", "Pas encore parti"}, states)
	require.Equal(t, 2, strings.Count(plain(asked.Text()), "Le message partira le mercredi 25 novembre 2026 à 8 h 00"))
	require.Equal(t, 1, strings.Count(plain(asked.Text()), "Sollicité le mardi 24 novembre 2026 à 20 h 00"))
	entries := page.Find(".journal li").Map(func(_ int, s *goquery.Selection) string { return plain(s.Text()) })
	require.Len(t, entries, 4)
	require.Contains(t, entries[0], "Vague 2, formateurs sollicités : 2. 2 messages attendent les heures d’envoi")
	for _, e := range entries[1:] {
		require.NotContains(t, e, "attend")
	}
	require.Contains(t, plain(o.get(dossierPath+"/documents").words()), "À signer partira le mercredi 25 novembre 2026 à 8 h 00")
	require.Contains(t, plain(o.get(dossierPath+"?lang=en").words()), "2 messages wait for the hours of mail: they leave on Wednesday 25 November 2026 at 08:00.")
	require.Equal(t, http.StatusOK, o.get(dossierPath+"?lang=fr").status)

	states = o.get(dossierPath + "/messages").Find(".state").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	require.Contains(t, states, "Prévu plus tard", "reminders of days to come")
	require.Contains(t, states, "En attente des heures d’envoi")

	// What was taken back is kept apart: reminders of what was answered would come before what left.
	o.apply(models.Step{Dossier: dossier, Withdraw: []string{"r" + models.InvitationRef(dossier, 1, 1)}})
	page = o.get(dossierPath + "/messages")
	require.NotContains(t, page.words(), "Retiré avant l’envoi")
	folded := page.Find(`a[href="` + dossierPath + `/messages?taken_back=1"]`)
	require.Equal(t, "Voir 1 message retiré avant l’envoi", folded.Text())
	page = o.get(folded.AttrOr("href", ""))
	wellMade(t, page)
	require.Equal(t, 1, page.Find("tbody tr").Length())
	require.Contains(t, plain(page.words()), "Retiré avant l’envoi aurait dû partir le")
	require.Equal(t, 1, page.Find(`main a[href="`+dossierPath+`/messages"]:contains("Revenir aux autres messages")`).Length())

	o.moveTo(paris(25, 8, 0)) // they leave now
	page = o.get(dossierPath)
	require.NotContains(t, page.words(), "attendent les heures d’envoi")
	require.Equal(t, 3, strings.Count(plain(page.Find(`section[aria-labelledby=h-asked]`).Text()), "Sollicité le"))
	require.NoError(t, o.store.MessageSent(t.Context(), models.InvitationRef(dossier, 1, 2), paris(25, 8, 1)))
	require.Contains(t, plain(o.get(dossierPath).words()), "Sollicité le mercredi 25 novembre 2026 à 8 h 01", "when it really left")
	require.Contains(t, plain(o.get(dossierPath+"/documents").words()), "envoyé le")
}

// F119: convocations that wait for the hours of mail are not said to have left.
func TestF119ConsoleSaysWhenConvocationsLeave(t *testing.T) {
	o := newOffice(t)
	o.moveTo(paris(24, 21, 0))
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(26, models.SessionConvoked)(r, s)
		for i, at := range []time.Time{paris(25, 9, 0), paris(25, 8, 0)} {
			who := "P-00000" + strconv.Itoa(i+1)
			s.Messages = append(s.Messages, models.Message{Key: who, Dossier: dossier, Workflow: models.RequestID(dossier), Template: "convocation",
				To: models.RoleParticipant, ToRef: who, Subject: models.SessionRef(dossier, 1), NotBefore: at})
		}
	})
	page := plain(o.get(dossierPath + "/sessions").words())
	require.Contains(t, page, "Convocations demandées")
	require.Contains(t, page, "ConvocationsElles partiront le mercredi 25 novembre 2026 à 8 h 00")
	o.moveTo(paris(25, 9, 0))
	require.NotContains(t, plain(o.get(dossierPath+"/sessions").words()), "Elles partiront")
}

// Files are listed by what they are and of what, not by reference.
func TestDocumentsHaveNamesThatPeopleUnderstand(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionValidated)(r, s)
		s.Rows.Contracts = []models.Contract{
			{Ref: models.ContractRef(dossier, 1), Dossier: dossier, Number: 1, Kind: models.ContractConvention, Signer: models.RoleClient},
			{Ref: models.ContractRef(dossier, 2), Dossier: dossier, Number: 2, Kind: models.ContractTrainer, Signer: models.RoleTrainer, TrainerRef: "T-000042"},
			{Ref: models.ContractRef(dossier, 3), Dossier: dossier, Number: 3, Kind: models.ContractIndividual, Signer: models.RoleClient}}
		s.Rows.Invoices = []models.Invoice{{Ref: "I-2026-000001", Number: "F-2026-0012", Kind: models.InvoiceSelfBilled, Dossier: dossier},
			{Ref: "I-2026-000002", Number: "F-2026-0013", Kind: models.InvoiceClient, Dossier: dossier},
			{Ref: "I-2026-000003", Kind: models.InvoiceSupplier, Dossier: dossier}}
	})
	client := "Atelier " + hostile
	for n, c := range []struct {
		kind            models.DocumentKind
		subject, fr, en string
	}{
		{models.DocumentConvention, dossier + "/contract/1", "Convention de formation, " + client, "Training agreement, " + client},
		{models.DocumentConvention, dossier + "/contract/3", "Contrat de formation, " + client, "Training contract, " + client},
		{models.DocumentTrainerContract, dossier + "/contract/2", "Contrat du formateur, Formatrice Alpha", "Trainer’s contract, Formatrice Alpha"},
		{models.DocumentProgramme, dossier + "/programme/2", "Programme, version 2", "Programme, version 2"},
		{models.DocumentConvocation, dossier + "/session/1|P-000002", "Convocation, séance 1, sans-nom@example.org", "Convocation, session 1, sans-nom@example.org"},
		{models.DocumentSheet, dossier + "/session/2", "Feuille d’émargement, séance 2", "Attendance sheet, session 2"},
		{models.DocumentSheet, dossier, "Feuille d’émargement, toutes les séances", "Attendance sheet, all sessions"},
		{models.DocumentCertificate, dossier + "|P-000001", "Certificat de réalisation, Alix " + hostile, "Certificate of completion, Alix " + hostile},
		{models.DocumentInvoice, "I-2026-000001", "Autofacture F-2026-0012", "Self-billed invoice F-2026-0012"},
		{models.DocumentInvoice, "I-2026-000002", "Facture au client F-2026-0013", "Client’s invoice F-2026-0013"},
		{models.DocumentInvoice, "I-2026-000003", "Facture du formateur I-2026-000003", "Trainer’s invoice I-2026-000003"},
		{models.DocumentInvoiceDraft, "I-2026-000003", "Projet de facture I-2026-000003", "Draft invoice I-2026-000003"},
		{models.DocumentInvoice, "I-2026-000009", "Facture I-2026-000009", "Invoice I-2026-000009"},
	} {
		content := fmt.Sprintf("%064d", n)
		require.NoError(t, o.store.SaveDocument(t.Context(), models.Document{SHA256: content, Kind: c.kind, Subject: c.subject, Dossier: dossier, Name: "x.pdf", MediaType: "application/pdf", CreatedAt: paris(24, 9, 30)}))
		for lang, want := range map[string]string{"fr": c.fr, "en": c.en} {
			link := o.get(dossierPath + "/documents?lang=" + lang).Find(`a[href$="/files/` + content + `"]`)
			require.Equal(t, plain(want), plain(link.Text()))
			require.Contains(t, link.Parent().Text(), "24 ", "its date stands beside it")
		}
	}
}

// The console and the API show money by one rule (F192, F202): pedagogy sees neither invoices nor their files, and keeps
// contracts, programme and sheets.
func TestMoneyOfADossierIsForWhoMaySeeIt(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionValidated)(r, s)
		s.Rows.Invoices = []models.Invoice{{Ref: "I-2026-000001", Number: "F-2026-0001", Kind: models.InvoiceClient, Dossier: dossier, Status: models.InvoiceIssued, TotalCents: 288_000}}
		for _, key := range []string{"sent", "parked"} {
			s.Messages = append(s.Messages, models.Message{Key: key, Dossier: dossier, Workflow: "w", Template: "client_invoice", To: models.RoleBilling, Subject: "I-2026-000001",
				Args: models.Args{{Name: "invoice", Value: "I-2026-000001"}, {Name: "amount", Value: "288000"}}, NotBefore: paris(24, 9, 0)})
		}
	})
	ok, err := o.store.RecordAttempt(t.Context(), "parked", paris(24, 9, 30))
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, o.store.MessageFailed(t.Context(), "parked", models.MessageParked, "unclear", paris(24, 9, 32)))
	files := map[models.DocumentKind]string{}
	for _, kind := range []models.DocumentKind{models.DocumentConvention, models.DocumentTrainerContract, models.DocumentProgramme, models.DocumentSheet,
		models.DocumentConvocation, models.DocumentCertificate, models.DocumentInvoice, models.DocumentInvoiceDraft, models.DocumentRecap} {
		content, err := o.cfg.Documents.Put(t.Context(), []byte(pdf+string(kind)))
		require.NoError(t, err)
		files[kind] = content
		require.NoError(t, o.store.SaveDocument(t.Context(), models.Document{SHA256: content, Kind: kind, Dossier: dossier, Name: string(kind) + ".pdf", MediaType: "application/pdf", CreatedAt: o.now}))
	}
	_, _, err = o.store.Receive(t.Context(), models.Fact{ID: "f1", Kind: models.FactInvoiceReceived, Workflow: models.InvoiceID("I-2026-000002"), Dossier: dossier, ReceivedAt: o.now,
		Data: models.FactData{NetCents: 45_000}}, func() time.Time { return o.now })
	require.NoError(t, err)
	const account = "FR7630006000011234567890189"
	require.NoError(t, o.store.SaveTrainer(t.Context(), models.Trainer{Ref: "T-000009", Name: "Formatrice Exemple", IBAN: account}))
	for login, role := range map[string]models.Role{"amel": models.RoleStaff, "bo": models.RoleFinance, "cleo": models.RolePedagogy} {
		t.Run(login, func(t *testing.T) {
			o.as(login)
			sees, status := 1, http.StatusOK
			if role == models.RolePedagogy {
				sees, status = 0, http.StatusForbidden
			}
			require.Equal(t, sees, o.get(dossierPath).Find(`.tabs a[href$="/money"]`).Length())
			require.Equal(t, status, o.do(role, "GET", "/invoices", "").StatusCode)
			require.Equal(t, status, o.do(role, "GET", "/requests/"+dossier+"/lines", "").StatusCode)
			page := o.get(dossierPath + "/money")
			require.Equal(t, status, page.status)
			if status == http.StatusForbidden {
				require.Equal(t, string(models.CodeForbidden), page.code())
				require.NotContains(t, page.html, "F-2026-0001")
			}
			list, listed := o.get(dossierPath+"/documents").html, o.do(role, "GET", "/requests/"+dossier+"/documents", "").body
			for kind, content := range files {
				allowed, want := true, http.StatusOK
				if role == models.RolePedagogy && (kind == models.DocumentInvoice || kind == models.DocumentInvoiceDraft || kind == models.DocumentRecap) {
					allowed, want = false, http.StatusForbidden
				}
				require.Equal(t, allowed, strings.Contains(list, content), kind)
				require.Equal(t, allowed, strings.Contains(listed, content), kind)
				require.Equal(t, want, o.get(dossierPath+"/files/"+content).status, kind)
				require.Equal(t, want, o.do(role, "GET", "/documents/"+content, "").StatusCode, kind)
			}
			for _, path := range []string{"/trainers", "/trainers/T-000009"} {
				require.Equal(t, sees == 1, strings.Contains(o.do(role, "GET", path, "").body, account), path)
			}
			facts := o.do(role, "GET", "/requests/"+dossier+"/facts", "")
			require.Equal(t, sees == 1, strings.Contains(facts.body, "45000"), facts.body)
			var sent, parked List[models.Message]
			messages := o.do(role, "GET", "/requests/"+dossier+"/messages", "")
			messages.into(t, &sent)
			require.Len(t, sent.Items, 2, "that a mail left is no amount")
			require.Equal(t, "I-2026-000001", sent.Items[0].Args.Get("invoice"))
			require.Equal(t, sees == 1, strings.Contains(messages.body, "288000"), messages.body)
			o.do(role, "GET", "/messages/parked", "").into(t, &parked)
			require.Len(t, parked.Items, sees, "who may settle it")
			if role == models.RolePedagogy {
				o.refused(o.do(role, "POST", "/messages/again", `{"message_key":"parked"}`), 403, models.CodeForbidden)
			}
			for path, links := range map[string]int{dossierPath: 2, dossierPath + "/messages": 2, messagesPath: 2} {
				page := o.get(path)
				require.Equal(t, http.StatusOK, page.status, path)
				require.Equal(t, links*sees, page.Find(`a[href*="/console/messages/"]`).Length(), path)
			}
		})
	}
}

// A dossier cancelled in the middle of its course keeps its stage until the sessions under way have ended.
func TestConsoleTellsOfACancellationUnderWay(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, withSession(25, models.SessionConvoked))
	require.Equal(t, 1, o.get(dossierPath).Find(`a[href$="decide/register"]`).Length())
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(25, models.SessionConvoked)(r, s)
		s.Journal = []models.JournalLine{{Kind: "request_cancelled", Subject: dossier, Actor: string(models.RoleClient), Args: models.Args{{Name: "reason", Value: "by_client"}}}}
	})
	page := o.get(dossierPath)
	require.Contains(t, page.words(), "La demande est annulée : à la demande du client.")
	require.Contains(t, page.words(), "Les séances commencées vont à leur terme")
	for _, refused := range []string{"decide/plan-sessions", "decide/register", "decide/drop-trainer", "decide/cancel", "record/withdrawal", "record/client-cancel"} {
		require.Zero(t, page.Find(`a[href*="`+refused+`"]`).Length(), refused)
		require.Equal(t, http.StatusConflict, o.get(dossierPath+"/"+refused).status, refused)
	}
	require.Equal(t, 1, page.Find(`a[href$="decide/reassign"]`).Length(), "somebody still looks after it")
	require.Contains(t, o.get(dossierPath+"/decide/cancel").words(), "La demande est annulée")
}

func TestConsoleProposesForOwnersWhoMayDecide(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageProgramme, withProgramme)
	for _, form := range []string{"rework", "reassign"} {
		owners := o.get(dossierPath + "/decide/" + form).Find("select[name=owner] option").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") })
		require.Contains(t, owners, "U-000001")
		require.NotContains(t, owners, "U-000002", "finance decides nothing of a dossier")
		require.NotContains(t, owners, "U-000003")
	}
}

// What goes on after a dossier ended may still be moved: the page says so instead of saying that nothing can change.
func TestConsoleSaysWhatGoesOnAfterTheEnd(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageClosed, retained)
	page := o.get(dossierPath)
	require.NotZero(t, page.Find(`a[href*="/due/postpone"]`).Length())
	require.Contains(t, page.words(), "seul ce qui est attendu ci-dessous continue")
	require.NotContains(t, page.words(), "ne peut plus changer")
}

func TestF112ConsoleCountsParticipants(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, retained)
	require.Contains(t, o.get(dossierPath+"/people").html, "<caption>2 participants</caption>")
	require.NoError(t, o.store.RemoveParticipant(t.Context(), models.JournalLine{ID: "gone", Dossier: dossier, At: o.now}, "P-000002"))
	require.Contains(t, o.get(dossierPath+"/people").html, "2 participants, ceux qui ont été retirés compris")
}

func TestF079ConsoleAsksWhatTheClientChose(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageAudit, func(r *models.Request, s *models.Step) {
		retained(r, s)
		s.Rows.Audits = []models.Audit{{Ref: models.AuditRef(dossier, 1), Dossier: dossier, Number: 1, TrainerRef: "T-000042", Status: models.AuditChoiceAwaited, Slots: []time.Time{paris(26, 10, 0)}}}
	})
	page := o.get(dossierPath + "/record/slot?subject=" + url.QueryEscape(models.AuditRef(dossier, 1)))
	require.Contains(t, page.words(), "Choix du client (heure de Paris)")
	require.NotContains(t, page.words(), "Votre choix")
}

func TestF071ConsoleTellsWhoHasAnswered(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSolicitation, searched)
	page := o.get(dossierPath + "/record/answer?subject=" + url.QueryEscape(models.InvitationRef(dossier, 1, 1)))
	require.Equal(t, http.StatusConflict, page.status)
	require.Equal(t, "already_answered", page.code())
	require.Contains(t, page.words(), "Ce formateur a déjà répondu, et sa première réponse compte.")
	require.NotContains(t, page.words(), "étape")
}

func TestConsoleSaysOnlyWhatHolds(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageQualification, nil)
	require.NotContains(t, o.get(dossierPath+"/decide/assign").words(), "La recherche en cours s’arrête")
	page := o.get(dossierPath + "/decide/qualify")
	require.Equal(t, 1, page.Find("label[for=f-department] .optional").Length())
	require.Zero(t, page.Find("label[for=f-address] .optional").Length(), "its help says when it is needed")

	o.mission(models.StageSolicitation, nil)
	require.Contains(t, o.get(dossierPath+"/decide/assign").words(), "La recherche en cours s’arrête")
}

// What is awaited says when the mail that asks for it leaves, as long as it waits for the hours of mail.
func TestConsoleSaysWhenTheMailThatAsksLeaves(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageSessions, func(r *models.Request, s *models.Step) {
		withSession(24, models.SessionToJudge)(r, s)
		ask := models.Message{Key: "sheet", Dossier: dossier, Workflow: models.SessionID(dossier, 1), Template: "sheet_ask", To: models.RoleTrainer, ToRef: "T-000042",
			Subject: models.SessionRef(dossier, 1), NotBefore: paris(26, 8, 0)}
		s.Messages = []models.Message{ask}
		s.Deadlines = append(s.Deadlines, models.Deadline{ID: "sheet", Workflow: ask.Workflow, Dossier: dossier, Kind: models.DeadlineSheet, Subject: ask.Subject,
			Awaits: models.RoleTrainer, AwaitsRef: "T-000042", DueAt: paris(27, 18, 0), Status: models.Open, Asked: []string{ask.Key}})
	})
	const says = "L’e-mail qui le demande part le jeudi 26 novembre 2026 à 8 h 00."
	page := o.get(dossierPath)
	wellMade(t, page)
	require.Equal(t, 1, strings.Count(plain(page.words()), says))
	require.Contains(t, plain(o.get(dossierPath+"/deadlines").words()), says)
	require.NoError(t, o.store.MessageSent(t.Context(), "sheet", paris(25, 9, 0)))
	require.NotContains(t, plain(o.get(dossierPath).words()), says)
}

func TestF007ConsoleWarnsBeforeContractsThatNameMoreThanAnnounced(t *testing.T) {
	o := newOffice(t)
	o.mission(models.StageProgramme, withProgramme)
	const warns = "5 pour un effectif annoncé de 4"
	require.NotContains(t, o.get(dossierPath+"/decide/approve-programme").words(), warns)
	var more []models.Participant
	for _, ref := range []string{"P-000003", "P-000004", "P-000005"} {
		more = append(more, models.Participant{Ref: ref, Dossier: dossier, Name: "Inscrite " + ref, Email: ref + "@example.org"})
	}
	require.NoError(t, o.store.SaveParticipants(t.Context(), more))
	require.Contains(t, o.get(dossierPath+"/decide/approve-programme").words(), warns)
	require.NotContains(t, o.get(dossierPath+"/decide/return-programme").words(), warns, "nothing is drawn")
	o.mission(models.StageContract, withContract)
	require.Contains(t, o.get(dossierPath+"/decide/reissue-contract").words(), warns)
	o.mission(models.StageReadiness, func(r *models.Request, s *models.Step) {
		withContract(r, s)
		client := s.Rows.Contracts[0]
		client.Status, client.SignedAt = models.ContractSigned, paris(24, 10, 0)
		s.Rows.Contracts = []models.Contract{client, {Ref: models.ContractRef(dossier, 2), Dossier: dossier, Number: 2, Kind: models.ContractTrainer, Signer: models.RoleTrainer,
			TrainerRef: "T-000042", Status: models.ContractPending, SHA256: sha, SentAt: paris(24, 9, 0)}}
	})
	require.NotContains(t, o.get(dossierPath+"/decide/confirm-readiness").words(), warns, "all is drawn")
}
