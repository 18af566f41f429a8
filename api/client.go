package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"jalon/models"
	"jalon/store"
)

// ContactDetails is how a person at a client is called and reached.
type ContactDetails struct {
	Name  string      `json:"name" minLength:"1" maxLength:"200" doc:"First name and name"`
	Email string      `json:"email" format:"email" maxLength:"254" doc:"The address alone"`
	Phone string      `json:"phone,omitempty" maxLength:"40" doc:"As written, on one line"`
	Lang  models.Lang `json:"lang,omitempty" enum:"fr,en" default:"fr" doc:"Of their mails"`
}

// NewContact is a person at a client that is recorded with them, as given.
type NewContact struct {
	ContactDetails
	Billing bool `json:"billing,omitempty" doc:"Of a request opened with this client: this is who is billed"`
}

// ClientDetails is what documents tell of a client.
type ClientDetails struct {
	Name      string `json:"name" minLength:"1" maxLength:"200" doc:"As documents write it"`
	Company   string `json:"company_number,omitempty" pattern:"^([0-9]{9})?$" doc:"SIREN; none for an individual"`
	VATNumber string `json:"vat_number,omitempty" maxLength:"20" doc:"Intra-community"`
	Address   string `json:"address,omitempty" maxLength:"500" doc:"Contracts and invoices are refused without"`
}

// NewClient is a client with its people, as given.
type NewClient struct {
	Type models.ClientType `json:"type" enum:"individual,sole_trader,very_small_firm,sme,large_firm,association,public_body,education" doc:"Selects contract form and registration rules (F005)"`
	ClientDetails
	Contacts []NewContact `json:"contacts,omitempty" maxItems:"20" doc:"The first one asks and signs, unless said otherwise"`
}

func (c *ClientDetails) check(at string, as models.ClientType) error {
	if err := called(at+".name", &c.Name); err != nil {
		return err
	}
	c.Address = models.Trimmed(c.Address)
	if as == models.ClientIndividual && c.Company != "" {
		return fault(models.CodeClientForm, at+".company_number", "an individual has none")
	}
	return nil
}

func (c *ContactDetails) check(at string) error {
	if err := called(at+".name", &c.Name); err != nil {
		return err
	}
	if c.Phone = models.Trimmed(c.Phone); strings.ContainsFunc(c.Phone, models.BreaksLine) {
		return fault(models.CodeInvalid, at+".phone", "one line is needed")
	}
	return misplaced(at+".email", models.CheckEmail(c.Email))
}

func (c *NewClient) check(at string) error {
	if err := c.ClientDetails.check(at, c.Type); err != nil {
		return err
	}
	for i := range c.Contacts {
		if err := c.Contacts[i].check(fmt.Sprintf("%s.contacts[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

// ClientView is a client with its people.
type ClientView struct {
	models.Client
	Contacts []models.Contact `json:"contacts"`
	Same     []string         `json:"same_company_number,omitempty" doc:"Other clients with its company number, by reference: perhaps the same one"`
}

// newClient gives a client and its people their references, without writing them.
func (s *Server) newClient(ctx context.Context, in NewClient) (ClientView, error) {
	key := callFrom(ctx).key
	ref, err := s.store.Allocate(ctx, models.Allocation{Series: store.SeriesClient, Key: key})
	if err != nil {
		return ClientView{}, err
	}
	v := ClientView{Client: models.Client{Ref: ref, Type: in.Type, Name: in.Name, Company: in.Company,
		VATNumber: in.VATNumber, Address: in.Address, CreatedAt: s.now()}, Contacts: []models.Contact{}}
	for i, c := range in.Contacts {
		contact, err := s.newContact(ctx, ref, key+"/"+strconv.Itoa(i), c.ContactDetails)
		if err != nil {
			return ClientView{}, err
		}
		v.Contacts = append(v.Contacts, contact)
	}
	return v, nil
}

func (s *Server) newContact(ctx context.Context, client, key string, in ContactDetails) (models.Contact, error) {
	ref, err := s.store.Allocate(ctx, models.Allocation{Series: store.SeriesContact, Key: key})
	return in.contact(ref, client), err
}

func (c ContactDetails) contact(ref, client string) models.Contact {
	return models.Contact{Ref: ref, ClientRef: client, Name: c.Name, Email: c.Email, Phone: c.Phone, Lang: orFrench(c.Lang)}
}

func orFrench(l models.Lang) models.Lang {
	if l == "" {
		return models.French
	}
	return l
}

func (s *Server) clientView(ctx context.Context, ref string) (ClientView, error) {
	c, err := s.store.Client(ctx, ref)
	if err != nil {
		return ClientView{}, err
	}
	contacts, err := s.store.Contacts(ctx, ref)
	return ClientView{Client: c, Contacts: contacts}, err
}

// namesakes are the other clients with the company number of one.
func (s *Server) namesakes(ctx context.Context, c models.Client) ([]models.Client, error) {
	all, err := s.store.ClientsOfCompany(ctx, c.Company)
	return slices.DeleteFunc(all, func(o models.Client) bool { return o.Ref == c.Ref }), err
}

// told is a client with who else has its company number: not a mistake, but good to know before the two go separate ways.
func (s *Server) told(ctx context.Context, v ClientView) (ClientView, error) {
	same, err := s.namesakes(ctx, v.Client)
	for _, o := range same {
		v.Same = append(v.Same, o.Ref)
	}
	return v, err
}

func (s *Server) registerClients() {
	add(s, operation{method: "GET", path: "/clients", id: "list-clients", tag: "clients", rule: StaffMoney, summary: "Clients, by reference"},
		func(ctx context.Context, in *Paging) (*listOutput[models.Client], error) {
			return paged(in, func(from store.Cursor) (store.Page[models.Client], error) {
				return s.store.Clients(ctx, from, in.Limit)
			})
		})
	add(s, operation{method: "GET", path: "/clients/{ref}", id: "get-client", tag: "clients", rule: StaffMoney, summary: "A client and its people"},
		func(ctx context.Context, in *refInput) (*itemOutput[ClientView], error) {
			v, err := s.clientView(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			return item(s.told(ctx, v))
		})
	add(s, operation{method: "POST", path: "/clients", id: "create-client", tag: "clients", rule: Staff, keyed: true,
		status: http.StatusCreated, summary: "Record a client and its people (F005)"},
		func(ctx context.Context, in *struct{ Body NewClient }) (*createdOutput[ClientView], error) {
			if err := in.Body.check("body"); err != nil {
				return nil, err
			}
			v, err := s.newClient(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			if err := s.store.AddClient(ctx, v.Client, v.Contacts); err != nil {
				return nil, err
			}
			if v, err = s.clientView(ctx, v.Ref); err != nil { // a repeat: it may have been corrected since
				return nil, err
			}
			if v, err = s.told(ctx, v); err != nil {
				return nil, err
			}
			return created("/clients/"+v.Ref, v), nil
		})
	add(s, operation{method: "PUT", path: "/clients/{ref}", id: "replace-client", tag: "clients", rule: Staff,
		summary: "Correct a client, whole; its type stays, as do the documents already drawn"},
		func(ctx context.Context, in *struct {
			Ref  string `path:"ref" maxLength:"40" doc:"The client, C-000042"`
			Body ClientDetails
		}) (*itemOutput[ClientView], error) {
			v, err := s.clientView(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			if err := in.Body.check("body", v.Type); err != nil {
				return nil, err
			}
			v.Name, v.Company, v.VATNumber, v.Address = in.Body.Name, in.Body.Company, in.Body.VATNumber, in.Body.Address
			if err := s.store.SaveClient(ctx, v.Client); err != nil {
				return nil, err
			}
			return item(s.told(ctx, v))
		})
	add(s, operation{method: "POST", path: "/clients/{ref}/contacts", id: "create-contact", tag: "clients", rule: Staff,
		keyed: true, status: http.StatusCreated, summary: "Record a person at a client"},
		func(ctx context.Context, in *struct {
			Ref  string `path:"ref" doc:"The client, C-000042"`
			Body ContactDetails
		}) (*createdOutput[models.Contact], error) {
			if _, err := s.store.Client(ctx, in.Ref); err != nil {
				return nil, err
			}
			if err := in.Body.check("body"); err != nil {
				return nil, err
			}
			c, err := s.newContact(ctx, in.Ref, callFrom(ctx).key, in.Body)
			if err != nil {
				return nil, err
			}
			if err := s.store.AddContact(ctx, c); err != nil {
				return nil, err
			}
			return created("/clients/"+in.Ref, c), nil
		})
	add(s, operation{method: "PUT", path: "/clients/{ref}/contacts/{contact}", id: "replace-contact", tag: "clients", rule: Staff,
		summary: "Correct a person at a client, whole: mails that leave from now on use it"},
		func(ctx context.Context, in *struct {
			Ref     string `path:"ref" maxLength:"40" doc:"The client, C-000042"`
			Contact string `path:"contact" maxLength:"40" doc:"The person there, as listed with the client"`
			Body    ContactDetails
		}) (*itemOutput[models.Contact], error) {
			c, err := s.store.Contact(ctx, in.Contact)
			if err == nil && c.ClientRef != in.Ref {
				err = refuse(models.CodeUnknown)
			}
			if err != nil {
				return nil, err
			}
			if err := in.Body.check("body"); err != nil {
				return nil, err
			}
			c = in.Body.contact(c.Ref, in.Ref)
			return item(c, s.store.SaveContact(ctx, c))
		})
}

// refInput is the reference in an address.
type refInput struct {
	Ref string `path:"ref" maxLength:"40" doc:"Its reference"`
}

func created[T any](path string, body T) *createdOutput[T] {
	return &createdOutput[T]{Location: Prefix + path, Body: body}
}

func item[T any](v T, err error) (*itemOutput[T], error) {
	if err != nil {
		return nil, err
	}
	return &itemOutput[T]{v}, nil
}

// paged reads one page of a list kept in the order of its cursor.
func paged[T any](in *Paging, read func(from store.Cursor) (store.Page[T], error)) (*listOutput[T], error) {
	from, err := cursorOf(in.Cursor)
	if err != nil {
		return nil, badQuery("cursor", "use the one a page gave")
	}
	p, err := read(from)
	if err != nil {
		return nil, err
	}
	if p.Items == nil {
		p.Items = []T{}
	}
	return &listOutput[T]{List[T]{Items: p.Items, Next: p.Next.String()}}, nil
}

// sliced is one page of a short list read whole; key is unique in it.
func sliced[T any](in *Paging, all []T, key func(T) string) (*listOutput[T], error) {
	from, err := cursorOf(in.Cursor)
	if err != nil {
		return nil, badQuery("cursor", "use the one a page gave")
	}
	if from.ID != "" {
		i := slices.IndexFunc(all, func(x T) bool { return key(x) == from.ID })
		if i < 0 {
			return nil, badQuery("cursor", "use the one a page gave")
		}
		all = all[i+1:]
	}
	out := List[T]{Items: append([]T{}, all[:min(len(all), in.Limit)]...)}
	if len(all) > in.Limit {
		out.Next = store.Cursor{ID: key(all[in.Limit-1])}.String()
	}
	return &listOutput[T]{out}, nil
}
