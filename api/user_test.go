package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
)

// colleagues are two officers and a closed account; the staff token stands for none of them.
func (h *agency) colleagues() {
	h.t.Helper()
	for ref, active := range map[string]bool{"U-000001": true, "U-000002": true, "U-000003": false} {
		require.NoError(h.t, h.store.SaveUser(h.t.Context(), models.User{Ref: ref, Login: ref, Name: "Compte " + ref, Email: ref + "@example.org",
			Roles: []models.Role{models.RoleStaff}, Active: active}))
	}
}

func TestLeavesThroughTheAPI(t *testing.T) {
	h := newAgency(t, nil)
	h.colleagues()
	const mine = "/users/U-000001/leaves"
	leave := `{"from":"2026-11-02","until":"2026-11-06","backup_ref":"U-000002"}`
	var l models.Leave
	h.staff("POST", mine, leave, "Idempotency-Key", "k").into(t, &l)
	require.Equal(t, models.Leave{Ref: l.Ref, UserRef: "U-000001", From: "2026-11-02", Until: "2026-11-06", Backup: "U-000002", Recorder: "K-000001", CreatedAt: l.CreatedAt}, l)
	require.Equal(t, "true", h.staff("POST", mine, leave, "Idempotency-Key", "k").Header.Get("Idempotency-Replayed"))
	h.refused(h.staff("POST", mine, leave), http.StatusConflict, models.CodeConflict)
	for body, code := range map[string]models.Code{
		`{"from":"2026-12-04","until":"2026-12-03"}`:                               models.CodeInvalid,
		`{"from":"2026-10-04","until":"2026-11-01"}`:                               models.CodePastDate,
		`{"from":"2026-12-04","until":"2027-12-30"}`:                               models.CodeInvalid,
		`{"from":"2026-12-04","until":"2026-12-05","backup_ref":"U-000001"}`:       models.CodeInvalid,
		`{"from":"2026-12-04","until":"2026-12-05","backup_ref":"U-000003"}`:       models.CodeInvalid,
		`{"from":"2026-12-04","until":"2026-12-05","backup_ref":"U-000009"}`:       models.CodeInvalid,
		`{"from":"demain","until":"2026-12-05"}`:                                   models.CodeInvalid,
		`{"from":"2026-12-04","until":"2026-12-05","backup_ref":"U-000002","x":1}`: models.CodeInvalid,
	} {
		h.refused(h.staff("POST", mine, body), http.StatusUnprocessableEntity, code)
	}
	h.refused(h.staff("POST", "/users/U-000009/leaves", leave), http.StatusNotFound, models.CodeUnknown)
	h.refused(h.do(models.RoleFinance, "POST", mine, leave), http.StatusForbidden, models.CodeForbidden)
	h.refused(h.do(models.RoleFinance, "DELETE", mine+"/"+l.Ref, ""), http.StatusForbidden, models.CodeForbidden)
	h.do(models.RoleAdmin, "POST", mine, `{"from":"2026-12-04","until":"2026-12-05"}`).into(t, &models.Leave{})

	var users List[UserView]
	h.do(models.RoleFinance, "GET", "/users", "").into(t, &users)
	require.Len(t, users.Items, 3)
	u := users.Items[0]
	require.Equal(t, []any{"U-000001", true, "U-000002", true, 2}, []any{u.Ref, u.Away, u.StandIn, u.Active, len(u.Leaves)})
	require.False(t, users.Items[1].Away)
	require.False(t, users.Items[2].Active)
	var leaves List[models.Leave]
	h.staff("GET", mine, "").into(t, &leaves)
	require.Len(t, leaves.Items, 2)

	h.refused(h.staff("DELETE", "/users/U-000002/leaves/"+l.Ref, ""), http.StatusNotFound, models.CodeUnknown)
	for range 2 { // again changes nothing
		require.Equal(t, http.StatusNoContent, h.staff("DELETE", mine+"/"+l.Ref, "").StatusCode)
	}
	h.staff("GET", mine, "").into(t, &leaves)
	require.Len(t, leaves.Items, 1)
}

// A repeat of a call whose answer was lost answers what that did, and adds nothing again.
func TestARepeatedLeaveStaysDropped(t *testing.T) {
	const mine = "/users/U-000001/leaves"
	for _, dropped := range []bool{false, true} {
		h := newAgency(t, nil)
		h.colleagues()
		first := models.Leave{UserRef: "U-000001", From: "2026-11-02", Until: "2026-11-06", Recorder: "K-000001", CreatedAt: epoch}
		var err error
		first.Ref, err = h.store.Allocate(t.Context(), models.Allocation{Series: store.SeriesLeave, Key: digest("K-000001", "POST", Prefix+mine, "lost")})
		require.NoError(t, err)
		require.NoError(t, h.store.AddLeave(t.Context(), first))
		if dropped {
			require.Equal(t, http.StatusNoContent, h.staff("DELETE", mine+"/"+first.Ref, "").StatusCode)
		}
		a := h.staff("POST", mine, `{"from":"2026-11-02","until":"2026-11-06"}`, "Idempotency-Key", "lost")
		var l models.Leave
		a.into(t, &l)
		require.Equal(t, http.StatusCreated, a.StatusCode)
		l.CreatedAt = first.CreatedAt
		require.Equal(t, first, l)
		var leaves List[models.Leave]
		h.staff("GET", mine, "").into(t, &leaves)
		require.Equal(t, dropped, len(leaves.Items) == 0)
	}
}

func TestReassignThroughTheAPI(t *testing.T) {
	h := runningAgency(t)
	h.colleagues()
	b := h.open()
	require.Empty(t, b.Owner, "opened by a machine")
	for _, owner := range []string{"U-000003", "U-000009"} {
		h.refused(h.staff("POST", "/requests/"+b.Ref+"/reassign", `{"owner":"`+owner+`"}`), http.StatusUnprocessableEntity, models.CodeInvalid)
	}
	h.refused(h.do(models.RolePedagogy, "POST", "/requests/"+b.Ref+"/reassign", `{"owner":"U-000002"}`), http.StatusForbidden, models.CodeForbidden)
	// An alert that was raised for its process: who acts has read it.
	_, err := h.store.Apply(t.Context(), models.Step{Workflow: models.RequestID(b.Ref), Run: "r", Seq: 1, At: epoch, Dossier: b.Ref,
		Messages: []models.Message{{Key: "copy", Template: models.TemplateAlertUnread, To: models.RoleStaff, NotBefore: epoch.Add(48 * time.Hour)}}})
	require.NoError(t, err)
	h.staff("POST", "/requests/"+b.Ref+"/reassign", `{"owner":"U-000002","reason":"Congé"}`).into(t, &models.CommandResult{})
	after, err := h.store.Brief(t.Context(), b.Ref)
	require.NoError(t, err)
	require.Equal(t, "U-000002", after.Owner)
	reads, err := h.store.AlertReads(t.Context(), b.Ref)
	require.NoError(t, err)
	require.Len(t, reads, 1)
	require.Equal(t, "K-000001", reads[0].Reader)
}
