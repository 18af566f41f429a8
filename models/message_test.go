package models

import "testing"

func TestAlertsFindTheMessagesTheyAreAbout(t *testing.T) {
	const dossier = "D-2026-000001"
	convocation := Message{Key: "D-2026-000001/session/1/convocation/P-1", Dossier: dossier, Subject: dossier + "/session/1", Workflow: SessionID(dossier, 1)}
	absence := Message{Key: "a", Dossier: dossier, Subject: dossier + "/session/1/absence/P-1", Workflow: SessionID(dossier, 1)}
	received := Message{Key: "r", Dossier: dossier, Subject: dossier, Workflow: RequestID(dossier)}
	certificate := Message{Key: "c", Dossier: dossier, Subject: dossier, Workflow: FollowUpID(dossier)}
	sign := Message{Key: "s", Dossier: dossier, Subject: dossier + "/contract/1", Workflow: RequestID(dossier)}
	invitation := Message{Key: "i", Dossier: dossier, Subject: InvitationRef(dossier, 1, 1), Workflow: SolicitationID(dossier, 1)}
	month := Message{Key: "m", Subject: "agency/T-1/2026-11/recap/1", Workflow: "remuneration/agency/T-1/2026-11"}
	all := []Message{convocation, absence, received, certificate, sign, invitation, month}
	for subject, want := range map[string]string{convocation.Key: "D-2026-000001/session/1/convocation/P-1", dossier + "/session/1": "D-2026-000001/session/1/convocation/P-1a",
		dossier + "/session/10": "", dossier: "c", "r": "r",
		dossier + "/contract/1": "s", "s": "s", "i": "i", invitation.Subject: "", "m": "m", "": ""} {
		got := ""
		for _, m := range all {
			if m.Of(subject) {
				got += m.Key
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", subject, got, want)
		}
	}
}
