package models

import "testing"

func TestAlertsFindTheMessagesTheyAreAbout(t *testing.T) {
	const dossier = "D-2026-000001"
	convocation := Message{Key: "D-2026-000001/session/1/convocation/P-1", Dossier: dossier, Subject: dossier + "/session/1", Workflow: SessionID(dossier, 1)}
	absence := Message{Key: "a", Dossier: dossier, Subject: dossier + "/session/1/absence/P-1", Workflow: SessionID(dossier, 1)}
	received := Message{Key: "r", Dossier: dossier, Subject: dossier, Workflow: RequestID(dossier)}
	certificate := Message{Key: "c", Dossier: dossier, Subject: dossier, Workflow: FollowUpID(dossier)}
	all := []Message{convocation, absence, received, certificate}
	for subject, want := range map[string]string{convocation.Key: "D-2026-000001/session/1/convocation/P-1", dossier + "/session/1": "D-2026-000001/session/1/convocation/P-1a",
		dossier + "/session/10": "", dossier: "c", "r": "r"} {
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
