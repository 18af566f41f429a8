package store

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm/schema"
)

// layout is fixed in width, so that text sorts as time does on both databases. The zero time is the empty text, which
// sorts first.
const layout = "2006-01-02T15:04:05.000000Z"

func init() { schema.RegisterSerializer("instant", instantSerializer{}) }

// instant is t as stored: UTC, cut to the microsecond.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

func parseInstant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("stored instant: %w", err)
	}
	return t, nil
}

type instantSerializer struct{}

// Scan reads a column.
func (instantSerializer) Scan(ctx context.Context, field *schema.Field, dst reflect.Value, value any) error {
	var text string
	switch v := value.(type) {
	case nil:
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return fmt.Errorf("stored instant %s: unexpected %T", field.DBName, value)
	}
	t, err := parseInstant(text)
	if err != nil {
		return err
	}
	return field.Set(ctx, dst, t)
}

// Value writes a column.
func (instantSerializer) Value(_ context.Context, field *schema.Field, _ reflect.Value, value any) (any, error) {
	t, ok := value.(time.Time)
	if !ok {
		return nil, fmt.Errorf("instant %s: unexpected %T", field.DBName, value)
	}
	if y := t.UTC().Year(); !t.IsZero() && (y < 0 || y > 9999) {
		return nil, fmt.Errorf("instant %s: year %d does not sort", field.DBName, y)
	}
	return instant(t), nil
}
