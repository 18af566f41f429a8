package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
	"jalon/store"
	"jalon/store/storetest"
)

func TestReadsOfOneDossier(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		step := models.Step{Workflow: request, Run: "run", Seq: 1, At: noon, Dossier: dossier}
		for i := range 5 {
			moment := noon.Add(time.Duration(i) * time.Hour)
			step.Journal = append(step.Journal, models.JournalLine{ID: fmt.Sprintf("%s#1.%d", request, i), Dossier: dossier, At: moment, Kind: "alert"})
			status := models.Met
			if i == 4 {
				status = models.Open
			}
			step.Deadlines = append(step.Deadlines, models.Deadline{ID: fmt.Sprintf("%s#%d", request, i), Workflow: request,
				Dossier: dossier, Kind: models.DeadlineStaff, Subject: dossier, DueAt: moment, Status: status})
		}
		step.Messages = []models.Message{{Key: "m/1", Dossier: dossier, Workflow: request, Template: "interview_notice", To: models.RoleStaff, NotBefore: noon, Status: models.MessageQueued}}
		_, err := s.Apply(ctx, step)
		require.NoError(t, err)

		lines, err := s.JournalBack(ctx, dossier, store.Cursor{}, 3)
		require.NoError(t, err)
		require.Equal(t, noon.Add(4*time.Hour), lines.Items[0].At, "newest first")
		rest, err := s.JournalBack(ctx, dossier, lines.Next, 3)
		require.NoError(t, err)
		require.Len(t, rest.Items, 2)
		require.Equal(t, noon, rest.Items[1].At)

		some, err := s.MessagesOf(ctx, dossier, "interview_notice", "invitation")
		require.NoError(t, err)
		require.Len(t, some, 1)
		require.Equal(t, noon, some[0].NotBefore)
		for _, none := range [][]string{{dossier, "invitation"}, {"D-2026-999999", "interview_notice"}} {
			some, err = s.MessagesOf(ctx, none[0], none[1:]...)
			require.NoError(t, err)
			require.Empty(t, some)
		}

		past, err := s.PastDeadlines(ctx, dossier, store.Cursor{}, 3)
		require.NoError(t, err)
		require.Equal(t, noon.Add(3*time.Hour), past.Items[0].DueAt, "the open one is not past")
		past, err = s.PastDeadlines(ctx, dossier, past.Next, 3)
		require.NoError(t, err)
		require.Len(t, past.Items, 1)

		// Of one step, whatever their keys; m/1 left late.
		step.Seq, step.Journal, step.Deadlines = 2, nil, nil
		step.Messages = []models.Message{{Key: "m/2", NotBefore: noon.Add(time.Hour)}, {Key: "m/0", NotBefore: noon.Add(3 * time.Hour)}}
		for i := range step.Messages {
			m := &step.Messages[i]
			m.Dossier, m.Workflow, m.Template, m.To, m.Status = dossier, request, "attend", models.RoleStaff, models.MessageQueued
		}
		_, err = s.Apply(ctx, step)
		require.NoError(t, err)
		left, err := s.RecordAttempt(ctx, "m/1", noon)
		require.True(t, left, err)
		require.NoError(t, s.MessageSent(ctx, "m/1", noon.Add(2*time.Hour)))
		read := func(takenBack bool) (keys []string) {
			for from := (store.Cursor{}); ; {
				messages, err := s.MessagesBack(ctx, dossier, takenBack, from, 1)
				require.NoError(t, err)
				for _, m := range messages.Items {
					keys = append(keys, m.Key)
				}
				if from = messages.Next; from.ID == "" {
					return keys
				}
			}
		}
		require.Equal(t, []string{"m/0", "m/1", "m/2"}, read(false), "newest first")
		require.Empty(t, read(true))
		step.Seq, step.Messages, step.Withdraw = 3, nil, []string{"m/0", "m/1", "m/2"}
		_, err = s.Apply(ctx, step)
		require.NoError(t, err)
		require.Equal(t, []string{"m/1"}, read(false), "what left cannot be taken back")
		require.Equal(t, []string{"m/0", "m/2"}, read(true))
		n, err := s.TakenBack(ctx, dossier)
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
	})
}

func TestNamesAndNotes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.SaveTrainer(ctx, models.Trainer{Ref: "T-000001", Name: "Formatrice"}))
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-000001", Name: "Contact"}))
		require.NoError(t, s.SaveUser(ctx, models.User{Ref: "U-000001", Login: "u", Name: "Chargée"}))
		require.NoError(t, s.SaveParticipants(ctx, []models.Participant{{Ref: "P-000001", Dossier: dossier, Name: "Alix"}, {Ref: "P-000002", Dossier: dossier, Email: "p2@example.org"}}))
		require.NoError(t, s.SaveNote(ctx, models.Note{Ref: "N-000001", Text: "Pourquoi"}))
		names, err := s.Names(ctx, []string{"T-000001", "X-000001", "U-000001", "P-000001", "P-000002", "T-000009", "staff", ""})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"T-000001": "Formatrice", "X-000001": "Contact", "U-000001": "Chargée", "P-000001": "Alix", "P-000002": "p2@example.org"}, names)
		notes, err := s.Notes(ctx, []string{"N-000001", "N-000002"})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"N-000001": "Pourquoi"}, notes)
	})
}

func TestSettled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		settled := func(since time.Time) bool {
			ok, err := s.Settled(ctx, dossier, since)
			require.NoError(t, err)
			return ok
		}
		require.True(t, settled(noon))
		_, _, err := s.Receive(ctx, models.Fact{ID: "f", Kind: models.FactSlotsOffered, Workflow: request, Dossier: dossier}, at(0))
		require.NoError(t, err)
		require.False(t, settled(noon))
		require.True(t, settled(noon.Add(time.Second)), "of before")
		require.NoError(t, s.FactDelivered(ctx, "f"))
		require.False(t, settled(noon), "signalled is not handled")
		_, err = s.Apply(ctx, models.Step{Workflow: request, Run: "run", Seq: 1, At: noon, Dossier: dossier,
			Handled: []models.FactHandling{{ID: "f", State: models.FactApplied}}})
		require.NoError(t, err)
		require.True(t, settled(noon))
	})
}

func TestClientsAreFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, c := range []models.Client{{Ref: "C-000001", Name: "Atelier Élan", Company: "999999980"}, {Ref: "C-000002", Name: "Bureau d’Étude", Company: "999999998"}, {Ref: "C-000003", Name: "100%_Sûr"}} {
			require.NoError(t, s.SaveClient(ctx, c))
		}
		require.NoError(t, s.SaveContact(ctx, models.Contact{Ref: "X-000001", ClientRef: "C-000002", Name: "Noé Élan"}))
		for words, want := range map[string][]string{"": {}, " ": {}, "elan": {"C-000001", "C-000002"}, "ELAN bureau": {"C-000002"}, "noé atelier": {}, "999 999 980": {"C-000001"},
			"c-000003": {"C-000003"}, "d'etude": {"C-000002"}, "100%": {"C-000003"}, "%": {"C-000003"}, "_": {"C-000003"}, "99999": {}} {
			found, err := s.FindClients(ctx, words, 10)
			require.NoError(t, err)
			refs := []string{}
			for _, c := range found {
				refs = append(refs, c.Ref)
			}
			require.Equal(t, want, refs, words)
		}
		found, err := s.FindClients(ctx, "elan", 1)
		require.NoError(t, err)
		require.Len(t, found, 1)
	})
}

// A document is signed by the fact that its process took, whoever else said so (F101); what the agency decided before it is found.
func TestSignatureOfADocument(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		contract := models.ContractRef(dossier, 1)
		_, err := s.Signature(ctx, contract)
		require.ErrorIs(t, err, store.ErrNotFound)
		for _, f := range []models.Fact{{ID: "declined", Kind: models.FactContractDeclined, Subject: contract}, {ID: "forged", Kind: models.FactContractSigned, Subject: contract},
			{ID: "signed", Kind: models.FactContractSigned, Subject: contract}, {ID: "other", Kind: models.FactContractSigned, Subject: models.ContractRef(dossier, 2)}} {
			f.Workflow, f.Dossier = request, dossier
			_, _, err := s.Receive(ctx, f, func() time.Time { return noon })
			require.NoError(t, err)
		}
		_, err = s.Signature(ctx, contract)
		require.ErrorIs(t, err, store.ErrNotFound, "no process took it yet")
		_, err = s.Apply(ctx, models.Step{Workflow: request, Run: "run", Seq: 1, At: noon, Dossier: dossier, Handled: []models.FactHandling{{ID: "declined", State: models.FactApplied},
			{ID: "forged", State: models.FactIgnored}, {ID: "signed", State: models.FactApplied}, {ID: "other", State: models.FactApplied}},
			Journal: []models.JournalLine{{Kind: "trainer_chosen", At: noon.Add(-time.Hour)}, {Kind: "programme_approved"}, {Kind: "owner_changed"}, {Kind: "programme_approved", Subject: "later", At: noon.Add(time.Hour)}}})
		require.NoError(t, err)
		f, err := s.Signature(ctx, contract)
		require.NoError(t, err)
		require.Equal(t, "signed", f.ID)

		for _, c := range []struct {
			upTo time.Time
			kind string
		}{{noon.Add(-time.Hour), "trainer_chosen"}, {noon, "programme_approved"}} {
			line, err := s.LastLine(ctx, dossier, c.upTo, "trainer_chosen", "programme_approved")
			require.NoError(t, err)
			require.Equal(t, c.kind, line.Kind)
			require.Empty(t, line.Subject)
		}
		_, err = s.LastLine(ctx, dossier, noon.Add(-2*time.Hour), "trainer_chosen", "programme_approved")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}
