package api

import (
	"net/http"
	"net/url"
	"strings"

	"jalon/models"
	"jalon/web"
)

const teamPath = ConsolePath + "/team"

func (s *Server) registerConsoleTeam() {
	s.console(http.MethodGet, "/team", Everyone, func(d *desk) { d.showTeam(http.StatusOK) })
	s.console(http.MethodPost, "/team/leaves", Everyone, addLeave)
	s.console(http.MethodPost, "/team/leaves/drop", Everyone, dropLeave)
}

// colleague is somebody of the staff on the page of the team.
type colleague struct {
	Ref, Name, Roles, Reader string // Reader has their mails today, where that is somebody else
	Href                     string // their dossiers
	Open                     int64
	Away, Closed             bool
	Leaves                   []leaveRow
}

// leaveRow is an absence.
type leaveRow struct {
	Ref, User, Who, Days, Backup string
	Now, Droppable               bool
}

type teamPage struct {
	Team    []colleague
	Users   picker // whose absences may be planned
	Mine    string // only one's own
	Backups picker
	Key     string
}

// showTeam draws the team: who looks after what, who is absent and who reads their mails.
func (d *desk) showTeam(status int) {
	users, err := d.s.users(d.ctx)
	if err != nil {
		d.fail(err)
		return
	}
	names := map[string]string{}
	for _, u := range users {
		names[u.Ref] = u.Name
	}
	p := teamPage{Key: d.formKey(), Users: picker{Name: "user", Label: d.t("team.who")},
		Backups: picker{Name: "backup", Label: d.t("team.backup"), Options: []option{{Label: d.t("team.the_team")}}}}
	today := d.s.today()
	if d.values == nil {
		d.values = url.Values{"user": {d.who.Ref}}
	}
	everybody := Staff.Allows(d.who.Roles)
	for _, u := range users {
		c := colleague{Ref: u.Ref, Name: u.Name, Roles: d.roles(u.Roles), Open: u.OpenDossiers, Away: u.Away, Closed: !u.Active,
			Href: dossiersPath + "?" + url.Values{"owner": {u.Ref}}.Encode()}
		if u.Away {
			if c.Reader = names[u.StandIn]; c.Reader == "" {
				c.Reader = d.t("team.the_team")
			}
		}
		for _, l := range u.Leaves {
			row := leaveRow{Ref: l.Ref, User: u.Ref, Who: u.Name, Backup: names[l.Backup], Now: l.Covers(today), Droppable: everybody || u.Ref == d.who.Ref,
				Days: d.t("team.days", "from", web.ShortDay(d.lang, l.From), "until", web.ShortDay(d.lang, l.Until))}
			if l.From == l.Until {
				row.Days = web.ShortDay(d.lang, l.From)
			}
			if row.Backup == "" {
				row.Backup = d.t("team.the_team")
			}
			c.Leaves = append(c.Leaves, row)
		}
		if !u.Active && u.OpenDossiers == 0 && len(c.Leaves) == 0 {
			continue // left, and nothing depends on them
		}
		p.Team = append(p.Team, c)
		if u.Active {
			p.Users.Options = append(p.Users.Options, option{u.Ref, u.Name, d.values.Get("user") == u.Ref})
			p.Backups.Options = append(p.Backups.Options, option{u.Ref, u.Name, d.values.Get("backup") == u.Ref})
		}
	}
	if !everybody {
		p.Mine = d.who.Ref
	}
	page := &web.Page{Title: d.t("team.title"), State: "list", Faults: d.faults, Values: d.values, Data: &p}
	p.Users.Wrong, p.Backups.Wrong = page.Wrong("user"), page.Wrong("backup")
	d.render(status, "console_team", page)
}

// roles are the names of what somebody may do.
func (d *desk) roles(roles []models.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, d.t("team.role_"+string(r)))
	}
	return strings.Join(out, ", ")
}

// addLeave plans an absence.
func addLeave(d *desk) {
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	user := d.values.Get("user")
	day := func(name string) models.Date {
		v, err := models.ParseDate(d.values.Get(name))
		if err != nil {
			d.faults.add(name, d.t("money.day_wrong"))
		}
		return v
	}
	from, until := day("from"), day("until")
	if len(d.faults) == 0 && until < from {
		d.faults.add("until", d.t("team.until_wrong"))
	}
	if b := d.values.Get("backup"); b != "" && b == user {
		d.faults.add("backup", d.t("team.backup_wrong"))
	}
	if len(d.faults) > 0 {
		d.showTeam(http.StatusUnprocessableEntity)
		return
	}
	body := map[string]any{"from": from, "until": until}
	if backup := d.values.Get("backup"); backup != "" {
		body["backup_ref"] = backup
	}
	if p := d.call(http.MethodPost, "/users/"+url.PathEscape(user)+"/leaves", body, nil); p != nil {
		d.refused(p, map[string]string{"body.backup_ref": "backup"})
		d.showTeam(p.Status)
		return
	}
	d.done(teamPath, d.t("team.added"))
}

// dropLeave takes an absence back.
func dropLeave(d *desk) {
	if err := d.read(); err != nil {
		d.fail(err)
		return
	}
	path := "/users/" + url.PathEscape(d.values.Get("user")) + "/leaves/" + url.PathEscape(d.values.Get("leave"))
	if p := d.call(http.MethodDelete, path, nil, nil); p != nil {
		d.refused(p, nil)
		d.values = nil
		d.showTeam(p.Status)
		return
	}
	d.done(teamPath, d.t("team.dropped"))
}
