// Command jalon is the whole program: the development installation in one process, the processes of production, and
// the tools of who runs them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // images hold no time zones

	"github.com/alecthomas/kong"
)

// cli is the command line; each command's Run takes a context that ends with Ctrl-C or SIGTERM.
type cli struct {
	Dev      DevCmd      `cmd:"" help:"Start everything on this machine: Temporal, database, worker, relay, API, mailbox."`
	API      APICmd      `cmd:"" name:"api" help:"Serve the API, the pages behind links and the console."`
	Worker   WorkerCmd   `cmd:"" help:"Run workflows, activities and the relay of messages and facts."`
	Migrate  MigrateCmd  `cmd:"" help:"Bring the database to this version's schema and set its clock."`
	Health   HealthCmd   `cmd:"" help:"Ask the API or the worker of this machine whether it is ready."`
	Policy   PolicyCmd   `cmd:"" help:"Check ways of working."`
	User     UserCmd     `cmd:"" help:"Manage staff accounts and machine tokens."`
	Message  MessageCmd  `cmd:"" help:"Settle messages of which nobody knows whether they left."`
	Replay   ReplayCmd   `cmd:"" help:"Replay recorded histories against this version's workflows."`
	Verify   VerifyCmd   `cmd:"" help:"Compare the database with what the histories say."`
	Temporal TemporalCmd `cmd:"" help:"Run only the development Temporal server, as jalon dev does."`
	Demo     DemoCmd     `cmd:"" help:"Play whole missions in accelerated business time, on a server of their own."`
}

// gcPercent lets the heap grow to five times what is live, some tens of megabytes, where Go's own choice is twice: drawing
// one document allocates ten, and takes half the time when they are not collected at once. GOGC overrides it.
const gcPercent = 400

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	var c cli
	k := kong.Parse(&c, kong.Name("jalon"), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Description("Jalon runs a training agency's missions. Settings come from the environment: docs/settings.md."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "jalon:", err)
		os.Exit(1)
	}
}
