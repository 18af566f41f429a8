package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"jalon/models"
)

// searchText is what a row of master data is found by: its names, folded when they are written. Folding them while
// searching takes longer than a page may.
type searchText struct {
	Kind string `gorm:"primaryKey"`
	Ref  string `gorm:"primaryKey"`
	Text string
}

// What can be found.
const (
	findBrief   = "brief"
	findClient  = "client"
	findContact = "contact"
	findTrainer = "trainer"
)

func briefText(b models.Brief) searchText {
	return searchText{findBrief, b.Ref, Fold(b.Ref + " " + b.Title + " " + b.Topic)}
}
func clientText(c models.Client) searchText   { return searchText{findClient, c.Ref, Fold(c.Name)} }
func contactText(c models.Contact) searchText { return searchText{findContact, c.Ref, Fold(c.Name)} }
func trainerText(t models.Trainer) searchText { return searchText{findTrainer, t.Ref, Fold(t.Name)} }

// saveFindable writes a row and what it is found by.
func saveFindable[T any](ctx context.Context, s *Store, row T, text func(T) searchText) error {
	return s.Transact(ctx, func(tx *Store) error {
		if err := save(ctx, tx, row); err != nil {
			return err
		}
		return save(ctx, tx, text(row))
	})
}

// addFindable writes a row if it is new, with what it is found by, and tells whether it was.
func addFindable[T any](ctx context.Context, s *Store, row T, text func(T) searchText) (fresh bool, err error) {
	err = s.Transact(ctx, func(tx *Store) error {
		n, err := insert(ctx, tx, row)
		if fresh = n > 0; err != nil || !fresh {
			return err
		}
		return save(ctx, tx, text(row))
	})
	return fresh, err
}

// makeFindable writes what rows are found by where it lacks: they come from a version that did not. At each migration,
// since a process of that version may still have written after the one before.
func (s *Store) makeFindable(ctx context.Context) error {
	return s.Transact(ctx, func(tx *Store) error {
		err := findable(ctx, tx, briefText)
		if err == nil {
			err = findable(ctx, tx, clientText)
		}
		if err == nil {
			err = findable(ctx, tx, contactText)
		}
		if err == nil {
			err = findable(ctx, tx, trainerText)
		}
		return err
	})
}

func findable[T any](ctx context.Context, tx *Store, text func(T) searchText) error {
	rows, err := all[T](ctx, tx, "ref", "")
	if err != nil {
		return err
	}
	texts := make([]searchText, len(rows))
	for i, r := range rows {
		texts[i] = text(r)
	}
	_, err = insert(ctx, tx, texts...)
	return err
}

// maxWords bounds how many words of a search are looked for.
const maxWords = 6

var likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// search narrows a query over dossiers (r) and briefs (b) to those where each word is found.
func search(db *gorm.DB, words []string) *gorm.DB {
	for _, w := range words[:min(len(words), maxWords)] {
		found := func(column, kind string) string {
			return column + " IN (SELECT ref FROM search_texts WHERE kind = '" + kind + "' AND text LIKE @like ESCAPE '!')"
		}
		db = db.Where("("+found("r.ref", findBrief)+" OR "+found("b.client_ref", findClient)+" OR "+found("b.contact_ref", findContact)+
			" OR "+found("b.billing_ref", findContact)+" OR "+found("r.trainer_ref", findTrainer)+")",
			map[string]any{"like": "%" + likeEscapes.Replace(w) + "%"})
	}
	return db
}

// Searches find a name with or without its accents and capitals, in French and its neighbours.
var folder = func() *strings.Replacer {
	const (
		accented = "àáâãäåçèéêëìíîïñòóôõöøùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŸ’"
		plain    = "aaaaaaceeeeiiiinoooooouuuuyyaaaaaaceeeeiiiinoooooouuuuyy'"
	)
	pairs := []string{"œ", "oe", "Œ", "oe", "æ", "ae", "Æ", "ae", "ß", "ss"}
	for i, from := range []rune(accented) {
		pairs = append(pairs, string(from), plain[i:i+1])
	}
	return strings.NewReplacer(pairs...)
}()

// Fold is a text as searches compare it: small letters without accents.
func Fold(s string) string { return strings.ToLower(folder.Replace(s)) }
