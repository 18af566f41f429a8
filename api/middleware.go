package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"jalon/models"
	"jalon/store"
)

// requestTimeout bounds one request, whatever it asks for.
const requestTimeout = 30 * time.Second

type contextKey int

const (
	requestIDKey contextKey = iota
	callKey
)

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts first
	return hex.EncodeToString(b[:])
}

// requestID names each request, for the log and for who reports a problem, and bounds its time.
func (s *Server) requestID(c *gin.Context) {
	id := randomID()
	ctx, cancel := context.WithTimeout(context.WithValue(c.Request.Context(), requestIDKey, id), requestTimeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Header("X-Request-Id", id)
	c.Next()
}

func requestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// accessLog tells the route, never the path: links and references of people are in paths.
func (s *Server) accessLog(c *gin.Context) {
	start := s.cfg.Now()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "unknown"
	}
	level := slog.LevelInfo
	if c.Writer.Status() >= 500 {
		level = slog.LevelError
	}
	s.log.Log(c.Request.Context(), level, "http", "method", c.Request.Method, "route", route,
		"status", c.Writer.Status(), "bytes", c.Writer.Size(), "duration_ms", s.cfg.Now().Sub(start).Milliseconds(),
		"caller", c.GetString("caller"), "request", requestIDFrom(c.Request.Context()))
}

// recover answers a panic as an internal error; its cause goes to the log alone.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(r)
			}
			s.log.ErrorContext(c.Request.Context(), "panic", "request", requestIDFrom(c.Request.Context()),
				"cause", r, "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				writeProblem(c, newProblem(langOf(c.Request), models.CodeInternal))
			}
		}
	}()
	c.Next()
}

// secure sets the headers that every answer has; a page may say more.
func (s *Server) secure(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Add("Vary", "Accept-Language")
	if s.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.Next()
}

// drained is how much of a body too large is read before the refusal, in bytes.
const drained = 8 << 20

// limitBody refuses what says to be too large at once, and cuts what turns out to be.
func (s *Server) limitBody(c *gin.Context) {
	if c.FullPath() == linkPath {
		c.Next() // its pages set their own limit, and say so in their own markup
		return
	}
	limit, ok := s.bodies[c.Request.Method+" "+c.FullPath()]
	if !ok {
		limit = s.cfg.BodyLimit
	}
	if c.Request.ContentLength > limit {
		// Read a little further: who is still sending when the connection ends never sees the answer.
		_, _ = io.CopyN(io.Discard, c.Request.Body, drained)
		s.refusePage(c, refuse(models.CodeTooLarge))
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
	c.Next()
}

// legible refuses an address that holds text no database keeps alike: PostgreSQL takes neither a null character nor
// bytes that are not UTF-8, SQLite both.
func (s *Server) legible(c *gin.Context) {
	ok := isText(c.Request.URL.Path)
	for name, values := range c.Request.URL.Query() {
		ok = ok && isText(name) && !slices.ContainsFunc(values, func(v string) bool { return !isText(v) })
	}
	if !ok {
		s.refusePage(c, models.NewError(models.CodeMalformed, "address"))
		return
	}
	c.Next()
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// cursorOf reads a cursor of an address. Errors: invalid_input.
func cursorOf(s string) (store.Cursor, error) {
	from, err := store.ParseCursor(s)
	if err == nil && !isText(from.ID) {
		err = models.NewError(models.CodeInvalid, "cursor: use the one a page gave")
	}
	return from, err
}

// limiter is a token bucket per key, forgotten once full again.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	every   rate.Limit
	burst   int
	now     func() time.Time
}

// maxBuckets bounds the memory of a limiter: past it, full buckets are forgotten.
const maxBuckets = 10_000

func newLimiter(perSecond float64, burst int, now func() time.Time) *limiter {
	return &limiter{buckets: map[string]*rate.Limiter{}, every: rate.Limit(perSecond), burst: burst, now: now}
}

// allow takes one token of the key's bucket, if there is one.
func (l *limiter) allow(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			for k, old := range l.buckets {
				if old.TokensAt(now) >= float64(l.burst) {
					delete(l.buckets, k)
				}
			}
		}
		b = rate.NewLimiter(l.every, l.burst)
		l.buckets[key] = b
	}
	return b.AllowN(now, 1)
}
