package store

import (
	"context"
	"encoding/json"
	"fmt"

	"jalon/models"
)

// setting is one value that belongs to the installation.
type setting struct {
	Name  string `gorm:"primaryKey"`
	Value string
}

const clockSetting = "clock"

// Setting reads a value of the installation, ErrNotFound if it was never set.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	row, err := one[setting](ctx, s, "name = ?", name)
	return row.Value, err
}

// SetSetting writes a value of the installation.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	return save(ctx, s, setting{Name: name, Value: value})
}

// InstallClock gives the installation its business clock at the first start, and answers the one it has.
func (s *Store) InstallClock(ctx context.Context, want models.Clock) (models.Clock, error) {
	if err := want.Validate(); err != nil {
		return models.Clock{}, err
	}
	raw, err := json.Marshal(want)
	if err != nil {
		return models.Clock{}, err
	}
	if _, err := insert(ctx, s, setting{Name: clockSetting, Value: string(raw)}); err != nil {
		return models.Clock{}, err
	}
	stored, err := s.Setting(ctx, clockSetting)
	if err != nil {
		return models.Clock{}, err
	}
	var clock models.Clock
	if err := json.Unmarshal([]byte(stored), &clock); err != nil {
		return models.Clock{}, fmt.Errorf("stored clock: %w", err)
	}
	return clock, nil
}
