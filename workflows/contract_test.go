package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// contracts are the contracts a signer got, in order.
func (h *harness) contracts(signer models.Role) []models.Contract {
	var out []models.Contract
	for _, c := range all[models.Contract](h.world) {
		if c.Signer == signer {
			out = append(out, c)
		}
	}
	return out
}

func TestContract(t *testing.T) {
	for name, slow := range map[string]string{"the trainer signs first": "contract_client", "the client signs first": "trainer_contract"} {
		t.Run("F097 "+name, func(t *testing.T) {
			h := working(t)
			usual := h.onMail[slow]
			h.onMail[slow] = func(m models.Message) { h.later(48*time.Hour, func() { usual(m) }) }
			h.request()
			require.Equal(t, models.StageClosed, h.current.Stage)
			require.Len(t, all[models.Contract](h.world), 2)
			require.Len(t, h.left("contract_client")[0].Links, 1, "who signs a convention does not withdraw")
			require.Len(t, h.kinds("contract_signed"), 2)
		})
	}
	t.Run("F096 F101 who signs is sent the signed copy, once, with the step that records it", func(t *testing.T) {
		h := working(t)
		for _, template := range []string{"trainer_contract", "contract_client"} {
			usual := h.onMail[template]
			h.onMail[template] = func(m models.Message) {
				usual(m)
				usual(m) // a repeat changes nothing
			}
		}
		with := map[models.Role]string{}
		h.writing = func(s models.Step) {
			for _, c := range s.Rows.Contracts {
				for _, m := range s.Messages {
					if c.Status == models.ContractSigned && m.Template == "contract_signed" && m.Subject == c.Ref {
						with[m.To] = m.ToRef
					}
				}
			}
		}
		h.request()
		require.Equal(t, map[models.Role]string{models.RoleTrainer: trainer(1), models.RoleClient: ""}, with)
		require.Len(t, h.left("contract_signed"), 2)
		for _, m := range h.left("contract_signed") {
			require.Empty(t, m.Attach, "it is drawn when the mail leaves")
		}
	})
	t.Run("F101 an individual signs a training contract", func(t *testing.T) {
		h := working(t)
		s := h.scope()
		s.ClientType = models.ClientIndividual
		h.when(models.StageQualification, func() { h.do(id, models.VerbQualify, models.Qualify{By: staff, Scope: s}) })
		h.request()
		require.Equal(t, models.ContractIndividual, h.contracts(models.RoleClient)[0].Kind)
		require.Contains(t, h.left("contract_client")[0].Links, models.Link{Purpose: models.LinkCancel, Subject: dossier}, "by which a consumer withdraws")
	})
	t.Run("F098 the trainer's expires: the search resumes, and signing late changes nothing", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["trainer_contract"]
		h.onMail["trainer_contract"] = func(m models.Message) {
			h.onMail["trainer_contract"] = usual
			h.later(9*24*time.Hour, func() { h.sign(m.Subject, m.ToRef) })
		}
		h.request()
		c := h.contracts(models.RoleTrainer)
		require.Equal(t, models.ContractExpired, c[0].Status)
		require.Equal(t, trainer(2), c[1].TrainerRef)
		require.Equal(t, models.ContractSigned, c[1].Status)
		require.Len(t, h.left("trainer_contract_expired"), 1)
		require.Len(t, h.left("trainer_contract_reminder"), 2, "every three days, within seven")
		require.Equal(t, "trainer_unsigned", h.alerts()[0])
		require.Equal(t, models.FactLate, h.told(models.FactContractSigned)[1].State)
		require.Equal(t, h.waits(models.DeadlineTrainerContract)[0].DueAt, h.line("contract_expired").At)
	})
	t.Run("F098 the trainer signs at the very instant", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["trainer_contract"]
		h.onMail["trainer_contract"] = func(m models.Message) {
			d := h.waits(models.DeadlineTrainerContract)[0]
			h.later(d.DueAt.Sub(h.env.Now()), func() { usual(m); h.sign(m.Subject, m.ToRef) })
		}
		h.request()
		require.Equal(t, models.ContractSigned, h.contracts(models.RoleTrainer)[0].Status)
		require.Equal(t, trainer(1), h.current.TrainerRef)
	})
	t.Run("F098 the trainer declines: the search resumes", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["trainer_contract"]
		h.onMail["trainer_contract"] = func(m models.Message) {
			h.onMail["trainer_contract"] = usual
			h.fact(models.Fact{Kind: models.FactContractDeclined, Subject: m.Subject, Actor: m.ToRef})
		}
		h.request()
		require.Equal(t, models.ContractDeclined, h.contracts(models.RoleTrainer)[0].Status)
		require.Equal(t, trainer(2), h.current.TrainerRef)
	})
	t.Run("F098 a trainer whom no mail reaches is not silent: staff are called", func(t *testing.T) {
		h := working(t)
		h.mailFate = func(m models.Message) (string, time.Duration) {
			if m.Template == "trainer_contract" {
				return models.MessageNoAddress, 0
			}
			return "", 0
		}
		h.onOpen[models.DeadlineTrainerContract] = func(d models.Deadline) {
			h.later(15*24*time.Hour, func() {
				require.Equal(t, "message_undeliverable", h.current.Alert)
				f := models.Fact{Kind: models.FactContractSigned, Subject: d.Subject, Actor: trainer(1), Recorder: "U-000001",
					Channel: models.ChannelPaper, Data: models.FactData{SHA256: sha(d.Subject)}}
				h.fact(f)
			})
		}
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
		require.Equal(t, trainer(1), h.current.TrainerRef)
		require.Equal(t, models.Undeliverable, h.waits(models.DeadlineTrainerContract)[0].Status)
		require.Contains(t, h.alerts(), "message_undeliverable")
	})
	t.Run("F096 a document that cannot be drawn calls staff, and is drawn again; nobody goes on unsigned", func(t *testing.T) {
		h := working(t)
		h.refused = 2
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
		require.Equal(t, []string{"document_refused", "document_refused"}, h.alerts()[:2])
		require.Equal(t, models.ContractSigned, h.contracts(models.RoleTrainer)[0].Status)
		require.Equal(t, models.ContractSigned, h.contracts(models.RoleClient)[0].Status)
	})
	t.Run("F099 a slow client is reminded, then handed to staff; the search does not restart", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["contract_client"]
		h.onMail["contract_client"] = func(m models.Message) { h.later(40*24*time.Hour, func() { usual(m) }) }
		h.request()
		require.Equal(t, models.StageClosed, h.current.Stage)
		require.Equal(t, trainer(1), h.current.TrainerRef)
		require.Len(t, h.left("contract_client_reminder"), 4)
		require.Equal(t, "client_unsigned", h.alerts()[0])
		require.Equal(t, models.Missed, h.waits(models.DeadlineClientSignature)[0].Status)
		require.Equal(t, 1, h.current.Solicitation)
	})
	t.Run("F099 the client declines: staff issue another document", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["contract_client"]
		var trainers, unknown *reply
		h.onMail["contract_client"] = func(m models.Message) {
			h.onMail["contract_client"] = usual
			h.fact(models.Fact{Kind: models.FactContractDeclined, Subject: m.Subject, Data: models.FactData{Note: "N-000009"}})
			h.later(72*time.Hour, func() {
				trainers = h.command(id, models.VerbReissueContract, models.Reissue{By: staff, Contract: models.ContractRef(dossier, 1)})
				unknown = h.command(id, models.VerbReissueContract, models.Reissue{By: staff, Contract: "D-2026-000001/contract/9"})
				h.do(id, models.VerbReissueContract, models.Reissue{By: staff, Contract: m.Subject})
			})
		}
		h.request()
		require.Equal(t, models.CodeConflict, trainers.code)
		require.Equal(t, models.CodeUnknown, unknown.code)
		c := h.contracts(models.RoleClient)
		require.Equal(t, models.ContractCancelled, c[0].Status)
		require.Equal(t, models.ContractSigned, c[1].Status)
		require.Equal(t, "client_declined", h.alerts()[0])
		require.Empty(t, h.current.Alert)
	})
	t.Run("F100 another document than the one sent is not signed", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["contract_client"]
		h.onMail["contract_client"] = func(m models.Message) {
			h.fact(models.Fact{Kind: models.FactContractSigned, Subject: m.Subject, Data: models.FactData{SHA256: sha("forged")}})
			h.later(time.Hour, func() {
				require.Equal(t, models.ContractPending, row[models.Contract](h.world, m.Subject).Status)
				require.Empty(t, h.mails("contract_signed"))
				usual(m)
			})
		}
		h.request()
		require.Contains(t, []string{h.told(models.FactContractSigned)[0].State, h.told(models.FactContractSigned)[1].State}, models.FactIgnored)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F102 the client is still waited for while another trainer is sought, and signs the new programme", func(t *testing.T) {
		h := working(t)
		usual, client := h.onMail["trainer_contract"], h.onMail["contract_client"]
		h.onMail["trainer_contract"] = func(m models.Message) {
			h.onMail["trainer_contract"] = usual
			h.later(time.Minute, func() { // once the client's document has left too
				h.fact(models.Fact{Kind: models.FactContractDeclined, Subject: m.Subject, Actor: m.ToRef})
			})
		}
		h.onMail["contract_client"] = func(m models.Message) {
			h.onMail["contract_client"] = client
			h.later(2*24*time.Hour, func() {
				require.Equal(t, models.Open, h.waits(models.DeadlineClientSignature)[0].Status)
				h.sign(m.Subject, "client")
			})
		}
		h.request()
		c := h.contracts(models.RoleClient)
		require.Len(t, c, 2, "a new programme makes a new convention")
		require.Equal(t, models.ContractCancelled, c[0].Status)
		require.Equal(t, models.ContractSigned, c[1].Status)
		require.Equal(t, models.Met, h.waits(models.DeadlineClientSignature)[0].Status)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F074 a request reworked takes back what the client had to sign", func(t *testing.T) {
		h := working(t)
		usual, client := h.onMail["trainer_contract"], h.onMail["contract_client"]
		h.onMail["contract_client"] = func(models.Message) { h.onMail["contract_client"] = client }
		h.onMail["trainer_contract"] = func(m models.Message) {
			h.onMail["trainer_contract"] = usual
			h.later(5*time.Minute, func() { // once the client's document is drawn too
				h.fact(models.Fact{Kind: models.FactContractDeclined, Subject: m.Subject, Actor: m.ToRef})
			})
			h.later(10*time.Minute, func() { h.do(id, models.VerbRework, models.Qualify{By: staff, Scope: h.scope()}) })
			h.later(20*time.Minute, func() {
				require.Equal(t, models.ContractCancelled, h.contracts(models.RoleClient)[0].Status)
				require.Equal(t, models.Cancelled, h.waits(models.DeadlineClientSignature)[0].Status)
			})
		}
		h.request()
		require.Equal(t, models.ContractSigned, h.contracts(models.RoleClient)[1].Status)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
	t.Run("F102 the same programme keeps the signed convention", func(t *testing.T) {
		h := working(t)
		usual := h.onMail["trainer_contract"]
		h.onMail["trainer_contract"] = func(m models.Message) {
			h.onMail["trainer_contract"] = usual
			h.later(48*time.Hour, func() {
				h.fact(models.Fact{Kind: models.FactContractDeclined, Subject: m.Subject, Actor: m.ToRef})
			})
		}
		h.policy.Stages = []models.Stage{models.StageQualification, models.StageSolicitation, models.StageContract, models.StageSessions,
			models.StageDelivered, models.StageClosed}
		h.request()
		require.Len(t, h.contracts(models.RoleClient), 1)
		require.Len(t, h.contracts(models.RoleTrainer), 2)
		require.Equal(t, models.StageClosed, h.current.Stage)
	})
}
