package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// Names of the activities the processes ask for. A test in worker compares them and the signatures below with what is
// registered.
const (
	ActivityApply             = "Apply"
	ActivityMatch             = "Match"
	ActivityAllocate          = "Allocate"
	ActivityRender            = "Render"
	ActivityReadAttendance    = "ReadAttendance"
	ActivityReadLines         = "ReadLines"
	ActivityReadSupplier      = "ReadSupplier"
	ActivityReadEvaluations   = "ReadEvaluations"
	ActivityIssueCertificates = "IssueCertificates"
)

// ActivityNames lists them all.
var ActivityNames = []string{ActivityApply, ActivityMatch, ActivityAllocate, ActivityRender, ActivityReadAttendance,
	ActivityReadLines, ActivityReadSupplier, ActivityReadEvaluations, ActivityIssueCertificates}

// storage is for short calls to our own database and document store: they are repeated until they succeed, since a
// dossier must not fail because a disk was full for a night.
func storage(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           models.TaskQueue,
		StartToCloseTimeout: 30 * time.Second,
		HeartbeatTimeout:    2 * time.Second, // the worker beats by itself: a killed one is noticed before a day is lost
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2,
			MaximumInterval: time.Minute},
		Summary: summary,
	})
}

// promise is the result of an activity that was asked for.
type promise[T any] struct{ workflow.Future }

func (p *promise[T]) get(ctx workflow.Context) (out T, err error) {
	err = p.Get(ctx, &out)
	return out, err
}

func begin[T any](ctx workflow.Context, activity string, in any, summary string) *promise[T] {
	return &promise[T]{workflow.ExecuteActivity(storage(ctx, spelled(ctx, summary)), activity, spelled(ctx, in))}
}

// spelled is what a command says besides its kind and number, such as an input. A replay leaves it out: the history has it,
// the SDK compares the other two only, and encoding it to drop it was a tenth of what a replay took.
func spelled[T any](ctx workflow.Context, x T) (none T) {
	if workflow.IsReplaying(ctx) {
		return none
	}
	return x
}

// call asks for an activity and waits for its result; facts go on coming in meanwhile.
func call[T any](ctx workflow.Context, p *process, activity string, in any, summary string) (out T, err error) {
	asked := begin[T](ctx, activity, in, summary)
	if err = p.ready(ctx, asked); err != nil {
		return out, err
	}
	return asked.get(ctx)
}

func apply(ctx workflow.Context, s *models.Step) *promise[models.StepResult] {
	return begin[models.StepResult](ctx, ActivityApply, s, stepSummary(s))
}

func (p *process) match(ctx workflow.Context, in models.MatchInput) ([]models.Candidate, error) {
	return call[[]models.Candidate](ctx, p, ActivityMatch, in, "Recherche des formateurs à contacter")
}

func (p *process) allocate(ctx workflow.Context, in models.Allocation) (string, error) {
	return call[string](ctx, p, ActivityAllocate, in, "Attribution d'un numéro")
}

func (p *process) render(ctx workflow.Context, in models.RenderInput) (string, error) {
	return call[string](ctx, p, ActivityRender, in, "Rédaction du document : "+documentName(in.Kind))
}

func (p *process) readAttendance(ctx workflow.Context, s models.Session) (models.AttendanceReading, error) {
	return call[models.AttendanceReading](ctx, p, ActivityReadAttendance, s, "Lecture de la feuille d'émargement")
}

func (p *process) readLines(ctx workflow.Context, q models.LinesQuery) ([]models.PayLine, error) {
	return call[[]models.PayLine](ctx, p, ActivityReadLines, q, "Lecture des lignes du mois")
}

func (p *process) readSupplier(ctx workflow.Context, trainer string) (models.Supplier, error) {
	return call[models.Supplier](ctx, p, ActivityReadSupplier, trainer, "Lecture de la fiche fournisseur")
}

func (p *process) readEvaluations(ctx workflow.Context, q models.EvaluationQuery) (models.EvaluationReading, error) {
	return call[models.EvaluationReading](ctx, p, ActivityReadEvaluations, q, "Lecture des évaluations")
}

func (p *process) issueCertificates(ctx workflow.Context, in models.CertificateInput) ([]string, error) {
	return call[[]string](ctx, p, ActivityIssueCertificates, in, "Édition des certificats de réalisation")
}
