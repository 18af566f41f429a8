package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"jalon/demo"
	"jalon/mail"
	"jalon/mail/smtptest"
	"jalon/models"
	"jalon/store"
	"jalon/store/pgserver"
)

// TestPathToProduction plays a mission on what docker-compose.yml starts, without containers: its scripts and settings,
// PostgreSQL with passwords for both databases, the Temporal server of production, secrets from files, mails over SMTP.
func TestPathToProduction(t *testing.T) {
	deploy, err := filepath.Abs("../deploy")
	require.NoError(t, err)
	dir := t.TempDir()
	secret := func(name string) string { return filepath.Join(dir, "secrets", name) }
	copyFile(t, filepath.Join(deploy, "jalon.env.example"), filepath.Join(dir, "jalon.env.example"))
	script(t, nil, filepath.Join(deploy, "prepare"), dir)
	before, err := os.ReadFile(secret("link_keys"))
	require.NoError(t, err)
	script(t, nil, filepath.Join(deploy, "prepare"), dir) // again, as after an upgrade
	after, err := os.ReadFile(secret("link_keys"))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after), "a secret was made anew")

	ports := freePorts(t, 10)
	postgres := postgresWithPasswords(t, ports[0])
	script(t, []string{"PGHOST=127.0.0.1", "PGPORT=" + postgres, "SECRETS=" + filepath.Join(dir, "secrets")}, filepath.Join(deploy, "postgres", "init.sh"))
	temporal := temporalOnPostgres(t, deploy, dir, postgres, ports[1:])

	const user, password = "missions@example.org", "a password of the mail server"
	sink := smtptest.Start(t, smtptest.Options{StartTLS: true, User: user, Password: password})
	require.NoError(t, os.WriteFile(secret("smtp_password"), []byte(password+"\n"), 0o600))
	authority := filepath.Join(dir, "mail-ca.pem")
	require.NoError(t, os.WriteFile(authority, sink.CA, 0o600))
	signer, err := mail.NewSigner(strings.TrimSpace(string(before)))
	require.NoError(t, err)

	h := inhabit(t, demo.Options{Scale: day / 2, Temporal: temporal, Settings: []string{
		"JALON_DATABASE_URL=postgres://jalon@127.0.0.1:" + postgres + "/jalon?sslmode=disable",
		"JALON_DATABASE_PASSWORD_FILE=" + secret("jalon_database_password"),
		"JALON_LINK_KEYS=", "JALON_LINK_KEYS_FILE=" + secret("link_keys"),
		"JALON_TEMPORAL_NAMESPACE=jalon", "JALON_HEALTH_LISTEN=127.0.0.1:" + ports[9],
		"JALON_MAIL_TRANSPORT=smtp", fmt.Sprintf("JALON_SMTP_ADDRESS=%s:%d", sink.Host, sink.Port), "JALON_SMTP_USER=" + user,
		"JALON_SMTP_PASSWORD_FILE=" + secret("smtp_password"), "JALON_SMTP_CA=" + authority,
	}}, demo.Config{Post: &letterbox{sink, signer}})
	healthy := func() {
		t.Helper()
		require.NoError(t, h.Ready(t.Context()))
		for _, process := range []string{demo.API, demo.Worker} {
			require.True(t, eventually(t, func() bool { _, err := h.Run(t.Context(), "health", process); return err == nil }, nil, time.Minute),
				"%s is not healthy", process)
		}
	}
	healthy()

	s := demo.Reference(0)
	s.ColdAnswers = false
	m := h.open(s)
	asked := func(mail demo.Mail) bool { return mail.Template == "trainer_contract" }
	require.True(t, eventually(t, func() bool { return slices.ContainsFunc(h.player.Mails(), asked) }, m.Done, 6*time.Minute), "no contract is sent")
	require.NoError(t, h.Restart(demo.API))
	require.NoError(t, h.Restart(demo.Worker))
	healthy()
	within(t, m, 8*time.Minute)
	h.settleOn("postgres://postgres@127.0.0.1:"+postgres+"/jalon?sslmode=disable",
		func(context.Context, *store.Store) (int, error) { return len(sink.Mails()), nil }, m)
	h.stop()
	for _, err := range h.player.Errors() {
		t.Error(err)
	}
	paid, err := m.Paid(t.Context())
	require.NoError(t, err)
	require.True(t, paid && m.Closed(), "closed %t, paid %t", m.Closed(), paid)

	want := referenceMails()
	for template, n := range moneyMails() {
		want[template] = n
	}
	compare(t, "mails", h.mails(everything), want)
	times := map[string]int{}
	for _, got := range sink.Mails() {
		times[got.Header.Get("Message-ID")]++
	}
	for id, n := range times {
		if n > 1 {
			t.Errorf("mail %s came %d times", id, n)
		}
	}
	for _, message := range rows[models.Message](h, m, "messages") {
		switch arrived := times[mail.MessageID(message.Key, "example.org")]; {
		case message.Status == models.MessageSent && arrived != 1, message.Status == models.MessageWithdrawn && arrived != 0:
			t.Errorf("message %s is %s and came %d times", message.Key, message.Status, arrived)
		case message.Status != models.MessageSent && message.Status != models.MessageWithdrawn:
			t.Errorf("message %s is %s", message.Key, message.Status)
		}
	}

	t.Run("staff find the dossier in the Temporal UI", func(t *testing.T) {
		c, err := client.Dial(client.Options{HostPort: temporal, Namespace: "jalon", Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
		require.NoError(t, err)
		defer c.Close()
		found, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: fmt.Sprintf("Dossier = %q", m.Ref)})
		require.NoError(t, err)
		require.Positive(t, found.Count)
		// The first mission of a new namespace: its search attributes could be used from the start.
		for _, e := range history(t.Context(), t, c, models.RequestID(m.Ref)).Events {
			require.NotEqual(t, enumspb.WORKFLOW_TASK_FAILED_CAUSE_BAD_SEARCH_ATTRIBUTES, e.GetWorkflowTaskFailedEventAttributes().GetCause())
		}
	})
}

// letterbox is where the people of a test get their mails.
type letterbox struct {
	sink   *smtptest.Server
	signer *mail.Signer
}

var linkForm = regexp.MustCompile(`https?://[^\s<>"]+/l/([^\s<>"]+)`)

// Mails are all that came: the player knows those that it has seen.
func (l *letterbox) Mails(context.Context, time.Time) ([]demo.Mail, error) {
	var out []demo.Mail
	for _, got := range l.sink.Mails() {
		at, err := got.Header.Date()
		if err != nil {
			return nil, err
		}
		m := demo.Mail{Key: got.Header.Get(mail.HeaderKey), To: got.To, Subject: got.Subject(), Template: got.Header.Get(mail.HeaderTemplate),
			Dossier: got.Header.Get(mail.HeaderDossier), Text: got.Text, At: at}
		for _, found := range linkForm.FindAllStringSubmatch(got.Text, -1) {
			link, err := l.signer.Verify(found[1])
			if err != nil {
				return nil, fmt.Errorf("mail %s: %w", m.Key, err)
			}
			m.Links = append(m.Links, demo.Link{URL: found[0], Purpose: link.Purpose})
		}
		out = append(out, m)
	}
	return out, nil
}

// postgresWithPasswords is a server of the test's own that asks everybody but the superuser for a password.
func postgresWithPasswords(t *testing.T, port string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jalon-hba-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755)) // the server runs as another user
	hba := filepath.Join(dir, "pg_hba.conf")
	require.NoError(t, os.WriteFile(hba, []byte("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"), 0o644))
	s, err := pgserver.New("listen_addresses=127.0.0.1", "port="+port, "hba_file="+hba, "max_connections=150", "fsync=off", "synchronous_commit=off")
	if s != nil {
		t.Cleanup(s.Remove)
	}
	require.NoError(t, err)
	require.NoError(t, s.Start())
	return port
}

// temporalOnPostgres runs the Temporal server of production with the settings of deploy/temporal/server.yaml, on ports
// of the test's own, and answers its address. Its timers are made exact, as accelerated time needs.
func temporalOnPostgres(t *testing.T, deploy, dir, postgres string, ports []string) string {
	t.Helper()
	bin, err := filepath.Abs("../bin")
	require.NoError(t, err)
	for _, name := range []string{"temporal-server", "temporal-sql-tool"} {
		_, err := os.Stat(filepath.Join(bin, name))
		require.NoError(t, err, "the Temporal server of production is missing: make bin/temporal-server")
	}
	password := filepath.Join(dir, "secrets", "temporal_database_password")
	for range 2 { // the second time there is nothing to do
		script(t, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "SQL_HOST=127.0.0.1", "SQL_PORT=" + postgres, "SQL_PASSWORD_FILE=" + password},
			filepath.Join(deploy, "temporal", "schema.sh"))
	}

	content, err := os.ReadFile(filepath.Join(deploy, "temporal", "server.yaml"))
	require.NoError(t, err)
	var config map[string]any
	require.NoError(t, yaml.Unmarshal(content, &config))
	at := func(path string) map[string]any {
		t.Helper()
		here := config
		for _, name := range strings.Split(path, ".") {
			next, ok := here[name].(map[string]any)
			require.True(t, ok, "deploy/temporal/server.yaml has no %s", path)
			here = next
		}
		return here
	}
	for _, store := range []string{"default", "visibility"} {
		sql := at("persistence.datastores." + store + ".sql")
		sql["connectAddr"] = "127.0.0.1:" + postgres
		sql["passwordCommand"] = map[string]any{"command": "cat", "args": []string{password}}
	}
	for i, service := range []string{"frontend", "history", "matching", "worker"} {
		rpc := at("services." + service + ".rpc")
		rpc["grpcPort"], rpc["membershipPort"] = number(t, ports[2*i]), number(t, ports[2*i+1])
		delete(rpc, "bindOnIP")
		rpc["bindOnLocalHost"] = true
	}
	address := "127.0.0.1:" + ports[0]
	at("clusterMetadata.clusterInformation.active")["rpcAddress"] = address
	at("publicClient")["hostPort"] = address
	dynamic := filepath.Join(dir, "dynamic.yaml")
	config["dynamicConfigClient"] = map[string]any{"filepath": dynamic, "pollInterval": "10s"}
	require.NoError(t, os.WriteFile(dynamic, []byte(`
history.transferProcessorMaxPollRPS: [{value: 150}]
history.timerProcessorMaxPollRPS: [{value: 150}]
history.visibilityProcessorMaxPollRPS: [{value: 150}]
history.timerProcessorMaxTimeShift: [{value: 5ms}]
matching.numTaskqueueReadPartitions: [{value: 1}]
matching.numTaskqueueWritePartitions: [{value: 1}]
`), 0o600))
	content, err = yaml.Marshal(config)
	require.NoError(t, err)
	file := filepath.Join(dir, "server.yaml")
	require.NoError(t, os.WriteFile(file, content, 0o600))

	log, err := os.Create(filepath.Join(dir, "temporal-server.log"))
	require.NoError(t, err)
	server := exec.Command(filepath.Join(bin, "temporal-server"), "--config-file", file, "--allow-no-auth", "start")
	server.Stdout, server.Stderr = log, log
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		log.Close()
		if said, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the Temporal server's log ends with:\n%s", said[max(0, len(said)-4000):])
		}
	})
	c, err := client.NewLazyClient(client.Options{HostPort: address, Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(t, err)
	defer c.Close()
	require.True(t, eventually(t, func() bool {
		_, err := c.CheckHealth(t.Context(), &client.CheckHealthRequest{})
		return err == nil
	}, nil, time.Minute), "the Temporal server does not answer")
	return address
}

// script runs a shell script of the repository to its end.
func script(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o600))
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// freePorts are loopback ports that nobody listens on, below those of outgoing connections: the Temporal server keeps
// some in a smallint.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for port := 10000 + rand.IntN(10000); len(out) < n; port++ {
		require.Less(t, port, 32768, "no free port")
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // taken
		}
		defer l.Close()
		out = append(out, strconv.Itoa(port))
	}
	return out
}
