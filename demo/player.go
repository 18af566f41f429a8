// Package demo plays missions on a running installation: its people act only through what real people have, which is
// the links of their mails, the forms of the pages, and the documented API. Nothing here reads the database or Temporal.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"jalon/models"
)

// Mail is a mail that somebody got.
type Mail struct {
	Key      string    `json:"key"`
	To       string    `json:"to"`
	Subject  string    `json:"subject"`
	Template string    `json:"template"`
	Dossier  string    `json:"request_ref"`
	Text     string    `json:"text"`
	Links    []Link    `json:"links"`
	At       time.Time `json:"at"` // business time
}

// Post is where mails arrive. It may show some again: the same key is always the same mail.
type Post interface {
	// Mails are those that came since an instant (business time), oldest first.
	Mails(ctx context.Context, since time.Time) ([]Mail, error)
}

// Link is a link of a mail.
type Link struct {
	URL     string         `json:"url"`
	Purpose models.Purpose `json:"purpose"`
}

// Link is the address of the mail's link for a purpose, empty without one.
func (m Mail) Link(p models.Purpose) string {
	i := slices.IndexFunc(m.Links, func(l Link) bool { return l.Purpose == p })
	if i < 0 {
		return ""
	}
	return m.Links[i].URL
}

// Event is something a person who watches is told.
type Event struct {
	At      time.Time // business time
	Dossier string    // empty for what concerns several
	What    string
	Failed  bool
}

// Config is what a Player needs.
type Config struct {
	URL          string
	StaffToken   string
	FinanceToken string
	Post         Post             // nil: the local mailbox
	Report       func(Event)      // called by many at once; nil: nobody is told
	On           map[string]React // replaces what people do about mails that concern several missions, by template
	Forgives     func(error) bool // tells what is no mistake of anybody; nil: nothing
}

// Player plays missions: it reads the mailbox for everybody and lets each person act on what they get.
type Player struct {
	Staff    *Caller
	Finance  *Caller
	Calendar models.Calendar
	cfg      Config
	clock    models.Clock
	look     time.Duration             // real time between two looks at the same thing
	trainers map[string]models.Trainer // by address
	acting   sync.WaitGroup

	mu       sync.Mutex
	browsers map[string]*Browser // by address
	missions map[string]*Mission // by dossier
	at       map[string]*Mission // by the address of somebody who is in one mission only
	mails    []Mail
	errs     []error
}

// New is a player for the installation at cfg.URL, which answers.
func New(ctx context.Context, cfg Config) (*Player, error) {
	calendar, err := models.NewCalendar(models.CalendarSpec{})
	if err != nil {
		return nil, err
	}
	p := &Player{Staff: NewCaller(cfg.URL, cfg.StaffToken), Finance: NewCaller(cfg.URL, cfg.FinanceToken), Calendar: calendar, cfg: cfg,
		browsers: map[string]*Browser{}, missions: map[string]*Mission{}, at: map[string]*Mission{}}
	var clock struct {
		Now   time.Time `json:"now"`
		Scale int64     `json:"scale"`
	}
	if err := p.Staff.Get(ctx, "/clock", &clock); err != nil {
		return nil, err
	}
	p.clock = models.Clock{RealEpoch: time.Now(), BusinessEpoch: clock.Now, Scale: clock.Scale}
	p.look = min(max(p.real(90*time.Minute), 40*time.Millisecond), time.Second)
	if p.cfg.Post == nil {
		p.cfg.Post = &mailbox{newBrowser(p.look), cfg.URL}
	}
	return p, p.Meet(ctx)
}

// Meet reads who the trainers are, again after some were added.
func (p *Player) Meet(ctx context.Context) error {
	trainers, err := All[models.Trainer](ctx, p.Staff, "/trainers")
	if err != nil {
		return err
	}
	known := map[string]models.Trainer{}
	for _, t := range trainers {
		known[t.Email] = t
	}
	p.mu.Lock()
	p.trainers = known
	p.mu.Unlock()
	return nil
}

// Trainer is the trainer at an address.
func (p *Player) Trainer(address string) models.Trainer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trainers[address]
}

// Now is the business time.
func (p *Player) Now() time.Time { return p.clock.Business(time.Now()) }

// real is how long a business duration lasts.
func (p *Player) real(d time.Duration) time.Duration { return d / time.Duration(max(1, p.clock.Scale)) }

// wait waits until a business instant; false when ctx ended.
func (p *Player) wait(ctx context.Context, until time.Time) bool {
	return pause(ctx, p.clock.RealDelay(time.Now(), until))
}

// Errors are what went wrong for somebody so far.
func (p *Player) Errors() []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errs)
}

// Mails are all mails so far, in the order they were seen.
func (p *Player) Mails() []Mail {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}

func (p *Player) tell(dossier, format string, args ...any) {
	if p.cfg.Report != nil {
		p.cfg.Report(Event{At: p.Now(), Dossier: dossier, What: fmt.Sprintf(format, args...)})
	}
}

func (p *Player) fail(ctx context.Context, dossier string, err error) {
	if err == nil || ctx.Err() != nil || p.cfg.Forgives != nil && p.cfg.Forgives(err) {
		return // stopping is nobody's fault
	}
	p.mu.Lock()
	p.errs = append(p.errs, fmt.Errorf("%s: %w", dossier, err))
	p.mu.Unlock()
	if p.cfg.Report != nil {
		p.cfg.Report(Event{At: p.Now(), Dossier: dossier, What: "erreur : " + err.Error(), Failed: true})
	}
}

// Browser is the one of the person at an address.
func (p *Player) Browser(address string) *Browser {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.browsers[address]
	if b == nil {
		b = newBrowser(p.look)
		p.browsers[address] = b
	}
	return b
}

// Run lets people act until ctx ends: outside on their mails, staff on what the board shows.
func (p *Player) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { p.readMails(ctx) })
	both.Go(func() { p.watchBoard(ctx) })
	both.Wait()
	p.acting.Wait()
}

// readMails looks at the post again and again; each mail is acted upon once.
func (p *Player) readMails(ctx context.Context) {
	seen := map[string]bool{}
	var since time.Time
	for pause(ctx, min(p.look, 100*time.Millisecond)) {
		mails, err := p.cfg.Post.Mails(ctx, since)
		if err != nil {
			if !errors.Is(err, errAway) {
				p.fail(ctx, "", err)
			}
			continue
		}
		for _, m := range mails {
			if seen[m.Key] {
				continue
			}
			seen[m.Key] = true
			// A mail is dated before it is kept: the next look goes back a little.
			if back := m.At.Add(-p.business(5 * time.Second)); back.After(since) {
				since = back
			}
			p.receive(ctx, m)
		}
	}
}

func (p *Player) business(d time.Duration) time.Duration {
	return d * time.Duration(max(1, p.clock.Scale))
}

// mailbox is the page of the local mailbox.
type mailbox struct {
	browser *Browser
	url     string
}

func (b *mailbox) Mails(ctx context.Context, since time.Time) ([]Mail, error) {
	address := b.url + "/mailbox.json"
	if !since.IsZero() {
		address += "?since=" + since.UTC().Format(time.RFC3339Nano)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := b.browser.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		return nil, fmt.Errorf("%w: mailbox answers %d", errAway, resp.StatusCode)
	}
	var out list[Mail]
	if err := json.Unmarshal(body, &out); err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("mailbox answers %d: %.200s", resp.StatusCode, body)
	}
	return out.Items, nil
}

// receive has a mail acted upon by who got it.
func (p *Player) receive(ctx context.Context, m Mail) {
	p.mu.Lock()
	p.mails = append(p.mails, m)
	mission := p.missions[m.Dossier]
	if mission == nil {
		mission = p.at[m.To]
	}
	p.mu.Unlock()
	react := p.reaction(mission, m)
	if react == nil {
		return
	}
	p.acting.Go(func() {
		if err := react(ctx, mission, m); err != nil {
			p.fail(ctx, m.Dossier, fmt.Errorf("%s: %w", m.Key, err))
		}
	})
}

// watchBoard is staff at work: they look at every dossier of theirs and do what only they can.
func (p *Player) watchBoard(ctx context.Context) {
	busy := map[string]bool{}
	var mu sync.Mutex
	for pause(ctx, p.look) {
		p.mu.Lock()
		idle := len(p.missions) == 0
		p.mu.Unlock()
		if idle {
			continue
		}
		rows, err := All[models.Request](ctx, p.Staff, "/requests")
		if err != nil {
			p.fail(ctx, "", err)
			continue
		}
		for _, row := range rows {
			p.mu.Lock()
			m := p.missions[row.Ref]
			p.mu.Unlock()
			if m == nil {
				continue
			}
			act := m.move(row)
			mu.Lock()
			if act == nil || busy[row.Ref] {
				mu.Unlock()
				continue
			}
			busy[row.Ref] = true
			mu.Unlock()
			p.acting.Go(func() {
				err := act(ctx, m, row)
				var refused *Problem
				// What was done while the board was read is no mistake.
				if err != nil && !(errors.As(err, &refused) && refused.Status == http.StatusConflict) {
					p.fail(ctx, row.Ref, err)
					pause(ctx, time.Second)
				}
				mu.Lock()
				delete(busy, row.Ref)
				mu.Unlock()
			})
		}
	}
}

func name(address string) string {
	before, _, _ := strings.Cut(address, "@")
	return before
}
