package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jalon/models"
)

// process guards the rows of one workflow: the last step written, and what it answered.
type process struct {
	Workflow string `gorm:"primaryKey"`
	Run      string
	Seq      int64
	Result   models.StepResult `gorm:"serializer:json"`
}

// Apply writes one step of one workflow in one transaction. A step not newer than the last one changes nothing and
// gets the last result; a step of another run is refused with ErrStaleRun. A step that makes no sense is refused with
// invalid_input, and writes nothing.
func (s *Store) Apply(ctx context.Context, step models.Step) (models.StepResult, error) {
	if step.Workflow == "" || step.Run == "" || step.Seq <= 0 || step.At.IsZero() {
		return models.StepResult{}, models.NewError(models.CodeInvalid, "step: workflow, run, number and instant are required")
	}
	step = step.Complete()
	var result models.StepResult
	err := s.Transact(ctx, func(tx *Store) error {
		p, err := tx.guard(ctx, step)
		if err != nil {
			return err
		}
		if p.Run != step.Run {
			return ErrStaleRun
		}
		if step.Seq <= p.Seq {
			result = p.Result
			return nil
		}
		if result, err = tx.write(ctx, step); err != nil {
			return fmt.Errorf("step %d of %s: %w", step.Seq, step.Workflow, err)
		}
		p.Seq, p.Result = step.Seq, result
		return save(ctx, tx, p)
	})
	return result, err
}

// guard locks the row that guards a workflow's rows; its first step makes it.
func (s *Store) guard(ctx context.Context, step models.Step) (p process, err error) {
	find := func() error { return failure(s.locked(ctx).Where("workflow = ?", step.Workflow).Take(&p).Error) }
	if err = find(); !errors.Is(err, ErrNotFound) {
		return p, err
	}
	if _, err = insert(ctx, s, process{Workflow: step.Workflow, Run: step.Run}); err != nil {
		return p, err
	}
	return p, find()
}

func (s *Store) write(ctx context.Context, step models.Step) (models.StepResult, error) {
	// Deadlines are locked before anything else, in one order, as Receive does: whoever writes about the same wait
	// queues here and nowhere else.
	ids := slices.Clone(step.Expiries)
	for _, d := range step.Deadlines {
		ids = append(ids, d.ID)
	}
	if err := s.lockDeadlines(ctx, ids...); err != nil {
		return models.StepResult{}, err
	}
	if err := s.handled(ctx, step.Handled); err != nil {
		return models.StepResult{}, err
	}
	if err := s.saveRows(ctx, step.Rows); err != nil {
		return models.StepResult{}, err
	}
	facts, err := s.newLines(ctx, step)
	if err != nil {
		return models.StepResult{}, err
	}
	if err := s.journal(ctx, step); err != nil {
		return models.StepResult{}, err
	}
	// New ones could not be locked: they are written in the same order.
	deadlines := slices.Clone(step.Deadlines)
	slices.SortStableFunc(deadlines, func(a, b models.Deadline) int { return strings.Compare(a.ID, b.ID) })
	if err := save(ctx, s, deadlines...); err != nil {
		return models.StepResult{}, err
	}
	if err := s.enqueue(ctx, step); err != nil {
		return models.StepResult{}, err
	}
	if err := s.withdraw(ctx, step.Withdraw); err != nil {
		return models.StepResult{}, err
	}
	if err := s.facts(ctx, step, facts); err != nil {
		return models.StepResult{}, err
	}
	var result models.StepResult
	for _, id := range step.Expiries {
		r, err := s.expire(ctx, id)
		if err != nil {
			return models.StepResult{}, err
		}
		result.Expiries = append(result.Expiries, r)
	}
	return result, nil
}

// lockDeadlines locks rows until the transaction ends. On SQLite, one that writes is alone anyway.
func (s *Store) lockDeadlines(ctx context.Context, ids ...string) error {
	if len(ids) == 0 || s.core.sqlite {
		return nil
	}
	var rows []models.Deadline
	return failure(s.locked(ctx).Select("id").Where("id IN ?", ids).Order("id").Find(&rows).Error)
}

func (s *Store) handled(ctx context.Context, facts []models.FactHandling) error {
	last := map[string]string{} // state by fact: one may come twice
	for _, f := range facts {
		switch f.State {
		case models.FactApplied, models.FactIgnored, models.FactLate:
		default:
			return models.NewError(models.CodeInvalid, fmt.Sprintf("fact %s: no such state %q", f.ID, f.State))
		}
		last[f.ID] = f.State
	}
	for _, state := range []string{models.FactApplied, models.FactIgnored, models.FactLate} {
		var ids []string
		for _, f := range facts {
			if last[f.ID] == state {
				ids = append(ids, f.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		if _, err := update[models.Inbox](ctx, s, map[string]any{"state": state}, "id IN ?", ids); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) saveRows(ctx context.Context, rows models.Rows) error {
	if rows.Request != nil {
		if err := save(ctx, s, *rows.Request); err != nil {
			return err
		}
		if err := s.saveAlerts(ctx, *rows.Request, rows.Alerts); err != nil {
			return err
		}
	}
	for _, write := range []func() error{
		func() error { return save(ctx, s, rows.Invitations...) },
		func() error { return save(ctx, s, rows.Audits...) },
		func() error { return save(ctx, s, rows.Programmes...) },
		func() error { return save(ctx, s, rows.Contracts...) },
		func() error { _, err := insert(ctx, s, rows.NewSessions...); return err },
		func() error { return save(ctx, s, rows.Sessions...) },
		func() error { return save(ctx, s, rows.Absences...) },
		func() error { return save(ctx, s, rows.Invoices...) },
		func() error { return save(ctx, s, rows.Recaps...) },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// saveAlerts replaces the alerts that stand on a dossier. A step of a version that kept them to its process tells the
// newest alone.
func (s *Store) saveAlerts(ctx context.Context, r models.Request, standing []models.Alert) error {
	if len(standing) == 0 && r.Alert != "" {
		standing = []models.Alert{{Dossier: r.Ref, Alert: r.Alert, Since: r.AlertAt}}
	}
	if err := s.db.WithContext(ctx).Where("dossier = ?", r.Ref).Delete(&models.Alert{}).Error; err != nil {
		return failure(err)
	}
	_, err := insert(ctx, s, standing...)
	return err
}

// newLines writes pay lines, then closes the month of pay, and answers the step's facts with those that tell the
// months about their lines. The row of a month is locked before a line joins it, so a line is either read by whoever
// settles the month, or belongs to the next one.
func (s *Store) newLines(ctx context.Context, step models.Step) ([]models.Fact, error) {
	if err := save(ctx, s, step.Rows.Lines...); err != nil {
		return nil, err
	}
	var out []models.Fact
	prototypes := map[string]models.Fact{}
	for _, f := range step.Facts {
		if f.Kind == models.FactLineDue && f.Workflow == "" {
			prototypes[f.Subject] = f
		} else {
			out = append(out, f)
		}
	}
	if m := step.Rows.PayMonth; m != nil {
		moved, err := s.settle(ctx, *m, step)
		if err != nil {
			return nil, err
		}
		out = append(out, moved...)
	}
	reopened, err := s.reopen(ctx, step, prototypes)
	if err != nil {
		return nil, err
	}
	out = append(out, reopened...)
	lines := slices.Clone(step.Rows.NewLines)
	// Months are locked in one order by everybody.
	slices.SortFunc(lines, func(a, b models.PayLine) int {
		return cmp.Or(strings.Compare(a.Payer, b.Payer), strings.Compare(a.TrainerRef, b.TrainerRef),
			strings.Compare(string(a.HeldOn), string(b.HeldOn)), strings.Compare(a.Ref, b.Ref))
	})
	for _, line := range lines {
		f, ok := prototypes[line.Ref]
		if !ok || f.Start == nil || f.Start.Remuneration == nil {
			return nil, models.NewError(models.CodeInvalid, fmt.Sprintf("line %s: no fact says how to start its month", line.Ref))
		}
		if _, err := models.ParseDate(string(line.HeldOn)); err != nil {
			return nil, err
		}
		if stored, err := s.PayLine(ctx, line.Ref); err == nil {
			line = stored
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		} else {
			if line.Month, err = s.openMonth(ctx, line.Payer, line.TrainerRef, line.HeldOn.Month()); err != nil {
				return nil, err
			}
			if line.CreatedAt.IsZero() {
				line.CreatedAt = step.At
			}
			if _, err := insert(ctx, s, line); err != nil {
				return nil, err
			}
		}
		out = append(out, lineDue(f, line))
	}
	return out, nil
}

// reopen makes lines due again, in their payee's first month that is not settled; the fact that says so keeps its ID,
// since the line's first one was delivered long ago.
func (s *Store) reopen(ctx context.Context, step models.Step, prototypes map[string]models.Fact) ([]models.Fact, error) {
	var out []models.Fact
	for _, line := range step.Rows.Reopened {
		f, ok := prototypes[line.Ref]
		if !ok || f.Start == nil || f.Start.Remuneration == nil {
			return nil, models.NewError(models.CodeInvalid, fmt.Sprintf("line %s: no fact says how to start its month", line.Ref))
		}
		if _, err := models.ParseDate(string(line.HeldOn)); err != nil {
			return nil, err
		}
		var err error
		if line.Month, err = s.openMonth(ctx, line.Payer, line.TrainerRef, line.HeldOn.Month()); err != nil {
			return nil, err
		}
		if err := save(ctx, s, line); err != nil {
			return nil, err
		}
		id := f.ID
		f = lineDue(f, line)
		f.ID = id
		out = append(out, f)
	}
	return out, nil
}

// lineDue addresses the fact that goes with a line to the line's month.
func lineDue(f models.Fact, line models.PayLine) models.Fact {
	start := *f.Start.Remuneration
	start.Payer, start.TrainerRef, start.Month = line.Payer, line.TrainerRef, line.Month
	f.ID, f.Kind, f.Subject = "line_due/"+line.Ref, models.FactLineDue, line.Ref
	f.Workflow = models.RemunerationID(line.Payer, line.TrainerRef, line.Month)
	f.Start = &models.Start{Remuneration: &start}
	return f
}

// openMonth is the payee's first month from first on that is not settled; its row is locked.
func (s *Store) openMonth(ctx context.Context, payer, trainer string, first models.Month) (models.Month, error) {
	for month := first; ; month = month.Next() {
		row, err := s.lockMonth(ctx, payer, trainer, month)
		if err != nil {
			return "", err
		}
		if row.SettledAt.IsZero() {
			return month, nil
		}
	}
}

func (s *Store) lockMonth(ctx context.Context, payer, trainer string, month models.Month) (models.PayMonth, error) {
	row := models.PayMonth{Payer: payer, TrainerRef: trainer, Month: month}
	if _, err := insert(ctx, s, row); err != nil {
		return row, err
	}
	err := s.locked(ctx).Where("payer = ? AND trainer_ref = ? AND month = ?", payer, trainer, month).Take(&row).Error
	return row, failure(err)
}

// settle writes a month of pay. Lines that reached it after it was read, still due and in no recap, go to the next
// month, and that one is told.
func (s *Store) settle(ctx context.Context, month models.PayMonth, step models.Step) ([]models.Fact, error) {
	if _, err := models.ParseMonth(string(month.Month)); err != nil {
		return nil, err
	}
	if _, err := s.lockMonth(ctx, month.Payer, month.TrainerRef, month.Month); err != nil {
		return nil, err
	}
	if err := save(ctx, s, month); err != nil || month.SettledAt.IsZero() {
		return nil, err
	}
	late, err := all[models.PayLine](ctx, s, "ref", "payer = ? AND trainer_ref = ? AND month = ? AND status = ? AND recap_ref = ''",
		month.Payer, month.TrainerRef, month.Month, models.LineDue)
	if err != nil {
		return nil, err
	}
	var out []models.Fact
	for _, line := range late {
		if slices.ContainsFunc(step.Rows.Lines, func(l models.PayLine) bool { return l.Ref == line.Ref }) {
			continue
		}
		told, err := s.Fact(ctx, "line_due/"+line.Ref)
		if errors.Is(err, ErrNotFound) || err == nil && (told.Start == nil || told.Start.Remuneration == nil) {
			continue // not a line that Apply placed
		}
		if err != nil {
			return nil, err
		}
		if line.Month, err = s.openMonth(ctx, line.Payer, line.TrainerRef, month.Month.Next()); err != nil {
			return nil, err
		}
		if err := save(ctx, s, line); err != nil {
			return nil, err
		}
		f := lineDue(told.Fact, line)
		f.ID, f.ReceivedAt = f.ID+"/"+string(line.Month), step.At
		out = append(out, f)
	}
	return out, nil
}

func (s *Store) journal(ctx context.Context, step models.Step) error {
	_, err := insert(ctx, s, step.Journal...)
	return err
}

// facts puts what the step tells others in the inbox.
func (s *Store) facts(ctx context.Context, step models.Step, facts []models.Fact) error {
	for i := range facts {
		f := &facts[i]
		if f.Workflow == "" || f.Kind == "" {
			return models.NewError(models.CodeInvalid, fmt.Sprintf("fact %q: kind and addressee are required", f.Kind))
		}
		f.ID = cmp.Or(f.ID, fmt.Sprintf("%s/%d/fact/%d", step.Workflow, step.Seq, i))
		f.Channel = cmp.Or(f.Channel, models.ChannelWorkflow)
		f.Dossier = cmp.Or(f.Dossier, models.DossierOf(f.Workflow), step.Dossier)
		if f.ReceivedAt.IsZero() {
			f.ReceivedAt = step.At
		}
	}
	return s.post(ctx, step.At, facts...)
}

// post puts facts in the inbox, each once.
func (s *Store) post(ctx context.Context, at time.Time, facts ...models.Fact) error {
	rows := make([]models.Inbox, 0, len(facts))
	for _, f := range facts {
		rows = append(rows, models.Inbox{Fact: f, State: models.FactPending, StoredAt: at})
	}
	_, err := insert(ctx, s, rows...)
	s.tx.left.Facts = s.tx.left.Facts || len(rows) > 0
	return err
}

// expire decides about one deadline whose timer fired; its row is locked. A message that was never written (nobody
// left to ask) holds nothing up; one that has not left, left too late or could not be delivered makes no silence.
func (s *Store) expire(ctx context.Context, id string) (models.ExpiryResult, error) {
	result := models.ExpiryResult{DeadlineID: id}
	d, err := s.Deadline(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return result, nil
	}
	if err != nil {
		return result, err
	}
	inTime, err := all[models.Inbox](ctx, s, "received_at, id", "deadline_id = ? AND received_at <= ? AND state IN ?",
		id, instant(d.DueAt), []string{models.FactPending, models.FactDelivered})
	if err != nil {
		return result, err
	}
	for _, row := range inTime {
		result.Facts = append(result.Facts, row.Fact)
	}
	asked, silent, err := s.asked(ctx, d)
	if err != nil {
		return result, err
	}
	result.Asked = asked
	result.Missed = len(inTime) == 0 && (d.Status == models.Missed || d.Status == models.Open && silent)
	if result.Missed && d.Status == models.Open {
		_, err = update[models.Deadline](ctx, s, map[string]any{"status": models.Missed, "closed_at": instant(d.DueAt)}, "id = ?", id)
	}
	return result, err
}

// asked are the messages that a deadline follows, and whether all left in time: only then can nobody's answer mean
// silence.
func (s *Store) asked(ctx context.Context, d models.Deadline) (states []models.MessageState, silent bool, err error) {
	if len(d.Asked) == 0 {
		return nil, true, nil
	}
	asking, err := s.Asking(ctx, d)
	if err != nil {
		return nil, false, err
	}
	leftBy := d.LeftBy
	if leftBy.IsZero() {
		leftBy = d.DueAt
	}
	silent = true
	for _, m := range asking[d.ID] {
		states = append(states, models.MessageState{Key: m.Key, Status: m.Status, SentAt: m.SentAt})
		left := (m.Status == models.MessageSent || m.Status == models.MessageDelivered) && !m.SentAt.After(leftBy)
		silent = silent && (left || m.Status == models.MessageWithdrawn)
	}
	return states, silent, nil
}

// Overdue tells whether a deadline is past for good at an instant (business time): one that is still open although the
// message that asks left late, or not yet, is about to be prolonged; one of whom no message reached binds nobody.
func (s *Store) Overdue(ctx context.Context, d models.Deadline, at time.Time) (bool, error) {
	if d.Status == models.Undeliverable {
		return false, nil
	}
	if d.DueAt.IsZero() || !at.After(d.DueAt) || d.Status != models.Open {
		return !d.DueAt.IsZero() && at.After(d.DueAt), nil
	}
	_, silent, err := s.asked(ctx, d)
	return silent, err
}

// enqueue puts the step's messages in the outbox, once. One that follows another that did not leave is withdrawn there, so
// that the outbox holds what the history says.
func (s *Store) enqueue(ctx context.Context, step models.Step) error {
	var out, unwanted []models.Message
	briefs := map[string]models.Brief{}
	for _, m := range step.Messages {
		copies, err := s.expand(ctx, m, briefs)
		if err != nil {
			return err
		}
		if m.Follows != "" {
			first, err := s.lockMessage(ctx, m.Follows)
			if err := unlessUnknown(err); err != nil {
				return err
			}
			if !first.Left() {
				unwanted = append(unwanted, copies...)
				continue
			}
		}
		out = append(out, copies...)
	}
	for i := range unwanted {
		unwanted[i].Status = models.MessageWithdrawn
	}
	if _, err := insert(ctx, s, unwanted...); err != nil {
		return err
	}
	with, without, err := s.byAddress(ctx, out)
	if err != nil {
		return err
	}
	n, err := insert(ctx, s, with...)
	if err != nil {
		return err
	}
	if n < int64(len(with)) {
		again, err := s.readdress(ctx, step, with)
		if err != nil {
			return err
		}
		n += again
	}
	for _, m := range without {
		m.Status, m.Failure = models.MessageNoAddress, models.MessageNoAddress
		one, err := insert(ctx, s, m)
		if err != nil {
			return err
		}
		if one > 0 {
			err = s.undeliverable(ctx, m, step.At)
		}
		if n += one; err != nil {
			return err
		}
	}
	s.tx.left.Messages = s.tx.left.Messages || n > 0
	return nil
}

// readdress queues those of messages, written before, that nobody could be sent: their addressees have an address since.
// The alert of their process is taken back once nothing it is about is left.
func (s *Store) readdress(ctx context.Context, step models.Step, messages []models.Message) (int64, error) {
	keys := make([]string, 0, len(messages))
	for _, m := range messages {
		keys = append(keys, m.Key)
	}
	const inState = "key IN ? AND NOT status <> ?" // looked up by key, as in withdraw
	n, err := update[models.Message](ctx, s, map[string]any{"status": models.MessageQueued, "failure": ""}, inState, keys, models.MessageNoAddress)
	if err != nil || n == 0 {
		return n, err
	}
	var told []string
	for _, m := range messages {
		subject := m.AlertSubject()
		if slices.Contains(told, subject) {
			continue
		}
		told = append(told, subject)
		if err := s.clearUndeliverable(ctx, step.Dossier, subject, step.At); err != nil {
			return n, err
		}
	}
	return n, nil
}

// byAddress tells the messages whose addressee has an e-mail address from the others. Staff have one: the team's.
func (s *Store) byAddress(ctx context.Context, messages []models.Message) (with, without []models.Message, err error) {
	tables := map[models.Role]string{models.RoleTrainer: "trainers", models.RoleClient: "contacts", models.RoleBilling: "contacts",
		models.RoleParticipant: "participants"}
	asked := map[string][]string{}
	for _, m := range messages {
		if table := tables[m.To]; table != "" && !slices.Contains(asked[table], m.ToRef) {
			asked[table] = append(asked[table], m.ToRef)
		}
	}
	have := map[string][]string{}
	for table, refs := range asked {
		var found []string
		if err := s.db.WithContext(ctx).Table(table).Where("ref IN ? AND email <> ''", refs).Pluck("ref", &found).Error; err != nil {
			return nil, nil, failure(err)
		}
		have[table] = found
	}
	for _, m := range messages {
		if table := tables[m.To]; table == "" || slices.Contains(have[table], m.ToRef) {
			with = append(with, m)
		} else {
			without = append(without, m)
		}
	}
	return with, without, nil
}

// address names the dossier's contact, whom a process knows by role only.
func (s *Store) address(ctx context.Context, m *models.Message, known map[string]models.Brief) error {
	if m.ToRef != "" || (m.To != models.RoleClient && m.To != models.RoleBilling) {
		return nil
	}
	brief, ok := known[m.Dossier]
	if !ok {
		err := s.db.WithContext(ctx).Select("contact_ref", "billing_ref").Where("ref = ?", m.Dossier).Limit(1).Find(&brief).Error
		if err != nil {
			return failure(err)
		}
		known[m.Dossier] = brief
	}
	m.ToRef = brief.ContactRef
	if m.To == models.RoleBilling && brief.BillingRef != "" {
		m.ToRef = brief.BillingRef
	}
	return nil
}

// expand turns a message to all participants into one for each who is registered now.
func (s *Store) expand(ctx context.Context, m models.Message, known map[string]models.Brief) ([]models.Message, error) {
	if m.To != models.RoleParticipants {
		err := s.address(ctx, &m, known)
		return []models.Message{m}, err
	}
	people, err := s.Participants(ctx, m.Dossier, true)
	if err != nil {
		return nil, err
	}
	out := make([]models.Message, 0, len(people))
	for _, p := range people {
		c := m
		c.Key, c.GroupKey = m.Key+"/"+p.Ref, m.Key
		c.To, c.ToRef = models.RoleParticipant, p.Ref
		c.Links, c.Attach = slices.Clone(m.Links), slices.Clone(m.Attach)
		for i, l := range c.Links {
			if strings.HasSuffix(l.Subject, "|") {
				c.Links[i].Subject += p.Ref
			}
		}
		for i, a := range c.Attach {
			if strings.HasSuffix(a, "|") {
				c.Attach[i] += p.Ref
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func (s *Store) withdraw(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	// Written so that SQLite looks them up by key: by status, it would read all that is queued.
	_, err := update[models.Message](ctx, s, map[string]any{"status": models.MessageWithdrawn},
		"(key IN ? OR group_key IN ?) AND NOT status <> ?", keys, keys, models.MessageQueued)
	return err
}
