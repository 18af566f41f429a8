package api

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"jalon/models"
	"jalon/policies"
)

// NewCourse is a line of the catalogue, as given.
type NewCourse struct {
	Topic    string   `json:"topic" pattern:"^[a-z0-9]+(-[a-z0-9]+)*$" maxLength:"64" doc:"Stable slug"`
	TitleFR  string   `json:"title_fr" minLength:"1" maxLength:"200" doc:"In French"`
	TitleEN  string   `json:"title_en" minLength:"1" maxLength:"200" doc:"In English"`
	Similar  []string `json:"similar,omitempty" maxItems:"50" doc:"Topics whose holders can teach it too (F049)"`
	Adjacent []string `json:"adjacent,omitempty" maxItems:"50" doc:"Topics whose holders could learn it (F050)"`
}

// Course is a line of the catalogue.
type Course struct {
	Topic    string   `json:"topic"`
	TitleFR  string   `json:"title_fr"`
	TitleEN  string   `json:"title_en"`
	Similar  []string `json:"similar"`
	Adjacent []string `json:"adjacent"`
}

func courseView(c models.Course) Course {
	return Course{c.Topic, c.TitleFR, c.TitleEN, topics(c.Similar), topics(c.Adjacent)}
}

func topics(list string) []string {
	out := []string{}
	for _, t := range strings.Split(list, ",") {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// PolicyView is a way of working and what keeps it from taking requests.
type PolicyView struct {
	models.Policy
	Unsupported []string `json:"unsupported" doc:"Parameters not honoured yet: with any, requests are refused"`
}

// shipped are the policies that come with the program.
type shipped struct{}

func (shipped) Names() []string                         { return policies.Names() }
func (shipped) Load(name string) (models.Policy, error) { return policies.Load(name) }

// policy is a way of working that takes requests. Errors: policy_unknown, policy_unsupported with the parameters.
func (s *Server) policy(name string) (models.Policy, error) {
	p, err := s.cfg.Policies.Load(name)
	if err != nil {
		return models.Policy{}, err
	}
	if missing := p.Unsupported(); len(missing) > 0 {
		return models.Policy{}, &named{models.NewError(models.CodePolicyUnsupported, "not honoured yet: "+strings.Join(missing, ", ")), missing}
	}
	return p, nil
}

// labels are the names of all policies in words. They are read once: each is a file to parse, and lists name them all.
func labels(p Policies) map[string]models.Label {
	out := map[string]models.Label{}
	for _, name := range p.Names() {
		if way, err := p.Load(name); err == nil { // one that cannot be read goes by its own name
			out[name] = way.Label
		}
	}
	return out
}

// policyName is what a policy is called; its own name if it is gone.
func (s *Server) policyName(lang models.Lang, name string) string {
	return cmp.Or(s.policies[name].In(lang), name)
}

// ClockView is the business time and what it comes from.
type ClockView struct {
	Now   time.Time `json:"now" doc:"Business time"`
	Scale int64     `json:"scale" doc:"Business seconds in a real one"`
}

func (s *Server) registerCatalogue() {
	add(s, operation{method: "GET", path: "/catalogue", id: "list-courses", tag: "catalogue", rule: Everyone, summary: "The catalogue, by topic"},
		func(ctx context.Context, in *Paging) (*listOutput[Course], error) {
			rows, err := s.store.Courses(ctx)
			if err != nil {
				return nil, err
			}
			out := make([]Course, len(rows))
			for i, c := range rows {
				out[i] = courseView(c)
			}
			return sliced(in, out, func(c Course) string { return c.Topic })
		})
	add(s, operation{method: "GET", path: "/catalogue/{topic}", id: "get-course", tag: "catalogue", rule: Everyone, summary: "A line of the catalogue"},
		func(ctx context.Context, in *struct {
			Topic string `path:"topic" maxLength:"64" doc:"The topic it is listed under"`
		}) (*itemOutput[Course], error) {
			c, err := s.store.Course(ctx, in.Topic)
			return item(courseView(c), err)
		})
	add(s, operation{method: "POST", path: "/catalogue", id: "save-course", tag: "catalogue", rule: Pedagogy, keyed: true,
		status: http.StatusCreated, summary: "Write a line of the catalogue, new or not"},
		func(ctx context.Context, in *struct{ Body NewCourse }) (*createdOutput[Course], error) {
			b := in.Body
			c := models.Course{Topic: b.Topic, TitleFR: b.TitleFR, TitleEN: b.TitleEN,
				Similar: strings.Join(b.Similar, ","), Adjacent: strings.Join(b.Adjacent, ",")}
			for field, list := range map[string][]string{"body.similar": b.Similar, "body.adjacent": b.Adjacent} {
				for _, t := range list {
					if strings.ContainsAny(t, ", ") || t == "" {
						return nil, invalid(field, "a topic is a slug")
					}
				}
			}
			if err := s.store.SaveCourse(ctx, c); err != nil {
				return nil, err
			}
			return created("/catalogue/"+c.Topic, courseView(c)), nil
		})
	add(s, operation{method: "GET", path: "/policies", id: "list-policies", tag: "policies", rule: Everyone, summary: "The ways of working"},
		func(ctx context.Context, in *Paging) (*listOutput[PolicyView], error) {
			var out []PolicyView
			for _, name := range s.cfg.Policies.Names() {
				p, err := s.cfg.Policies.Load(name)
				if err != nil {
					return nil, err
				}
				out = append(out, PolicyView{p, append([]string{}, p.Unsupported()...)})
			}
			return sliced(in, out, func(p PolicyView) string { return p.Name })
		})
	add(s, operation{method: "GET", path: "/policies/{name}", id: "get-policy", tag: "policies", rule: Everyone, summary: "A way of working"},
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"64" doc:"As listed"`
		}) (*itemOutput[PolicyView], error) {
			p, err := s.cfg.Policies.Load(in.Name)
			if models.ErrorCode(err) == models.CodePolicyUnknown {
				err = refuse(models.CodeUnknown)
			}
			return item(PolicyView{p, append([]string{}, p.Unsupported()...)}, err)
		})
	add(s, operation{method: "GET", path: "/clock", id: "clock", tag: "clock", rule: Everyone, summary: "The business time now"},
		func(context.Context, *struct{}) (*itemOutput[ClockView], error) {
			return item(ClockView{s.now(), max(1, s.cfg.Clock.Scale)}, nil)
		})
}
