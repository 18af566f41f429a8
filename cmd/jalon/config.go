package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"jalon/mail"
	"jalon/models"
)

// Config is every setting of an installation, read once from the environment. Business settings are policy and live in
// policies/. docs/settings.md is written from the tags of this struct, and a test keeps them equal. A setting tagged
// secret may be given as the name of a file that holds it, in a variable of its name followed by _FILE.
type Config struct {
	Data             string `env:"JALON_DATA" envDefault:".jalon" help:"Folder of what this installation keeps on disk: SQLite and Temporal files, the development link key, logs." example:"/var/lib/jalon"`
	Database         string `env:"JALON_DATABASE_URL" secret:"true" default:"sqlite file \"jalon.db\" in JALON_DATA" help:"Database: PostgreSQL by URL, or a SQLite file." example:"postgres://jalon@db.example.org:5432/jalon"`
	DatabasePassword string `env:"JALON_DATABASE_PASSWORD" secret:"true" help:"Password of the database's role, where the URL holds none." example:"correct-horse-battery-staple"`
	Documents        string `env:"JALON_DOCUMENTS" default:"\"documents\" in JALON_DATA" help:"Folder of the documents produced and received." example:"/var/lib/jalon/documents"`

	Listen       string `env:"JALON_LISTEN" envDefault:"127.0.0.1:8080" help:"Address the API, the pages and the mailbox listen on; port 0 takes a free one." example:"0.0.0.0:8080"`
	HealthListen string `env:"JALON_HEALTH_LISTEN" help:"Address on which jalon worker answers /healthz and /readyz; none: it does not listen. (The API answers them where it listens.)" example:"127.0.0.1:8081"`
	PublicURL    string `env:"JALON_PUBLIC_URL" default:"http:// and the address listened on, for jalon dev only" help:"Address people reach this installation at: the links of mails begin with it." example:"https://missions.example.org"`

	TrustedProxies []string `env:"JALON_TRUSTED_PROXIES" help:"Addresses or networks (CIDR) of the reverse proxies in front, comma-separated: the visitor's address, by which attempts to sign in are limited, is read from X-Forwarded-For where the connection comes from one of them, and from nobody else." example:"127.0.0.1,10.0.0.0/24"`

	TemporalAddress   string `env:"JALON_TEMPORAL_ADDRESS" envDefault:"127.0.0.1:7233" help:"Temporal frontend. jalon dev starts its own server there, on a loopback address; port 0 takes a free one." example:"temporal.example.org:7233"`
	TemporalNamespace string `env:"JALON_TEMPORAL_NAMESPACE" envDefault:"default" help:"Temporal namespace; made at the start of a worker where it is missing." example:"jalon"`
	TemporalUI        string `env:"JALON_TEMPORAL_UI" envDefault:"127.0.0.1:8233" help:"Address of the Temporal UI that jalon dev starts; port 0 takes a free one." example:"127.0.0.1:9233"`
	TemporalUIURL     string `env:"JALON_TEMPORAL_UI_URL" default:"the one jalon dev starts, none otherwise" help:"Address of the Temporal UI that pages lead staff to." example:"https://temporal.example.org"`
	TemporalBin       string `env:"JALON_TEMPORAL_BIN" default:"searched: PATH, beside jalon, else built from tools/" help:"Temporal CLI that jalon dev starts; its server must be 1.29 or newer." example:"/usr/local/bin/temporal"`

	LinkKeys []string `env:"JALON_LINK_KEYS" secret:"true" default:"generated and kept in JALON_DATA, for jalon dev only" help:"Keys that sign the links of mails, comma-separated, each of at least 32 characters. The first signs, all are honoured." example:"5Zb0mCwq3X9o1uS8r7dYhK2eVtJfGxLpA4NcQiMyBzE"`

	MailTransport     string `env:"JALON_MAIL_TRANSPORT" envDefault:"local" help:"What carries mails: local (a mailbox shown as a page, nothing leaves), sendgrid or smtp." example:"sendgrid"`
	SendGridKey       string `env:"JALON_SENDGRID_KEY" secret:"true" help:"SendGrid API key; required by the sendgrid transport." example:"SG.xxxxx"`
	SendGridHost      string `env:"JALON_SENDGRID_HOST" envDefault:"https://api.sendgrid.com" help:"SendGrid API host; a double can stand in for it." example:"http://127.0.0.1:9999"`
	SendGridEventsKey string `env:"JALON_SENDGRID_EVENT_PUBLIC_KEY" help:"Public key of SendGrid's signed event webhook, in base64; required by the sendgrid transport, or bounces would go unseen." example:"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE…"`
	SMTPAddress       string `env:"JALON_SMTP_ADDRESS" help:"Mail server; required by the smtp transport." example:"smtp.example.org:587"`
	SMTPTLS           string `env:"JALON_SMTP_TLS" envDefault:"starttls" help:"How the connection to the mail server is protected: starttls (usual on port 587), tls (from the first byte, usual on port 465) or none (only on a machine or network that is trusted with everything in the mails)." example:"tls"`
	SMTPUser          string `env:"JALON_SMTP_USER" help:"Name to sign in to the mail server with; none: without signing in." example:"missions@example.org"`
	SMTPPassword      string `env:"JALON_SMTP_PASSWORD" secret:"true" help:"Password that goes with it." example:"correct-horse-battery-staple"`
	SMTPCA            string `env:"JALON_SMTP_CA" default:"the system's authorities" help:"File of the certificate authorities (PEM) that may vouch for the mail server." example:"/etc/jalon/mail-ca.pem"`
	MailFrom          string `env:"JALON_MAIL_FROM" envDefault:"Jalon <missions@example.org>" help:"Sender of every mail." example:"Agence Exemple <missions@example.org>"`
	TeamEmail         string `env:"JALON_TEAM_EMAIL" envDefault:"equipe@example.org" help:"Team address that receives alerts of dossiers nobody owns." example:"equipe@example.org"`

	Agency

	Partners []string `env:"JALON_PARTNERS" help:"Codes of the partners that requests may come from, comma-separated." example:"reseau-a,reseau-b"`

	ClockScale int64     `env:"JALON_CLOCK_SCALE" default:"as stored; 1 at the first start" help:"Business seconds per real second; 1 in production. Stored at the first start, and another one is refused later." example:"86400"`
	ClockEpoch time.Time `env:"JALON_CLOCK_EPOCH" default:"as stored; the moment of the first start" help:"Business instant of the first start, with its zone. Stored, and another one is refused later." example:"2026-11-02T09:00:00+01:00"`

	LogLevel string `env:"JALON_LOG_LEVEL" default:"info; warn for jalon dev" help:"Least serious log lines written to standard error: debug, info, warn or error." example:"debug"`
}

// Agency is who the documents come from, with what the law wants them to tell. Where nothing is said of it, a development
// installation gets one that is plainly made up; services do not start without their own.
type Agency struct {
	Name           string `env:"JALON_AGENCY_NAME" default:"Agence Exemple, for jalon dev only" help:"Name of the agency, in mails, pages and documents." example:"Agence Exemple"`
	LegalForm      string `env:"JALON_AGENCY_LEGAL_FORM" default:"made up, for jalon dev only" help:"Legal form with its capital, on documents." example:"SARL au capital de 10 000 €"`
	Address        string `env:"JALON_AGENCY_ADDRESS" default:"made up, for jalon dev only" help:"Postal address of the agency, on documents." example:"1 rue de l'Exemple, 75001 Paris"`
	Company        string `env:"JALON_AGENCY_COMPANY_NUMBER" default:"made up, for jalon dev only" help:"SIREN of the agency, nine digits, on documents." example:"999999907"`
	Establishment  string `env:"JALON_AGENCY_ESTABLISHMENT_NUMBER" help:"SIRET of the establishment that contracts, fourteen digits." example:"99999990700010"`
	Register       string `env:"JALON_AGENCY_REGISTER" help:"Register the agency is in, for who is in one." example:"RCS Paris"`
	VATNumber      string `env:"JALON_AGENCY_VAT_NUMBER" help:"VAT number of the agency; nothing with VAT is agreed or billed without." example:"FR29999999907"`
	Activity       string `env:"JALON_AGENCY_ACTIVITY_NUMBER" help:"Training activity declaration number (NDA); nothing is exempt from VAT without." example:"11750000000"`
	Representative string `env:"JALON_AGENCY_REPRESENTATIVE" default:"made up, for jalon dev only" help:"Who signs contracts and certificates for the agency, with their capacity." example:"Camille Exemple, gérante"`
	Phone          string `env:"JALON_AGENCY_PHONE" help:"Telephone of the agency, on documents." example:"01 99 00 00 00"`
	HouseRules     string `env:"JALON_AGENCY_HOUSE_RULES_URL" default:"none: sent on request" help:"Where the rules that apply to trainees are published; convocations lead there." example:"https://www.example.org/reglement-interieur"`
	Mediator       string `env:"JALON_AGENCY_MEDIATOR" help:"Consumer mediator, with the address; no contract is made with an individual without." example:"Médiation Exemple, 2 rue de l'Exemple, 75001 Paris"`
	IBAN           string `env:"JALON_AGENCY_IBAN" help:"Account that clients pay on, on their invoices." example:"FR3999999000010000000000199"`
	Logo           string `env:"JALON_AGENCY_LOGO" help:"Picture at the head of documents, PNG or JPEG." example:"/etc/jalon/logo.png"`
	Stamp          string `env:"JALON_AGENCY_STAMP" help:"Picture of the stamp and signature put on contracts and certificates, PNG or JPEG; without one they are signed by hand." example:"/etc/jalon/stamp.png"`
}

// Problem is one wrong setting.
type Problem struct {
	Name    string // of the environment variable
	What    string // is wrong with it, never its value when that is a secret
	Example string // of a right value
}

// Problems is every wrong setting at once: nothing starts before all are right.
type Problems []Problem

func (p Problems) Error() string {
	var b strings.Builder
	if len(p) == 1 {
		b.WriteString("one setting is wrong, nothing was started:\n")
	} else {
		fmt.Fprintf(&b, "%d settings are wrong, nothing was started:\n", len(p))
	}
	for _, q := range p {
		fmt.Fprintf(&b, "\n  %s: %s\n", q.Name, q.What)
		if q.Example != "" {
			fmt.Fprintf(&b, "    for instance %s=%s\n", q.Name, q.Example)
		}
	}
	b.WriteString("\nEvery setting is described in docs/settings.md.")
	return b.String()
}

func (p *Problems) add(name, format string, args ...any) {
	*p = append(*p, Problem{Name: name, What: fmt.Sprintf(format, args...), Example: settings[name].Tag.Get("example")})
}

// settings are the fields of Config by the name of their variable.
var settings = func() map[string]reflect.StructField {
	m := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if f.Anonymous {
			continue
		}
		m[f.Tag.Get("env")] = f
	}
	return m
}()

// use is what a process does with the settings, hence which it needs.
type use int

const (
	forTools   use = iota // the database and the files, nothing else
	forDev                // its own Temporal server, on this machine; what is missing is made
	forService            // one process of several: what they must agree on has to be told
)

// ReadConfig reads the settings from an environment ("NAME=value" lines) and reports all wrong ones together, as
// Problems.
func ReadConfig(environ []string, u use) (Config, error) {
	var c Config
	var bad Problems
	vars := env.ToMap(environ)
	bad = append(bad, readSecrets(vars)...)
	err := env.ParseWithOptions(&c, env.Options{Environment: vars})
	if all := (env.AggregateError{}); errors.As(err, &all) {
		for _, e := range all.Errors {
			p, ok := errors.AsType[env.ParseError](e)
			if !ok {
				return c, err
			}
			f, _ := reflect.TypeFor[Config]().FieldByName(p.Name)
			bad.add(f.Tag.Get("env"), "%s, not %q", kind(f.Type), vars[f.Tag.Get("env")])
		}
	}
	for name := range vars {
		if _, known := settings[name]; strings.HasPrefix(name, "JALON_") && !known {
			bad = append(bad, Problem{Name: name, What: "no such setting" + didYouMean(name)})
		}
	}
	c.fill(u)
	bad = append(bad, c.validate(u)...)
	slices.SortFunc(bad, func(a, b Problem) int { return strings.Compare(a.Name, b.Name) })
	bad = slices.CompactFunc(bad, func(a, b Problem) bool { return a.Name == b.Name })
	if len(bad) > 0 {
		return c, bad
	}
	return c, nil
}

// readSecrets puts in the place of every NAME_FILE of a secret setting what that file holds.
func readSecrets(vars map[string]string) (bad Problems) {
	for name, f := range settings {
		file, given := vars[name+"_FILE"]
		if f.Tag.Get("secret") == "" || !given {
			continue
		}
		delete(vars, name+"_FILE")
		content, err := os.ReadFile(file)
		switch value := strings.TrimSpace(string(content)); {
		case vars[name] != "":
			bad = append(bad, Problem{Name: name + "_FILE", What: "is given, and so is " + name + ": only one may be"})
		case err != nil:
			bad = append(bad, Problem{Name: name + "_FILE", What: "must name a file that can be read: " + err.Error()})
		case value == "":
			bad = append(bad, Problem{Name: name + "_FILE", What: "names a file that is empty: " + file})
		default:
			vars[name] = value
		}
	}
	return bad
}

func kind(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "must be an instant with its zone (RFC 3339)"
	case t.Kind() == reflect.Int64:
		return "must be a whole number"
	}
	return "must be a " + t.String()
}

// didYouMean finds the setting that shares most words with a misspelt one.
func didYouMean(name string) string {
	best, score := "", 0
	for known := range settings {
		n := 0
		for n < min(len(known), len(name)) && known[n] == name[n] {
			n++
		}
		if n > score || n == score && known < best {
			best, score = known, n
		}
	}
	if score > len("JALON_") {
		return ", did you mean " + best + "?"
	}
	return ""
}

func (c *Config) fill(u use) {
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.Data, "jalon.db")
	}
	if u, err := url.Parse(c.Database); c.DatabasePassword != "" && err == nil && u.User != nil {
		if _, has := u.User.Password(); !has { // else validate complains
			u.User = url.UserPassword(u.User.Username(), c.DatabasePassword)
			c.Database, c.DatabasePassword = u.String(), ""
		}
	}
	if c.Documents == "" {
		c.Documents = filepath.Join(c.Data, "documents")
	}
	if c.PublicURL == "" && u != forService {
		c.PublicURL = publicURL(c.Listen)
	}
	if c.Agency == (Agency{}) && u != forService {
		c.Agency = sampleAgency
	}
	if c.LogLevel == "" {
		c.LogLevel = "info"
		if u == forDev {
			c.LogLevel = "warn"
		}
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	c.SendGridHost = strings.TrimRight(c.SendGridHost, "/")
}

func (c Config) validate(u use) (bad Problems) {
	for _, folder := range []struct{ name, path string }{{"JALON_DATA", c.Data}, {"JALON_DOCUMENTS", c.Documents}} {
		if info, err := os.Stat(folder.path); err == nil && !info.IsDir() {
			bad.add(folder.name, "must be a folder; %s is a file", folder.path)
		}
	}
	if err := checkDatabase(c.Database); err != "" {
		bad.add("JALON_DATABASE_URL", "%s", err)
	} else if c.DatabasePassword != "" {
		bad.add("JALON_DATABASE_PASSWORD", "has no use: the database's URL holds a password already, or names no role")
	}
	for _, a := range []struct {
		name, value string
		loopback    bool
	}{{"JALON_LISTEN", c.Listen, false}, {"JALON_TEMPORAL_ADDRESS", c.TemporalAddress, u == forDev}, {"JALON_TEMPORAL_UI", c.TemporalUI, u == forDev}, {"JALON_HEALTH_LISTEN", c.HealthListen, false}} {
		if a.name == "JALON_HEALTH_LISTEN" && a.value == "" {
			continue
		}
		host, port, err := net.SplitHostPort(a.value)
		if _, portErr := net.LookupPort("tcp", port); err != nil || portErr != nil {
			bad.add(a.name, "must be host:port, not %q", a.value)
		} else if ip, err := netip.ParseAddr(host); a.loopback && host != "localhost" && (err != nil || !ip.IsLoopback()) {
			bad.add(a.name, "must be a loopback address for jalon dev, whose Temporal server asks nobody who they are; not %q", a.value)
		}
	}
	if c.PublicURL == "" {
		bad.add("JALON_PUBLIC_URL", "is missing: the links of mails begin with it")
	} else if !webAddress(c.PublicURL) {
		bad.add("JALON_PUBLIC_URL", "must be an http or https address without query, not %q", c.PublicURL)
	}
	for _, proxy := range c.TrustedProxies {
		network, err := netip.ParsePrefix(proxy)
		if _, one := netip.ParseAddr(proxy); one == nil {
			continue
		}
		switch {
		case err != nil:
			bad.add("JALON_TRUSTED_PROXIES", "must be addresses or networks, not %q", proxy)
		case network.Bits() == 0:
			bad.add("JALON_TRUSTED_PROXIES", "must not be everybody: whoever made up an address would be believed")
		}
	}
	if c.TemporalNamespace == "" {
		bad.add("JALON_TEMPORAL_NAMESPACE", "must not be empty")
	}
	if info, err := os.Stat(c.TemporalBin); c.TemporalBin != "" && (err != nil || info.IsDir() || info.Mode()&0o111 == 0) {
		bad.add("JALON_TEMPORAL_BIN", "must be a program; %s is not one", c.TemporalBin)
	}
	if len(c.LinkKeys) == 0 && u == forService {
		bad.add("JALON_LINK_KEYS", "is missing: every process needs the same keys; make one with: head -c 32 /dev/urandom | base64")
	}
	for i, key := range c.LinkKeys {
		if len(key) < mail.MinLinkKey {
			bad.add("JALON_LINK_KEYS", "key %d is too short: at least %d characters, random", i+1, mail.MinLinkKey)
		}
	}
	switch c.MailTransport {
	case "local":
	case "sendgrid":
		if c.SendGridKey == "" {
			bad.add("JALON_SENDGRID_KEY", "is missing: JALON_MAIL_TRANSPORT is sendgrid")
		}
		if c.SendGridEventsKey == "" {
			bad.add("JALON_SENDGRID_EVENT_PUBLIC_KEY", "is missing: JALON_MAIL_TRANSPORT is sendgrid, and bounces come back signed with it")
		} else if _, err := mail.NewEvents(c.SendGridEventsKey); err != nil {
			bad.add("JALON_SENDGRID_EVENT_PUBLIC_KEY", "%s", err)
		}
	case "smtp":
		_, problems := c.smtp()
		bad = append(bad, problems...)
	default:
		bad.add("JALON_MAIL_TRANSPORT", "must be local, sendgrid or smtp, not %q", c.MailTransport)
	}
	if c.TemporalUIURL != "" && !webAddress(c.TemporalUIURL) {
		bad.add("JALON_TEMPORAL_UI_URL", "must be an http or https address, not %q", c.TemporalUIURL)
	}
	if !webAddress(c.SendGridHost) {
		bad.add("JALON_SENDGRID_HOST", "must be an http or https address, not %q", c.SendGridHost)
	}
	if _, err := netmail.ParseAddress(c.MailFrom); err != nil {
		bad.add("JALON_MAIL_FROM", "must be an e-mail address, with or without a name")
	}
	if models.CheckEmail(c.TeamEmail) != nil {
		bad.add("JALON_TEAM_EMAIL", "must be a bare e-mail address")
	}
	bad = append(bad, c.Agency.validate()...)
	if c.ClockScale < 0 || c.ClockScale > models.MaxScale {
		bad.add("JALON_CLOCK_SCALE", "must be between 1 and %d", models.MaxScale)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		bad.add("JALON_LOG_LEVEL", "must be debug, info, warn or error, not %q", c.LogLevel)
	}
	return bad
}

// smtp is the transport that the settings describe, or what is wrong with them.
func (c Config) smtp() (out mail.SMTP, bad Problems) {
	host, port, err := net.SplitHostPort(c.SMTPAddress)
	number, portErr := net.LookupPort("tcp", port)
	if c.SMTPAddress == "" {
		bad.add("JALON_SMTP_ADDRESS", "is missing: JALON_MAIL_TRANSPORT is smtp")
	} else if err != nil || portErr != nil || host == "" {
		bad.add("JALON_SMTP_ADDRESS", "must be host:port, not %q", c.SMTPAddress)
	}
	out = mail.SMTP{Host: host, Port: number, TLS: mail.TLSMode(c.SMTPTLS), User: c.SMTPUser, Password: c.SMTPPassword}
	switch {
	case !slices.Contains([]mail.TLSMode{mail.StartTLS, mail.ImplicitTLS, mail.NoTLS}, out.TLS):
		bad.add("JALON_SMTP_TLS", "must be starttls, tls or none, not %q", c.SMTPTLS)
	case c.SMTPUser != "" && out.TLS == mail.NoTLS:
		bad.add("JALON_SMTP_TLS", "must not be none where a password is sent")
	}
	switch {
	case c.SMTPUser != "" && c.SMTPPassword == "":
		bad.add("JALON_SMTP_PASSWORD", "is missing: JALON_SMTP_USER signs in with it")
	case c.SMTPUser == "" && c.SMTPPassword != "":
		bad.add("JALON_SMTP_USER", "is missing: JALON_SMTP_PASSWORD goes with it")
	}
	if c.SMTPCA != "" {
		authorities, err := os.ReadFile(c.SMTPCA)
		out.CAs = x509.NewCertPool()
		if err != nil || !out.CAs.AppendCertsFromPEM(authorities) {
			bad.add("JALON_SMTP_CA", "must be a file of certificates in PEM; %s is not one", c.SMTPCA)
		}
	}
	if from, err := netmail.ParseAddress(c.MailFrom); err == nil { // the sender's domain is one that servers know
		out.Hello = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	}
	return out, bad
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

func checkDatabase(s string) string {
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
		if path == "" {
			return "sqlite: must be followed by a file"
		}
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql":
		return "must begin with postgres:// or sqlite:"
	case u.Host == "" && u.Query().Get("host") == "":
		return "must name a host"
	case strings.Trim(u.Path, "/") == "":
		return "must name a database"
	}
	return ""
}

// settingsTable is the table of docs/settings.md.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | default | what it is | example |\n|---|---|---|---|\n")
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if f.Anonymous {
			continue
		}
		def := f.Tag.Get("default")
		if v, ok := f.Tag.Lookup("envDefault"); ok {
			def = "`" + v + "`"
		}
		if def == "" {
			def = "none"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` |\n", f.Tag.Get("env"), def, f.Tag.Get("help"), f.Tag.Get("example"))
	}
	return b.String()
}
