# Tailrace's commands. Plain `make` prints the menu; each target installs what it needs first.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
MINISTACK := .venv-ministack
PIP_INSTALL := install --quiet --disable-pip-version-check --require-hashes
TAILRACE = $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
LOCK = UV_PYTHON_DOWNLOADS=never uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

.DEFAULT_GOAL := help
.PHONY: help dev test lint types format lock clean

help: ## Print this menu
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

dev: $(VENV)/.dev ## Run the whole system on this machine (Ctrl-C stops it)
	@$(BIN)/tailrace dev $(ARGS)

test: lint types ## Everything that must pass: ruff, mypy --strict, pytest
	$(BIN)/pytest -q --numprocesses 4 $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test $(MINISTACK)/.installed
	$(BIN)/mypy

format: $(VENV)/.test ## Format the code and apply safe fixes
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lock: ## Lock the newest releases that pyproject.toml admits (needs uv on the path)
	$(LOCK) pyproject.toml --extra cli --group build --group test --group infra --upgrade -o requirements/test.txt
	$(LOCK) pyproject.toml --extra cli --group build -c requirements/test.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra workflow-api -c requirements/test.txt -o requirements/workflow-api.txt
	$(LOCK) pyproject.toml --extra stream-service -c requirements/test.txt -o requirements/stream-service.txt
	$(LOCK) pyproject.toml --group infra -c requirements/test.txt -o requirements/infra.txt
	$(LOCK) --group ministack --upgrade -o requirements/ministack.txt

clean: ## Remove virtual environments, caches and the development system's state
	rm -rf $(VENV) $(MINISTACK) .tailrace .mypy_cache .ruff_cache .pytest_cache .hypothesis

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
