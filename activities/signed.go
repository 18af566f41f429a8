package activities

import (
	"context"
	"maps"
	"slices"

	"jalon/documents"
	"jalon/models"
)

// Copies finds the signed copies of contracts for who asks for them; their mail has perhaps not left yet.
type Copies clerk

// Signed is the copy of a contract as it was signed. Refused: not_found while it is not.
func (c Copies) Signed(ctx context.Context, contract string) (models.Document, error) {
	return clerk(c).signed(ctx, contract)
}

// signed is the scan of what was signed on paper where staff recorded one, or else the document with a page that says who
// signed it. It is drawn once, when it is first asked for, and is that one from then on.
func (a clerk) signed(ctx context.Context, contract string) (models.Document, error) {
	c, err := a.Store.Contract(ctx, contract)
	if err != nil {
		return models.Document{}, err
	}
	f, err := a.Store.Signature(ctx, c.Ref)
	if err != nil {
		return models.Document{}, err
	}
	if f.Data.Scan != "" {
		return a.Store.Document(ctx, f.Data.Scan)
	}
	d, err := a.Store.DocumentOf(ctx, models.DocumentSigned, c.Ref)
	if err == nil || models.ErrorCode(err) != models.CodeUnknown {
		return d, err
	}
	document, err := a.Documents.Get(ctx, c.SHA256)
	if err != nil {
		return d, err
	}
	signature, err := a.signature(ctx, c, f.Fact)
	if err != nil {
		return d, err
	}
	pdf, err := documents.SignedCopy(document, signature)
	if err != nil {
		return d, err
	}
	sha, err := a.keep(ctx, models.RenderInput{Kind: models.DocumentSigned, Subject: c.Ref, Dossier: c.Dossier, At: c.SignedAt}, fileName("exemplaire-signe", c.Ref), pdf)
	if err != nil {
		return d, err
	}
	return a.Store.Document(ctx, sha)
}

// signature gathers what is known of who signed a contract, and of who decided on it in the agency.
func (a clerk) signature(ctx context.Context, c models.Contract, f models.Fact) (documents.Signature, error) {
	out := documents.Signature{Ref: c.Ref, Dossier: c.Dossier, Kind: c.Kind, Agency: a.Agency, IssuedAt: c.SentAt, At: c.SignedAt, Online: f.Channel == models.ChannelLink}
	var email string
	if c.Signer == models.RoleTrainer {
		t, err := a.Store.Trainer(ctx, c.TrainerRef)
		if err != nil {
			return out, err
		}
		out.Signer, email = supplier(t), t.Email
	} else {
		b, err := a.Store.Brief(ctx, c.Dossier)
		if err != nil {
			return out, err
		}
		client, err := a.Store.Client(ctx, b.ClientRef)
		if err != nil {
			return out, err
		}
		contact, err := known(a.Store.Contact(ctx, f.Actor))
		if err != nil {
			return out, err
		}
		out.Signer, email = buyer(client), contact.Email
		if c.Kind != models.ContractIndividual {
			out.Signer.Represented = contact.Name
		}
	}
	var err error
	if out.Decided, err = a.decided(ctx, c); err != nil {
		return out, err
	}
	if !out.Online {
		recorder, err := known(a.Store.User(ctx, f.Recorder))
		out.Means = received[f.Channel]
		if recorder.Name != "" {
			out.Means += ", enregistré par " + recorder.Name
		}
		return out, err
	}
	name, err := known(a.Store.Note(ctx, f.Data.Note))
	if err != nil {
		return out, err
	}
	out.Name, out.Means = name.Text, "Par le lien personnel envoyé à son adresse électronique"
	asks, err := a.Store.MessagesOf(ctx, c.Dossier, models.TemplatesThatAsk...)
	if err != nil {
		return out, err
	}
	if i := slices.IndexFunc(asks, func(m models.Message) bool { return m.Subject == c.Ref && !m.SentAt.IsZero() }); i >= 0 {
		out.Means += " le " + fr.Moment(asks[i].SentAt)
	}
	if email != "" {
		out.Means += " ; adresse connue de l’organisme\u00a0: " + email
	}
	return out, nil
}

// received is how what staff record came to them.
var received = map[models.Channel]string{models.ChannelPaper: "Sur papier", models.ChannelPhone: "Par téléphone", models.ChannelMail: "Par courrier électronique"}

// commitments are the decisions of staff that a contract follows from, as the journal names them.
var commitments = map[string]string{"trainer_chosen": "formateur retenu", "trainer_assigned": "formateur désigné", "programme_approved": "programme approuvé",
	"contract_reissued": "document remplacé", "step_waived": "étape passée"}

// decided says who of the agency decided last before a contract was drawn up; nothing where nobody of it did.
func (a clerk) decided(ctx context.Context, c models.Contract) (string, error) {
	line, err := known(a.Store.LastLine(ctx, c.Dossier, c.SentAt, slices.Sorted(maps.Keys(commitments))...))
	if err != nil {
		return "", err
	}
	u, err := known(a.Store.User(ctx, line.Actor))
	if err != nil || u.Name == "" {
		return "", err
	}
	return u.Name + ", le " + fr.Moment(line.At) + " (" + commitments[line.Kind] + ")", nil
}
