package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	// GORM's dialect of SQLite that follows the current pure Go driver: it makes a process keep its file locks when it
	// closes another descriptor of the file, and commits with fdatasync.
	dialect "github.com/libtnb/sqlite"
	"gorm.io/gorm"
	"modernc.org/sqlite" // the driver itself: its error codes, and connections that the store may wrap
)

// openSQLite is the dialect on a pool of connections to the file at path.
func openSQLite(path string) (gorm.Dialector, error) {
	dsn, err := sqliteDSN(path)
	if err != nil {
		return nil, err
	}
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return dialect.New(dialect.Config{Conn: sql.OpenDB(connector{c})}), nil
}

func sqliteDSN(path string) (string, error) {
	if path == "" || strings.HasPrefix(path, ":") {
		return "", errors.New("database address: sqlite: needs the path of a file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("open database: %w", err)
	}
	// SQLite would make it readable by everybody; its companions take the mode of the main file.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("open database: %w", err)
	}
	// The timeout comes first: setting the journal mode may already have to wait.
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?_txlock=immediate&_pragma=busy_timeout(10000)" +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)", nil
}

// maxKept bounds the compiled statements of a connection: lists of any length make texts without end.
const maxKept = 256

// connector opens connections that keep their compiled statements, since compiling one costs more than running it.
// (GORM's own cache compiles again in every transaction.)
type connector struct{ driver.Connector }

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := inner.(sqliteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("open database: unexpected connection %T", inner), inner.Close())
	}
	return &keeper{sqliteConn: conn, kept: map[string]statement{}}, nil
}

// sqliteConn, statement and sqliteRows are what the driver's own offer to database/sql.
type (
	sqliteConn interface {
		driver.Conn
		driver.ConnBeginTx
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.QueryerContext
		driver.Pinger
		driver.SessionResetter
		driver.Validator
	}
	statement interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	sqliteRows interface {
		driver.Rows
		driver.RowsColumnTypeDatabaseTypeName
		driver.RowsColumnTypeLength
		driver.RowsColumnTypeNullable
		driver.RowsColumnTypePrecisionScale
		driver.RowsColumnTypeScanType
	}
)

// keeper is a connection with the compiled statements that nobody is using, by text.
type keeper struct {
	sqliteConn
	kept map[string]statement
}

// ExecContext runs a statement. Those without arguments are not kept: they are migrations.
func (k *keeper) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return k.sqliteConn.ExecContext(ctx, text, args)
	}
	s, err := k.take(ctx, text)
	if err != nil {
		return nil, err
	}
	res, err := s.ExecContext(ctx, args)
	return res, errors.Join(err, k.keep(text, s))
}

// QueryContext runs a query; its statement is free again once its rows are closed.
func (k *keeper) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return k.sqliteConn.QueryContext(ctx, text, args)
	}
	s, err := k.take(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, k.keep(text, s))
	}
	return &keptRows{sqliteRows: rows.(sqliteRows), done: func() error { return k.keep(text, s) }}, nil
}

// Close ends the connection and its statements.
func (k *keeper) Close() error {
	var errs []error
	for _, s := range k.kept {
		errs = append(errs, s.Close())
	}
	k.kept = nil
	return errors.Join(append(errs, k.sqliteConn.Close())...)
}

func (k *keeper) take(ctx context.Context, text string) (statement, error) {
	if s, ok := k.kept[text]; ok {
		delete(k.kept, text)
		return s, nil
	}
	s, err := k.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.(statement), nil
}

func (k *keeper) keep(text string, s statement) error {
	if _, twice := k.kept[text]; twice || k.kept == nil {
		return s.Close()
	}
	var err error
	if len(k.kept) == maxKept {
		for other, s := range k.kept { // any: a map begins anywhere
			delete(k.kept, other)
			err = s.Close()
			break
		}
	}
	k.kept[text] = s
	return err
}

type keptRows struct {
	sqliteRows
	done func() error
}

// Close ends the reading and gives the statement back.
func (r *keptRows) Close() error { return errors.Join(r.sqliteRows.Close(), r.done()) }
