// Package api is the way in over HTTP: the typed API for staff and machines, and the pages behind links. No business
// rule lives here: a request becomes a fact, a command of a running workflow, or a read of the database.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"go.temporal.io/sdk/client"

	"jalon/mail"
	"jalon/models"
	"jalon/store"
)

// forwardedFor is the header in which a proxy tells who it speaks for.
const forwardedFor = "X-Forwarded-For"

// DefaultBodyLimit is the largest request body accepted, in bytes.
const DefaultBodyLimit = 1 << 20

// Courier delivers a stored fact to its workflow; what it cannot deliver now, the relay delivers later.
type Courier interface {
	Deliver(ctx context.Context, row models.Inbox) error
}

// Signer makes and checks the tokens of links. Verify refuses an altered token with link_invalid.
type Signer interface {
	Sign(link models.Link) string
	Verify(token string) (models.Link, error)
}

// Policies finds the ways of working by name. Load refuses an unknown name with policy_unknown.
type Policies interface {
	Names() []string
	Load(name string) (models.Policy, error)
}

// Documents keeps files by the SHA-256 of their content. Get refuses an unknown one with not_found.
type Documents interface {
	Put(ctx context.Context, content []byte) (sha256 string, err error)
	Get(ctx context.Context, sha256 string) ([]byte, error)
}

// Copies finds the signed copies of contracts. Signed refuses with not_found what is not signed.
type Copies interface {
	Signed(ctx context.Context, contract string) (models.Document, error)
}

// MailEvents checks the signature of a webhook call (unauthenticated) and reads what it tells of messages.
type MailEvents interface {
	Read(header http.Header, body []byte) ([]mail.Event, error)
}

// Config is what a Server is made of.
type Config struct {
	Store     *store.Store
	Temporal  client.Client
	Courier   Courier
	Signer    Signer
	Clock     models.Clock
	Policies  Policies // nil: those that come with the program
	Documents Documents
	Copies    Copies
	Events    MailEvents // nil: the webhook answers 404
	PublicURL string     // absolute, without a final slash
	// TrustedProxies are the addresses or networks whose word about who calls is believed (X-Forwarded-For); none: nobody's.
	TrustedProxies []string
	Partners       []string // codes a request may come with (F002)
	Mailbox        bool     // show the local mailbox page
	// TemporalUIURL is shown on the home page, TeamEmail at the foot of the pages; empty: not shown.
	TemporalUIURL string
	TeamEmail     string
	Log           *slog.Logger
	BodyLimit     int64            // bytes; 0: DefaultBodyLimit
	Timeout       time.Duration    // of a command, real time; 0: 10 s
	RateLimit     float64          // calls per second and caller; 0: 200
	RateBurst     int              // 0: 1000
	Now           func() time.Time // real time; nil: the system clock
}

// Server answers HTTP calls. Make it with New.
type Server struct {
	cfg      Config
	store    *store.Store
	log      *slog.Logger
	engine   *gin.Engine
	api      huma.API
	sessions *scs.SessionManager
	limits   *limiter         // calls of a caller
	signIns  *limiter         // attempts on a login
	rules    map[string]Rule  // by method and route
	bodies   map[string]int64 // body limits other than the usual, by method and route
	calendar models.Calendar
	policies map[string]models.Label // what they are called, by name
	https    bool
}

// New makes a server and registers every route; Handler serves them.
func New(cfg Config) (*Server, error) {
	if cfg.Store == nil || cfg.Temporal == nil || cfg.Courier == nil || cfg.Signer == nil {
		return nil, errors.New("api: store, temporal, courier and signer are needed")
	}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || public.Host == "" {
		return nil, errors.New("api: the public URL must be absolute")
	}
	cfg.PublicURL = strings.TrimSuffix(cfg.PublicURL, "/")
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.BodyLimit == 0 {
		cfg.BodyLimit = DefaultBodyLimit
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.RateLimit == 0 {
		cfg.RateLimit = 200
	}
	if cfg.RateBurst == 0 {
		cfg.RateBurst = 1000
	}
	if cfg.Policies == nil {
		cfg.Policies = shipped{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	calendar, err := models.NewCalendar(models.CalendarSpec{})
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, store: cfg.Store, log: cfg.Log, rules: map[string]Rule{}, policies: labels(cfg.Policies),
		bodies: map[string]int64{http.MethodPost + " " + linkPath: uploadLimit + formLimit}, calendar: calendar,
		https:   public.Scheme == "https",
		limits:  newLimiter(cfg.RateLimit, cfg.RateBurst, cfg.Now),
		signIns: newLimiter(0.2, 10, cfg.Now)}
	s.sessions = newSessions(cfg.Store, s.https)

	gin.SetMode(gin.ReleaseMode)
	s.engine = gin.New()
	s.engine.HandleMethodNotAllowed = true
	s.engine.ContextWithFallback = true
	// Who calls is told by the connection, unless it is a proxy's: a header could be made up to escape the limits.
	s.engine.RemoteIPHeaders = []string{forwardedFor}
	if err := s.engine.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("api: trusted proxies: %w", err)
	}
	s.engine.Use(s.requestID, s.accessLog, s.recover, s.secure, s.legible, s.limitBody)
	s.engine.NoRoute(s.noAddress)
	s.engine.NoMethod(func(c *gin.Context) {
		s.problem(c, refuse(models.CodeMethod))
	})

	s.api = humagin.New(s.engine, humaConfig())
	s.api.UseMiddleware(s.guard)
	s.registerAPI()
	s.registerPages()
	s.registerConsole()
	return s, nil
}

// Handler serves the API and the pages.
func (s *Server) Handler() http.Handler { return s.sessions.LoadAndSave(s.engine) }

// now is the business time.
func (s *Server) now() time.Time { return s.cfg.Clock.Business(s.cfg.Now()) }

// today is the business date in the agency's zone.
func (s *Server) today() models.Date { return s.calendar.DateOf(s.now()) }

// page registers a route outside the typed API, with its rule. Pages answer errors with their own markup: only the
// rule, the caller and the origin are checked here.
func (s *Server) page(method, path string, rule Rule, handler gin.HandlerFunc) {
	s.rules[method+" "+path] = rule
	s.engine.Handle(method, path, func(c *gin.Context) {
		if err := s.admit(c, rule); err != nil {
			s.refusePage(c, err)
			return
		}
		handler(c)
	})
}
