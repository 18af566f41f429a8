package workflows

import "go.temporal.io/sdk/workflow"

// gate names a change of what running dossiers do. A dossier that went past the place before the change goes on as it
// began; one that comes to it afterwards takes the new way. A gate is removed once no dossier is left that is older, with
// its old branch and the histories that prove it.
type gate string

// The gates, oldest first.
const (
	// gateInsist: a document that cannot be drawn up holds up a month, an invoice or certificates until staff have mended
	// what it is drawn from; they used to end there.
	gateInsist gate = "insist-on-documents"
	// gateAfterwards: what nobody waits for comes after what somebody waits for. Timers and search attributes follow once
	// the step they go with is written, where they used to be asked for with it; and the story no longer waits until a
	// command has answered. Passed when a process starts.
	gateAfterwards gate = "timers-and-attributes-afterwards"
	// gateReport: the report of an audit call that comes before the call was to take place changes nothing, unless staff say
	// when it was held, since the dossier was opened; it used to be taken.
	gateReport gate = "report-after-the-call"
	// gateWithdrawal: the withdrawal of the retained trainer is an alert that stands until another one is retained; staff
	// used to find it in the history alone.
	gateWithdrawal gate = "alert-of-a-withdrawal"
	// gateOneAlert: what the outbox says is settled takes back that alert alone; others about the same subject went with it.
	gateOneAlert gate = "one-alert-taken-back"
	// gateBounced: the end of a search is told to who was sent again an invitation that bounced; they used to wait for an answer.
	gateBounced gate = "end-told-after-a-bounce"
	// gateDeparture: a client's term counts from the day on which the invoice's mail leaves, as conventions say; it used to
	// count from the day on which it was drawn, which may be the one before.
	gateDeparture gate = "term-from-departure"
)

// passes tells whether the process takes the new way. Asked only where ways part, it costs two events there and none
// elsewhere.
func passes(ctx workflow.Context, g gate) bool {
	return workflow.GetVersion(ctx, string(g), workflow.DefaultVersion, 1) >= 1
}
