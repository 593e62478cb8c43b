# Everything sets itself up: the first target you call makes .venv and installs what it needs.
# PYTHON=/path/to/python3.12 chooses the interpreter, ARGS="-k debtor -x" goes to pytest, ONCE=1 ends the demo.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that is new enough; "python3" first, so that an activated environment wins.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
# Test processes: each has a PostgreSQL and a Valkey of its own. One each for two processors; PROCESSES=0 for a debugger.
PROCESSES ?= 2
BIN := $(VENV)/bin

# No version check, no questions. A wheel must exist for everything: on a machine without a compiler a clear
# refusal is better than a page of compiler errors.
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --only-binary :all:

.PHONY: help demo test lint format types audit fuzz bench crash soak clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.product ## carry a dozen sample deals into a sandbox DATEV (ONCE=1: end afterwards)
	@$(BIN)/ml-connector demo $(if $(filter 1 true yes,$(ONCE)),--once)

test: $(VENV)/.development ## run all tests
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal $(ARGS)

lint: $(VENV)/.development ## check style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.development ## mend what the style check finds, where a machine can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.development ## check types
	@$(BIN)/mypy

audit: $(VENV)/.development ## ask whether the installed packages have known weaknesses
	@$(BIN)/python -m tests.audit

fuzz: $(VENV)/.development ## give damaged files to every reader (MINUTES=5 SEED=7)
	@$(BIN)/python -m tests.fuzz $(or $(MINUTES),5) $(SEED)

bench: $(VENV)/.development ## measure speed (never part of the tests)
	@$(BIN)/python -m tests.benchmarks $(ARGS)

crash: $(VENV)/.development ## kill at every point, break every partner call, 10,000 deliveries (45 min; FULL=1: 2,000 faults, goes on; SEED=7)
	@status=0; \
	$(BIN)/python -m tests.acceptance.crash $(if $(FULL),--full) $(if $(SEED),--seed $(SEED)) $(ARGS) || status=1; \
	$(if $(FULL)$(ARGS),,$(BIN)/python -m tests.acceptance.faults || status=1; $(BIN)/python -m tests.acceptance.burst || status=1;) \
	exit $$status

soak: $(VENV)/.development ## work for MINUTES=10 while processes die and partners fail, then count (SEED=7)
	@$(BIN)/python -m tests.acceptance.crash.soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(ARGS)

clean: ## remove the environment and caches; data in ./var stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find connector tasks webapp tests config -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps instead of the folder's own time: an installation that was interrupted is done again.
$(VENV)/.product: $(VENV)/.python setup.cfg setup.py
	@echo "Installing into $(VENV) ..."
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.development: $(VENV)/.python setup.cfg setup.py
	@echo "Installing into $(VENV), with the tools for tests ..."
	@$(PIP_INSTALL) --editable '.[test,lint]'
	@touch $(VENV)/.product $@

$(VENV)/.python:
	@test -n "$(PYTHON)" || { \
		echo "ml-connector needs Python 3.11 or newer; found: $$(python3 --version 2>&1)."; \
		echo "Install a newer one, or name it: make PYTHON=/path/to/python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "ml-connector needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu, as root:"; \
		echo "  apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@
