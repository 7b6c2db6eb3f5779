# All that a developer or CI does here. The two that need no reading: `make run` and `make test`.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# What `make breaking` compares the protos with; chosen by .ci/breaking when empty.
BASE    ?=
# Which benchmarks `make bench-go` runs, and for how long `make fuzz` runs each fuzz test.
BENCH    ?= .
FUZZTIME ?= 10s
# What `make run` and `make bench` are told, for example ARGS="--http-addr=127.0.0.1:8081".
ARGS     ?=

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

# Tools have modules of their own, so that nobody who imports this one inherits theirs.
BUF       := $(GO) tool -modfile=$(CURDIR)/proto/tools/go.mod buf
CI_TOOL   := $(GO) tool -modfile=$(CURDIR)/.ci/tools/go.mod
LINT      := $(CI_TOOL) golangci-lint
GOTESTSUM := $(CI_TOOL) gotestsum --format=standard-quiet

MODULES      := $(patsubst %/,%,$(dir $(shell find . \( -name testdata -o -name node_modules \) -prune -o -name go.mod -print | sort)))
TOOL_MODULES := ./.ci/tools ./proto/tools
# Of the rest, those that pin another program and have no code of their own are left to check-tidy.
NESTED       := $(foreach module,$(filter-out . $(TOOL_MODULES),$(MODULES)),$(if $(wildcard $(module)/*.go $(module)/*/*.go),$(module)))

# The third-party protos; printed again when go.mod, and with it a version, may have changed.
PROTODEPS := .protodeps/.stamp

$(PROTODEPS): go.mod proto/protodeps/main.go
	@$(GO) run ./proto/protodeps .protodeps
	touch $@

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: ## Start a real Kratos with this server in front of it, until Ctrl-C; ARGS="--help" lists the addresses
	@$(GO) build -o .bin/devstack ./server/internal/devstack
	exec .bin/devstack $(ARGS)

.PHONY: build
build: ## Build the static binary .bin/kratosgrpc
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o .bin/kratosgrpc ./server/cmd/kratosgrpc

.PHONY: test
test: ## Run every test of every module, the main one with the race detector
	@failed=
	# The first run on a machine builds Kratos within a test's time.
	mkdir -p .bin
	$(GOTESTSUM) --jsonfile=.bin/test.json -- -race -timeout=20m ./... || failed+=' .'
	# How the REST view compares with Kratos is worth a line even when all is well.
	grep -oE '[0-9]+ of [0-9]+ steps the same' .bin/test.json || true
	for module in $(NESTED); do
		echo "== $$module"
		(cd "$$module" && $(GOTESTSUM) -- -race -timeout=20m ./...) || failed+=" $$module"
	done
	[[ -z $$failed ]] || { echo "Tests failed in:$$failed" >&2; exit 1; }

.PHONY: bench
bench: ## Measure what whoami costs and what it is compared with, and write that down; ARGS="--help" lists what can be chosen
	@# Without Envoy there is a table all the same, which says what is missing.
	.ci/envoy || echo 'Envoy could not be installed: see above.' >&2
	cd server/bench
	$(GO) run . $(ARGS)

.PHONY: bench-go
bench-go: ## Run the Go benchmarks that match BENCH
	@$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: fuzz
fuzz: ## Run each fuzz test for FUZZTIME
	@grep -rE --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]+' . | while IFS=: read -r file func; do
		echo "== $${func#func } ($$file)"
		$(GO) -C "$$(dirname "$$file")" test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime '$(FUZZTIME)' .
	done

.PHONY: check
check: lint-proto breaking check-gen check-tidy lint ## Run every check that is not a test; changes no file

.PHONY: lint
lint: ## Check the formatting of the Go files and lint them
	@$(LINT) fmt --diff || { echo 'Go files are not formatted: run `make fmt`.' >&2; exit 1; }
	for module in . $(NESTED); do
		(cd "$$module" && $(LINT) run ./...)
	done

.PHONY: lint-proto
lint-proto: $(PROTODEPS) ## Check the formatting of the protos and lint them
	@$(BUF) format proto --diff --exit-code || { echo 'Protos are not formatted: run `make fmt`.' >&2; exit 1; }
	$(BUF) lint

.PHONY: breaking
breaking: $(PROTODEPS) ## Check that the protos break no client of BASE
	@BUF='$(BUF)' .ci/breaking $(BASE)

.PHONY: check-gen
check-gen: $(PROTODEPS) ## Check that gen/ is what the protos generate
	@fresh=$$(mktemp -d)
	trap 'rm -rf "$$fresh"' EXIT
	$(BUF) generate --output "$$fresh"
	for out in gen/go gen/openapi; do
		diff -rq "$$out" "$$fresh/$$out" || { echo "$$out is stale: run \`make generate\`." >&2; exit 1; }
	done

.PHONY: check-tidy
check-tidy: ## Check that every go.mod and go.sum is tidy
	@for module in $(MODULES); do
		$(GO) -C "$$module" mod tidy -diff || { echo "$$module/go.mod is not tidy: run \`make tidy\`." >&2; exit 1; }
	done

.PHONY: generate
generate: $(PROTODEPS) ## Generate gen/go and gen/openapi from the protos
	@$(BUF) generate

.PHONY: fmt
fmt: ## Format the Go files and the protos
	@$(LINT) fmt
	$(BUF) format proto --write

.PHONY: tidy
tidy: ## Tidy every go.mod and go.sum
	@for module in $(MODULES); do $(GO) -C "$$module" mod tidy; done

.PHONY: vuln
vuln: ## Look for known vulnerabilities in what the server links
	@status=0
	$(CI_TOOL) govulncheck ./... || status=$$?
	case $$status in
		0) ;;
		3) exit 3 ;;
		*) echo 'No verdict: govulncheck could not finish, as when its database is out of reach.' >&2 ;;
	esac

.PHONY: docker
docker: ## Build the container image kratosgrpc:VERSION
	@docker build --build-arg GO_VERSION="$$($(GO) mod edit -json | jq -r .Go)" --build-arg VERSION='$(VERSION)' -t 'kratosgrpc:$(VERSION)' .

.PHONY: clean
clean: ## Remove what was built; the Go caches stay
	@rm -rf .bin .protodeps
