package store

import "testing"

// Session makes a store use one connection, on which it may then be made unable to write.
func Session(t *testing.T, s *Store) (exec func(sql string)) {
	t.Helper()
	pool, err := s.db.DB()
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(1)
	return func(sql string) {
		t.Helper()
		if err := s.db.Exec(sql).Error; err != nil {
			t.Fatal(err)
		}
	}
}

// IsSQLite tells the two databases apart.
func IsSQLite(s *Store) bool { return s.core.sqlite }
