package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"jalon/models"
)

// Sentences of the Temporal UI, in French, for the people who watch. They hold references and figures, never a name.

// moment is how they write an instant.
const moment = "02/01/2006 15:04"

// timerSummary is what the UI shows on a timer, e.g. « Silence vaut refus, sauf réponse d’ici là : 3 formateurs sollicités ».
func timerSummary(d *models.Deadline) string {
	if d.Kind == models.DeadlineSilence {
		// Set when the question leaves: who answers meanwhile is in the details, not here.
		return fmt.Sprintf("Silence vaut refus, sauf réponse d’ici là : %s", plural(len(d.Asked), "formateur sollicité", "formateurs sollicités"))
	}
	return fmt.Sprintf("%s, sinon %s", models.French.AwaitedOf(*d), models.French.Otherwise(d.Kind))
}

// sessionSummary is what the UI shows on a session: set when it is planned, so that it tells the day it was planned for.
func sessionSummary(s models.Session) string {
	return fmt.Sprintf("Séance %d · planifiée pour le %s · %s", s.Number, models.French.ShortDay(models.ParisDate(s.StartAt)), s.Dossier)
}

func plural(n int, one, many string) string {
	if n < 2 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}

func documentName(k models.DocumentKind) string {
	switch k {
	case models.DocumentConvention:
		return "convention"
	case models.DocumentTrainerContract:
		return "contrat du formateur"
	case models.DocumentRecap:
		return "relevé"
	case models.DocumentInvoice:
		return "facture"
	}
	return string(k)
}

// happened says in a few words what a line of the journal records; empty for what is not worth a word in the UI.
func happened(line models.JournalLine) string {
	switch line.Kind {
	case "stage_entered":
		return "étape « " + models.French.StageName(models.Stage(line.Args.Get("stage"))) + " »"
	case "request_opened":
		return "demande reçue"
	case "request_qualified":
		return "besoin précisé"
	case "request_reworked":
		return "demande revue"
	case "owner_changed":
		return "dossier confié à quelqu'un d'autre"
	case "request_cancelled":
		return "demande annulée"
	case "request_handed_over":
		return "demande transmise"
	case "step_waived":
		return "étape dispensée"
	case "wave_sent":
		return "formateurs sollicités"
	case "invitation_interested":
		return "formateur intéressé"
	case "invitation_declined":
		return "formateur non disponible"
	case "invitation_silent":
		return "silence : refus"
	case "invitation_undeliverable", "message_undeliverable":
		return "message non remis"
	case "trainer_chosen", "trainer_assigned":
		return "formateur retenu"
	case "trainer_left":
		return "départ du formateur"
	case "search_resumed":
		return "recherche reprise"
	case "search_widened":
		return "recherche élargie"
	case "slots_offered":
		return "créneaux proposés"
	case "slot_chosen":
		return "créneau choisi"
	case "slots_refused":
		return "créneaux refusés"
	case "audit_reported":
		return "audit rendu"
	case "programme_submitted":
		return "programme remis"
	case "programme_approved":
		return "programme approuvé"
	case "programme_returned":
		return "programme à revoir"
	case "interview_recorded":
		return "entretien tenu"
	case "contract_sent":
		return "signature demandée"
	case "contract_signed":
		return "document signé"
	case "contract_declined":
		return "signature refusée"
	case "contract_expired":
		return "contrat expiré"
	case "contract_cancelled", "contract_reissued":
		return "document annulé ou remplacé"
	case "readiness_checked":
		return "dossier contrôlé"
	case "sessions_planned":
		return "séances planifiées"
	case "session_convoked":
		return "convocations demandées"
	case "session_moved":
		return "séance déplacée"
	case "session_cancelled":
		return "séance annulée"
	case "session_validated":
		return "séance validée"
	case "sheet_signed":
		return "feuille signée"
	case "sheet_judged":
		return "feuille jugée"
	case "absence_justified":
		return "absence justifiée"
	case "absence_unjustified":
		return "absence injustifiée"
	case "certificates_sent":
		return "certificats établis"
	case "evaluation_asked":
		return "évaluation ouverte"
	case "evaluation_reminded":
		return "évaluation relancée"
	case "follow_up_given_up":
		return "suivi abandonné"
	case "recap_sent":
		return "relevé établi"
	case "recap_accepted":
		return "relevé accepté"
	case "recap_contested":
		return "relevé contesté"
	case "recap_corrected":
		return "relevé corrigé"
	case "lines_settled":
		return "lignes arrêtées"
	case "lines_cancelled":
		return "lignes annulées"
	case "invoice_awaited":
		return "facture attendue"
	case "invoice_received":
		return "facture reçue"
	case "invoice_issued":
		return "facture émise"
	case "invoice_conform":
		return "facture conforme"
	case "invoice_rejected":
		return "facture renvoyée"
	case "invoice_paid":
		return "facture payée"
	case "invoice_undone", "invoice_unpaid":
		return "mention annulée"
	case "invoice_withdrawn":
		return "facture retirée"
	case "deadline_postponed":
		return "échéance reportée"
	case "alert":
		return "alerte"
	case "fact_late":
		return "réponse tardive"
	case "fact_ignored":
		return "réponse sans effet"
	}
	return ""
}

// stepSummary says what a step writes: what happened first, else what is asked, told or waited for.
func stepSummary(s *models.Step) string {
	var parts []string
	for _, line := range s.Journal {
		words := happened(line)
		if words != "" && !slices.Contains(parts, words) && len(parts) < 3 {
			parts = append(parts, words)
		}
	}
	if len(parts) == 0 {
		for _, n := range []struct {
			n         int
			one, many string
		}{{len(s.Expiries), "échéance atteinte", "échéances atteintes"}, {len(s.Handled), "réponse", "réponses"},
			{len(s.Messages), "message", "messages"}, {len(s.Deadlines), "échéance", "échéances"}} {
			if n.n > 0 {
				parts = append(parts, plural(n.n, n.one, n.many))
			}
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "mise à jour du dossier")
	}
	return fmt.Sprintf("Étape %d : %s", s.Seq, strings.Join(parts, ", "))
}

// describe is the Markdown of the current details.
func (p *process) describe() string {
	var b strings.Builder
	title := p.stage
	if title == "" {
		title = p.subject
	}
	fmt.Fprintf(&b, "**%s**\n\n", title)
	followed := p.elsewhere()
	if len(p.open)+len(followed) == 0 {
		b.WriteString("Rien n’est attendu.\n")
	}
	for i, d := range p.open {
		if i == 8 {
			fmt.Fprintf(&b, "- … et %s\n", plural(len(p.open)-i, "autre attente", "autres attentes"))
			break
		}
		fmt.Fprintf(&b, "- %s\n", p.awaited(d))
	}
	for _, line := range followed {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	if len(p.open) > 0 {
		b.WriteString("\nLes heures sont celles de Paris.\n") // the UI's own are not
	}
	if len(p.history) > 0 {
		fmt.Fprintf(&b, "\nDernières étapes : %s\n", strings.Join(p.history, ", "))
	}
	return b.String()
}

// awaited says what a deadline awaits, from whom, until when, and what happens otherwise. A date that comes by itself is
// awaited from nobody.
func (p *process) awaited(d *models.Deadline) string {
	what, due := models.French.AwaitedOf(*d), p.clock(d.DueAt)
	if d.Awaits == models.RoleSystem {
		return fmt.Sprintf("%s (%s), le %s : %s", what, d.Subject, due, models.French.Otherwise(d.Kind))
	}
	asked, otherwise := "", models.French.Otherwise(d.Kind)
	if leaves, ok := p.asking[d.ID]; ok {
		asked = " ; départ de l’e-mail le " + p.clock(leaves) // true before it left and after
	}
	if len(d.Asked) > 0 && !slices.ContainsFunc(d.Asked, func(key string) bool { return !p.lost[key] }) {
		asked, otherwise = " ; e-mail non remis", "et sauf renvoi, "+models.French.Unreached() // a process is not told of that
	}
	return fmt.Sprintf("%s (%s ; %s%s), avant le %s ; sinon %s", what, d.Subject, p.owing(d), asked, due, otherwise)
}

// owes says from whom a deadline awaits something, by reference where the process knows it.
func (p *process) owes(d *models.Deadline) string {
	who := models.French.RoleName(d.Awaits)
	switch {
	case d.Awaits == models.RoleParticipant && d.AwaitsRef != "":
		return "participant " + d.AwaitsRef
	case d.AwaitsRef != "":
		return who + " " + d.AwaitsRef
	case d.Awaits == models.RoleStaff && p.owner != "":
		return who + ", d’abord " + p.owner
	}
	return who
}

// clock is an instant as the people who watch read it.
func (p *process) clock(t time.Time) string { return t.In(p.cal.Location()).Format(moment) }

// followed says what a person must look at, which the search attribute tells the newest of only; and what the dossier
// waits for that other processes follow, with where to look.
func (r *request) followed() []string {
	var out []string
	for _, a := range r.alerts {
		out = append(out, fmt.Sprintf("À regarder depuis le %s : `%s` (%s)", r.clock(a.Since), a.Alert, a.Subject))
	}
	if r.search != nil && !r.search.ended {
		what := "Autres candidats, en réserve jusqu’à la signature du formateur retenu"
		if r.row.Stage == models.StageSolicitation && r.chosen == nil {
			what = "Choix d’un formateur"
		}
		out = append(out, what+" : voir `"+models.SolicitationID(r.dossier, r.search.number)+"`")
	}
	for _, s := range r.sessions {
		if !s.ended {
			out = append(out, fmt.Sprintf("Séance %d, fin le %s : voir `%s`", s.session.Number,
				r.clock(s.session.EndAt), models.SessionID(r.dossier, s.session.Number)))
		}
	}
	if r.followUp != nil && !r.followUp.IsReady() {
		out = append(out, "Certificats et évaluations : voir `"+models.FollowUpID(r.dossier)+"`, qui peut se poursuivre une fois le dossier clos")
	}
	if r.row.InvoiceRef != "" {
		out = append(out, "Facture du client et son règlement : voir `"+models.InvoiceID(r.row.InvoiceRef)+"`, qui peut se poursuivre une fois le dossier clos")
	}
	if due := len(r.unpaid()); r.row.Stage == models.StageDelivered && due > 0 {
		out = append(out, fmt.Sprintf("Rétribution de %s : relevé mensuel, facture et paiement, voir les processus où `Trainer = \"%s\"` ; puis le dossier se clôt",
			plural(due, "séance", "séances"), r.row.TrainerRef))
	}
	return out
}

// kept says where to look for what follows the choice, and whom the search keeps meanwhile.
func (s *solicitation) kept() []string {
	if s.chosen == "" || s.over {
		return nil
	}
	who := "personne d’autre n’a répondu favorablement"
	if refs := s.refs(models.InvitationInterested); len(refs) > 0 {
		who = plural(len(refs), "autre candidat", "autres candidats") + " (" + strings.Join(refs, ", ") + ")"
	}
	return []string{
		"Recherche en réserve jusqu’à la signature de " + s.find(s.chosen).TrainerRef + " ; s’il quitte la mission, elle reprend : " + who,
		"Audit, programme et contrat du formateur retenu : voir `" + models.RequestID(s.dossier) + "`",
	}
}

// silent says how many of those asked still owe an answer, and who.
func (s *solicitation) silent(d *models.Deadline) string {
	if d.Kind != models.DeadlineSilence {
		return s.owes(d)
	}
	asked := 0
	var left []string
	for _, inv := range s.invitations {
		if inv.DeadlineID != d.ID {
			continue
		}
		if asked++; inv.Status == models.InvitationSent {
			left = append(left, inv.TrainerRef)
		}
	}
	return fmt.Sprintf("%d sans réponse sur %d : %s", len(left), asked, strings.Join(left, ", "))
}

// refs are the trainers whose invitations stand so, in order.
func (s *solicitation) refs(status models.InvitationStatus) (out []string) {
	for _, inv := range s.invitations {
		if inv.Status == status {
			out = append(out, inv.TrainerRef)
		}
	}
	return out
}

// title is a session's number and its hours, which staff may move.
func (s *session) title() string {
	return "Séance " + itoa(s.row.Number) + ", " + strings.Join(models.French.Times(s.row.HalfDays), " ; ")
}

// signatures says what participants sign on the day: no deadline of its own, the sheet closes it.
func (s *session) signatures() []string {
	if s.row.Status != models.SessionConvoked || s.row.SheetClosed() || s.interrupted() {
		return nil
	}
	return []string{fmt.Sprintf("Émargement des participants : %s, chacune dès son début et jusqu’à la feuille signée par le formateur ; sinon la feuille est incomplète et l’équipe juge",
		plural(len(s.row.HalfDays), "demi-journée", "demi-journées"))}
}
