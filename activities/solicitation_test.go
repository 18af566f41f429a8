package activities

import (
	"path/filepath"
	"reflect"
	"testing"

	"jalon/models"
	"jalon/store"
)

// newStore is an empty, migrated database of the test's own.
func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "jalon.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func trainer(ref, department string, halfDayRate models.Cents, skills ...models.Skill) models.Trainer {
	return models.Trainer{Ref: ref, Department: department, RateCents: halfDayRate, RateUnit: models.UnitHalfDay, Active: true, Skills: skills}
}

func skill(topic string, level int) models.Skill { return models.Skill{Topic: topic, Level: level} }

// spreadsheet is 6 half-days in Paris with 6 000 € of which 40 % for the trainer: 400 € per half-day.
func spreadsheet() models.MatchInput {
	return models.MatchInput{Dossier: "D-2026-000001", TargetRateShare: 40, Scope: models.Scope{Topic: "tableur",
		Mode: models.ModeClient, Department: "75", BudgetCents: 600_000,
		Order: models.Order{HalfDays: 6, Unit: models.UnitDay, Quantity: 300}}}
}

var catalogue = models.Course{Topic: "tableur", Similar: "tableur-libre, calcul", Adjacent: "bureautique"}

func refs(cs []models.Candidate) []string {
	out := []string{}
	for _, c := range cs {
		out = append(out, c.TrainerRef)
	}
	return out
}

func TestMatching(t *testing.T) {
	top := skill("tableur", 5)
	everyone := []models.Trainer{
		trainer("T-1", "75", 40_000, top),
		trainer("T-2", "75", 40_000, skill("tableur-libre", 5)),
		trainer("T-3", "75", 40_000, skill("bureautique", 5)),
		trainer("T-4", "75", 40_000, skill("couture", 5)),
	}
	for _, c := range []struct {
		name     string
		change   func(in *models.MatchInput)
		trainers []models.Trainer
		want     []string
	}{
		{"F049 holders of the skill or of a similar one", nil, everyone, []string{"T-1", "T-2"}},
		{"F050 adjacent skills only when asked for", func(in *models.MatchInput) { in.Adjacent = true }, everyone, []string{"T-1", "T-2", "T-3"}},
		{"F050 adjacent after weaker holders", func(in *models.MatchInput) { in.Adjacent = true },
			[]models.Trainer{trainer("T-1", "75", 40_000, skill("bureautique", 5)), trainer("T-2", "13", 90_000, skill("tableur", 1))},
			[]string{"T-2", "T-1"}},
		{"F051 skill", nil, []models.Trainer{trainer("T-1", "75", 40_000, skill("tableur", 3)), trainer("T-2", "75", 40_000, top)}, []string{"T-2", "T-1"}},
		{"F051 rate", nil, []models.Trainer{trainer("T-1", "75", 60_000, top), trainer("T-2", "75", 45_000, top)}, []string{"T-2", "T-1"}},
		{"F051 below the target all rates are alike", nil, []models.Trainer{trainer("T-2", "75", 10_000, top), trainer("T-1", "75", 40_000, top)}, []string{"T-1", "T-2"}},
		{"F051 an unknown budget is neutral", func(in *models.MatchInput) { in.Scope.BudgetCents = 0 },
			[]models.Trainer{trainer("T-2", "75", 10_000, top), trainer("T-1", "75", 90_000, top)}, []string{"T-1", "T-2"}},
		{"F051 distance: department, region, elsewhere", nil,
			[]models.Trainer{trainer("T-1", "13", 40_000, top), trainer("T-2", "92", 40_000, top), trainer("T-3", "75", 40_000, top)}, []string{"T-3", "T-2", "T-1"}},
		{"F051 a remote course is near everybody", func(in *models.MatchInput) { in.Scope.Mode = models.ModeRemote },
			[]models.Trainer{trainer("T-1", "13", 40_000, top), trainer("T-3", "75", 40_000, top)}, []string{"T-1", "T-3"}},
		{"ties by reference", nil, []models.Trainer{trainer("T-9", "75", 0, top), trainer("T-3", "75", 0, top)}, []string{"T-3", "T-9"}},
		{"inactive never", func(in *models.MatchInput) { in.Only = []string{"T-1"} }, []models.Trainer{{Ref: "T-1", Skills: []models.Skill{top}}}, []string{}},
		{"excluded never", func(in *models.MatchInput) { in.Exclude = []string{"T-1"} }, everyone, []string{"T-2"}},
		{"named ones only, whatever their skills", func(in *models.MatchInput) { in.Only = []string{"T-4", "T-1", "T-404"} }, everyone, []string{"T-1", "T-4"}},
		{"never more than the limit", func(in *models.MatchInput) { in.Limit = 1 }, everyone, []string{"T-1"}},
		{"nobody", nil, nil, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := spreadsheet()
			if c.change != nil {
				c.change(&in)
			}
			if got := refs(rank(in, catalogue, c.trainers)); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestF050AdjacentAndNamedStrangersNeedUpskilling(t *testing.T) {
	in := spreadsheet()
	in.Only = []string{"T-1", "T-2", "T-3"}
	got := rank(in, catalogue, []models.Trainer{trainer("T-1", "75", 0, skill("couture", 5)),
		trainer("T-2", "75", 0, skill("bureautique", 5)), trainer("T-3", "75", 0, skill("calcul", 1))})
	want := map[string]bool{"T-1": true, "T-2": true, "T-3": false}
	for _, c := range got {
		if c.Upskilling != want[c.TrainerRef] {
			t.Errorf("%s: upskilling %v", c.TrainerRef, c.Upskilling)
		}
	}
}

func TestF051ScoresAreInThousandths(t *testing.T) {
	in := spreadsheet()
	best := rank(in, catalogue, []models.Trainer{trainer("T-1", "75", 40_000, skill("tableur", 5))})
	worst := rank(in, catalogue, []models.Trainer{trainer("T-1", "13", 80_000, skill("tableur", 0))})
	if best[0].Score != 1000 || worst[0].Score != 0 {
		t.Errorf("best %d, worst %d", best[0].Score, worst[0].Score)
	}
}

func TestF056RatesCompareWhateverTheirUnit(t *testing.T) {
	order := models.Order{HalfDays: 6, Unit: models.UnitHour, Quantity: 2100}
	for unit, cents := range map[models.Unit]models.Cents{models.UnitHalfDay: 35_000, models.UnitDay: 70_000,
		models.UnitHour: 10_000, models.UnitFlat: 210_000} {
		if got := perHalfDay(models.Trainer{RateCents: cents, RateUnit: unit}, order); got != 35_000 {
			t.Errorf("%s: %d per half-day", unit, got)
		}
	}
}

func TestMatchReadsTheDatabase(t *testing.T) {
	s := newStore(t)
	a := &Activities{Store: s}
	if err := s.SaveCourse(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	for _, tr := range []models.Trainer{trainer("T-1", "75", 0, skill("tableur", 4)), trainer("T-2", "75", 0, skill("calcul", 5)),
		trainer("T-3", "75", 0, skill("bureautique", 5)), trainer("T-4", "75", 0, skill("couture", 5))} {
		if err := s.SaveTrainer(t.Context(), tr); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(in *models.MatchInput)
		want   []string
	}{
		{"F049", func(*models.MatchInput) {}, []string{"T-1", "T-2"}},
		{"F050", func(in *models.MatchInput) { in.Adjacent = true }, []string{"T-1", "T-2", "T-3"}},
		{"named", func(in *models.MatchInput) { in.Only = []string{"T-4"} }, []string{"T-4"}},
		{"outside the catalogue", func(in *models.MatchInput) { in.Scope.Topic = "couture" }, []string{"T-4"}},
		{"nobody", func(in *models.MatchInput) { in.Scope.Topic = "unknown" }, []string{}},
	} {
		in := spreadsheet()
		c.change(&in)
		got, err := a.Match(t.Context(), in)
		if err != nil || !reflect.DeepEqual(refs(got), c.want) {
			t.Errorf("%s: got %v (%v), want %v", c.name, refs(got), err, c.want)
		}
	}
}
