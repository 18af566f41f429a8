package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// named are the settings that a failure complains about.
func named(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("not a list of settings: %v", err)
	}
	var names []string
	for _, p := range problems {
		if p.What == "" {
			t.Errorf("%s: nothing is said about what is wrong", p.Name)
		}
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

const key = "JALON_LINK_KEYS=5Zb0mCwq3X9o1uS8r7dYhK2eVtJfGxLpA4NcQiMyBzE"

// agencyIdentity is what services do not start without.
var agencyIdentity = []string{"JALON_AGENCY_NAME=Atelier Jalon", "JALON_AGENCY_LEGAL_FORM=SAS au capital de 1 000 €", "JALON_AGENCY_ADDRESS=1 place de l'Exemple, 75000 Paris",
	"JALON_AGENCY_COMPANY_NUMBER=123456789", "JALON_AGENCY_REPRESENTATIVE=Camille Exemple, gérante"}

func TestReadConfig(t *testing.T) {
	public := "JALON_PUBLIC_URL=https://missions.example.org"
	for _, c := range []struct {
		name string
		env  []string
		use  use
		bad  string
	}{
		{name: "nothing needs to be set for a development installation", use: forDev},
		{name: "processes that must agree are told their keys and address", use: forService, bad: "JALON_AGENCY_ADDRESS JALON_AGENCY_COMPANY_NUMBER JALON_AGENCY_LEGAL_FORM JALON_AGENCY_NAME JALON_AGENCY_REPRESENTATIVE JALON_LINK_KEYS JALON_PUBLIC_URL"},
		{name: "tools need the database only", env: []string{"JALON_TEMPORAL_ADDRESS=temporal.example.org:7233"}},
		{name: "production", use: forService, env: slices.Concat(agencyIdentity, []string{key, public, "JALON_DATABASE_URL=postgres://jalon:x@db.example.org/jalon", "JALON_LISTEN=:8080"})},
		{name: "a number, an instant and an address at once", use: forDev, bad: "JALON_CLOCK_EPOCH JALON_CLOCK_SCALE JALON_LISTEN",
			env: []string{"JALON_CLOCK_SCALE=fast", "JALON_CLOCK_EPOCH=2026-11-02", "JALON_LISTEN=8080"}},
		{name: "an agency described in part is not completed by a made-up one", use: forDev, env: []string{"JALON_AGENCY_NAME=Atelier Jalon"},
			bad: "JALON_AGENCY_ADDRESS JALON_AGENCY_COMPANY_NUMBER JALON_AGENCY_LEGAL_FORM JALON_AGENCY_REPRESENTATIVE"},
		{name: "an agency whose numbers are not its own", use: forDev, env: slices.Concat(agencyIdentity, []string{"JALON_AGENCY_ESTABLISHMENT_NUMBER=99999999900010",
			"JALON_AGENCY_VAT_NUMBER=FR00987654321", "JALON_AGENCY_ACTIVITY_NUMBER=1", "JALON_AGENCY_IBAN=FR3999999000010000000000198", "JALON_AGENCY_HOUSE_RULES_URL=reglement",
			"JALON_AGENCY_LOGO=config.go", "JALON_AGENCY_STAMP=/nowhere.png"}),
			bad: "JALON_AGENCY_ACTIVITY_NUMBER JALON_AGENCY_ESTABLISHMENT_NUMBER JALON_AGENCY_HOUSE_RULES_URL JALON_AGENCY_IBAN JALON_AGENCY_LOGO JALON_AGENCY_STAMP JALON_AGENCY_VAT_NUMBER"},
		{name: "an agency with all it can have", use: forDev, env: slices.Concat(agencyIdentity, []string{"JALON_AGENCY_ESTABLISHMENT_NUMBER=12345678900012", "JALON_AGENCY_VAT_NUMBER=FR32123456789",
			"JALON_AGENCY_ACTIVITY_NUMBER=11750000000", "JALON_AGENCY_IBAN=FR3999999000010000000000199", "JALON_AGENCY_HOUSE_RULES_URL=https://www.example.org/reglement", "JALON_AGENCY_REGISTER=RCS Paris",
			"JALON_AGENCY_PHONE=01 99 00 00 00", "JALON_AGENCY_MEDIATOR=Médiation Exemple", "JALON_AGENCY_LOGO=../../documents/testdata/logo.png"})},
		{name: "proxies", use: forDev, env: []string{"JALON_TRUSTED_PROXIES=127.0.0.1,172.16.0.0/12,2001:db8::1"}},
		{name: "proxies that are no address", use: forDev, env: []string{"JALON_TRUSTED_PROXIES=127.0.0.1,proxy.example.org"}, bad: "JALON_TRUSTED_PROXIES"},
		{name: "everybody as a proxy", use: forDev, env: []string{"JALON_TRUSTED_PROXIES=0.0.0.0/0"}, bad: "JALON_TRUSTED_PROXIES"},
		{name: "scale out of range", use: forDev, env: []string{"JALON_CLOCK_SCALE=-1"}, bad: "JALON_CLOCK_SCALE"},
		{name: "misspelt", use: forDev, env: []string{"JALON_LISTENS=127.0.0.1:1"}, bad: "JALON_LISTENS"},
		{name: "sendgrid needs its keys", use: forDev, env: []string{"JALON_MAIL_TRANSPORT=sendgrid"},
			bad: "JALON_SENDGRID_EVENT_PUBLIC_KEY JALON_SENDGRID_KEY"},
		{name: "smtp needs its server", use: forDev, env: []string{"JALON_MAIL_TRANSPORT=smtp"}, bad: "JALON_SMTP_ADDRESS"},
		{name: "smtp", use: forDev, env: []string{"JALON_MAIL_TRANSPORT=smtp", "JALON_SMTP_ADDRESS=smtp.example.org:587",
			"JALON_SMTP_USER=agency", "JALON_SMTP_PASSWORD=x"}},
		{name: "all that can be wrong with smtp", use: forDev, env: []string{"JALON_MAIL_TRANSPORT=smtp", "JALON_SMTP_ADDRESS=smtp.example.org",
			"JALON_SMTP_TLS=ssl", "JALON_SMTP_USER=agency", "JALON_SMTP_CA=config_test.go"},
			bad: "JALON_SMTP_ADDRESS JALON_SMTP_CA JALON_SMTP_PASSWORD JALON_SMTP_TLS"},
		{name: "no password in clear", use: forDev, env: []string{"JALON_MAIL_TRANSPORT=smtp", "JALON_SMTP_ADDRESS=smtp.example.org:25",
			"JALON_SMTP_TLS=none", "JALON_SMTP_USER=agency", "JALON_SMTP_PASSWORD=x"}, bad: "JALON_SMTP_TLS"},
		{name: "a password without a role to go with", use: forDev, env: []string{"JALON_DATABASE_PASSWORD=x"}, bad: "JALON_DATABASE_PASSWORD"},
		{name: "two passwords", use: forDev, env: []string{"JALON_DATABASE_URL=postgres://jalon:x@db.example.org/jalon", "JALON_DATABASE_PASSWORD=x"},
			bad: "JALON_DATABASE_PASSWORD"},
		{name: "what is no secret has no file", use: forDev, env: []string{"JALON_LISTEN_FILE=config.go"}, bad: "JALON_LISTEN_FILE"},
		{name: "a secret's file that is not there", use: forDev, env: []string{"JALON_LINK_KEYS_FILE=/nowhere"}, bad: "JALON_LINK_KEYS_FILE"},
		{name: "a secret given twice", use: forDev, env: []string{key, "JALON_LINK_KEYS_FILE=config.go"}, bad: "JALON_LINK_KEYS_FILE"},
		{name: "unknown transport", use: forDev, env: []string{"JALON_MAIL_TRANSPORT=pigeon"}, bad: "JALON_MAIL_TRANSPORT"},
		{name: "development Temporal stays on this machine", use: forDev, env: []string{"JALON_TEMPORAL_ADDRESS=0.0.0.0:7233"},
			bad: "JALON_TEMPORAL_ADDRESS"},
		{name: "elsewhere it may be anywhere", use: forService, env: slices.Concat(agencyIdentity, []string{key, public, "JALON_TEMPORAL_ADDRESS=temporal.example.org:7233"})},
		{name: "short key", use: forDev, env: []string{key + ",short"}, bad: "JALON_LINK_KEYS"},
		{name: "two keys", use: forDev, env: []string{key + ",another-key-of-more-than-thirty-two-characters"}},
		{name: "database of another kind", use: forDev, env: []string{"JALON_DATABASE_URL=mysql://db/jalon"}, bad: "JALON_DATABASE_URL"},
		{name: "database without a name", use: forDev, env: []string{"JALON_DATABASE_URL=postgres://db.example.org"}, bad: "JALON_DATABASE_URL"},
		{name: "addresses of mails", use: forDev, env: []string{"JALON_MAIL_FROM=nobody", "JALON_TEAM_EMAIL=a team"},
			bad: "JALON_MAIL_FROM JALON_TEAM_EMAIL"},
		{name: "public address without scheme", use: forDev, env: []string{"JALON_PUBLIC_URL=missions.example.org"}, bad: "JALON_PUBLIC_URL"},
		{name: "no such program", use: forDev, env: []string{"JALON_TEMPORAL_BIN=/nowhere/temporal"}, bad: "JALON_TEMPORAL_BIN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadConfig(c.env, c.use)
			if got := named(t, err); got != c.bad {
				t.Errorf("complains about %q instead of %q: %v", got, c.bad, err)
			}
		})
	}
}

func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, linkKey, _ := strings.Cut(key, "=")
	c, err := ReadConfig(append(slices.Clone(agencyIdentity), "JALON_PUBLIC_URL=https://missions.example.org", "JALON_DATABASE_URL=postgres://jalon@db.example.org/jalon",
		"JALON_DATABASE_PASSWORD_FILE="+file("password", "p@ss/w:rd\n"), "JALON_LINK_KEYS_FILE="+file("keys", linkKey+","+linkKey+"\n"),
		"JALON_MAIL_TRANSPORT=smtp", "JALON_SMTP_ADDRESS=smtp.example.org:587", "JALON_SMTP_USER=agency",
		"JALON_SMTP_PASSWORD_FILE="+file("smtp", "hush")), forService)
	if err != nil {
		t.Fatal(err)
	}
	if want := "postgres://jalon:p%40ss%2Fw%3Ard@db.example.org/jalon"; c.Database != want {
		t.Errorf("database %s, not %s", c.Database, want)
	}
	if len(c.LinkKeys) != 2 || c.LinkKeys[1] != linkKey || c.SMTPPassword != "hush" {
		t.Errorf("link keys %q, SMTP password %q", c.LinkKeys, c.SMTPPassword)
	}
	if _, err := ReadConfig([]string{"JALON_LINK_KEYS_FILE=" + file("empty", "\n")}, forDev); named(t, err) != "JALON_LINK_KEYS_FILE" {
		t.Errorf("an empty file passes for a secret: %v", err)
	}
}

func TestReadConfigShowsNoSecret(t *testing.T) {
	_, err := ReadConfig([]string{"JALON_LINK_KEYS=hush-key", "JALON_DATABASE_URL=mysql://jalon:hush-password@db/x",
		"JALON_SENDGRID_KEY=hush-sendgrid", "JALON_DATABASE_PASSWORD=hush", "JALON_MAIL_TRANSPORT=smtp", "JALON_SMTP_PASSWORD=hush",
		"JALON_LISTEN=x"}, forDev)
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a secret is shown, or nothing is refused: %v", err)
	}
}

func TestSettingsPage(t *testing.T) {
	page := filepath.Join("..", "..", "docs", "settings.md")
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin = "<!-- table -->\n"
	head, _, ok := strings.Cut(string(got), begin)
	if !ok {
		t.Fatalf("%s has no line %q", page, begin)
	}
	want := head + begin + settingsTable()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(got) != want {
		t.Errorf("%s does not show the settings there are; UPDATE=1 go test ./cmd/jalon -run SettingsPage rewrites its table", page)
	}
}
