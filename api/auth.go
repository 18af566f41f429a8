package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"jalon/models"
	"jalon/store"
)

// Rule says who may use a route. Without Public or Roles nobody may; admin may always.
type Rule struct {
	Public bool
	Roles  []models.Role
}

// The rules used.
var (
	Public     = Rule{Public: true}
	Staff      = Rule{Roles: []models.Role{models.RoleStaff}}
	Pedagogy   = Rule{Roles: []models.Role{models.RoleStaff, models.RolePedagogy}}
	Finance    = Rule{Roles: []models.Role{models.RoleFinance}}
	StaffMoney = Rule{Roles: []models.Role{models.RoleStaff, models.RoleFinance}}
	Everyone   = Rule{Roles: []models.Role{models.RoleStaff, models.RolePedagogy, models.RoleFinance}} // signed in
	AdminOnly  = Rule{Roles: []models.Role{models.RoleAdmin}}
)

// Allows tells whether somebody with these roles may pass.
func (r Rule) Allows(roles []models.Role) bool {
	return r.Public || len(r.Roles) > 0 && (slices.Contains(roles, models.RoleAdmin) ||
		slices.ContainsFunc(r.Roles, func(role models.Role) bool { return slices.Contains(roles, role) }))
}

// reading is who may open a stored file, in the API as in the console: what is billed and paid is for who may see money,
// what a participant answered or excused for who follows the course.
func reading(k models.DocumentKind) Rule {
	switch {
	case k.Money():
		return StaffMoney
	case k == models.DocumentParticipantEvidence:
		return Pedagogy
	}
	return Everyone
}

// noted is who may read the words of a note in the journal: why somebody was away is for who follows the course, as its
// scan is.
func noted(l models.JournalLine) Rule {
	if l.Excuse() {
		return Pedagogy
	}
	return Everyone
}

// role is the one under which somebody passes a rule: what a command is recorded with.
func (r Rule) role(roles []models.Role) models.Role {
	for _, role := range r.Roles {
		if slices.Contains(roles, role) {
			return role
		}
	}
	return models.RoleAdmin
}

// Caller is who calls: a user or a machine token. The zero value is nobody.
type Caller struct {
	Ref     string // U-… or K-…
	Name    string
	Roles   []models.Role
	Lang    models.Lang
	Machine bool
	cookie  bool // signed in by cookie: unsafe calls must come from our own pages
}

const (
	tokenPrefix = "jln_"
	cookieName  = "jalon_session"
	userKey     = "user"
	hashKey     = "password" // digest of the hash the session was opened by: a new password ends it
)

// NewToken makes a machine token, to be shown once: only its hash is kept.
func NewToken() string { return tokenPrefix + randomID() + randomID() }

// HashToken is the form in which a machine token is kept.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func newSessions(st *store.Store, secure bool) *scs.SessionManager {
	m := scs.New()
	m.Store = st.SignIns()
	m.HashTokenInStore = true
	m.Lifetime = 12 * time.Hour
	m.IdleTimeout = 2 * time.Hour
	m.Cookie.Name = cookieName
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = secure
	m.Cookie.Path = "/"
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, _ error) {
		w.Header().Set("Retry-After", "2")
		http.Error(w, Sentence(models.CodeUnavailable, langOf(r)), http.StatusServiceUnavailable)
	}
	return m
}

// authenticate finds who calls; nobody is not an error, a wrong or expired token is (unauthenticated).
func (s *Server) authenticate(r *http.Request) (Caller, error) {
	ctx := r.Context()
	if header := r.Header.Get("Authorization"); header != "" {
		token, ok := strings.CutPrefix(header, "Bearer ")
		if !ok || !strings.HasPrefix(token, tokenPrefix) {
			return Caller{}, refuse(models.CodeUnauthenticated)
		}
		t, err := s.store.TokenByHash(ctx, HashToken(token))
		if models.ErrorCode(err) == models.CodeUnknown || err == nil && !t.ExpiresAt.IsZero() && !s.now().Before(t.ExpiresAt) {
			return Caller{}, refuse(models.CodeUnauthenticated)
		}
		if err != nil {
			return Caller{}, err
		}
		return Caller{Ref: t.Ref, Name: t.Name, Roles: t.Roles, Machine: true}, nil
	}
	ref := s.sessions.GetString(ctx, userKey)
	if ref == "" {
		return Caller{}, nil
	}
	u, err := s.store.User(ctx, ref)
	if models.ErrorCode(err) == models.CodeUnknown || err == nil && !u.Active {
		return Caller{}, nil
	}
	if err != nil {
		return Caller{}, err
	}
	if s.sessions.GetString(ctx, hashKey) != digest(u.Hash) { // the password was changed since
		return Caller{}, nil
	}
	return Caller{Ref: u.Ref, Name: u.Name, Roles: u.Roles, Lang: u.Lang, cookie: true}, nil
}

// admit checks a call against a rule, its rate and its origin, and keeps the caller in the context.
func (s *Server) admit(c *gin.Context, rule Rule) error {
	caller, err := s.authenticate(c.Request)
	if err != nil {
		if !s.limits.allow("ip/" + c.ClientIP()) {
			return refuse(models.CodeRateLimited)
		}
		return err
	}
	key := caller.Ref
	if key == "" {
		key = "ip/" + c.ClientIP()
	}
	if !s.limits.allow(key) {
		return refuse(models.CodeRateLimited)
	}
	c.Set("caller", caller.Ref)
	switch {
	case rule.Public:
	case caller.Ref == "":
		return refuse(models.CodeUnauthenticated)
	case !rule.Allows(caller.Roles):
		return refuse(models.CodeForbidden)
	}
	if caller.cookie && unsafe(c.Request.Method) && !s.ownOrigin(c.Request) {
		return refuse(models.CodeForeignOrigin)
	}
	call := &call{Caller: caller, rule: rule, lang: langOf(c.Request), ip: c.ClientIP()}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), callKey, call))
	return nil
}

func unsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// ownOrigin tells whether a browser says that the call comes from our own pages. A cookie goes along with calls that
// other sites make, their origin gives them away.
func (s *Server) ownOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true
	case "cross-site", "same-site":
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		referer, err := url.Parse(r.Header.Get("Referer"))
		if err != nil || referer.Host == "" {
			return false
		}
		origin = referer.Scheme + "://" + referer.Host
	}
	public, _ := url.Parse(s.cfg.PublicURL)
	return origin == public.Scheme+"://"+public.Host || origin == "http://"+r.Host || origin == "https://"+r.Host
}

// call is what a handler knows of the call: who, in which language, under which idempotency key.
type call struct {
	Caller
	rule    Rule
	lang    models.Lang
	ip      string
	key     string // SHA-256 of caller, method, path and key; empty without a key
	dossier string // the one it is about
	sent    bool   // a command went out: without an answer, its process may have taken it

	notes []string // free texts kept for this call, dropped if it is refused
}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey).(*call)
	if c == nil {
		c = &call{lang: models.French}
	}
	return c
}

// by is who decides a command.
func (c *call) by() models.By {
	return models.By{Actor: c.Ref, Role: c.rule.role(c.Roles), Channel: c.through()}
}

// through is the channel a call came through: a machine has no console.
func (c *call) through() models.Channel {
	if c.Machine {
		return models.ChannelAPI
	}
	return models.ChannelConsole
}

// hashing bounds how many passwords are checked at once: each takes 64 MiB.
var hashing = make(chan struct{}, 2)

// decoy takes as long to check as a real hash, so that the answer does not tell which logins exist.
var decoy = sync.OnceValue(func() string {
	hash, _ := argon2id.CreateHash(randomID(), argon2id.DefaultParams)
	return hash
})

// HashPassword is the form in which a password is kept.
func HashPassword(password string) (string, error) {
	return argon2id.CreateHash(password, argon2id.DefaultParams)
}

// signIn checks a login and a password and opens a session. Errors: rate_limited, unauthenticated.
func (s *Server) signIn(ctx context.Context, ip, login, password string) (models.User, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	// The address first: what it may not try any more neither slows the account down nor takes room. A name is counted
	// by its digest, for it may be as long as a form.
	if !s.signIns.allow("ip/"+ip) || !s.signIns.allow("login/"+digest(login)) {
		return models.User{}, refuse(models.CodeRateLimited)
	}
	u, err := s.store.UserByLogin(ctx, login)
	if err != nil && models.ErrorCode(err) != models.CodeUnknown {
		return models.User{}, err
	}
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return models.User{}, ctx.Err()
	}
	hash := u.Hash
	if hash == "" {
		hash = decoy()
	}
	ok, _ := argon2id.ComparePasswordAndHash(password, hash)
	if !ok || !u.Active || u.Hash == "" {
		return models.User{}, refuse(models.CodeWrongPassword)
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return models.User{}, err
	}
	s.sessions.Put(ctx, userKey, u.Ref)
	s.sessions.Put(ctx, hashKey, digest(u.Hash))
	return u, nil
}

// signOut ends the session, on the server too.
func (s *Server) signOut(ctx context.Context) error { return s.sessions.Destroy(ctx) }

// Who is who is signed in.
type Who struct {
	Ref   string        `json:"ref"`
	Name  string        `json:"name"`
	Roles []models.Role `json:"roles"`
}

func (s *Server) registerAuth() {
	type credentials struct {
		Body struct {
			Login    string `json:"login" minLength:"1" maxLength:"120" doc:"Name of a local account"`
			Password string `json:"password" minLength:"1" maxLength:"200" doc:"Its password"`
		}
	}
	type who struct{ Body Who }
	add(s, operation{method: "POST", path: "/sign-in", id: "sign-in", tag: "sign-in", rule: Public,
		summary: "Open a session with a local account, kept in a cookie"},
		func(ctx context.Context, in *credentials) (*who, error) {
			u, err := s.signIn(ctx, callFrom(ctx).ip, in.Body.Login, in.Body.Password)
			if err != nil {
				return nil, err
			}
			return &who{Who{u.Ref, u.Name, u.Roles}}, nil
		})
	add(s, operation{method: "POST", path: "/sign-out", id: "sign-out", tag: "sign-in", rule: Public,
		summary: "End the session", status: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) { return nil, s.signOut(ctx) })
	add(s, operation{method: "GET", path: "/me", id: "me", tag: "sign-in", rule: Everyone, summary: "Who calls"},
		func(ctx context.Context, _ *struct{}) (*who, error) {
			c := callFrom(ctx)
			return &who{Who{c.Ref, c.Name, c.Roles}}, nil
		})
}
