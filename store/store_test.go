package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/libtnb/sqlite"
	"github.com/stretchr/testify/require"
	"gorm.io/driver/postgres"

	"jalon/models"
	"jalon/store"
	"jalon/store/pgserver"
	"jalon/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ctx  = context.Background()
)

const (
	dossier = "D-2026-000001"
	request = "request/" + dossier
)

func at(d time.Duration) func() time.Time { return func() time.Time { return noon.Add(d) } }

// together runs n copies of fn at once and returns the first error.
func together(n int, fn func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

func TestOpen(t *testing.T) {
	for _, address := range []string{"", "jalon.db", "sqlite:", "sqlite::memory:", "mysql://x"} {
		_, err := store.Open(ctx, address)
		require.Error(t, err, address)
	}
	path := filepath.Join(t.TempDir(), "a folder?", "50%#.db")
	s, err := store.Open(ctx, "sqlite:"+path)
	require.NoError(t, err)
	defer s.Close()
	require.ErrorIs(t, s.CheckSchema(ctx), store.ErrOlder)
	require.NoError(t, s.Migrate(ctx))
	require.NoError(t, s.CheckSchema(ctx))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "personal data is its owner's alone")
}

func TestDatabaseAway(t *testing.T) {
	server, err := pgserver.New()
	if server != nil {
		t.Cleanup(server.Remove)
	}
	require.NoError(t, err)
	require.NoError(t, server.Start())
	s, err := store.Open(ctx, server.URL("postgres"))
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(ctx))
	brief := models.Brief{Ref: dossier, Title: "kept"}
	require.NoError(t, s.SaveBrief(ctx, brief))

	err = s.Transact(ctx, func(tx *store.Store) error {
		require.NoError(t, server.Kill())
		return tx.SaveBrief(ctx, models.Brief{Ref: dossier, Title: "lost"})
	})
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(err), "in a transaction: %v", err)
	require.NoError(t, server.Start())
	err = s.Transact(ctx, func(tx *store.Store) error {
		_, err := tx.Brief(ctx, dossier)
		require.NoError(t, err)
		require.NoError(t, server.Kill())
		_, _ = tx.Brief(ctx, dossier)
		return nil
	})
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(err), "a commit on a connection known to be broken: %v", err)
	_, err = s.Brief(ctx, dossier)
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(err), "a read: %v", err)
	require.Equal(t, models.CodeUnavailable, models.ErrorCode(s.SaveBrief(ctx, brief)), "a new transaction")

	require.NoError(t, server.Start())
	stored, err := s.Brief(ctx, dossier)
	require.NoError(t, err, "it is found again by itself")
	require.Equal(t, "kept", stored.Title)
}

func TestMigrateRefusesNewer(t *testing.T) {
	refuses := func(t *testing.T, address string, dialector gorm.Dialector) {
		s, err := store.Open(ctx, address)
		require.NoError(t, err)
		defer s.Close()
		require.NoError(t, s.Migrate(ctx))
		require.NoError(t, s.Migrate(ctx), "again changes nothing")
		db, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard})
		require.NoError(t, err)
		require.NoError(t, db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)").Error)
		pool, err := db.DB()
		require.NoError(t, err)
		require.NoError(t, pool.Close())
		require.ErrorIs(t, s.Migrate(ctx), store.ErrNewer)
		require.ErrorIs(t, s.CheckSchema(ctx), store.ErrNewer)
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "jalon.db")
		refuses(t, "sqlite:"+path, sqlite.Open(path))
	})
	t.Run("postgres", func(t *testing.T) {
		address := storetest.PostgresURL(t)
		refuses(t, address, postgres.Open(address))
	})
}

func TestInstants(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		paris := time.FixedZone("", 3600)
		given := models.Request{Ref: dossier, OpenedAt: time.Date(2026, 11, 23, 13, 0, 0, 123456789, paris)}
		_, err := s.Apply(ctx, models.Step{Workflow: request, Run: "r", Seq: 1, At: noon, Rows: models.Rows{Request: &given}})
		require.NoError(t, err)
		got, err := s.Request(ctx, dossier)
		require.NoError(t, err)
		require.Equal(t, noon.Add(123456*time.Microsecond), got.OpenedAt)
		require.True(t, got.EndedAt.IsZero())
	})
}

func TestClock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		want := models.Clock{RealEpoch: noon, BusinessEpoch: noon.Add(time.Hour), Scale: 86400}
		got, err := s.InstallClock(ctx, want)
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, err = s.InstallClock(ctx, models.Clock{Scale: 1})
		require.NoError(t, err)
		require.Equal(t, want, got, "the clock belongs to the installation")
		_, err = s.InstallClock(ctx, models.Clock{Scale: -1})
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
	})
}

func TestSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, err := s.Setting(ctx, "x")
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.SetSetting(ctx, "x", "1"))
		require.NoError(t, s.SetSetting(ctx, "x", "2"))
		got, err := s.Setting(ctx, "x")
		require.NoError(t, err)
		require.Equal(t, "2", got)
	})
}

func TestManyTransactionsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var shared []models.Deadline
		for i := range 7 {
			shared = append(shared, models.Deadline{ID: fmt.Sprint(i), Status: models.Open, DueAt: noon})
		}
		apply(t, s, models.Step{Workflow: "all", Seq: 1, Deadlines: shared})
		var woken atomic.Int64
		s.OnCommit(func(store.Left) { woken.Add(1) })
		err := together(400, func(i int) error {
			_, err := s.Apply(ctx, models.Step{Workflow: fmt.Sprintf("request/D-2026-%06d", i), Run: "r", Seq: 1, At: noon,
				Rows:      models.Rows{Request: &models.Request{Ref: fmt.Sprintf("D-2026-%06d", i), Stage: models.StageAudit, OpenedAt: noon}},
				Deadlines: []models.Deadline{shared[i%7], shared[(i+3)%7]},
				Facts:     []models.Fact{{Kind: models.FactInvoicePaid, Workflow: request}}})
			return err
		})
		require.NoError(t, err)
		require.EqualValues(t, 400, woken.Load())
		seen, from := 0, store.Cursor{}
		for {
			p, err := s.Requests(ctx, store.RequestFilter{}, from, 150)
			require.NoError(t, err)
			seen += len(p.Items)
			if from = p.Next; from.ID == "" {
				break
			}
			parsed, err := store.ParseCursor(from.String())
			require.NoError(t, err)
			require.Equal(t, from, parsed)
		}
		require.Equal(t, 400, seen, "pages hold every row once, though all opened at one instant")
	})
}

func TestCommitSaysWhatItLeaves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var left []store.Left
		s.OnCommit(func(l store.Left) { left = append(left, l) })
		require.NoError(t, s.SaveTrainer(ctx, models.Trainer{Ref: "T-1", Email: "trainer@example.org", Active: true}))
		message := models.Message{Key: "m", Template: "invitation", To: models.RoleTrainer, ToRef: "T-1"}
		told := models.Fact{Kind: models.FactInvoicePaid, Workflow: request}
		apply(t, s, models.Step{Workflow: "a", Seq: 1, Messages: []models.Message{message}})
		apply(t, s, models.Step{Workflow: "a", Seq: 2, Facts: []models.Fact{told}})
		message.Key = "n"
		apply(t, s, models.Step{Workflow: "a", Seq: 3, Messages: []models.Message{message}, Facts: []models.Fact{told}})
		apply(t, s, models.Step{Workflow: "a", Seq: 4, Journal: []models.JournalLine{{Kind: "alert"}}})
		require.Equal(t, []store.Left{{Messages: true}, {Facts: true}, {Facts: true, Messages: true}}, left)
	})
}

func TestTransactUndoes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		oops := errors.New("oops")
		err := s.Transact(ctx, func(tx *store.Store) error {
			require.NoError(t, tx.SaveClient(ctx, models.Client{Ref: "C-1"}))
			ref, err := tx.Allocate(ctx, models.Allocation{Series: store.SeriesClient, Key: "k"})
			require.NoError(t, err)
			require.Equal(t, "C-000001", ref)
			return oops
		})
		require.ErrorIs(t, err, oops)
		_, err = s.Client(ctx, "C-1")
		require.ErrorIs(t, err, store.ErrNotFound)
		ref, err := s.Allocate(ctx, models.Allocation{Series: store.SeriesClient, Key: "other"})
		require.NoError(t, err)
		require.Equal(t, "C-000001", ref, "a number of an undone transaction is not lost")
	})
}

func TestCursorNonsense(t *testing.T) {
	for _, s := range []string{"x", "????", "bm9uc2Vuc2U", strings.Repeat("A", 40)} {
		_, err := store.ParseCursor(s)
		require.Equal(t, models.CodeInvalid, models.ErrorCode(err), s)
	}
	c, err := store.ParseCursor("")
	require.NoError(t, err)
	require.Zero(t, c)
}

func TestAllocate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for series, want := range map[string]string{store.SeriesRequest: "D-2026-000001", store.SeriesClient: "C-000001",
			store.SeriesContact: "X-000001", store.SeriesTrainer: "T-000001", store.SeriesParticipant: "P-000001",
			store.SeriesUser: "U-000001", store.SeriesToken: "K-000001", store.SeriesNote: "N-000001",
			store.SeriesProgrammeText: "W-000001", store.SeriesInvoice: "I-2026-000001",
			store.SelfBilledSeries + "T-000042": "A-T-000042-2026-0001"} {
			got, err := s.Allocate(ctx, models.Allocation{Series: series, Key: "k", Year: 2026})
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		for _, a := range []models.Allocation{{Series: "nothing", Key: "k", Year: 2026}, {Series: store.SelfBilledSeries, Key: "k", Year: 2026},
			{Series: store.SeriesInvoice, Year: 2026}, {Series: store.SeriesInvoice, Key: "k"}} {
			_, err := s.Allocate(ctx, a)
			require.Equal(t, models.CodeInvalid, models.ErrorCode(err))
		}
		// 40 keys asked for by three callers each, at once.
		given := make([]string, 120)
		require.NoError(t, together(len(given), func(i int) (err error) {
			given[i], err = s.Allocate(ctx, models.Allocation{Series: store.SeriesClientInvoice, Key: fmt.Sprint(i % 40), Year: 2026})
			return err
		}))
		distinct := map[string]int{}
		for i, n := range given {
			require.Equal(t, given[i%40], n, "one key, one number")
			distinct[n]++
		}
		for i := range 40 {
			require.Equal(t, 3, distinct[fmt.Sprintf("F-2026-%04d", i+1)], "the series is unbroken")
		}
		next, err := s.Allocate(ctx, models.Allocation{Series: store.SeriesClientInvoice, Key: "0", Year: 2027})
		require.NoError(t, err)
		require.Equal(t, given[0], next, "a key keeps its number over new year")
		next, err = s.Allocate(ctx, models.Allocation{Series: store.SeriesClientInvoice, Key: "new", Year: 2027})
		require.NoError(t, err)
		require.Equal(t, "F-2027-0001", next)
	})
}

func TestIdempotency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var fresh atomic.Int64
		require.NoError(t, together(20, func(int) error {
			_, first, err := s.BeginIdempotent(ctx, "id", "hash", noon)
			if first {
				fresh.Add(1)
			}
			return err
		}))
		require.EqualValues(t, 1, fresh.Load())
		_, _, err := s.BeginIdempotent(ctx, "id", "other", noon)
		require.Equal(t, models.CodeKeyReused, models.ErrorCode(err))
		require.NoError(t, s.FinishIdempotent(ctx, "id", 201, []byte("{}")))
		require.NoError(t, s.FinishIdempotent(ctx, "id", 500, nil))
		require.NoError(t, s.AbandonIdempotent(ctx, "id"), "an answer is not forgotten")
		row, first, err := s.BeginIdempotent(ctx, "id", "hash", noon)
		require.NoError(t, err)
		require.False(t, first)
		require.Equal(t, 201, row.Status)
		require.Equal(t, "{}", string(row.Body))
		_, _, err = s.BeginIdempotent(ctx, "id2", "hash", noon)
		require.NoError(t, err)
		require.NoError(t, s.AbandonIdempotent(ctx, "id2"))
		_, first, err = s.BeginIdempotent(ctx, "id2", "other", noon)
		require.NoError(t, err)
		require.True(t, first)
	})
}

func TestPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, tr := range []models.Trainer{
			{Ref: "T-1", Active: true, Skills: []models.Skill{{Topic: "tableur", Level: 3}, {Topic: "base", Level: 2}}},
			{Ref: "T-2", Active: false, Skills: []models.Skill{{Topic: "tableur", Level: 5}}},
			{Ref: "T-3", Active: true, Skills: []models.Skill{{Topic: "texte", Level: 5}}},
			{Ref: "T-1", Name: "A", Active: true, Skills: []models.Skill{{Topic: "tableur", Level: 4}, {Topic: "son", Level: 1}}},
		} {
			require.NoError(t, s.SaveTrainer(ctx, tr))
		}
		found, err := s.TrainersByTopics(ctx, []string{"tableur", "son", "base"})
		require.NoError(t, err)
		require.Len(t, found, 1, "F049 only active holders, each once")
		require.Equal(t, "A", found[0].Name)
		require.Equal(t, []models.Skill{{TrainerRef: "T-1", Topic: "son", Level: 1}, {TrainerRef: "T-1", Topic: "tableur", Level: 4}}, found[0].Skills)
		p, err := s.Trainers(ctx, store.Cursor{}, 2)
		require.NoError(t, err)
		require.Len(t, p.Items, 2)
		p, err = s.Trainers(ctx, p.Next, 2)
		require.NoError(t, err)
		require.Len(t, p.Items, 1)
		require.Equal(t, "T-3", p.Items[0].Ref)

		require.NoError(t, s.SaveUser(ctx, models.User{Ref: "U-1", Login: "a", Roles: []models.Role{models.RoleAdmin}}))
		err = s.SaveUser(ctx, models.User{Ref: "U-2", Login: "a"})
		require.Equal(t, models.CodeConflict, models.ErrorCode(err))
		u, err := s.UserByLogin(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, []models.Role{models.RoleAdmin}, u.Roles)

		require.NoError(t, s.SaveParticipants(ctx, []models.Participant{{Ref: "P-1", Dossier: dossier, Email: "participante@example.com"}, {Ref: "P-2", Dossier: dossier}}))
		require.ErrorIs(t, s.RemoveParticipant(ctx, models.JournalLine{Dossier: "D-2026-000002", At: noon}, "P-1"), store.ErrNotFound)
		apply(t, s, models.Step{Workflow: "w", Seq: 1, Dossier: dossier, At: noon, Messages: []models.Message{
			{Key: "attend/P-1", Template: "attend", To: models.RoleParticipant, ToRef: "P-1", NotBefore: noon.Add(time.Hour)}}})
		line := models.JournalLine{Dossier: dossier, At: noon, Actor: "U-1", Channel: models.ChannelConsole}
		require.NoError(t, s.RemoveParticipant(ctx, line, "P-1"))
		m, err := s.Message(ctx, "attend/P-1")
		require.NoError(t, err)
		require.Equal(t, models.MessageWithdrawn, m.Status, "no link to a page that is closed to them")
		line.At = noon.Add(time.Hour)
		require.NoError(t, s.RemoveParticipant(ctx, line, "P-1"))
		gone, err := s.Participant(ctx, "P-1")
		require.NoError(t, err)
		require.Equal(t, noon, gone.RemovedAt)
		require.ErrorIs(t, s.CorrectParticipant(ctx, line, models.Participant{Ref: "P-1", Name: "Alix"}), store.ErrNotFound, "gone meanwhile")
		for range 2 {
			require.NoError(t, s.CorrectParticipant(ctx, line, models.Participant{Ref: "P-2", Name: "Bo", Email: "bo@example.org", Lang: models.English}))
		}
		told, err := s.JournalBack(ctx, dossier, store.Cursor{}, 20)
		require.NoError(t, err)
		require.Equal(t, []models.JournalLine{
			{ID: "participant_corrected/P-2/2026-11-23T13:00:00.000000Z", Dossier: dossier, At: line.At, Kind: "participant_corrected", Subject: "P-2", Actor: "U-1", Channel: models.ChannelConsole},
			{ID: "participant_removed/P-1", Dossier: dossier, At: noon, Kind: "participant_removed", Subject: "P-1", Actor: "U-1", Channel: models.ChannelConsole},
		}, told.Items, "each once, without a name")
		left, err := s.Participants(ctx, dossier, true)
		require.NoError(t, err)
		require.Len(t, left, 1)
	})
}

// A registration that is repeated undoes nothing of what happened to its people since (F112).
func TestF112RegisteredOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var people []models.Participant
		for i := range 2 {
			ref, err := s.Allocate(ctx, models.Allocation{Series: store.SeriesParticipant, Key: store.ParticipantKey("key", i)})
			require.NoError(t, err)
			people = append(people, models.Participant{Ref: ref, Dossier: dossier, Email: ref + "@example.org", Lang: models.French, CreatedAt: noon})
		}
		_, err := s.Registered(ctx, "key")
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.Register(ctx, "key", models.JournalLine{Dossier: dossier, At: noon}, people))
		registered, err := s.Registered(ctx, "key")
		require.NoError(t, err)
		require.Equal(t, people, registered)

		corrected := people[0]
		corrected.Name = "Alix"
		require.NoError(t, s.SaveParticipants(ctx, []models.Participant{corrected}))
		require.NoError(t, s.RemoveParticipant(ctx, models.JournalLine{Dossier: dossier, At: noon}, people[1].Ref))
		require.NoError(t, s.Register(ctx, "key", models.JournalLine{Dossier: dossier, At: noon}, people))
		left, err := s.Participants(ctx, dossier, true)
		require.NoError(t, err)
		require.Equal(t, []models.Participant{corrected}, left)
	})
}

func TestSignIns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		k := s.SignIns()
		require.NoError(t, k.Commit("a", []byte("x"), time.Now().Add(time.Hour)))
		require.NoError(t, k.Commit("old", []byte("y"), time.Now().Add(-time.Hour)))
		data, ok, err := k.Find("a")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "x", string(data))
		_, ok, err = k.Find("old")
		require.NoError(t, err)
		require.False(t, ok)
		require.NoError(t, k.Delete("a"))
		_, ok, err = k.Find("a")
		require.NoError(t, err)
		require.False(t, ok)
	})
}

func TestAttendance(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ref := models.SessionRef(dossier, 1)
		session := models.Session{Ref: ref, Dossier: dossier, Number: 1, Status: models.SessionConvoked,
			HalfDays: []models.HalfDay{{Start: noon, End: noon.Add(3 * time.Hour)}, {Start: noon.Add(4 * time.Hour), End: noon.Add(7 * time.Hour)}}}
		seq := int64(0)
		write := func() {
			seq++
			_, err := s.Apply(ctx, models.Step{Workflow: models.SessionID(dossier, 1), Run: "r", Seq: seq, At: noon, Rows: models.Rows{Sessions: []models.Session{session}}})
			require.NoError(t, err)
		}
		write()
		people := make([]models.Participant, 30)
		for i := range people {
			people[i] = models.Participant{Ref: fmt.Sprintf("P-%02d", i), Dossier: dossier}
		}
		require.NoError(t, s.SaveParticipants(ctx, people))
		require.NoError(t, s.SaveParticipants(ctx, []models.Participant{{Ref: "P-other", Dossier: "D-2026-000002"}}))
		sign := func(who string, half int, at time.Duration) error {
			_, _, err := s.SaveAttendance(ctx, models.Attendance{Session: ref, Participant: who, HalfDay: half, State: models.AttendanceSigned,
				SignedAt: noon.Add(at), Channel: models.ChannelLink})
			return err
		}
		require.NoError(t, together(60, func(i int) error { return sign(people[i%30].Ref, 0, time.Duration(i+1)) }))
		err := s.RemoveParticipant(ctx, models.JournalLine{Dossier: dossier, At: noon}, "P-00")
		require.Equal(t, models.CodeHasSigned, models.ErrorCode(err))
		stays, err := s.Participant(ctx, "P-00")
		require.NoError(t, err)
		require.Zero(t, stays.RemovedAt)
		rows, err := s.Attendances(ctx, ref)
		require.NoError(t, err)
		require.Len(t, rows, 30)

		for name, c := range map[string]struct {
			err  error
			code models.Code
		}{
			"F124 before the half-day":      {sign("P-00", 1, time.Hour), models.CodeSessionState},
			"another dossier's participant": {sign("P-other", 0, time.Hour), models.CodeUnknown},
			"no such half-day":              {sign("P-00", 2, 9*time.Hour), models.CodeInvalid},
			"no such participant":           {sign("P-nobody", 0, time.Hour), models.CodeUnknown},
		} {
			require.Equal(t, c.code, models.ErrorCode(c.err), name)
		}
		_, _, err = s.SaveAttendance(ctx, models.Attendance{Session: "nothing", Participant: "P-00", State: models.AttendanceSigned, SignedAt: noon})
		require.Equal(t, models.CodeSessionUnknown, models.ErrorCode(err))

		n, err := s.MarkAbsent(ctx, ref, []models.AbsenceEntry{{Participant: "P-00", HalfDays: []int{0, 1}}}, noon.Add(5*time.Hour), models.ChannelLink, "")
		require.NoError(t, err)
		require.Equal(t, 1, n, "F128 the first record of a half-day stays")

		session.SheetSigned = noon.Add(8 * time.Hour)
		write()
		require.Equal(t, models.CodeSessionState, models.ErrorCode(sign("P-01", 1, 5*time.Hour)), "the sheet is signed")
		stored, first, err := s.SaveAttendance(ctx, models.Attendance{Session: ref, Participant: "P-00", HalfDay: 1, State: models.AttendanceSigned, SignedAt: noon.Add(9 * time.Hour)})
		require.NoError(t, err)
		require.False(t, first)
		require.Equal(t, models.AttendanceAbsent, stored.State, "a repeat shows what was recorded")

		session.SheetSigned, session.Status = time.Time{}, models.SessionToJudge
		write()
		require.Equal(t, models.CodeSessionState, models.ErrorCode(sign("P-01", 1, 5*time.Hour)), "staff judge")
		n, err = s.MarkAbsent(ctx, ref, []models.AbsenceEntry{{Participant: "P-01", HalfDays: []int{1}}}, noon.Add(9*time.Hour), models.ChannelLink, "")
		require.NoError(t, err)
		require.Equal(t, 1, n, "a trainer who signs late says who was away")
		_, first, err = s.SaveAttendance(ctx, models.Attendance{Session: ref, Participant: "P-02", HalfDay: 1, State: models.AttendanceSigned,
			SignedAt: noon.Add(9 * time.Hour), Channel: models.ChannelPaper, Recorder: "U-000001"})
		require.NoError(t, err)
		require.True(t, first, "staff key the paper sheet that they have to judge")
	})
}

func TestEvaluations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		e := models.Evaluation{Dossier: dossier, Participant: "P-1", Kind: models.EvaluationHot, Score: 4, At: noon}
		_, first, err := s.SaveEvaluation(ctx, e)
		require.NoError(t, err)
		require.True(t, first)
		e.Score = 1
		got, first, err := s.SaveEvaluation(ctx, e)
		require.NoError(t, err)
		require.False(t, first)
		require.Equal(t, 4, got.Score)
		rows, err := s.Evaluations(ctx, dossier, models.EvaluationCold)
		require.NoError(t, err)
		require.Empty(t, rows)
	})
}

func TestF004TwoWhoChangeABriefAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.SaveBrief(ctx, models.Brief{Ref: dossier, Title: "before", CreatedAt: noon}))
		before, err := s.Brief(ctx, dossier)
		require.NoError(t, err)
		mine, theirs := before, before
		mine.Title, theirs.Title = "mine", "theirs"
		require.NoError(t, s.ReplaceBrief(ctx, before, mine))
		require.NoError(t, s.ReplaceBrief(ctx, before, mine), "a repeat is no conflict")
		require.Equal(t, models.CodeConflict, models.ErrorCode(s.ReplaceBrief(ctx, before, theirs)))
		require.Equal(t, models.CodeConflict, models.ErrorCode(s.ReplaceBrief(ctx, theirs, before)), "who was refused puts nothing back")
		got, err := s.Brief(ctx, dossier)
		require.NoError(t, err)
		require.Equal(t, "mine", got.Title)
		require.ErrorIs(t, s.ReplaceBrief(ctx, models.Brief{}, models.Brief{Ref: "x"}), store.ErrNotFound)
	})
}

func TestReadsOfNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, err := s.Brief(ctx, "x")
		require.ErrorIs(t, err, store.ErrNotFound)
		require.Equal(t, models.CodeUnknown, models.ErrorCode(err))
		for _, read := range []func() error{
			func() error { _, err := s.DocumentOf(ctx, models.DocumentRecap, "x"); return err },
			func() error { _, err := s.PayLinesOfRecap(ctx, "x"); return err },
			func() error { _, err := s.Trainer(ctx, "x"); return err },
			func() error { _, err := s.PayMonth(ctx, "agency", "x", "2026-11"); return err },
			func() error { return s.MessageSent(ctx, "x", noon) },
			func() error { return s.MessageEvent(ctx, "x", store.EventBounced, noon) },
		} {
			require.ErrorIs(t, read(), store.ErrNotFound)
		}
		d, err := s.OpenDeadlines(ctx, store.DeadlineFilter{Dossier: "x", Workflow: "x", Awaits: "x", Before: noon}, store.Cursor{}, 0)
		require.NoError(t, err)
		require.Empty(t, d.Items)
		i, err := s.Invoices(ctx, store.InvoiceFilter{Kind: "x", Status: "x", Dossier: "x", Trainer: "x", Client: "x", Recap: "x"}, store.Cursor{ID: "x"}, 0)
		require.NoError(t, err)
		require.Empty(t, i.Items)
		r, err := s.Requests(ctx, store.RequestFilter{Stage: "x", Owner: "x", Alert: "x", Alerted: true, Open: true}, store.Cursor{At: noon, ID: "x"}, 0)
		require.NoError(t, err)
		require.Empty(t, r.Items)
		for _, list := range []func() (int, error){
			func() (int, error) { v, err := s.Courses(ctx); return len(v), err },
			func() (int, error) { v, err := s.Users(ctx); return len(v), err },
			func() (int, error) { v, err := s.Tokens(ctx); return len(v), err },
			func() (int, error) { v, err := s.Contacts(ctx, "x"); return len(v), err },
			func() (int, error) { v, err := s.Invitations(ctx, dossier, 0); return len(v), err },
			func() (int, error) { v, err := s.Invitations(ctx, dossier, 1); return len(v), err },
			func() (int, error) { v, err := s.InvitationsOfTrainer(ctx, "x"); return len(v), err },
			func() (int, error) { v, err := s.Audits(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.Programmes(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.Contracts(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.Documents(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.Sessions(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.SessionsOfTrainer(ctx, "x", noon); return len(v), err },
			func() (int, error) { v, err := s.Absences(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.Evaluations(ctx, dossier, ""); return len(v), err },
			func() (int, error) { v, err := s.Deadlines(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.Facts(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.PayLines(ctx, models.LinesQuery{}); return len(v), err },
			func() (int, error) { v, err := s.PayLinesOfDossier(ctx, dossier); return len(v), err },
			func() (int, error) { v, err := s.PayLinesByRefs(ctx, nil); return len(v), err },
			func() (int, error) { v, err := s.Recaps(ctx, "x"); return len(v), err },
			func() (int, error) { v, err := s.RecapsOfTrainer(ctx, "x"); return len(v), err },
			func() (int, error) { v, err := s.TrainersByRefs(ctx, nil); return len(v), err },
			func() (int, error) { v, err := s.TrainersByTopics(ctx, nil); return len(v), err },
			func() (int, error) { v, err := s.StaleSending(ctx, noon); return len(v), err },
		} {
			n, err := list()
			require.NoError(t, err)
			require.Zero(t, n)
		}
	})
}
