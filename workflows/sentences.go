package workflows

import (
	"fmt"
	"strings"

	"jalon/models"
)

// Sentences of the Temporal UI, in French, for the people who watch. They hold references and figures, never a name.

// waits says, for each kind of deadline, what is awaited and what happens otherwise.
func waits(kind models.DeadlineKind) (awaited, otherwise string) {
	switch kind {
	case models.DeadlineSilence:
		return "Réponses des formateurs sollicités", "silence vaut refus"
	case models.DeadlineStaff:
		return "Décision de l'équipe", "alerte au responsable, puis à l'équipe"
	case models.DeadlineSlots:
		return "Créneaux d'audit du formateur", "relance et alerte"
	case models.DeadlineSlotChoice:
		return "Choix d'un créneau par le client", "relance et alerte"
	case models.DeadlineAuditReport:
		return "Compte rendu d'audit du formateur", "relance et alerte"
	case models.DeadlineProgramme:
		return "Programme adapté du formateur", "relance et alerte"
	case models.DeadlineClientSignature:
		return "Signature du client", "alerte à l'équipe"
	case models.DeadlineTrainerContract:
		return "Signature du contrat par le formateur", "le contrat expire et la recherche reprend"
	case models.DeadlineConvocation:
		return "Date d'envoi des convocations", "les convocations partent"
	case models.DeadlineSheet:
		return "Feuille d'émargement signée par le formateur", "relance et alerte"
	case models.DeadlineAbsence:
		return "Justification de l'absence", "l'absence devient injustifiée"
	case models.DeadlineHot:
		return "Évaluations à chaud", "relance des participants"
	case models.DeadlineCold:
		return "Date de l'évaluation à froid", "les questionnaires partent"
	case models.DeadlineColdAnswer:
		return "Évaluations à froid", "le suivi se termine"
	case models.DeadlineRecapDay:
		return "Jour du récapitulatif", "le récapitulatif part"
	case models.DeadlineRecap:
		return "Réponse du formateur au récapitulatif", "relance : le silence ne vaut jamais accord"
	case models.DeadlineInvoiceUpload:
		return "Facture du fournisseur", "relance et alerte"
	case models.DeadlineConformity:
		return "Contrôle de conformité de la facture", "alerte à la comptabilité"
	case models.DeadlinePayment:
		return "Paiement de la facture", "alerte de retard de paiement"
	case models.DeadlineLegalCap:
		return "Plafond légal de paiement", "alerte à la comptabilité"
	case models.DeadlineClaim:
		return "Réclamation d'un paiement non crédité", "la facture est close"
	case models.DeadlineClientPayment:
		return "Règlement du client", "relance et alerte"
	}
	return string(kind), "alerte"
}

// timerSummary is what the UI shows on a timer, e.g. « Silence vaut refus : 3 sollicitations en attente ».
func timerSummary(d *models.Deadline) string {
	awaited, otherwise := waits(d.Kind)
	if d.Kind == models.DeadlineSilence {
		return fmt.Sprintf("Silence vaut refus : %s", plural(len(d.Asked), "formateur sollicité", "formateurs sollicités"))
	}
	return fmt.Sprintf("%s, sinon %s", awaited, otherwise)
}

func plural(n int, one, many string) string {
	if n < 2 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}

func stageName(s models.Stage) string {
	switch s {
	case models.StageQualification:
		return "Analyse du besoin"
	case models.StageSolicitation:
		return "Recherche d'un formateur"
	case models.StageAudit:
		return "Audit"
	case models.StageProgramme:
		return "Programme"
	case models.StageInterview:
		return "Entretien"
	case models.StageContract:
		return "Contrats"
	case models.StageReadiness:
		return "Contrôle du dossier"
	case models.StageSessions:
		return "Séances"
	case models.StageDelivered:
		return "Réalisé"
	case models.StageClosed:
		return "Clos"
	case models.StageHandedOver:
		return "Transmis"
	case models.StageCancelled:
		return "Annulé"
	}
	return string(s)
}

func documentName(k models.DocumentKind) string {
	switch k {
	case models.DocumentConvention:
		return "convention"
	case models.DocumentTrainerContract:
		return "contrat du formateur"
	case models.DocumentRecap:
		return "récapitulatif"
	case models.DocumentInvoice:
		return "facture"
	}
	return string(k)
}

func roleName(r models.Role) string {
	switch r {
	case models.RoleTrainer:
		return "formateur"
	case models.RoleClient, models.RoleBilling:
		return "client"
	case models.RoleParticipant, models.RoleParticipants:
		return "participants"
	case models.RoleFinance:
		return "comptabilité"
	case models.RolePedagogy:
		return "pédagogie"
	case models.RoleSystem:
		return "Jalon"
	}
	return "équipe"
}

// stepSummary says what a step writes.
func stepSummary(s models.Step) string {
	var parts []string
	for _, n := range []struct {
		n         int
		one, many string
	}{{len(s.Expiries), "échéance atteinte", "échéances atteintes"}, {len(s.Handled), "réponse", "réponses"},
		{len(s.Messages), "message", "messages"}, {len(s.Deadlines), "échéance", "échéances"},
		{len(s.Journal), "ligne de journal", "lignes de journal"}} {
		if n.n > 0 {
			parts = append(parts, plural(n.n, n.one, n.many))
		}
	}
	return fmt.Sprintf("Étape %d : %s", s.Seq, strings.Join(parts, ", "))
}

// describe is the Markdown of the current details.
func (p *process) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n\n", p.subject)
	if p.stage != "" {
		fmt.Fprintf(&b, "Étape : %s\n\n", p.stage)
	}
	if len(p.open) == 0 {
		b.WriteString("Rien n'est attendu.\n")
	}
	for i, d := range p.open {
		if i == 8 {
			fmt.Fprintf(&b, "- … et %s\n", plural(len(p.open)-i, "autre attente", "autres attentes"))
			break
		}
		awaited, otherwise := waits(d.Kind)
		fmt.Fprintf(&b, "- %s (%s, %s), avant le %s ; sinon %s\n", awaited, roleName(d.Awaits), d.Subject,
			d.DueAt.In(p.cal.Location()).Format("02/01/2006 15:04"), otherwise)
	}
	if len(p.history) > 0 {
		fmt.Fprintf(&b, "\nDernières étapes : %s\n", strings.Join(p.history, ", "))
	}
	return b.String()
}
