package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"jalon/models"
	"jalon/store"
)

// TrainerProfile is a trainer's profile, whole (F018, F020, F021, F022, F055).
type TrainerProfile struct {
	Name        string           `json:"name" minLength:"1" maxLength:"200" doc:"As contracts write it"`
	Email       string           `json:"email" format:"email" maxLength:"254" doc:"The address alone"`
	Phone       string           `json:"phone,omitempty" maxLength:"40" doc:"As written"`
	Lang        models.Lang      `json:"lang,omitempty" enum:"fr,en" default:"fr" doc:"Of their mails"`
	Address     string           `json:"address,omitempty" maxLength:"500" doc:"As contracts write it"`
	Department  string           `json:"department,omitempty" pattern:"^([0-9][0-9AB][0-9]?)?$" doc:"French department, for distance"`
	LegalForm   models.LegalForm `json:"legal_form" enum:"company,micro_entrepreneur,umbrella,temp_agency,cooperative,foreign" doc:"How they work (F021)"`
	Company     string           `json:"company_number,omitempty" maxLength:"20" doc:"SIREN of the trainer or of the intermediary; without one nothing can be paid (F022)"`
	VATStatus   models.VATStatus `json:"vat_status,omitempty" enum:"taxable,franchise,exempt_training,reverse_charge" default:"franchise" doc:"Whether and why they charge VAT"`
	VATNumber   string           `json:"vat_number,omitempty" maxLength:"20" doc:"Intra-community"`
	NDA         string           `json:"activity_number,omitempty" maxLength:"20" doc:"NDA, of the activity declaration"`
	Label       bool             `json:"quality_label,omitempty" doc:"Holds a quality label"`
	IBAN        string           `json:"iban,omitempty" pattern:"^([A-Z]{2}[0-9]{2}[A-Z0-9]{10,30})?$" doc:"Of the account that is paid; without one nothing can be paid, but abroad (F203)"`
	SelfBilling bool             `json:"self_billing_mandate,omitempty" doc:"A signed mandate exists"`
	RateCents   models.Cents     `json:"rate_cents,omitempty" minimum:"0" maximum:"100000000" doc:"Own reference rate (F055)"`
	RateUnit    models.Unit      `json:"rate_unit,omitempty" enum:"hour,half_day,day,flat" doc:"What the rate is for"`
	Validated   bool             `json:"validated,omitempty" doc:"Profile checked by staff (F036)"`
	Active      *bool            `json:"active,omitempty" doc:"True unless said otherwise"`
	Skills      []models.Skill   `json:"skills,omitempty" maxItems:"100" doc:"What they teach, with its level"`

	Intermediary string `json:"intermediary_name,omitempty" maxLength:"200" doc:"Of the umbrella company, agency or cooperative that sells their work, as contracts and invoices write it (F021)"`
	Titles       string `json:"titles,omitempty" maxLength:"1000" doc:"Diplomas, certificates and references, which an individual's contract must state (F018)"`
}

func (p TrainerProfile) trainer(ref string) models.Trainer {
	return models.Trainer{Ref: ref, Name: p.Name, Email: p.Email, Phone: p.Phone, Lang: orFrench(p.Lang), Address: p.Address,
		Department: p.Department, LegalForm: p.LegalForm, Company: p.Company, Intermediary: p.Intermediary, Titles: strings.TrimSpace(p.Titles), VATStatus: p.VATStatus, VATNumber: p.VATNumber,
		NDA: p.NDA, Label: p.Label, IBAN: p.IBAN, SelfBilling: p.SelfBilling, RateCents: p.RateCents, RateUnit: p.RateUnit,
		Validated: p.Validated, Active: p.Active == nil || *p.Active, Skills: p.Skills}
}

// check refuses what the schema cannot say.
func (s *Server) checkProfile(ctx context.Context, p *TrainerProfile) error {
	if err := called("body.name", &p.Name); err != nil {
		return err
	}
	if p.Intermediary != "" {
		if err := called("body.intermediary_name", &p.Intermediary); err != nil {
			return err
		}
	}
	if err := misplaced("body.email", models.CheckEmail(p.Email)); err != nil {
		return err
	}
	if p.LegalForm != models.FormForeign && p.Company != "" && !digits(p.Company, 9) {
		return invalid("body.company_number", "a SIREN has nine digits")
	}
	if p.RateCents > 0 && p.RateUnit == "" {
		return invalid("body.rate_unit", "a rate needs its unit")
	}
	seen := map[string]bool{}
	for i, k := range p.Skills {
		at := fmt.Sprintf("body.skills[%d]", i)
		if k.Level < 1 || k.Level > 5 {
			return invalid(at+".level", "a level is 1 to 5")
		}
		if seen[k.Topic] {
			return invalid(at+".topic", "listed twice")
		}
		seen[k.Topic] = true
		if err := s.knownTopic(ctx, k.Topic, at+".topic"); err != nil {
			return err
		}
	}
	return nil
}

func digits(s string, n int) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return len(s) == n
}

// knownTopic refuses (invalid_input) a topic that the catalogue does not hold.
func (s *Server) knownTopic(ctx context.Context, topic, at string) error {
	_, err := s.store.Course(ctx, topic)
	if models.ErrorCode(err) == models.CodeUnknown {
		return invalid(at, "not in the catalogue")
	}
	return err
}

// profile is a trainer's as somebody may read it: the account that is paid is for who may see money.
func profile(who Caller, t models.Trainer) models.Trainer {
	if !StaffMoney.Allows(who.Roles) {
		t.IBAN = ""
	}
	return t
}

func (s *Server) registerTrainers() {
	add(s, operation{method: "GET", path: "/trainers", id: "list-trainers", tag: "trainers", rule: Everyone, summary: "Trainers, by reference (F019)"},
		func(ctx context.Context, in *Paging) (*listOutput[models.Trainer], error) {
			return paged(in, func(from store.Cursor) (store.Page[models.Trainer], error) {
				p, err := s.store.Trainers(ctx, from, in.Limit)
				for i := range p.Items {
					p.Items[i] = profile(callFrom(ctx).Caller, p.Items[i])
				}
				return p, err
			})
		})
	add(s, operation{method: "GET", path: "/trainers/{ref}", id: "get-trainer", tag: "trainers", rule: Everyone, summary: "A trainer's profile (F018, F019)"},
		func(ctx context.Context, in *refInput) (*itemOutput[models.Trainer], error) {
			t, err := s.store.Trainer(ctx, in.Ref)
			return item(profile(callFrom(ctx).Caller, t), err)
		})
	add(s, operation{method: "POST", path: "/trainers", id: "create-trainer", tag: "trainers", rule: Staff, keyed: true,
		status: http.StatusCreated, summary: "Open a trainer's account (F017, F020, F021)"},
		func(ctx context.Context, in *struct{ Body TrainerProfile }) (*createdOutput[models.Trainer], error) {
			if err := s.checkProfile(ctx, &in.Body); err != nil {
				return nil, err
			}
			ref, err := s.store.Allocate(ctx, models.Allocation{Series: store.SeriesTrainer, Key: callFrom(ctx).key})
			if err != nil {
				return nil, err
			}
			t := in.Body.trainer(ref)
			t.CreatedAt = s.now()
			if err := s.store.AddTrainer(ctx, t); err != nil {
				return nil, err
			}
			if t, err = s.store.Trainer(ctx, ref); err != nil { // a repeat: it may have been corrected since
				return nil, err
			}
			return created("/trainers/"+ref, t), nil
		})
	add(s, operation{method: "PUT", path: "/trainers/{ref}", id: "replace-trainer", tag: "trainers", rule: Staff,
		summary: "Replace a trainer's profile, whole"},
		func(ctx context.Context, in *struct {
			Ref  string `path:"ref" doc:"The trainer, T-000042"`
			Body TrainerProfile
		}) (*itemOutput[models.Trainer], error) {
			old, err := s.store.Trainer(ctx, in.Ref)
			if err != nil {
				return nil, err
			}
			if err := s.checkProfile(ctx, &in.Body); err != nil {
				return nil, err
			}
			t := in.Body.trainer(in.Ref)
			t.CreatedAt = old.CreatedAt
			return item(t, s.store.SaveTrainer(ctx, t))
		})
}
