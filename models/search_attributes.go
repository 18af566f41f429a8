package models

// Search attributes are what staff find processes by in the Temporal UI: keywords, but for NextDeadline, an instant in
// business time.
const (
	AttributeDossier      = "Dossier"
	AttributeStage        = "Stage"
	AttributePolicy       = "Policy"
	AttributeTrainer      = "Trainer"
	AttributeDeadlineKind = "DeadlineKind"
	AttributeAlert        = "Alert"
	AttributeOwner        = "Owner"
	AttributeNextDeadline = "NextDeadline"
)
