package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"jalon/models"
	"jalon/store"
)

// MessageCmd groups what is done about parked messages: nobody but a person can find out whether they left.
type MessageCmd struct {
	Parked ParkedCmd `cmd:"" help:"List the messages that nobody knows to have left."`
	Left   LeftCmd   `cmd:"" help:"Say that a parked message left."`
	Again  AgainCmd  `cmd:"" help:"Say that a parked message did not leave: it is sent again. One that reached nobody is sent again in the console or through the API, which make sure that it is still of use."`
}

// ParkedCmd lists parked messages.
type ParkedCmd struct{}

// Run prints them, the oldest first.
func (ParkedCmd) Run(ctx context.Context) error {
	return withDatabase(ctx, func(st *store.Store, _ time.Time) error {
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KEY\tDOSSIER\tATTEMPTED\tWHY")
		for from, more := (store.Cursor{}), true; more; {
			parked, err := st.Parked(ctx, store.ParkedFilter{}, from, store.MaxPage)
			if err != nil {
				return err
			}
			for _, m := range parked.Items {
				attempted := "never"
				if !m.AttemptAt.IsZero() {
					attempted = m.AttemptAt.Format(time.RFC3339)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", m.Key, m.Dossier, attempted, m.Failure)
			}
			from = parked.Next
			more = from.ID != ""
		}
		return w.Flush()
	})
}

// LeftCmd settles a message that left.
type LeftCmd struct {
	Key string `arg:"" help:"The message's key, as listed."`
}

// Run settles it.
func (l LeftCmd) Run(ctx context.Context) error { return settle(ctx, l.Key, true) }

// AgainCmd settles a message that did not leave.
type AgainCmd struct {
	Key string `arg:"" help:"The message's key, as listed."`
}

// Run settles it.
func (a AgainCmd) Run(ctx context.Context) error { return settle(ctx, a.Key, false) }

// settle writes in the journal that an administrator did it, through no channel: the command line knows nobody's name.
func settle(ctx context.Context, key string, left bool) error {
	return withDatabase(ctx, func(st *store.Store, now time.Time) error {
		return st.Settle(ctx, store.Settlement{ID: fmt.Sprintf("%s/%d", key, now.UnixMicro()), Key: key, Left: left, Actor: string(models.RoleAdmin), At: now})
	})
}
