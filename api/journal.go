package api

import (
	"context"
	"strings"
	"time"

	"jalon/mail"
	"jalon/models"
	"jalon/web"
)

// JournalView is one line of a dossier's timeline, with its sentence and the words of its note.
type JournalView struct {
	models.JournalLine
	Sentence string `json:"sentence" doc:"In the language asked for; the kind itself if it has none"`
	Words    string `json:"note,omitempty" doc:"The note in words, for who may read them"`
}

func (s *Server) journalView(ctx context.Context, line models.JournalLine) (JournalView, error) {
	call := callFrom(ctx)
	v := JournalView{JournalLine: line, Sentence: JournalSentence(line, call.lang)}
	if line.Note == "" || !noted(line).Allows(call.Roles) {
		return v, nil
	}
	n, err := s.store.Note(ctx, line.Note)
	if models.ErrorCode(err) == models.CodeUnknown {
		return v, nil
	}
	v.Words = n.Text
	return v, err
}

// JournalSentence says what a line of the journal tells; the kind itself where no sentence is known.
func JournalSentence(line models.JournalLine, lang models.Lang) string {
	words, ok := journalSentences[line.Kind]
	if not, said := journalSentences[line.Kind+"_no"]; said && line.Args.Get("passed") == "no" {
		words = not
	}
	due := models.Date(line.Args.Get("pay_on"))
	if late, said := journalSentences[line.Kind+"_late"]; said && due != "" && due < models.ParisDate(line.At) {
		words = late
	}
	if !ok {
		return line.Kind
	}
	// An invoice goes by the number it had then; a line that keeps none names it by its reference.
	number := line.Args.Get("number")
	pairs := []string{"{actor}", line.Actor}
	if number != "" {
		pairs = append(pairs, "{subject}", number, "{invoice}", number)
	}
	pairs = append(pairs, "{subject}", line.Subject)
	for _, a := range line.Args {
		pairs = append(pairs, "{"+a.Name+"}", journalValue(a, lang))
	}
	pairs = append(pairs, "{invoice}", line.Subject) // where no value says it: the line is the invoice's own
	say := func(w bilingual) string {
		sentence := models.FrenchSpaces.Replace(w.fr)
		if lang == models.English {
			sentence = w.en
		}
		return strings.NewReplacer(pairs...).Replace(sentence)
	}
	sentence := say(words)
	if bare, said := journalSentences[line.Kind+"_bare"]; said && strings.Contains(sentence, "{") {
		return say(bare) // written by a version that did not keep the value
	}
	if line.Args.Get("replaces") != "" {
		sentence += " " + say(journalSentences["invoice_replaces"])
	}
	if line.Kind == "participants_registered" && line.Args.Get("group") != "" { // more than announced
		sentence += " " + say(journalSentences["group_exceeded"])
	}
	return sentence
}

// journalValue is the value of a sentence in words.
func journalValue(a models.Arg, lang models.Lang) string {
	switch a.Name {
	case "template":
		return templateName(lang, a.Value)
	case "alert":
		return strings.TrimSuffix(mail.AlertSentence(lang, a.Value), ".")
	case "stage":
		return lang.StageName(models.Stage(a.Value))
	case "fact", "deadline", "evaluation", "reason":
		if w, ok := journalWords[a.Value]; ok {
			if lang == models.English {
				return w.en
			}
			return w.fr
		}
	case "pay_on", "paid_on":
		return web.Day(lang, models.Date(a.Value))
	case "due":
		if t, err := time.Parse(time.RFC3339, a.Value); err == nil {
			return web.DateTime(lang, t)
		}
	}
	return a.Value
}

type bilingual struct{ fr, en string }

// journalSentences are what each kind of line tells. Values between braces are those of the line.
var journalSentences = map[string]bilingual{
	"request_opened":           {"La demande est arrivée.", "The request arrived."},
	"request_qualified":        {"Le besoin est précisé : la recherche peut commencer.", "The needs are known: the search may start."},
	"request_reworked":         {"La demande a été revue : une nouvelle recherche suit.", "The request was reworked: a new search follows."},
	"owner_changed":            {"Le dossier est confié à {owner}.", "The request is handed to {owner}."},
	"stage_entered":            {"Le dossier entre à l’étape « {stage} ».", "The request enters the stage “{stage}”."},
	"step_waived":              {"L’étape « {stage} » est passée sans être faite.", "The step “{stage}” is waived."},
	"trainer_assigned":         {"La mission est confiée à {trainer}, sans recherche.", "{trainer} is assigned as trainer, without a search."},
	"wave_sent":                {"Vague {wave}, formateurs sollicités : {trainers}.", "Wave {wave}, trainers asked: {trainers}."},
	"invitation_interested":    {"Le formateur souhaite la mission ({subject}).", "The trainer is interested ({subject})."},
	"invitation_declined":      {"Le formateur décline ({subject}).", "The trainer declines ({subject})."},
	"invitation_silent":        {"Sans réponse à l’échéance : le silence vaut refus ({subject}).", "No answer when due: silence counts as a refusal ({subject})."},
	"invitation_undeliverable": {"La sollicitation n’a pas pu être remise ({subject}).", "The invitation could not be delivered ({subject})."},
	"invitation_chosen":        {"Candidature retenue ({subject}).", "The trainer is chosen ({subject})."},
	"invitation_not_retained":  {"Candidature non retenue ({subject}).", "The trainer is not retained ({subject})."},
	"trainer_chosen":           {"Le choix se porte sur {trainer}.", "{trainer} is chosen as trainer."},
	"trainer_left":             {"Le formateur retenu quitte la mission : {reason}.", "The retained trainer leaves the mission: {reason}."},
	"request_cancelled":        {"La demande est annulée : {reason}.", "The request is cancelled: {reason}."},
	"request_handed_over":      {"La demande est transmise : {reason}.", "The request is handed over: {reason}."},
	"lines_cancelled":          {"Les lignes contestées sont annulées.", "The contested lines are cancelled."},
	"trainer_withdrew":         {"Le formateur se désiste.", "The trainer withdraws."},
	"search_widened":           {"La recherche est élargie.", "The search is widened."},
	"search_resumed":           {"La recherche reprend : {reason}.", "The search resumes: {reason}."},
	"slots_offered":            {"Le formateur propose des créneaux d’audit.", "The trainer offers slots for the audit."},
	"slot_chosen":              {"Le client choisit un créneau d’audit.", "The client picks a slot for the audit."},
	"slots_refused":            {"Aucun créneau ne convient au client.", "No slot suits the client."},
	"audit_reported":           {"Le compte rendu d’audit est enregistré.", "The outcome of the audit is recorded."},
	"programme_submitted":      {"Le programme est remis ({subject}).", "The programme is submitted ({subject})."},
	"programme_approved":       {"Le programme est approuvé ({subject}).", "The programme is approved ({subject})."},
	"programme_returned":       {"Le programme est à revoir ({subject}).", "The programme is returned ({subject})."},
	"interview_recorded":       {"L’entretien est concluant.", "The interview is passed."},
	"interview_recorded_no":    {"L’entretien n’est pas concluant.", "The interview is not passed."},
	"readiness_checked":        {"Le dossier est vérifié : tout est en ordre.", "The paperwork is checked: all is in order."},
	"readiness_checked_no":     {"Le dossier est vérifié : il manque quelque chose.", "The paperwork is checked: something is missing."},
	"contract_sent":            {"Le document {subject} est prêt, sa signature est demandée.", "Document {subject} is ready, its signature is asked for."},
	"contract_signed":          {"Le document {subject} est signé.", "Document {subject} is signed."},
	"contract_declined":        {"La signature du document {subject} est refusée.", "Document {subject} is declined."},
	"contract_expired":         {"Le document {subject} n’a pas été signé à temps.", "Document {subject} was not signed in time."},
	"contract_reissued":        {"Le document {subject} est remplacé.", "Document {subject} is replaced."},
	"contract_cancelled":       {"Le document {subject} est annulé.", "Document {subject} is cancelled."},
	"client_cancelled":         {"Le client annule.", "The client cancels."},
	"sessions_planned":         {"Séances planifiées : {sessions}.", "Sessions planned: {sessions}."},
	"session_convoked":         {"Les convocations de la séance {subject} sont demandées.", "The convocations of session {subject} are asked for."},
	"session_moved":            {"La séance {subject} est déplacée.", "Session {subject} is moved."},
	"session_cancelled":        {"La séance {subject} est annulée.", "Session {subject} is cancelled."},
	"session_validated":        {"La séance {subject} est validée.", "Session {subject} is validated."},
	"participants_registered":  {"Participants inscrits : {count}.", "Participants registered: {count}."},
	"group_exceeded":           {"L’effectif annoncé est dépassé : {registered} pour {group}.", "The headcount announced is exceeded: {registered} for {group}."},
	"participant_corrected":    {"La fiche du participant {subject} est modifiée.", "The record of participant {subject} is changed."},
	"participant_removed":      {"Le participant {subject} est retiré.", "Participant {subject} is removed."},
	"sheet_signed":             {"La feuille d’émargement est signée ({subject}).", "The attendance sheet is signed ({subject})."},
	"sheet_judged":             {"La séance {subject} est jugée tenue.", "Session {subject} is judged to have been held."},
	"sheet_judged_no":          {"La séance {subject} est jugée non tenue.", "Session {subject} is judged not to have been held."},
	"absence_justified":        {"L’absence est justifiée ({subject}).", "The absence is justified ({subject})."},
	"absence_unjustified":      {"L’absence n’a pas été justifiée à temps ({subject}).", "The absence was not justified in time ({subject})."},
	"certificates_sent":        {"Certificats établis : {participants}.", "Certificates drawn up: {participants}."},
	"evaluation_asked":         {"Évaluation {evaluation} ouverte, participants : {participants}.", "Evaluation opened ({evaluation}), participants: {participants}."},
	"evaluation_reminded":      {"Évaluation {evaluation} relancée, participants : {participants}.", "Reminder of the evaluation ({evaluation}), participants: {participants}."},
	"evaluation_answered":      {"Évaluation {evaluation} : personne à relancer.", "Evaluation ({evaluation}): nobody to remind."},
	"follow_up_given_up":       {"Le suivi est abandonné.", "The follow-up is given up."},
	"recap_sent":               {"Le relevé {subject} est établi.", "Statement {subject} is drawn up."},
	"recap_accepted":           {"Le relevé {subject} est accepté.", "Statement {subject} is accepted."},
	"recap_contested":          {"Le relevé {subject} est contesté.", "Statement {subject} is contested."},
	"recap_corrected":          {"Le relevé {subject} est corrigé.", "Statement {subject} is corrected."},
	"lines_settled":            {"Les lignes sont arrêtées ; facture {invoice}.", "The lines are settled; invoice {invoice}."},
	"invoice_awaited":          {"La facture {subject} est attendue du fournisseur.", "Invoice {subject} is awaited from the supplier."},
	"invoice_received":         {"La facture {subject} est reçue.", "Invoice {subject} is received."},
	"invoice_replaces":         {"Elle remplace la facture {replaces}, pour laquelle un avoir est dû.", "It replaces invoice {replaces}, for which a credit note is owed."},
	"invoice_issued":           {"La facture {subject} est émise.", "Invoice {subject} is issued."},
	"invoice_conform":          {"La facture {subject} est conforme ; paiement le {pay_on}.", "Invoice {subject} conforms; payment on {pay_on}."},
	"invoice_conform_late":     {"La facture {subject} est conforme ; son paiement est dû depuis le {pay_on}.", "Invoice {subject} conforms; its payment has been due since {pay_on}."},
	"invoice_rejected":         {"La facture {subject} n’est pas conforme.", "Invoice {subject} does not conform."},
	"invoice_paid":             {"La facture {subject} est payée le {paid_on}.", "Invoice {subject} is paid on {paid_on}."},
	"invoice_paid_bare":        {"La facture {subject} est payée.", "Invoice {subject} is paid."},
	"invoice_undone":           {"La dernière décision sur la facture {subject} est annulée.", "The last decision about invoice {subject} is undone."},
	"invoice_unpaid":           {"Le paiement de la facture {subject} est annulé.", "The payment of invoice {subject} is undone."},
	"invoice_withdrawn":        {"La facture {subject} est retirée.", "Invoice {subject} is withdrawn."},
	"deadline_postponed":       {"L’échéance est reportée au {due}.", "The deadline is postponed to {due}."},
	"message_undeliverable":    {"Un message n’a pas pu être remis.", "A message could not be delivered."},
	"message_left":             {"Un message dont on ne savait pas s’il était parti est tenu pour parti : {template}.", "A message not known to have left is taken to have left: {template}."},
	"message_resent":           {"Un message qui n’avait pas pu être remis est renvoyé : {template}.", "A message that could not be delivered is sent again: {template}."},
	"message_again":            {"Un message dont on ne savait pas s’il était parti est renvoyé : {template}.", "A message not known to have left is sent again: {template}."},
	"alert":                    {"À regarder : {alert}.", "To look at: {alert}."},
	"fact_late":                {"Arrivé trop tard pour changer quoi que ce soit : {fact}.", "Came too late to change anything: {fact}."},
	"fact_ignored":             {"Déjà pris en compte : {fact}.", "Already taken into account: {fact}."},
}

// journalWords are the values of sentences in words.
var journalWords = map[string]bilingual{
	"programme": {"programme", "programme"},
	"hot":       {"à chaud", "hot"},
	"cold":      {"à froid", "cold"},

	"invitation_answered": {"réponse à une sollicitation", "answer to an invitation"},
	"slots_offered":       {"créneaux proposés", "slots offered"},
	"slot_chosen":         {"créneau choisi", "slot chosen"},
	"slots_refused":       {"créneaux refusés", "slots refused"},
	"audit_reported":      {"compte rendu d’audit", "outcome of the audit"},
	"programme_submitted": {"programme remis", "programme submitted"},
	"contract_signed":     {"signature", "signature"},
	"contract_declined":   {"refus de signature", "refusal to sign"},
	"trainer_withdrew":    {"retrait du formateur", "withdrawal of the trainer"},
	"client_cancelled":    {"annulation par le client", "cancellation by the client"},
	"sheet_signed":        {"feuille d’émargement", "attendance sheet"},
	"absence_justified":   {"justification d’absence", "justification of an absence"},
	"recap_accepted":      {"acceptation du relevé", "acceptance of the statement"},
	"recap_contested":     {"contestation du relevé", "contest of the statement"},
	"invoice_received":    {"facture", "invoice"},

	"dropped_by_staff": {"le formateur a été écarté par l’équipe", "the trainer was dropped by staff"},
	"audit_unfit":      {"l’audit n’est pas concluant", "the audit says unfit"},
	"interview_failed": {"l’entretien n’est pas concluant", "the interview was not passed"},
	"trainer_contract": {"contrat du formateur", "trainer's contract"},
	"contract_expired": {"le contrat du formateur n’a pas été signé à temps", "the trainer's contract was not signed in time"},

	"by_client":        {"à la demande du client", "at the client's request"},
	"by_agency":        {"décision de l’agence", "decided by the agency"},
	"out_of_scope":     {"hors de notre périmètre", "out of our scope"},
	"request_reworked": {"la demande a été revue", "the request was reworked"},

	"silence":               {"réponses aux sollicitations", "answers to the invitations"},
	"staff_step":            {"décision de l’équipe", "decision of staff"},
	"audit_slots":           {"créneaux d’audit", "slots for the audit"},
	"audit_choice":          {"choix d’un créneau", "choice of a slot"},
	"audit_report":          {"compte rendu d’audit", "outcome of the audit"},
	"client_signature":      {"signature du client", "client's signature"},
	"convocation":           {"envoi des convocations", "sending of the convocations"},
	"sheet_deposit":         {"feuille d’émargement", "attendance sheet"},
	"absence_justification": {"justification d’une absence", "justification of an absence"},
	"hot_evaluation":        {"évaluations à chaud", "hot evaluations"},
	"cold_evaluation":       {"évaluation à froid", "cold evaluation"},
	"recap_day":             {"jour du relevé", "day of the statement"},
	"recap":                 {"réponse au relevé", "answer to the statement"},
	"invoice_upload":        {"facture du fournisseur", "supplier's invoice"},
	"conformity":            {"contrôle de conformité", "check of conformity"},
	"client_payment":        {"règlement du client", "client's payment"},
}
