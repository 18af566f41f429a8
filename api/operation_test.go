package api

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
	"jalon/store"
	"jalon/worker/temporaltest"
)

// The server lets go of a command when a task of its process fails, as where a search attribute has just been declared: it
// tries the task again, and who decided is not told of it. A process that cannot go on makes no internal error either.
func TestATaskThatFailsMeanwhile(t *testing.T) {
	c, _ := temporaltest.Start(t)
	var failures atomic.Int64
	stumbling := func(ctx workflow.Context, in models.RequestInput) error {
		err := workflow.SetUpdateHandler(ctx, string(models.VerbHandOver), func(ctx workflow.Context, _ map[string]any) (models.CommandResult, error) {
			if failures.Add(-1) >= 0 {
				if err := workflow.UpsertTypedSearchAttributes(ctx, temporal.NewSearchAttributeKeyBool("Undeclared").ValueSet(true)); err != nil {
					return models.CommandResult{}, err
				}
			}
			return models.CommandResult{Ref: in.Ref, Status: "done"}, nil
		})
		if err != nil {
			return err
		}
		return workflow.Await(ctx, func() bool { return false })
	}
	w := worker.New(c, models.TaskQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(stumbling, workflow.RegisterOptions{Name: models.TrainingRequestType})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	h := newAgency(t, c, func(c *Config) { c.Timeout = 2 * time.Second })
	b := h.open()
	path := "/requests/" + b.Ref + "/hand-over"

	failures.Store(1)
	var r models.CommandResult
	h.staff("POST", path, `{"reason":"hors de notre périmètre"}`).into(t, &r)
	require.Equal(t, "done", r.Status)

	failures.Store(1_000)
	h.refused(h.staff("POST", path, `{"reason":"hors de notre périmètre"}`, "Idempotency-Key", "stuck"), http.StatusServiceUnavailable, models.CodeUnavailable)
}

// A call that got no answer has acted all the same: what it did is the answer of who repeats it, though the dossier has
// moved on since.
func TestARepeatGetsWhatTheUnansweredCallDid(t *testing.T) {
	h := runningAgency(t, func(c *Config) { c.Timeout = 2 * time.Second })
	taken := func(t *testing.T, b models.Brief, workflow string, id string) {
		t.Helper()
		require.NoError(t, h.cfg.Temporal.SignalWorkflow(t.Context(), workflow, "", goOn, nil))
		err := h.cfg.Temporal.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: workflow, UpdateID: id}).Get(t.Context(), nil)
		require.NoError(t, err)
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageHandedOver, OpenedAt: epoch, EndedAt: epoch})
	}
	const body = `{"reason":"hors de notre périmètre"}`
	t.Run("a command that took too long", func(t *testing.T) {
		b := h.open()
		path := "/requests/" + b.Ref + "/hand-over"
		h.refused(h.staff("POST", path, body, "Idempotency-Key", "slow"), http.StatusServiceUnavailable, models.CodeUnavailable)
		row, err := h.store.Idempotent(t.Context(), digest("K-000001", "POST", Prefix+path, "slow"))
		require.NoError(t, err)
		taken(t, b, row.Workflow, row.UpdateID)

		h.refused(h.staff("POST", path, body), http.StatusGone, models.CodeClosed)
		for range 2 { // asked for, then kept
			a := h.staff("POST", path, body, "Idempotency-Key", "slow")
			var r models.CommandResult
			a.into(t, &r)
			require.Equal(t, models.CommandResult{Ref: b.Ref, Status: "done"}, r)
			require.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
		}
		h.refused(h.staff("POST", path, `{"reason":"autre chose"}`, "Idempotency-Key", "slow"), http.StatusUnprocessableEntity, models.CodeKeyReused)
	})
	t.Run("a command whose caller went away before it was answered", func(t *testing.T) {
		b := h.open()
		path, workflow := "/requests/"+b.Ref+"/hand-over", models.RequestID(b.Ref)
		key := digest("K-000001", "POST", Prefix+path, "died")
		id := digest("K-000001", string(models.VerbHandOver), workflow, key)
		_, _, err := h.store.BeginIdempotent(t.Context(), key, digest(body), epoch)
		require.NoError(t, err)
		require.NoError(t, h.store.SendIdempotent(t.Context(), key, workflow, id))
		_, err = h.cfg.Temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{WorkflowID: workflow, UpdateID: id,
			UpdateName: string(models.VerbHandOver), Args: []any{models.Decision{}}, WaitForStage: client.WorkflowUpdateStageAccepted})
		require.NoError(t, err)
		taken(t, b, workflow, id)
		h.staff("POST", path, body, "Idempotency-Key", "died").into(t, &models.CommandResult{})
	})
	t.Run("a command that never went out is checked as any other", func(t *testing.T) {
		b := h.open()
		path, workflow := "/requests/"+b.Ref+"/rework", models.RequestID(b.Ref)
		key := digest("K-000001", "POST", Prefix+path, "lost")
		_, _, err := h.store.BeginIdempotent(t.Context(), key, digest("{}"), epoch)
		require.NoError(t, err)
		require.NoError(t, h.store.SendIdempotent(t.Context(), key, workflow, digest("K-000001", string(models.VerbRework), workflow, key)))
		h.refused(h.staff("POST", path, "{}", "Idempotency-Key", "lost"), http.StatusConflict, models.CodeWrongStage)
	})
	t.Run("a call that is over is not waited for", func(t *testing.T) {
		b := h.open()
		path := "/requests/" + b.Ref + "/rework"
		key := digest("K-000001", "POST", Prefix+path, "over")
		_, _, err := h.store.BeginIdempotent(t.Context(), key, digest("{}"), epoch.Add(-h.cfg.Timeout))
		require.NoError(t, err)
		began := time.Now()
		h.refused(h.staff("POST", path, "{}", "Idempotency-Key", "over"), http.StatusConflict, models.CodeWrongStage)
		require.Less(t, time.Since(began), firstWithin)
	})
	t.Run("an act that was recorded", func(t *testing.T) {
		b := h.open()
		path := "/requests/" + b.Ref + "/record"
		key := digest("K-000001", "POST", Prefix+path, "recorded")
		const cancelled = `{"kind":"client_cancelled","channel":"phone"}`
		_, _, err := h.store.BeginIdempotent(t.Context(), key, digest(cancelled), epoch)
		require.NoError(t, err)
		_, _, err = h.store.Receive(t.Context(), models.Fact{ID: recordID(key), Kind: models.FactClientCancelled, Workflow: models.RequestID(b.Ref),
			Dossier: b.Ref, Subject: b.Ref, Channel: models.ChannelPhone, Actor: b.ContactRef, Recorder: "K-000001"}, h.now)
		require.NoError(t, err)
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageCancelled, OpenedAt: epoch, EndedAt: epoch})

		h.refused(h.staff("POST", path, cancelled), http.StatusGone, models.CodeClosed)
		var r Recorded
		h.staff("POST", path, cancelled, "Idempotency-Key", "recorded").into(t, &r)
		require.Equal(t, recordID(key), r.ID)
		require.Equal(t, models.FactClientCancelled, r.Kind)
	})
	t.Run("an act that was recorded though its commit seemed to fail", func(t *testing.T) {
		b := h.open()
		path := "/requests/" + b.Ref + "/record"
		_, _, err := h.store.Receive(t.Context(), models.Fact{ID: recordID(digest("K-000001", "POST", Prefix+path, "unclear")),
			Kind: models.FactClientCancelled, Workflow: models.RequestID(b.Ref), Dossier: b.Ref, Subject: b.Ref, Channel: models.ChannelPhone,
			Actor: b.ContactRef, Recorder: "K-000001"}, h.now)
		require.NoError(t, err)
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageCancelled, OpenedAt: epoch, EndedAt: epoch})
		a := h.staff("POST", path, `{"kind":"client_cancelled","channel":"phone"}`, "Idempotency-Key", "unclear")
		a.into(t, &Recorded{})
		require.Equal(t, "true", a.Header.Get("Idempotency-Replayed"))
	})
	t.Run("people who were registered (F112)", func(t *testing.T) {
		b := h.open()
		path := "/requests/" + b.Ref + "/registrations"
		key := digest("K-000001", "POST", Prefix+path, "registered")
		const body = `{"participants":[{"name":"Alix","email":"alix@example.org"},{"email":"bo@example.org"}]}`
		_, _, err := h.store.BeginIdempotent(t.Context(), key, digest(body), epoch)
		require.NoError(t, err)
		var people []models.Participant
		for i, email := range []string{"alix@example.org", "bo@example.org"} {
			ref, err := h.store.Allocate(t.Context(), models.Allocation{Series: store.SeriesParticipant, Key: store.ParticipantKey(key, i)})
			require.NoError(t, err)
			people = append(people, models.Participant{Ref: ref, Dossier: b.Ref, Email: email, CreatedAt: epoch})
		}
		require.NoError(t, h.store.Register(t.Context(), key, models.JournalLine{Dossier: b.Ref, At: epoch}, people))
		h.staff("PUT", path+"/"+people[1].Ref, `{"name":"Bo","email":"bo@example.org"}`).into(t, &Registration{})
		apply(t, h.store, models.Request{Ref: b.Ref, Stage: models.StageCancelled, OpenedAt: epoch, EndedAt: epoch})

		h.refused(h.staff("POST", path, body), http.StatusGone, models.CodeClosed)
		a := h.staff("POST", path, body, "Idempotency-Key", "registered")
		require.Equal(t, http.StatusCreated, a.StatusCode)
		var again List[Registration]
		a.into(t, &again)
		require.Len(t, again.Items, 2)
		require.Equal(t, people[0].Ref, again.Items[0].Ref)
		require.Equal(t, "Bo", again.Items[1].Name)
	})
}

func TestADecisionSaysThroughWhatItCame(t *testing.T) {
	for channel, who := range map[models.Channel]Caller{models.ChannelAPI: {Ref: "K-000001", Machine: true}, models.ChannelConsole: {Ref: "U-000001"}} {
		require.Equal(t, channel, (&call{Caller: who}).by().Channel)
	}
}
