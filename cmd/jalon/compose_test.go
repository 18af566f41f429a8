package main

import (
	"go/version"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader" // reads the file as docker compose does
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// composition is docker-compose.yml beside a copy of deploy/ in which deploy/prepare was run, and their folder.
func composition(t *testing.T) (*types.Project, string) {
	t.Helper()
	root, dir := filepath.Join("..", ".."), t.TempDir()
	copyTo := func(name string) {
		content, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	copyTo("docker-compose.yml")
	err := fs.WalkDir(os.DirFS(root), "deploy", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == "deploy/secrets": // of an installation in this checkout
			return fs.SkipDir
		case !d.IsDir() && path != "deploy/jalon.env":
			copyTo(path)
		}
		return nil
	})
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "deploy", "prepare"), filepath.Join(dir, "deploy")).CombinedOutput()
	require.NoError(t, err, string(out))
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{WorkingDir: dir, Environment: types.Mapping{},
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "docker-compose.yml")}}})
	require.NoError(t, err)
	require.NotEmpty(t, project.Services)
	return project, dir
}

var (
	pinned    = regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+\.?\d*(-[a-z0-9.]+)?$`)
	sensitive = regexp.MustCompile(`(?i)password|secret|token|key`)
)

// TestCompose holds docker-compose.yml to what an installation may rely on.
func TestCompose(t *testing.T) {
	project, dir := composition(t)
	t.Run("images are pinned", func(t *testing.T) {
		for name, s := range project.Services {
			if s.Build != nil {
				continue // TestDockerfile
			}
			require.Regexp(t, pinned, s.Image, name)
		}
		require.Equal(t, tag(project.Services["temporal"].Image), tag(project.Services["temporal-schema"].Image))
		tools, err := os.ReadFile(filepath.Join("..", "..", "tools", "server", "go.mod"))
		require.NoError(t, err)
		require.Contains(t, string(tools), "go.temporal.io/server v"+tag(project.Services["temporal"].Image), "the tests run another server")
	})
	t.Run("every service is watched, or runs once", func(t *testing.T) {
		once := map[string]bool{}
		for _, s := range project.Services {
			for on, d := range s.DependsOn {
				if d.Condition == types.ServiceConditionCompletedSuccessfully {
					once[on] = true
				} else {
					require.Equal(t, types.ServiceConditionHealthy, d.Condition, "%s depends on %s", s.Name, on)
				}
			}
		}
		for name, s := range project.Services {
			if once[name] {
				require.True(t, strings.HasPrefix(s.Restart, "on-failure:"), "%s: restart %q", name, s.Restart)
				continue
			}
			require.Equal(t, "unless-stopped", s.Restart, name)
			require.NotNil(t, s.HealthCheck, name)
			require.NotEmpty(t, s.HealthCheck.Test, name)
		}
	})
	t.Run("every secret is a file", func(t *testing.T) {
		for name, s := range project.Secrets {
			_, err := os.Stat(s.File)
			require.NoError(t, err, name)
		}
		for _, s := range project.Services {
			for name, value := range s.Environment {
				if sensitive.MatchString(name) && value != nil && *value != "" {
					require.True(t, strings.HasSuffix(name, "_FILE"), "%s: %s stands in the environment", s.Name, name)
					require.True(t, slices.ContainsFunc(s.Secrets, func(given types.ServiceSecretConfig) bool {
						return *value == "/run/secrets/"+given.Source
					}), "%s: %s=%s is not among its secrets", s.Name, name, *value)
				}
			}
		}
	})
	t.Run("what is published stays on this machine", func(t *testing.T) {
		for _, s := range project.Services {
			for _, p := range s.Ports {
				ip := net.ParseIP(p.HostIP)
				require.True(t, ip != nil && ip.IsLoopback(), "%s publishes %s on %q", s.Name, p.Published, p.HostIP)
			}
		}
	})
	t.Run("what is mounted exists", func(t *testing.T) {
		for _, s := range project.Services {
			for _, v := range s.Volumes {
				if v.Type == types.VolumeTypeBind {
					_, err := os.Stat(v.Source)
					require.NoError(t, err, s.Name)
					require.True(t, v.ReadOnly, "%s may write %s", s.Name, v.Source)
				} else {
					require.Contains(t, project.Volumes, v.Source, s.Name)
				}
			}
		}
	})
	t.Run("our processes accept their settings", func(t *testing.T) {
		n := 0
		for _, s := range project.Services {
			if s.Build == nil {
				continue
			}
			n++
			environ := []string{}
			for name, value := range s.Environment {
				require.NotNil(t, value, "%s: %s comes from whoever starts it", s.Name, name)
				environ = append(environ, name+"="+strings.Replace(*value, "/run/secrets/", filepath.Join(dir, "deploy", "secrets")+"/", 1))
			}
			_, err := ReadConfig(environ, forService)
			require.NoError(t, err, s.Name)
		}
		require.Equal(t, 3, n, "api, worker and migrate")
	})
}

func tag(image string) string { return image[strings.LastIndexByte(image, ':')+1:] }

// TestEnvExample holds the example to settings that exist, those in comments too.
func TestEnvExample(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "deploy", "jalon.env.example"))
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^#?(JALON_[A-Z_]+)=`).FindAllStringSubmatch(string(content), -1)
	require.NotEmpty(t, found)
	for _, m := range found {
		name := strings.TrimSuffix(m[1], "_FILE")
		require.Contains(t, settings, name)
		require.True(t, name == m[1] || settings[name].Tag.Get("secret") != "", "%s is no secret", name)
	}
}

// TestDockerfile pins the image's Go to the release of go.mod, no older than what that asks for.
func TestDockerfile(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "deploy", "Dockerfile"))
	require.NoError(t, err)
	module, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	wanted := "go" + regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(module))[1]
	var stages []string
	for _, m := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(string(content), -1) {
		stages = append(stages, m[1])
	}
	require.Len(t, stages, 2)
	require.Regexp(t, pinned, stages[0])
	require.Equal(t, "scratch", stages[1], "nothing but the program")
	got := "go" + regexp.MustCompile(`^golang:([0-9.]+)-`).FindStringSubmatch(stages[0])[1]
	require.Equal(t, version.Lang(wanted), version.Lang(got))
	require.GreaterOrEqual(t, version.Compare(got, wanted), 0, "%s builds what wants %s", got, wanted)
	for _, line := range []string{"USER 65532:65532", "HEALTHCHECK ", "CGO_ENABLED=0", "LABEL "} {
		require.Contains(t, string(content), line)
	}
}
