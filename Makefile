# Tailrace's commands. Plain `make` prints the menu; each target installs what it needs first.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
MINISTACK := .venv-ministack
PEERS := .venv-bench
AUDIT := .venv-audit
BENCH := build/bench
WIRE_CLIENTS := tests/wire/node
NPM_LOCKED := examples/clients $(WIRE_CLIENTS)
PIP_INSTALL := install --quiet --disable-pip-version-check --require-hashes
TAILRACE = $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
LOCK = UV_PYTHON_DOWNLOADS=never uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

STAGE ?= dev
CDK_VERSION := 2.1148.1
CDK_INSTALLED := $(VENV)/.cdk-$(CDK_VERSION)
NODE_CLIENT := examples/clients/node_modules/.package-lock.json
CDK_ENV = PATH="$(CURDIR)/$(BIN):$$PATH" JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 CDK_DISABLE_CLI_TELEMETRY=true
NPM = PATH="$(CURDIR)/$(BIN):$$PATH" npm --no-fund --no-update-notifier
CDK = $(CDK_ENV) $(VENV)/cdk/node_modules/.bin/cdk --no-notices --no-version-reporting --no-lookups -c stage=$(STAGE)

.DEFAULT_GOAL := help
.PHONY: help dev test lint types format lock clean synth deploy destroy deploy-local bench bench-quick bench-light bench-docs \
	bench-cold bench-steps scale soak soak-alone faults audit sbom

help: ## Print this menu
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

dev: $(VENV)/.dev ## Run the whole system on this machine (Ctrl-C stops it)
	@$(BIN)/tailrace dev $(ARGS)

test: lint types $(CDK_INSTALLED) $(NODE_CLIENT) $(WIRE_CLIENTS)/node_modules/.installed $(VENV)/.chromium $(if $(shell command -v $(CC)),$(BENCH)/sseload $(BENCH)/floor) ## Everything that must pass: ruff, mypy --strict, pytest
	$(BIN)/pytest -q --numprocesses 4 --dist loadfile $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test $(MINISTACK)/.installed
	$(BIN)/mypy

format: $(VENV)/.test ## Format the code and apply safe fixes
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

synth: $(VENV)/.infra ## Make the templates of dev and prod in cdk.out/, without an account
	@for stage in dev prod; do $(CDK_ENV) CDK_OUTDIR=cdk.out/$$stage TAILRACE_STAGE=$$stage $(BIN)/python app.py || exit 1; done
	@ls cdk.out/*/*.template.json

deploy: $(VENV)/.infra $(CDK_INSTALLED) ## Deploy to your AWS account (STAGE=dev or prod)
	@$(BIN)/python -m infra.cost $(STAGE)
	@$(CDK) bootstrap
	@$(CDK) deploy --all --require-approval never --outputs-file cdk.out/outputs-$(STAGE).json
	@$(BIN)/python -m infra.afterwards $(STAGE) cdk.out/outputs-$(STAGE).json

destroy: $(VENV)/.infra $(CDK_INSTALLED) ## Delete what was deployed (STAGE=…; KEEP_EVENTS=1 leaves the event log)
	@$(CDK) destroy --force $(if $(KEEP_EVENTS),--exclusively Tailrace-$(STAGE)-Monitoring Tailrace-$(STAGE)-WorkflowApi Tailrace-$(STAGE)-StreamService,--all)

deploy-local: $(VENV)/.infra $(CDK_INSTALLED) $(MINISTACK)/.installed ## Deploy into emulated AWS on this machine, with the real CDK
	@$(BIN)/python -m infra.deploy_local

bench: $(BENCH)/.peers ## Measure Tailrace beside other servers, and its other paths (FRESH=1 forgets what was measured)
	@$(BIN)/python -m benchmarks.run $(if $(FRESH),--fresh) $(ARGS)

bench-quick: $(BENCH)/.peers ## A short look at the same: one pass, few cells, nothing kept
	@$(BIN)/python -m benchmarks.run --quick $(ARGS)

bench-light: $(BENCH)/.peers ## Whether all that is measured works: every cell with little load, nothing kept
	@$(BIN)/python -m benchmarks.run --light $(ARGS)

bench-docs: $(VENV)/.dev ## Write the newest results into docs/performance.md
	@$(BIN)/python -m benchmarks.docs

scale: $(VENV)/.dev ## Compute what docs/scale.md and docs/cost.md say
	@$(BIN)/python -m benchmarks.scale_page

soak: $(VENV)/.test ## The whole system for MINUTES=60: steady runs, thousands of clients, a deploy every few minutes
	@$(BIN)/python -m benchmarks.system_soak --minutes $(or $(MINUTES),60) $(ARGS)

soak-alone: $(BENCH)/sseload $(VENV)/.dev ## One stream service for MINUTES=60, clients coming and going; memory must stay flat
	@$(BIN)/python -m benchmarks.soak $(or $(MINUTES),60)

faults: $(VENV)/.test $(WIRE_CLIENTS)/node_modules/.installed ## Let everything fail for MINUTES=15, and compare what clients heard with the log (SEED=… again)
	@$(BIN)/python -m tests.faults --minutes $(or $(MINUTES),15) $(if $(SEED),--seed $(SEED)) $(ARGS)

bench-cold: $(VENV)/.infra ## How long the workflow function takes to import, beside its libraries alone
	@$(BIN)/python -m benchmarks.cold_import

bench-steps: $(VENV)/.dev $(VENV)/.node ## What a Node.js step costs on this machine, beside a Python step
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks.bench_steps

audit: $(AUDIT)/.installed $(VENV)/.node ## Look for known vulnerabilities in every locked package (asks PyPI's and npm's advisory databases)
	@for lock in requirements/*.txt; do echo "$$lock:"; \
		$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $$lock || failed="$$failed $$lock"; done; \
	for folder in $(NPM_LOCKED); do echo "$$folder/package-lock.json:"; \
		(cd $$folder && $(NPM) audit --package-lock-only) || failed="$$failed $$folder/package-lock.json"; done; \
	test -z "$$failed" || { echo "These have a known vulnerability, or could not be looked up (see above):$$failed"; exit 1; }

sbom: $(AUDIT)/.installed $(VENV)/.node ## List what each unit runs with, as CycloneDX, in build/sbom/
	@mkdir -p build/sbom && for lock in workflow-api stream-service; do \
		PYTHONWARNINGS=ignore $(AUDIT)/bin/cyclonedx-py requirements requirements/$$lock.txt --output-reproducible --validate \
			--pyproject pyproject.toml --output-format JSON --output-file build/sbom/$$lock.json || exit 1; done; \
	for folder in $(NPM_LOCKED); do (cd $$folder && $(NPM) sbom --package-lock-only --sbom-format=cyclonedx --sbom-type=application) \
		> build/sbom/$$(echo $$folder | tr / -).json || exit 1; done; ls build/sbom/*

lock: ## Lock the newest releases that pyproject.toml admits (needs uv on the path)
	$(LOCK) pyproject.toml --extra cli --extra otel --group build --group test --group infra --upgrade -o requirements/test.txt
	$(LOCK) pyproject.toml --extra cli --group build -c requirements/test.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra workflow-api -c requirements/test.txt -o requirements/workflow-api.txt
	$(LOCK) pyproject.toml --extra stream-service -c requirements/test.txt -o requirements/stream-service.txt
	$(LOCK) pyproject.toml --extra otel -c requirements/test.txt -o requirements/otel.txt
	$(LOCK) pyproject.toml --group infra -c requirements/test.txt -o requirements/infra.txt
	$(LOCK) --group node --upgrade -o requirements/node.txt
	$(LOCK) --group ministack --upgrade -o requirements/ministack.txt
	$(LOCK) --group audit --upgrade -o requirements/audit.txt
	$(LOCK) --group bench -c requirements/test.txt --upgrade -o requirements/bench.txt

clean: ## Remove virtual environments, caches and the development system's state
	rm -rf $(VENV) $(MINISTACK) $(PEERS) $(AUDIT) build .tailrace cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Tailrace needs Python 3.11, 3.12 or 3.13. Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Tailrace runs with into $(VENV) ..."
	@$(BIN)/pip $(PIP_INSTALL) -r requirements/dev.txt && $(TAILRACE) && touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.dev
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/pip $(PIP_INSTALL) -r requirements/test.txt && touch $@

$(MINISTACK)/.installed: requirements/ministack.txt
	@test -n "$(PYTHON)" && $(PYTHON) -m venv $(MINISTACK)
	@$(MINISTACK)/bin/pip $(PIP_INSTALL) -r requirements/ministack.txt && touch $@

$(VENV)/.infra: requirements/infra.txt $(VENV)/.dev $(VENV)/.node $(wildcard workflows/requirements.txt)
	@echo "Installing what deploying needs into $(VENV) ..."
	@$(BIN)/pip $(PIP_INSTALL) -r requirements/infra.txt
	@if [ -f workflows/requirements.txt ]; then $(BIN)/pip install --quiet --disable-pip-version-check -r workflows/requirements.txt; fi
	@touch $@

# The machine's Node.js where it is 20 or newer and has npm; else one from PyPI, in the virtual environment.
$(VENV)/.node: requirements/node.txt | $(BIN)/python
	@{ node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && npm --version; } >/dev/null 2>&1 \
		|| { echo "Installing Node.js into $(VENV) ..."; $(BIN)/pip $(PIP_INSTALL) -r requirements/node.txt; }
	@touch $@

$(CDK_INSTALLED): $(VENV)/.node
	@echo "Installing the CDK's command into $(VENV) ..."
	@$(CDK_ENV) npm install --silent --no-audit --no-fund --prefix $(VENV)/cdk aws-cdk@$(CDK_VERSION) && touch $@

$(WIRE_CLIENTS)/node_modules/.installed: $(WIRE_CLIENTS)/package-lock.json $(VENV)/.node
	@echo "Installing the clients of Node.js that the tests run ..."
	@cd $(WIRE_CLIENTS) && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund && touch node_modules/.installed

# The machine's Chromium; else Debian's, where we may install it. Without one, the tests that need it are skipped.
$(VENV)/.chromium: | $(BIN)/python
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing Chromium ..." \
			&& apt-get update -qq >/dev/null \
			&& DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium >/dev/null; } \
		|| { echo "There is no Chromium here, and it can't be installed: tests in a browser are skipped."; exit; }; touch $@

# The generator's and the floor's warnings are errors: a measurement is no place for luck.
$(BENCH)/sseload: $(wildcard benchmarks/load/generator/*.[ch]) benchmarks/load/common.h
	@mkdir -p $(BENCH) && $(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

$(BENCH)/floor: benchmarks/load/floor.c benchmarks/load/common.h
	@mkdir -p $(BENCH) && $(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -o $@ $<

$(PEERS)/.installed: requirements/bench.txt
	@test -n "$(PYTHON)" && $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/pip $(PIP_INSTALL) -r requirements/bench.txt && touch $@

$(AUDIT)/.installed: requirements/audit.txt
	@test -n "$(PYTHON)" && $(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/pip $(PIP_INSTALL) -r requirements/audit.txt && touch $@

# nginx with nchan, and pushpin, where Debian's packages can be installed; what is missing is left out, and named.
$(BENCH)/.peers: $(BENCH)/sseload $(BENCH)/floor $(PEERS)/.installed $(VENV)/.dev benchmarks/peers/install.sh
	@sh benchmarks/peers/install.sh && touch $@

$(NODE_CLIENT): examples/clients/package-lock.json | $(VENV)/.node
	@echo "Installing what the Node.js example needs ..."
	@$(CDK_ENV) npm ci --silent --no-audit --no-fund --prefix $(dir $<) && touch $@
