// Package store keeps Jalon's rows in SQLite or PostgreSQL. Processes write through Apply, facts come in through
// Receive, the relay claims what is undelivered, the API writes master data; everybody reads. Nothing here talks to
// another system, and every write is idempotent, since activities and callers repeat themselves.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"modernc.org/sqlite"

	"jalon/models"
)

// Errors that callers look for.
var (
	// ErrNotFound says that no row has this key; its code is not_found.
	ErrNotFound = models.NewError(models.CodeUnknown, "no such row")
	// ErrStaleRun says that a step comes from a run that does not own its workflow's rows; its code is stale_run.
	ErrStaleRun = models.NewError(models.CodeStaleRun, "this workflow's rows belong to another run")
	// ErrAway says that the database does not answer; its code is temporarily_unavailable. What was being written is
	// written or not: a repeat is safe either way.
	ErrAway = models.NewError(models.CodeUnavailable, "the database does not answer")
	// ErrNewer says that the database was written by a newer version of Jalon.
	ErrNewer = errors.New("the database belongs to a newer version of jalon: install that version, or use another database")
	// ErrOlder says that migrations have to run first.
	ErrOlder = errors.New("the database has an older schema: run `jalon migrate`")
)

// maxTries bounds how often a transaction is tried again after the database asked for it.
const maxTries = 10

// Store is a database, or one transaction of it: inside Transact every method takes part in the transaction.
type Store struct {
	db   *gorm.DB
	core *core
	tx   *transaction // nil outside a transaction
}

// core is what a store and its transactions share.
type core struct {
	sqlite bool
	// writer admits one writing transaction at a time on SQLite: its own busy handler sleeps, and is not fair.
	writer chan struct{}
	full   atomic.Bool // a write was refused for lack of room, and none has succeeded in Ready since
	mu     sync.Mutex
	hooks  []func(Left)
}

type transaction struct{ left Left }

// Left says what a commit left to deliver.
type Left struct{ Facts, Messages bool }

// Open connects to `sqlite:PATH` (created if missing, readable by its owner only) or `postgres://…`. It does not
// migrate.
func Open(ctx context.Context, address string) (*Store, error) {
	var dialector gorm.Dialector
	c := &core{}
	conns := 20
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		var err error
		if dialector, err = openSQLite(strings.TrimPrefix(address, "sqlite:")); err != nil {
			return nil, err
		}
		c.sqlite, c.writer, conns = true, make(chan struct{}, 1), 8
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		dialector = postgres.Open(address)
	default:
		return nil, errors.New("database address: want sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}
	// Statements hold personal data: they are never logged.
	db, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard, SkipDefaultTransaction: true, TranslateError: true})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{db: db, core: c}
	pool, err := db.DB()
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := s.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close ends all connections.
func (s *Store) Close() error {
	pool, err := s.db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	pool, err := s.db.DB()
	if err == nil {
		err = pool.PingContext(ctx)
	}
	if err != nil {
		return fmt.Errorf("database does not answer: %w", err)
	}
	return nil
}

// OnCommit registers fn, called after each commit that left something to deliver. It must not block; relays of other
// processes poll.
func (s *Store) OnCommit(fn func(Left)) {
	s.core.mu.Lock()
	defer s.core.mu.Unlock()
	s.core.hooks = append(s.core.hooks, fn)
}

// Transact runs fn in one writing transaction, again if the database asks for it; fn must therefore do nothing but
// use tx. Inside a transaction it joins that one.
func (s *Store) Transact(ctx context.Context, fn func(tx *Store) error) error {
	if s.tx != nil {
		return fn(s)
	}
	return s.again(ctx, func() error {
		left, err := s.attempt(ctx, fn)
		if err == nil && left != (Left{}) {
			s.notify(left)
		}
		return err
	})
}

// once runs fn, which is one writing statement and leaves nothing to deliver, as Transact would: databases make a
// transaction of it by themselves.
func (s *Store) once(ctx context.Context, fn func(tx *Store) error) error {
	if s.tx != nil {
		return fn(s)
	}
	return s.again(ctx, func() error {
		release, err := s.turn(ctx)
		if err != nil {
			return err
		}
		defer release()
		return fn(s)
	})
}

// again runs fn as often as the database asks for it.
func (s *Store) again(ctx context.Context, fn func() error) error {
	for try := 1; ; try++ {
		err := fn()
		if full(err) {
			s.core.full.Store(true)
		}
		if err == nil || !transient(err) || try == maxTries {
			return failure(err)
		}
		pause := time.Duration(1+rand.IntN(5<<min(try, 6))) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// turn waits until this process may write.
func (s *Store) turn(ctx context.Context) (release func(), err error) {
	if s.core.writer == nil {
		return func() {}, nil
	}
	select {
	case s.core.writer <- struct{}{}:
		return func() { <-s.core.writer }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Store) attempt(ctx context.Context, fn func(tx *Store) error) (left Left, err error) {
	release, err := s.turn(ctx)
	if err != nil {
		return Left{}, err
	}
	defer release()
	state := &transaction{}
	err = s.db.WithContext(ctx).Transaction(func(db *gorm.DB) error {
		return fn(&Store{db: db, core: s.core, tx: state})
	})
	return state.left, err
}

func (s *Store) notify(left Left) {
	s.core.mu.Lock()
	hooks := s.core.hooks
	s.core.mu.Unlock()
	for _, fn := range hooks {
		fn(left)
	}
}

// transient tells whether the database asks for the same transaction again.
func transient(err error) bool {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		const busy, locked = 5, 6
		return e.Code()&0xff == busy || e.Code()&0xff == locked
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		const serialization, deadlock = "40001", "40P01"
		return e.Code == serialization || e.Code == deadlock
	}
	return false
}

// failure turns what GORM says into what callers look for.
func failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return models.NewError(models.CodeConflict, "another row has this value already")
	case away(err) && !errors.Is(err, ErrAway):
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

// away tells whether the connection broke or none can be made: the server is down, or going down.
func away(err error) bool {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		const connection, shutdown = "08", "57P" // classes of SQLSTATE
		return strings.HasPrefix(e.Code, connection) || strings.HasPrefix(e.Code, shutdown)
	}
	// Safe to retry is what the driver says of a connection that it cannot make or knows to be broken.
	network := (*net.OpError)(nil)
	return pgconn.SafeToRetry(err) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.ErrUnexpectedEOF)
}
