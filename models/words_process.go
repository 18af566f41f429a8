package models

// What the stages, the people and the deadlines of a mission are called, in pages, files and the Temporal UI alike.

type bilingual struct{ fr, en string }

func (b bilingual) in(l Lang) string {
	if l == English {
		return b.en
	}
	return b.fr
}

var stageNames = map[Stage]bilingual{
	StageQualification: {"Analyse du besoin", "Needs analysis"},
	StageSolicitation:  {"Recherche d’un formateur", "Search for a trainer"},
	StageAudit:         {"Audit", "Audit"},
	StageProgramme:     {"Programme", "Programme"},
	StageInterview:     {"Entretien", "Interview"},
	StageContract:      {"Contrats", "Contracts"},
	StageReadiness:     {"Contrôle du dossier", "Paperwork check"},
	StageSessions:      {"Séances", "Sessions"},
	StageDelivered:     {"Réalisé", "Delivered"},
	StageClosed:        {"Clos", "Closed"},
	StageHandedOver:    {"Transmis", "Handed over"},
	StageCancelled:     {"Annulé", "Cancelled"},
}

var roleNames = map[Role]bilingual{
	RoleTrainer:      {"formateur", "trainer"},
	RoleClient:       {"client", "client"},
	RoleBilling:      {"client", "client"},
	RoleParticipant:  {"participant", "participant"},
	RoleParticipants: {"participants", "participants"},
	RoleStaff:        {"équipe", "team"},
	RolePedagogy:     {"pédagogie", "pedagogy"},
	RoleFinance:      {"comptabilité", "finance"},
	RoleAdmin:        {"équipe", "team"},
	RoleSystem:       {"Jalon", "Jalon"},
}

// deadlineWords are what a deadline awaits and what happens by itself otherwise.
var deadlineWords = map[DeadlineKind]struct{ awaited, otherwise bilingual }{
	DeadlineSilence: {bilingual{"Réponses des formateurs sollicités", "Answers of the trainers asked"},
		bilingual{"silence vaut refus", "silence counts as a refusal"}},
	DeadlineStaff: {bilingual{"Décision de l’équipe", "Decision of the team"},
		bilingual{"alerte au responsable, puis à l’équipe", "the owner is alerted, then the team"}},
	DeadlineSlots: {bilingual{"Créneaux d’audit du formateur", "Slots for the audit, from the trainer"},
		bilingual{"relance et alerte", "reminder and alert"}},
	DeadlineSlotChoice: {bilingual{"Choix d’un créneau par le client", "Choice of a slot by the client"},
		bilingual{"relance et alerte", "reminder and alert"}},
	DeadlineAuditReport: {bilingual{"Compte rendu d’audit du formateur", "Outcome of the audit, from the trainer"},
		bilingual{"relance et alerte", "reminder and alert"}},
	DeadlineProgramme: {bilingual{"Programme adapté du formateur", "Adapted programme, from the trainer"},
		bilingual{"relance et alerte", "reminder and alert"}},
	DeadlineClientSignature: {bilingual{"Signature du client", "Client’s signature"},
		bilingual{"alerte à l’équipe", "the team is alerted"}},
	DeadlineTrainerContract: {bilingual{"Signature du contrat par le formateur", "Trainer’s signature of the contract"},
		bilingual{"le contrat expire et la recherche reprend", "the contract expires and the search resumes"}},
	DeadlineConvocation: {bilingual{"Date d’envoi des convocations", "Day the convocations leave"},
		bilingual{"les convocations partent", "the convocations leave"}},
	DeadlineSheet: {bilingual{"Feuille d’émargement signée par le formateur", "Attendance sheet signed by the trainer"},
		bilingual{"relance et alerte", "reminder and alert"}},
	DeadlineAbsence: {bilingual{"Justification de l’absence", "Justification of the absence"},
		bilingual{"l’absence devient injustifiée", "the absence becomes unjustified"}},
	DeadlineHot: {bilingual{"Évaluations à chaud", "Hot evaluations"},
		bilingual{"relance des participants", "the participants are reminded"}},
	DeadlineCold: {bilingual{"Date de l’évaluation à froid", "Day of the cold evaluation"},
		bilingual{"les questionnaires partent", "the questionnaires leave"}},
	DeadlineColdAnswer: {bilingual{"Évaluations à froid", "Cold evaluations"},
		bilingual{"le suivi se termine", "the follow-up ends"}},
	DeadlineRecapDay: {bilingual{"Jour du relevé", "Day of the statement"},
		bilingual{"le relevé part", "the statement leaves"}},
	DeadlineRecap: {bilingual{"Réponse du formateur au relevé", "Trainer’s answer to the statement"},
		bilingual{"relance : le silence ne vaut jamais accord", "reminder: silence is never acceptance"}},
	DeadlineInvoiceUpload: {bilingual{"Facture du fournisseur", "Supplier’s invoice"},
		bilingual{"relance et alerte", "reminder and alert"}},
	DeadlineConformity: {bilingual{"Contrôle de conformité de la facture", "Check of the invoice’s conformity"},
		bilingual{"alerte à la comptabilité", "finance is alerted"}},
	DeadlinePayment: {bilingual{"Paiement de la facture", "Payment of the invoice"},
		bilingual{"alerte de retard de paiement", "alert of a late payment"}},
	DeadlineLegalCap: {bilingual{"Avertissement avant le terme légal de paiement", "Warning before the legal payment term"},
		bilingual{"la comptabilité apprend que le terme approche", "finance is told that the term is near"}},
	DeadlineClaim: {bilingual{"Réclamation d’un paiement non crédité", "Claim of a payment not credited"},
		bilingual{"la facture est close", "the invoice is closed"}},
	DeadlineClientPayment: {bilingual{"Règlement du client", "Client’s payment"},
		bilingual{"relance et alerte", "reminder and alert"}},
}

// staffSteps are the steps that only the team can take, by the alert that is raised when they are late.
var staffSteps = map[string]bilingual{
	"qualification_overdue": {"Qualifier la demande", "Qualify the request"},
	"choice_overdue":        {"Choisir le formateur", "Choose the trainer"},
	"nobody_interested":     {"Élargir la recherche ou revoir la demande", "Widen the search or rework the request"},
	"no_candidate_left":     {"Élargir la recherche ou revoir la demande", "Widen the search or rework the request"},
	"programme_unreviewed":  {"Relire le programme", "Review the programme"},
	"interview_overdue":     {"Tenir l’entretien", "Hold the interview"},
	"readiness_overdue":     {"Vérifier le dossier", "Check the paperwork"},
	"planning_overdue":      {"Planifier les séances", "Plan the sessions"},
	"no_answer_slots":       {"Obtenir des créneaux du formateur", "Get slots from the trainer"},
	"no_slot_chosen":        {"Obtenir le choix du client", "Get the client’s choice"},
	"slots_refused":         {"Convenir d’un autre créneau", "Agree on another slot"},
	"audit_overdue":         {"Tenir l’audit et en rendre compte", "Hold the audit and report on it"},
	"audit_not_reported":    {"Obtenir le compte rendu de l’audit", "Get the outcome of the audit"},
	"programme_late":        {"Obtenir le programme", "Get the programme"},
	"client_unsigned":       {"Obtenir la signature du client", "Get the client’s signature"},
	"client_declined":       {"Régler le refus du client", "Settle the client’s refusal"},
	"message_undeliverable": {"Joindre la personne autrement", "Reach the person otherwise"},
	"document_refused":      {"Compléter ce qui manque à un document", "Complete what a document lacks"},
	"sheet_missing":         {"Obtenir la feuille d’émargement", "Get the attendance sheet"},
	"sheet_incomplete":      {"Juger la feuille incomplète", "Judge the incomplete sheet"},
	"recap_unanswered":      {"Obtenir la réponse au relevé", "Get the answer to the statement"},
	"recap_contested":       {"Décider des lignes contestées", "Decide the contested lines"},
	"invoice_not_received":  {"Obtenir la facture du fournisseur", "Get the supplier’s invoice"},
	"conformity_overdue":    {"Contrôler la facture", "Check the invoice"},
	"payment_late":          {"Faire le paiement en retard", "Make the late payment"},
	"client_payment_late":   {"Relancer le règlement du client", "Pursue the client’s payment"},
}

// AwaitedOf is what a deadline awaits: for a step of the team, which one.
func (l Lang) AwaitedOf(d Deadline) string {
	if step, ok := staffSteps[d.Consequence]; ok {
		return step.in(l)
	}
	return l.Awaited(d.Kind)
}

// StageName is the name of a stage; the stage itself for an unknown one.
func (l Lang) StageName(s Stage) string {
	if name, ok := stageNames[s]; ok {
		return name.in(l)
	}
	return string(s)
}

// RoleName is who a role is, without article or capital; the role itself for an unknown one.
func (l Lang) RoleName(r Role) string {
	if name, ok := roleNames[r]; ok {
		return name.in(l)
	}
	return string(r)
}

// Awaited is what a deadline of this kind awaits; the kind itself for an unknown one.
func (l Lang) Awaited(k DeadlineKind) string {
	if w, ok := deadlineWords[k]; ok {
		return w.awaited.in(l)
	}
	return string(k)
}

// unreached is what happens by itself when what a deadline awaits was asked of nobody: none of its messages arrived.
var unreached = bilingual{"personne n’a reçu le message : l’équipe est alertée et a un délai de plus", "the message reached nobody: the team is alerted and has one more step"}

// Unreached is what happens by itself when a deadline passes of which no message arrived, as the end of a sentence.
func (l Lang) Unreached() string { return unreached.in(l) }

// Otherwise is what happens by itself when a deadline of this kind passes, as the end of a sentence.
func (l Lang) Otherwise(k DeadlineKind) string {
	if w, ok := deadlineWords[k]; ok {
		return w.otherwise.in(l)
	}
	return bilingual{"alerte", "alert"}.in(l)
}
