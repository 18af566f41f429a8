package api

import (
	"context"
	"slices"

	"jalon/models"
	"jalon/store"
	"jalon/web"
)

// SettleInput names a parked message.
type SettleInput struct {
	Key string `json:"message_key" minLength:"1" maxLength:"200" doc:"As listed"`
}

// settling is who may look after a message that nobody knows to have left: what is about money is for who may see it.
func settling(m models.Message) Rule {
	if m.Money() {
		return StaffMoney
	}
	return Everyone
}

// parkedFor narrows the parked messages down to those that somebody may settle, of one dossier or of all.
func parkedFor(who Caller, dossier string) store.ParkedFilter {
	return store.ParkedFilter{Dossier: dossier, NoMoney: !StaffMoney.Allows(who.Roles)}
}

// shown are messages as somebody may read them: the amount of an invoice, a statement or a payment is for who may see money.
func shown(who Caller, p store.Page[models.Message], err error) (store.Page[models.Message], error) {
	if !StaffMoney.Allows(who.Roles) {
		for i := range p.Items {
			p.Items[i].Args = slices.DeleteFunc(p.Items[i].Args, func(a models.Arg) bool { return a.Name == "amount" })
		}
	}
	return p, err
}

// templateName is what a message is, in words; the template itself if it has none.
func templateName(lang models.Lang, template string) string {
	if key := "dossier.template." + template; web.Has(key) {
		return web.T(lang, key)
	}
	return template
}

func (s *Server) registerMessages() {
	add(s, operation{method: "GET", path: "/messages/parked", id: "list-parked-messages", tag: "messages", rule: Everyone,
		summary: "Messages that nobody knows to have left, the oldest first"},
		func(ctx context.Context, in *Paging) (*listOutput[models.Message], error) {
			return paged(in, func(from store.Cursor) (store.Page[models.Message], error) {
				who := callFrom(ctx).Caller
				p, err := s.store.Parked(ctx, parkedFor(who, ""), from, in.Limit)
				return shown(who, p, err)
			})
		})
	settle := func(verb string, left bool, summary string) {
		add(s, operation{method: "POST", path: "/messages/" + verb, id: "message-" + verb, tag: "messages", rule: Everyone, keyed: true, summary: summary},
			func(ctx context.Context, in *struct{ Body SettleInput }) (*itemOutput[models.Message], error) {
				call := callFrom(ctx)
				m, err := s.store.Message(ctx, in.Body.Key)
				if err == nil && !settling(m).Allows(call.Roles) {
					err = refuse(models.CodeForbidden)
				}
				if err != nil {
					return nil, err
				}
				err = s.store.Settle(ctx, store.Settlement{ID: call.key, Key: m.Key, Left: left, Actor: call.Ref, Channel: call.through(), At: s.now()})
				if err != nil {
					return nil, err
				}
				return item(s.store.Message(ctx, m.Key))
			})
	}
	settle(verbLeft, true, "A parked message left, somebody found out: what it asks for counts from its attempt")
	settle(verbAgain, false, "A parked message did not leave: it is sent again")
}

// What is said of a parked message.
const (
	verbLeft  = "left"
	verbAgain = "again"
)
