# Each target sets up what it needs, in the checkout: .venv for the environment, .local for what runs.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python -W ignore
READY := .venv/.ready-$(shell cat requirements.txt requirements-dev.txt constraints.txt | cksum | cut -d' ' -f1)

.PHONY: help demo test up down env bench mwaa constraints clean

help: ## Show the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 20

demo: $(READY) ## Land six days of traffic on a local AWS and run the DAG on them
	@$(PYTHON) -m demo run

test: $(READY) ## Check style and types and run every test
	.venv/bin/ruff format --check --quiet .
	.venv/bin/ruff check --quiet .
	.venv/bin/mypy
	$(PYTHON) -m pytest

up: $(READY) ## Serve Airflow's UI and the local AWS with the demo's data
	@$(PYTHON) -m demo up

down: $(READY) ## Stop what make up started; the data stays
	@$(PYTHON) -m demo down

env: $(READY) ## Print what a shell needs to reach what is up, to be eval'ed
	@$(PYTHON) -m demo env

bench: $(READY) ## Compare a full day through the local Athena with plain DuckDB
	@$(PYTHON) -m bench

mwaa: ## Build what Amazon MWAA deploys, in build/mwaa
	@rm -rf build/mwaa
	@python3 scripts/build_mwaa.py build/mwaa

constraints: $(READY) ## Derive constraints.txt from the versions that MWAA pins: MWAA=<file>
	@scripts/constraints "$(MWAA)"

clean: ## Stop what runs; remove the environment and all data
	@if [ -x .venv/bin/python ]; then $(PYTHON) -m demo down; fi
	rm -rf .venv .local build

$(READY): requirements.txt requirements-dev.txt constraints.txt
	@scripts/install
	@touch $@
