# Every verb of the project; `make` alone lists them. CI calls these and nothing else (.ci/run).
# ARGS passes flags on: make run ARGS="--clock-scale 3600", make demo ARGS="--requests 20".

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

LINTERS := bin/check/golangci-lint bin/check/workflowcheck

.PHONY: help
help: ## List these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: build
build: bin/jalon bin/temporal ## Build bin/jalon and, the first time, bin/temporal (about three minutes)

# The go command knows by itself whether there is something to do, in less than a second.
.PHONY: bin/jalon
bin/jalon:
	@go build -o $@ ./cmd/jalon

bin/temporal: tools/go.mod tools/go.sum
	@echo "building the Temporal CLI into bin/temporal, once: about three minutes"
	@go build -C tools -trimpath -ldflags='-s -w' -o ../$@ github.com/temporalio/cli/cmd/temporal
	@touch $@

# The Temporal server of production and the tool that keeps its schema, for the test of the path to production.
bin/temporal-server bin/temporal-sql-tool &: tools/server/go.mod tools/server/go.sum
	@echo "building the Temporal server for PostgreSQL into bin/, once: about four minutes"
	@go build -C tools/server -trimpath -ldflags='-s -w' -o ../../bin/temporal-server go.temporal.io/server/cmd/server
	@go build -C tools/server -trimpath -ldflags='-s -w' -o ../../bin/temporal-sql-tool go.temporal.io/server/cmd/tools/sql
	@touch bin/temporal-server bin/temporal-sql-tool

$(LINTERS) &: tools/check/go.mod tools/check/go.sum
	@echo "building the linters into bin/check, once: about a minute and a half"
	@mkdir -p bin/check
	@go build -C tools/check -o ../../bin/check/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint go.temporal.io/sdk/contrib/tools/workflowcheck
	@touch $(LINTERS)

# A Temporal server that is recent enough is found, or else built by the program itself.
.PHONY: run
run: bin/jalon ## Start everything with a sample agency; Ctrl-C stops it, a second start goes on
	@exec bin/jalon dev $(ARGS)

.PHONY: demo
demo: bin/jalon ## Play a whole mission in accelerated business time, on a server of its own
	@exec bin/jalon demo $(ARGS)

.PHONY: setup
setup: ## Install what the tests need besides Go: PostgreSQL, Chromium, poppler, a C compiler
	@tools/setup

.PHONY: test
test: setup build bin/temporal-server bin/temporal-sql-tool ## Run all tests, the whole-system ones included
	go test -count=1 -timeout 30m ./... # never from the cache: it does not see the binaries that whole-system tests start

.PHONY: chaos
chaos: setup build ## Kill every part at random moments of missions: RUNS=3, SEED=7 to run one again, ARGS=-v to watch
	@go run ./e2e/chaos -jalon bin/jalon -seed $(or $(SEED),0) -runs $(or $(RUNS),1) $(ARGS)

.PHONY: check
check: setup build $(LINTERS) ## Formatting, vet, linters, determinism of workflows, race detector, replayed histories
	@echo "== gofmt"; unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "$$unformatted"; exit 1; }
	@echo "== go mod tidy"; go mod tidy -diff
	@echo "== golangci-lint"; bin/check/golangci-lint run ./...
	@echo "== workflowcheck"; bin/check/workflowcheck -config tools/check/workflowcheck.yaml ./workflows/...
	@echo "== replay of recorded histories"; bin/jalon replay workflows/testdata/histories
	@echo "== race detector"; go test -race -timeout 25m $$(go list ./... | grep -v '^jalon/e2e')

.PHONY: bench
bench: build ## Measure a mission against a bare workflow: bench/README.md says how; about 17 minutes
	@go build -o bin/bench ./bench
	@exec bin/bench $(ARGS)

.PHONY: clean
clean: ## Remove what was built and the data of make run
	rm -rf bin .jalon
