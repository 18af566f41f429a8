package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"jalon/models"
)

// Client reads a client.
func (s *Store) Client(ctx context.Context, ref string) (models.Client, error) {
	return one[models.Client](ctx, s, "ref = ?", ref)
}

// Clients lists clients by reference.
func (s *Store) Clients(ctx context.Context, from Cursor, limit int) (Page[models.Client], error) {
	return page(s.db.WithContext(ctx), order[models.Client]{id: "ref",
		place: func(c models.Client) Cursor { return Cursor{ID: c.Ref} }}, from, limit)
}

// ClientsOfCompany lists the clients with a company number, by reference; none without one.
func (s *Store) ClientsOfCompany(ctx context.Context, number string) ([]models.Client, error) {
	return all[models.Client](ctx, s, "ref", "company = ? AND company <> ''", number)
}

// FindClients lists the clients that words tell of, by name: each word in the client's name or in that of somebody there, or
// else all of them its reference or its company number.
func (s *Store) FindClients(ctx context.Context, words string, limit int) ([]models.Client, error) {
	out := []models.Client{}
	folded := strings.Fields(Fold(words))
	if len(folded) == 0 {
		return out, nil
	}
	db, named := s.db.WithContext(ctx), s.db
	for _, w := range folded[:min(len(folded), maxWords)] {
		named = named.Where("(ref IN (SELECT ref FROM search_texts WHERE kind = @client AND text LIKE @like ESCAPE '!') OR ref IN (SELECT client_ref FROM contacts "+
			"WHERE ref IN (SELECT ref FROM search_texts WHERE kind = @contact AND text LIKE @like ESCAPE '!')))",
			map[string]any{"client": findClient, "contact": findContact, "like": "%" + likeEscapes.Replace(w) + "%"})
	}
	number := strings.Join(folded, "")
	err := db.Where("ref = ? OR company = ?", strings.ToUpper(number), number).Or(named).Order("name, ref").Limit(limit).Find(&out).Error
	return out, failure(err)
}

// AddClient writes a new client and its people; one that is known stays as it is.
func (s *Store) AddClient(ctx context.Context, c models.Client, people []models.Contact) error {
	return s.Transact(ctx, func(tx *Store) error {
		if fresh, err := addFindable(ctx, tx, c, clientText); err != nil || !fresh {
			return err
		}
		for _, p := range people {
			if err := tx.AddContact(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// SaveClient writes a client, whole.
func (s *Store) SaveClient(ctx context.Context, c models.Client) error {
	return saveFindable(ctx, s, c, clientText)
}

// Contact reads a person at a client.
func (s *Store) Contact(ctx context.Context, ref string) (models.Contact, error) {
	return one[models.Contact](ctx, s, "ref = ?", ref)
}

// Contacts lists the people of a client.
func (s *Store) Contacts(ctx context.Context, client string) ([]models.Contact, error) {
	return all[models.Contact](ctx, s, "ref", "client_ref = ?", client)
}

// AddContact writes a new person at a client; one who is known stays as they are.
func (s *Store) AddContact(ctx context.Context, c models.Contact) error {
	_, err := addFindable(ctx, s, c, contactText)
	return err
}

// SaveContact writes a person at a client, whole.
func (s *Store) SaveContact(ctx context.Context, c models.Contact) error {
	return saveFindable(ctx, s, c, contactText)
}

func (s *Store) withSkills(ctx context.Context) *gorm.DB {
	return s.db.WithContext(ctx).Preload("Skills", func(db *gorm.DB) *gorm.DB { return db.Order("topic") })
}

// Trainer reads a trainer with skills.
func (s *Store) Trainer(ctx context.Context, ref string) (models.Trainer, error) {
	var t models.Trainer
	err := s.withSkills(ctx).Where("ref = ?", ref).Take(&t).Error
	return t, failure(err)
}

// TrainerAddress reads of a trainer what who writes to one needs: reference, name, e-mail, telephone and language.
func (s *Store) TrainerAddress(ctx context.Context, ref string) (models.Trainer, error) {
	var t models.Trainer
	err := s.db.WithContext(ctx).Select("ref", "name", "email", "phone", "lang").Where("ref = ?", ref).Take(&t).Error
	return t, failure(err)
}

// Trainers lists trainers with skills, by reference.
func (s *Store) Trainers(ctx context.Context, from Cursor, limit int) (Page[models.Trainer], error) {
	return page(s.withSkills(ctx), order[models.Trainer]{id: "ref",
		place: func(t models.Trainer) Cursor { return Cursor{ID: t.Ref} }}, from, limit)
}

// TrainersByTopics lists the active trainers who hold one of the topics, with all their skills, by reference (F049).
func (s *Store) TrainersByTopics(ctx context.Context, topics []string) ([]models.Trainer, error) {
	out := []models.Trainer{}
	holders := s.db.Model(&models.Skill{}).Select("trainer_ref").Where("topic IN ?", topics)
	err := s.withSkills(ctx).Where("active = ? AND ref IN (?)", true, holders).Order("ref").Find(&out).Error
	return out, failure(err)
}

// TrainersByRefs lists trainers with skills, by reference, active or not; unknown references are left out.
func (s *Store) TrainersByRefs(ctx context.Context, refs []string) ([]models.Trainer, error) {
	out := []models.Trainer{}
	err := s.withSkills(ctx).Where("ref IN ?", refs).Order("ref").Find(&out).Error
	return out, failure(err)
}

// AddTrainer writes a new trainer with skills; one who is known stays as they are.
func (s *Store) AddTrainer(ctx context.Context, t models.Trainer) error {
	return s.Transact(ctx, func(tx *Store) error {
		if fresh, err := addFindable(ctx, tx, t, trainerText); err != nil || !fresh {
			return err
		}
		return tx.saveSkills(ctx, t)
	})
}

// SaveTrainer writes a trainer, whole: skills not given are forgotten.
func (s *Store) SaveTrainer(ctx context.Context, t models.Trainer) error {
	return s.Transact(ctx, func(tx *Store) error {
		if err := saveFindable(ctx, tx, t, trainerText); err != nil {
			return err
		}
		return tx.saveSkills(ctx, t)
	})
}

func (s *Store) saveSkills(ctx context.Context, t models.Trainer) error {
	if err := s.db.WithContext(ctx).Where("trainer_ref = ?", t.Ref).Delete(&models.Skill{}).Error; err != nil {
		return failure(err)
	}
	skills := make([]models.Skill, len(t.Skills))
	for i, k := range t.Skills {
		skills[i] = models.Skill{TrainerRef: t.Ref, Topic: k.Topic, Level: k.Level}
	}
	return save(ctx, s, skills...)
}

// Course reads a line of the catalogue.
func (s *Store) Course(ctx context.Context, topic string) (models.Course, error) {
	return one[models.Course](ctx, s, "topic = ?", topic)
}

// Courses lists the catalogue.
func (s *Store) Courses(ctx context.Context) ([]models.Course, error) {
	return all[models.Course](ctx, s, "topic", "")
}

// SaveCourse writes a line of the catalogue.
func (s *Store) SaveCourse(ctx context.Context, c models.Course) error { return save(ctx, s, c) }

// Participant reads a participant, removed or not.
func (s *Store) Participant(ctx context.Context, ref string) (models.Participant, error) {
	return one[models.Participant](ctx, s, "ref = ?", ref)
}

// Participants lists those of a dossier, by reference; with active, without those removed.
func (s *Store) Participants(ctx context.Context, dossier string, active bool) ([]models.Participant, error) {
	if active {
		return all[models.Participant](ctx, s, "ref", "dossier = ? AND removed_at = ''", dossier)
	}
	return all[models.Participant](ctx, s, "ref", "dossier = ?", dossier)
}

// SaveParticipants writes participants, whole.
func (s *Store) SaveParticipants(ctx context.Context, people []models.Participant) error {
	return save(ctx, s, people...)
}

// registeredLine begins the keys of the journal lines that Register writes.
const registeredLine = "participants_registered/"

// ParticipantKey is what the nth participant registered with a key is given a reference for.
func ParticipantKey(key string, n int) string { return key + "/" + strconv.Itoa(n) }

// Register writes new participants and the line of the journal that says who registered how many, once for a key: again
// changes nothing, since they may have been corrected or removed meanwhile.
func (s *Store) Register(ctx context.Context, key string, line models.JournalLine, people []models.Participant) error {
	return s.Transact(ctx, func(tx *Store) error {
		line.ID, line.Kind = registeredLine+key, "participants_registered"
		line.Args = append(models.Args{{Name: "count", Value: strconv.Itoa(len(people))}}, line.Args...)
		if n, err := insert(ctx, tx, line); err != nil || n == 0 {
			return err
		}
		return tx.SaveParticipants(ctx, people)
	})
}

// Registered lists those registered with a key, as they are now; ErrNotFound if nothing was registered with it.
func (s *Store) Registered(ctx context.Context, key string) ([]models.Participant, error) {
	line, err := one[models.JournalLine](ctx, s, "id = ?", registeredLine+key)
	if err != nil {
		return nil, err
	}
	count, err := strconv.Atoi(line.Args.Get("count"))
	if err != nil {
		return nil, err
	}
	keys := make([]string, count)
	for i := range keys {
		keys[i] = ParticipantKey(key, i)
	}
	refs := s.db.Model(&allocation{}).Select("value").Where("series = ? AND key IN ?", SeriesParticipant, keys)
	return all[models.Participant](ctx, s, "ref", "ref IN (?)", refs)
}

// correctedLine begins the keys of the journal lines that CorrectParticipant writes.
const correctedLine = "participant_corrected/"

// CorrectParticipant writes what is now known of a participant who was not removed, and the line of the journal that says
// who changed it when; what was known already changes nothing.
func (s *Store) CorrectParticipant(ctx context.Context, line models.JournalLine, p models.Participant) error {
	return s.Transact(ctx, func(tx *Store) error {
		was, err := tx.Participant(ctx, p.Ref)
		if err != nil || was.Name == p.Name && was.Email == p.Email && was.Lang == p.Lang {
			return err
		}
		n, err := update[models.Participant](ctx, tx, map[string]any{"name": p.Name, "email": p.Email, "lang": string(p.Lang)},
			"ref = ? AND removed_at = ''", p.Ref)
		if err != nil || n == 0 {
			return cmpErr(err, ErrNotFound)
		}
		line.ID, line.Kind, line.Subject = correctedLine+p.Ref+"/"+instant(line.At), "participant_corrected", p.Ref
		_, err = insert(ctx, tx, line)
		return err
	})
}

// Signatories are the participants of a dossier who signed at least one half-day.
func (s *Store) Signatories(ctx context.Context, dossier string) ([]string, error) {
	refs := []string{}
	sessions := s.db.Model(&models.Session{}).Select("ref").Where("dossier = ?", dossier)
	err := s.db.WithContext(ctx).Model(&models.Attendance{}).Distinct("participant").
		Where("session IN (?) AND state = ?", sessions, models.AttendanceSigned).Order("participant").Pluck("participant", &refs).Error
	return refs, failure(err)
}

// removedLine begins the keys of the journal lines that RemoveParticipant writes.
const removedLine = "participant_removed/"

// RemoveParticipant takes a participant off the dossier of a line of the journal, at its moment, and writes that line;
// again changes nothing. ErrNotFound if the dossier has none of this reference, participant_has_signed if what they
// attended has to stay.
func (s *Store) RemoveParticipant(ctx context.Context, line models.JournalLine, ref string) error {
	return s.Transact(ctx, func(tx *Store) error {
		p, err := tx.Participant(ctx, ref)
		if err != nil || p.Dossier != line.Dossier {
			return cmpErr(err, ErrNotFound)
		}
		n, err := update[models.Participant](ctx, tx, map[string]any{"removed_at": instant(line.At)}, "ref = ? AND removed_at = ''", ref)
		if err != nil || n == 0 {
			return err
		}
		// Asked once the row is held: who signs meanwhile waits for it.
		signed, err := tx.Signatories(ctx, p.Dossier)
		if err != nil {
			return err
		}
		if slices.Contains(signed, ref) {
			return models.NewError(models.CodeHasSigned, "participant "+ref+" signed a half-day")
		}
		line.ID, line.Kind, line.Subject = removedLine+ref, "participant_removed", ref
		if _, err := insert(ctx, tx, line); err != nil {
			return err
		}
		// What waits for its hour would lead to a page that is closed to them.
		_, err = update[models.Message](ctx, tx, map[string]any{"status": models.MessageWithdrawn}, "to_ref = ? AND status = ?", ref, models.MessageQueued)
		return err
	})
}

// cmpErr is the first error there is.
func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
