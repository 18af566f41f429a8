package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/text/language"

	"jalon/models"
)

// refusal is how a code is answered: its HTTP status and its sentence in French and in English.
type refusal struct {
	status int
	fr, en string
}

// refusals holds every code of models: the one map from a refusal to its status, and the one table of its sentences.
var refusals = map[models.Code]refusal{
	models.CodeUnknown:         {404, "Ce que vous cherchez n’existe pas, ou plus.", "What you are looking for does not exist."},
	models.CodeInternal:        {500, "Une erreur s’est produite de notre côté. Réessayez dans un instant.", "Something went wrong on our side. Try again in a moment."},
	models.CodeUnavailable:     {503, "Le service est momentanément indisponible. Rien n’est perdu : réessayez dans un instant.", "The service is temporarily unavailable. Nothing is lost: try again in a moment."},
	models.CodeInvalid:         {422, "Certaines informations manquent ou ne conviennent pas.", "Some information is missing or not acceptable."},
	models.CodeMalformed:       {400, "Le contenu envoyé n’est pas lisible.", "What was sent cannot be read."},
	models.CodeTooLarge:        {413, "Le contenu envoyé est trop volumineux.", "What was sent is too large."},
	models.CodeMethod:          {405, "Cette adresse ne se prête pas à cette action.", "This address does not allow this action."},
	models.CodeUnauthenticated: {401, "Connectez-vous pour continuer.", "Sign in to continue."},
	models.CodeForeignOrigin: {403, "Un appel fait avec une session doit venir de nos pages : ajoutez l’en-tête Origin de cette adresse, ou utilisez un jeton.",
		"A call made with a session must come from our own pages: send the Origin header of this address, or use a token."},
	models.CodeWrongPassword:     {401, "L’identifiant ou le mot de passe n’est pas le bon.", "The name or the password is not right."},
	models.CodeForbidden:         {403, "Votre compte ne permet pas cette action.", "Your account does not allow this."},
	models.CodeRateLimited:       {429, "Trop d’appels en peu de temps. Réessayez dans un instant.", "Too many calls in a short time. Try again in a moment."},
	models.CodeConflict:          {409, "Cette action en contredit une autre déjà enregistrée ou en cours.", "This contradicts something already recorded or under way."},
	models.CodeWrongStage:        {409, "Le dossier n’en est pas à cette étape.", "The request does not stand at this stage."},
	models.CodeClosed:            {410, "Le dossier est terminé et ne peut plus changer.", "The request has ended and can no longer change."},
	models.CodeFinished:          {410, "C’est déjà terminé et ne peut plus changer.", "This is finished and can no longer change."},
	models.CodePolicyUnsupported: {422, "Cette façon de travailler contient des réglages qui ne sont pas encore pris en charge.", "This way of working has settings that are not supported yet."},
	models.CodePolicyUnknown:     {422, "Cette façon de travailler n’existe pas.", "This way of working does not exist."},
	models.CodeKeyReused:         {422, "Cette clé d’idempotence a déjà servi pour un autre contenu.", "This idempotency key was already used with another content."},
	models.CodeKeyMissing:        {400, "L’en-tête Idempotency-Key est nécessaire (1 à 200 caractères).", "The Idempotency-Key header is needed (1 to 200 characters)."},
	models.CodePaidBeforeIssued:  {422, "Cette date précède celle de la facture : rien n’a pu être payé avant.", "This date is before that of the invoice: nothing can have been paid by then."},
	models.CodePastDate:          {422, "Cette date est déjà passée.", "This date is already past."},
	models.CodeFutureDate:        {422, "Cette date est encore à venir.", "This date is still to come."},
	models.CodeDateTooOld:        {422, "Cette date est trop ancienne, ou d’avant ce dont il s’agit. Vérifiez-la.", "This date is too long ago, or before what it is about. Check it."},
	models.CodeDateTooFar:        {422, "Cette date est trop lointaine. Vérifiez l’année.", "This date is too far ahead. Check the year."},

	models.CodeLinkInvalid:   {404, "Ce lien n’est pas valable. Vérifiez qu’il est complet.", "This link is not valid. Check that it is complete."},
	models.CodeLinkExpired:   {410, "Ce lien n’est plus valable : le délai est passé.", "This link has expired: its time is over."},
	models.CodeLinkUsed:      {409, "Votre réponse est déjà enregistrée.", "Your answer is already recorded."},
	models.CodeLinkWithdrawn: {410, "Ce lien a été retiré : la demande n’est plus d’actualité.", "This link was withdrawn: what it asked for is no longer needed."},

	models.CodeNotInterested: {409, "Ce formateur n’a pas dit que la mission l’intéressait.", "This trainer has not said that they are interested."},
	models.CodeAnswered: {409, "Ce formateur a déjà répondu, et sa première réponse compte. S’il ne veut plus de cette mission, retenez quelqu’un d’autre.",
		"This trainer has already answered, and their first answer stands. If they no longer want this mission, choose somebody else."},
	models.CodeUpskillingNotAgreed: {409, "Ce formateur n’a pas accepté la montée en compétences nécessaire.", "This trainer has not agreed to the upskilling needed."},
	models.CodeAlreadyChosen:       {409, "Un formateur est déjà retenu.", "A trainer is already chosen."},
	models.CodeNoTrainer:           {409, "Aucun formateur n’est retenu.", "No trainer is chosen."},
	models.CodeTrainerUnknown:      {422, "Ce formateur n’existe pas ou n’est plus actif.", "This trainer does not exist or is no longer active."},
	models.CodeTrainerBusy:         {409, "Ce formateur a déjà été sollicité ou est déjà pris.", "This trainer was already asked or is already busy."},
	models.CodeTrainerIneligible:   {409, "Ce formateur ne peut pas prendre cette mission.", "This trainer cannot take this mission."},
	models.CodeNoCandidate:         {409, "Il ne reste personne à solliciter.", "There is nobody left to ask."},
	models.CodeAuditMissing:        {409, "Le résultat de l’audit n’est pas enregistré.", "The outcome of the audit is not recorded."},
	models.CodeCallToCome:          {409, "L’échange convenu n’a pas encore eu lieu. S’il s’est tenu plus tôt, indiquez quand.", "The call agreed on has not taken place yet. If it was held earlier, say when."},
	models.CodeProgrammeIncomplete: {422, "Le programme est incomplet : objectifs, contenu, méthodes et évaluation sont nécessaires.", "The programme is incomplete: objectives, content, methods and assessment are needed."},
	models.CodeProgrammeMissing:    {409, "Aucun programme n’a été remis.", "No programme was submitted."},
	models.CodeDocumentChanged:     {409, "Le document a changé depuis que vous l’avez lu.", "The document has changed since you read it."},
	models.CodeDocumentIncomplete:  {422, "Il manque au document une mention obligatoire.", "The document lacks something that must be on it."},
	models.CodeNotSigned:           {409, "Tout n’est pas encore signé.", "Not everything is signed yet."},
	models.CodeSessionUnknown:      {404, "Cette séance n’existe pas.", "This session does not exist."},
	models.CodeSessionOverlap:      {422, "Ces demi-journées se chevauchent.", "These half-days overlap."},
	models.CodeSessionState:        {409, "La séance n’est pas dans un état qui le permet.", "The session is not in a state that allows this."},
	models.CodeSessionUnchanged:    {409, "La séance est déjà prévue à ces heures et à cet endroit.", "The session is planned at these hours and this place already."},
	models.CodeOverPlanned:         {422, "C’est plus que ce que le client a commandé.", "This is more than the client ordered."},
	models.CodePlaceMissing:        {422, "Indiquez le lien de la salle visio, ou qui l’enverra : la convocation le dit aux participants.", "Give the link of the video room, or say who will send it: the convocation tells participants."},
	models.CodeNoParticipants:      {409, "Aucun participant n’est inscrit.", "No participant is registered."},
	models.CodeHasSigned:           {409, "Ce participant a signé au moins une demi-journée : sa présence est acquise, il ne peut plus être retiré.", "This participant has signed at least one half-day: their attendance stands, they can no longer be removed."},
	models.CodeDeadlineClosed:      {409, "Cette échéance n’est plus ouverte.", "This deadline is no longer open."},
	models.CodeDeadlineLegal:       {422, "Cette échéance est légale et ne peut pas être reportée.", "This deadline is a legal one and cannot be postponed."},
	models.CodeDeadlineRole:        {403, "Vous ne pouvez pas reporter cette échéance : seuls le peuvent ceux qui décident de ce qu’elle attend.", "You cannot postpone this deadline: only those who decide what it awaits can."},
	models.CodeDeadlineEarlier:     {422, "Une échéance ne peut être reportée qu’à plus tard.", "A deadline can only be moved later."},
	models.CodeNothingToWaive:      {409, "Cette étape ne peut pas être passée.", "This step cannot be skipped."},
	models.CodeReasonMissing:       {422, "Indiquez pourquoi.", "Say why."},
	models.CodeLineUnknown:         {422, "Cette ligne n’appartient pas à ce relevé.", "This line does not belong to this statement."},
	models.CodeInvoiceState:        {409, "La facture n’est pas dans un état qui le permet.", "The invoice is not in a state that allows this."},
	models.CodeCompanyNumber:       {409, "Le numéro d’entreprise manque : rien ne peut être payé.", "The company number is missing: nothing can be paid."},
	models.CodeAccountMissing:      {409, "Les coordonnées bancaires du formateur manquent : rien ne peut être payé.", "The trainer’s bank details are missing: nothing can be paid."},
	models.CodeVATMismatch:         {422, "Les montants ne sont pas ceux qui étaient convenus, ou la TVA ne correspond pas au statut du fournisseur.", "The amounts are not those agreed on, or the VAT does not match the supplier’s status."},
	models.CodeClientForm:          {422, "Ces informations ne correspondent pas à ce type de client.", "This does not match this type of client."},
	models.CodeBudgetUnknown:       {409, "Le budget n’est pas encore connu.", "The budget is not known yet."},
	models.CodeNeedsUnknown: {409, "Sans programme écrit, le contrat n’aurait ni objectifs ni contenu : la convention reprend le besoin du client, qui n’est pas renseigné, et le contrat d’un particulier veut un programme. Enregistrez le programme plutôt que de passer l’étape.",
		"Without a written programme the contract would have neither objectives nor content: a convention tells the client’s needs, which are not filled in, and an individual’s contract wants a programme. Record the programme rather than skip the step."},
	models.CodeTariffPerHead: {422, "Le prix par participant n’est pas pris en charge.", "A price per participant is not supported."},
	models.CodeScanType:      {422, "Ce fichier n’est ni un PDF, ni une image JPEG ou PNG.", "This file is neither a PDF nor a JPEG or PNG picture."},
	models.CodeScanLarge:     {413, "Ce fichier dépasse 5 Mo.", "This file is over 5 MB."},
	models.CodeScanElsewhere: {409, "Ce fichier est déjà classé ailleurs. Enregistrez sans lui, ou numérisez à nouveau.", "This file is filed elsewhere already. Record without it, or scan it again."},
	models.CodeNotParked:     {409, "On sait déjà ce qu’est devenu ce message.", "What became of this message is known already."},
	models.CodeNeverTried:    {409, "Ce message n’a jamais été remis au serveur de courrier : il ne peut pas être parti.", "This message was never handed to the mail server: it cannot have left."},
	models.CodeMessageOver:   {409, "Ce que ce message demandait ou annonçait n’est plus d’actualité : il ne repart pas.", "What this message asked for or told of is over: it is not sent again."},
	models.CodeNoAddress:     {409, "Cette personne n’a pas d’adresse e-mail. Ajoutez-en une, puis renvoyez le message.", "This person has no e-mail address. Add one, then send the message again."},
	models.CodeStaleRun:      {409, "Ce traitement a été remplacé par un autre.", "This process was replaced by another."},
}

// codesInOrder are the codes that calls of the API are refused with, by status and by name; those of links are of pages.
func codesInOrder() []models.Code {
	codes := slices.Collect(maps.Keys(refusals))
	codes = slices.DeleteFunc(codes, func(c models.Code) bool { return strings.HasPrefix(string(c), "link_") })
	slices.SortFunc(codes, func(a, b models.Code) int {
		return cmp.Or(cmp.Compare(refusals[a].status, refusals[b].status), cmp.Compare(a, b))
	})
	return codes
}

// Sentence tells a person, in their language, why they were refused.
func Sentence(code models.Code, lang models.Lang) string {
	r, ok := refusals[code]
	if !ok {
		r = refusals[models.CodeInternal]
	}
	if lang == models.English {
		return r.en
	}
	return models.FrenchSpaces.Replace(r.fr)
}

// wrongStage is the sentence of wrong_stage that says where the dossier stands.
func wrongStage(stage models.Stage, lang models.Lang) string {
	at := models.FrenchSpaces.Replace(" Il en est à l’étape « " + lang.StageName(stage) + " ».")
	if lang == models.English {
		at = " It stands at “" + lang.StageName(stage) + "”."
	}
	return Sentence(models.CodeWrongStage, lang) + at
}

// Status is the HTTP status of a refusal.
func Status(code models.Code) int {
	if r, ok := refusals[code]; ok {
		return r.status
	}
	return http.StatusInternalServerError
}

// Problem is an RFC 9457 problem document with the stable code of the refusal.
type Problem struct {
	Type   string       `json:"type" doc:"Always about:blank: the code tells the problem" example:"about:blank"`
	Title  string       `json:"title" doc:"The words of the HTTP status, in the language asked for" example:"Conflict"`
	Status int          `json:"status" doc:"HTTP status" example:"409"`
	Code   string       `json:"code" doc:"Stable name of the refusal" example:"wrong_stage"`
	Detail string       `json:"detail" doc:"A sentence for the reader, in the language asked for"`
	Errors []Fault      `json:"errors,omitempty" doc:"What is wrong with the input, field by field, in the same language"`
	Stage  models.Stage `json:"stage,omitempty" doc:"wrong_stage: where the request stands"`
	Names  []string     `json:"parameters,omitempty" doc:"What the refusal is about, e.g. the policy's parameters"`

	headers http.Header
}

// Fault is one thing wrong with an input. It never repeats the value.
type Fault struct {
	Location string `json:"location,omitempty" example:"body.group_size"`
	Message  string `json:"message" example:"expected number >= 1"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are sent with the problem.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType is the one of problem documents.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

type cause = models.Error

// named is a refusal about named things, e.g. parameters of a policy.
type named struct {
	*cause
	names []string
}

func (e *named) Unwrap() error { return e.cause }

// faulty is a refusal of some fields.
type faulty struct {
	*cause
	faults []Fault
}

func (e *faulty) Unwrap() error { return e.cause }

// fault refuses one field, saying where and what in English (see frenchFaults).
func fault(code models.Code, location, message string) error {
	return &faulty{models.NewError(code, message), []Fault{{location, message}}}
}

// misplaced refuses one field for what models says of it; nil if it says nothing.
func misplaced(location string, err error) error {
	if e := (*models.Error)(nil); errors.As(err, &e) {
		return fault(e.Code, location, e.Message)
	}
	return err
}

// called trims what something is called, and refuses it where it shows nothing or is not one line.
func called(location string, name *string) error {
	*name = models.Trimmed(*name)
	return misplaced(location, models.CheckName(*name))
}

// invalid refuses one field of the input (invalid_input).
func invalid(location, message string) error { return fault(models.CodeInvalid, location, message) }

func refuse(code models.Code) error { return models.NewError(code, string(code)) }

// answer sets the status of a problem, and its words.
func (p *Problem) answer(lang models.Lang, status int) {
	p.Status, p.Title = status, http.StatusText(status)
	if french, ok := frenchStatuses[status]; ok && lang != models.English {
		p.Title = french
	}
}

// frenchStatuses are the words of the HTTP statuses that problems have.
var frenchStatuses = map[int]string{
	http.StatusBadRequest:            "Appel incorrect",
	http.StatusUnauthorized:          "Connexion nécessaire",
	http.StatusForbidden:             "Accès refusé",
	http.StatusNotFound:              "Introuvable",
	http.StatusMethodNotAllowed:      "Méthode non permise",
	http.StatusNotAcceptable:         "Format de réponse non proposé",
	http.StatusRequestTimeout:        "Appel trop long à venir",
	http.StatusConflict:              "Conflit",
	http.StatusGone:                  "Terminé",
	http.StatusRequestEntityTooLarge: "Contenu trop volumineux",
	http.StatusUnsupportedMediaType:  "Format non pris en charge",
	http.StatusUnprocessableEntity:   "Contenu non recevable",
	http.StatusTooManyRequests:       "Trop d’appels",
	http.StatusInternalServerError:   "Erreur interne",
	http.StatusServiceUnavailable:    "Service indisponible",
}

func newProblem(lang models.Lang, code models.Code) *Problem {
	if _, ok := refusals[code]; !ok {
		code = models.CodeInternal
	}
	p := &Problem{Type: "about:blank", Code: string(code), Detail: Sentence(code, lang), headers: http.Header{}}
	p.answer(lang, Status(code))
	p.headers.Set("Content-Language", string(lang))
	switch code {
	case models.CodeUnavailable, models.CodeRateLimited:
		p.headers.Set("Retry-After", "2")
	case models.CodeUnauthenticated:
		p.headers.Set("WWW-Authenticate", `Bearer realm="jalon"`)
	}
	return p
}

// problemOf turns any error into what may be shown of it: the cause of an internal error is logged, never shown.
func (s *Server) problemOf(ctx context.Context, lang models.Lang, err error) *Problem {
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p
	}
	if e := (*badAddress)(nil); errors.As(err, &e) {
		p := newProblem(lang, models.CodeInvalid)
		p.answer(lang, http.StatusBadRequest)
		p.Errors = said(lang, e.faults)
		return p
	}
	code := codeOf(err)
	if code == models.CodeInternal {
		s.log.ErrorContext(ctx, "internal error", "request", requestIDFrom(ctx), "error", err)
	}
	p := newProblem(lang, code)
	if e := (*named)(nil); errors.As(err, &e) {
		p.Names = e.names
	}
	if e := (*faulty)(nil); errors.As(err, &e) {
		p.Errors = said(lang, e.faults)
	}
	if dossier := callFrom(ctx).dossier; code == models.CodeWrongStage && dossier != "" {
		if _, r, err := s.dossier(ctx, dossier); err == nil { // as it is now: it may have gone on while the call was looked at
			p.Stage, p.Detail = r.Stage, wrongStage(r.Stage, lang)
		}
	}
	return p
}

// codeOf is the code an error carries: ours, the type of a Temporal application error, or what Temporal's absence
// means.
func codeOf(err error) models.Code {
	if e := (*models.Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	if e := (*temporal.ApplicationError)(nil); errors.As(err, &e) {
		if _, ok := refusals[models.Code(e.Type())]; ok {
			return models.Code(e.Type())
		}
		if endedFirst(err) {
			return models.CodeUnavailable // a repeat tells
		}
		return models.CodeInternal
	}
	var (
		unavailable *serviceerror.Unavailable
		taskFailed  *serviceerror.WorkflowNotReady
		exhausted   *serviceerror.ResourceExhausted
		deadline    *serviceerror.DeadlineExceeded
		canceled    *serviceerror.Canceled
		timeout     *client.WorkflowUpdateServiceTimeoutOrCanceledError
		tooBig      *http.MaxBytesError
	)
	switch {
	case errors.As(err, &unavailable), errors.As(err, &taskFailed), errors.As(err, &exhausted), errors.As(err, &deadline),
		errors.As(err, &canceled), errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, context.Canceled):
		return models.CodeUnavailable
	case errors.As(err, &tooBig):
		return models.CodeTooLarge
	}
	return models.CodeInternal
}

// endedFirst tells whether a process ended before it was done with a command.
func endedFirst(err error) bool {
	e := (*temporal.ApplicationError)(nil)
	return errors.As(err, &e) && e.Type() == "AcceptedUpdateCompletedWorkflow"
}

// problem answers a refusal outside the typed API.
func (s *Server) problem(c *gin.Context, err error) {
	writeProblem(c, s.problemOf(c.Request.Context(), langOf(c.Request), err))
}

func writeProblem(c *gin.Context, p *Problem) {
	for name, values := range p.headers {
		c.Writer.Header()[name] = values
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers always have a JSON form
	}
	c.Abort()
	c.Data(p.Status, "application/problem+json", body)
}

// Languages offered, the default first.
var languages = language.NewMatcher([]language.Tag{language.French, language.English})

// langOf is the reader's language: French unless English is preferred.
func langOf(r *http.Request) models.Lang {
	return langOfHeader(r.Header.Get("Accept-Language"))
}

func langOfHeader(accept string) models.Lang {
	if len(accept) > 200 {
		return models.French
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return models.French
	}
	if _, i, _ := languages.Match(tags...); i == 1 {
		return models.English
	}
	return models.French
}

// huma's own refusals (validation, reading the body) take our form too. They never repeat a value: it may be personal.
func init() {
	// What reads a body takes a name in any case, and the last of several: the bounds hold only for names written exactly.
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(models.French, status, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(langOfHeader(ctx.Header("Accept-Language")), status, errs)
	}
}

func humaProblem(lang models.Lang, status int, errs []error) *Problem {
	code := models.CodeInternal
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusNotAcceptable, http.StatusRequestTimeout:
		code = models.CodeMalformed
	case http.StatusRequestEntityTooLarge:
		code = models.CodeTooLarge
	case http.StatusMethodNotAllowed:
		code = models.CodeMethod
	case http.StatusUnprocessableEntity, http.StatusNotFound:
		code = models.CodeInvalid
	}
	p := newProblem(lang, code)
	if status != 0 {
		p.answer(lang, status)
	}
	if code == models.CodeInternal {
		return p
	}
	outside := len(errs) > 0
	for _, err := range errs {
		d, ok := err.(huma.ErrorDetailer)
		if !ok {
			outside = false
			continue
		}
		detail := d.ErrorDetail()
		f := Fault{Location: detail.Location, Message: detail.Message}
		if f.Location == "body" && (code == models.CodeMalformed || detail.Value != nil) && !strings.HasPrefix(f.Message, "expected") {
			f.Message = unreadable
		}
		p.Errors = append(p.Errors, f)
		outside = outside && (strings.HasPrefix(f.Location, "query.") || strings.HasPrefix(f.Location, "path."))
	}
	if outside && code == models.CodeInvalid {
		// Nonsense in the address itself is a bad request: no body would make it right.
		p.answer(lang, http.StatusBadRequest)
	}
	p.Errors = said(lang, p.Errors)
	return p
}

// badAddress refuses nonsense in the address itself: no body would make it right, so it is 400 and not 422.
type badAddress struct{ faults []Fault }

func (e *badAddress) Error() string { return "bad address" }

func badQuery(name, message string) error { return &badAddress{[]Fault{{"query." + name, message}}} }
