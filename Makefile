# Each target sets up what it needs, in the checkout: .venv for the environment, .local for what runs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
READY := .venv/.ready-$(shell cat requirements.txt requirements-dev.txt constraints.txt | cksum | cut -d' ' -f1)

.PHONY: help demo up down env test lint bench constraints clean

help: ## Show the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(READY) ## Land six days of traffic on a local AWS and run the DAG on them
	@$(PYTHON) -W ignore -m demo run

test: $(READY) ## Check style and types and run every test
	@.venv/bin/ruff format --check --quiet . || { echo "run: .venv/bin/ruff format ."; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@$(PYTHON) -W ignore -m pytest

up: $(READY) ## Serve Airflow's UI and the local AWS with the demo's data
	@$(PYTHON) -W ignore -m demo up

down: $(READY) ## Stop what `make up` started
	@$(PYTHON) -W ignore -m demo down

env: $(READY) ## Print what a shell needs to reach what is up: eval "$$(make -s env)"
	@$(PYTHON) -W ignore -m demo env

bench: $(READY) ## Compare a full day through local Athena with plain DuckDB
	@$(PYTHON) -W ignore -m bench

clean: ## Remove the environment and everything that ran
	@if [ -x $(PYTHON) ]; then $(PYTHON) -W ignore -m demo down; fi
	rm -rf .venv .local build

constraints: $(READY) ## Derive constraints.txt from the versions that MWAA pins: MWAA=<their file>
	@test -f "$(MWAA)" || { echo "say MWAA=<the constraints file of MWAA's image>"; exit 1; }
	pins=$$(mktemp)
	# MWAA has one Python; on older ones some of its versions do not exist.
	sed -E "s/^((numpy|pandas)==.*)/\1 ; python_version >= '3.12'/; s/^(rpds-py==.*)/\1 ; python_version >= '3.11'/" "$(MWAA)" > "$$pins"
	{
	  echo "# Versions for Python 3.10 to 3.13: what MWAA 3.3.1 pins, and what that leaves open resolved."
	  echo "# Made by \`make constraints\`."
	  .venv/bin/uv pip compile -q --universal --python-version 3.10 --no-annotate --no-header \
	    -c "$$pins" requirements-dev.txt
	} > constraints.txt.new
	mv constraints.txt.new constraints.txt
	rm "$$pins"

# The first interpreter that runs and has a version that Airflow takes; uv installs in seconds.
$(READY): requirements.txt requirements-dev.txt constraints.txt
	@fits='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'
	found=
	for candidate in python3.12 python3.11 python3.13 python3.10 python3; do
	  if "$$candidate" -c "$$fits" 2> /dev/null; then found=$$candidate; break; fi
	done
	if [ -z "$$found" ]; then
	  echo "Retime needs Python 3.10, 3.11, 3.12 or 3.13 on the PATH; install one of them." >&2
	  exit 1
	fi
	echo "Installing the dependencies with $$($$found --version) into .venv ..." >&2
	rm -rf .venv
	if command -v uv > /dev/null; then
	  uv venv --quiet --python "$$($$found -c 'import sys; print(sys.executable)')" .venv
	  uv pip install --quiet --python .venv/bin/python -r requirements-dev.txt -c constraints.txt
	else
	  "$$found" -m venv .venv || {
	    echo "$$found cannot make virtual environments; install its venv module." >&2
	    exit 1
	  }
	  .venv/bin/python -m pip install --quiet --disable-pip-version-check uv -c constraints.txt
	  .venv/bin/uv pip install --quiet --python .venv/bin/python -r requirements-dev.txt -c constraints.txt
	fi
	touch $@
