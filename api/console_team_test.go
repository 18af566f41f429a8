package api

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"jalon/models"
)

func TestConsoleTeam(t *testing.T) {
	o := newOffice(t)
	o.dossiers()
	require.NoError(t, o.store.SaveUser(t.Context(), models.User{Ref: "U-000009", Login: "gone", Name: "Parti " + hostile, Roles: []models.Role{models.RoleStaff}}))
	cleo, err := o.store.User(t.Context(), "U-000003")
	require.NoError(t, err)
	cleo.Email = "cleo@example.org" // who has no address can stand in for nobody
	require.NoError(t, o.store.SaveUser(t.Context(), cleo))
	p := o.get(teamPath)
	require.Equal(t, http.StatusOK, p.status)
	rows := p.cells()
	require.Len(t, rows, 3, "a closed account that holds nothing is left out")
	require.Equal(t, []string{"Amel Exemple", "équipe", "1 dossier", "Présent", "–"}, rows[0])
	plan := func(form url.Values) seen {
		form.Set("key", randomID())
		return o.post(teamPath+"/leaves", form)
	}
	leave := func(user, from, until, backup string) url.Values {
		return url.Values{"user": {user}, "from": {from}, "until": {until}, "backup": {backup}}
	}
	require.Equal(t, http.StatusSeeOther, plan(leave("U-000001", "2026-11-25", "2026-11-27", "U-000003")).status)
	p = o.get(teamPath)
	require.Contains(t, p.words(), "L’absence est prévue.")
	require.Equal(t, []string{"Amel Exemple", "équipe", "1 dossier", "Absent ses e-mails vont à : Cléo Exemple",
		"du 25 novembre 2026 au 27 novembre 2026 remplacement : Cléo ExempleSupprimer"}, p.cells()[0])
	for _, wrong := range []url.Values{leave("U-000001", "2026-11-27", "2026-11-30", ""), leave("U-000001", "", "2026-12-30", ""),
		leave("U-000001", "2026-12-30", "2026-12-20", ""), leave("U-000002", "2026-12-01", "2026-12-20", "U-000002"),
		leave("U-000002", "2026-11-01", "2026-11-20", ""), leave("U-000002", "2026-12-01", "2026-12-20", "U-000009")} {
		res := plan(wrong)
		require.GreaterOrEqual(t, res.status, 400)
		require.NotEmpty(t, res.Find("[role=alert] li").Text(), wrong)
		res.Find("[role=alert] a").Each(func(_ int, a *goquery.Selection) {
			require.Equal(t, a.Text(), res.Find(".field "+a.AttrOr("href", "")+"-wrong").Text(), "beside its field")
		})
		require.NotZero(t, res.Find("[role=alert] a").Length(), wrong)
		until, _ := res.Find("#f-until").Attr("value")
		require.Equal(t, wrong.Get("until"), until, "what was typed is kept")
		require.NotRegexp(t, `\[team\.|before the|already past`, res.html)
	}

	o.as("bo") // plans their own alone
	p = o.get(teamPath)
	require.Zero(t, p.Find("select[name=user]").Length())
	require.Zero(t, p.Find(".leaves form").Length())
	require.Equal(t, http.StatusForbidden, plan(leave("U-000001", "2026-12-01", "2026-12-02", "")).status)
	require.Equal(t, http.StatusSeeOther, plan(leave("U-000002", "2026-12-01", "2026-12-01", "")).status)
	p = o.get(teamPath)
	require.Equal(t, 1, p.Find(".leaves form").Length())
	drop := url.Values{}
	p.Find(".leaves form input").Each(func(_ int, s *goquery.Selection) { drop.Set(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	require.Equal(t, "U-000002", drop.Get("user"))
	require.Equal(t, http.StatusSeeOther, o.post(teamPath+"/leaves/drop", drop).status)
	require.Zero(t, o.get(teamPath).Find(".leaves form").Length())
	drop.Set("user", "U-000001")
	require.Equal(t, http.StatusForbidden, o.post(teamPath+"/leaves/drop", drop).status)
}
