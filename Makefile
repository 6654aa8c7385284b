# Each target sets up what it needs, in the checkout: .venv for the environment, .local for what runs.
# PYTHON=3.12 on the command line takes that version, with an environment of its own; TESTS="tests/unit"
# takes some of the tests, and LOCAL_AWS_TESTS some of those of local_aws.
.DEFAULT_GOAL := help
VERSION := $(if $(filter command line,$(origin PYTHON)),$(PYTHON))
VENV := .venv$(if $(VERSION),-$(VERSION))
RUN := $(VENV)/bin/python -W ignore
PINS := requirements.txt requirements-dev.txt constraints.txt local_aws/pyproject.toml
READY := $(VENV)/.ready-$(shell cat $(PINS) | cksum | cut -d' ' -f1)
PINS2 := requirements.txt requirements-airflow2.txt constraints-airflow2.txt
READY2 := .venv-airflow2/.ready-$(shell cat $(PINS2) | cksum | cut -d' ' -f1)
# The tests of local_aws that are about Athena over its API, which a Trino must pass too.
ON_TRINO := $(addprefix tests/test_,athena_api.py athena_clients.py athena_tables.py athena_writes.py faults.py \
	files.py)

# Airflow begins a process for each task: without compiled modules each takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-local-aws test-airflow2 test-scheduler test-crash test-soak test-trino install lint up down env bench mwaa constraints clean

help: ## Show the targets
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 24

demo: $(READY) ## Land six days of traffic on a local AWS and run the DAG on them
	@$(RUN) -m demo run

test: lint test-local-aws ## Check style and types and run every test
	@scripts/install-chromium
	$(RUN) -m pytest $(TESTS) -n 2 --dist loadfile --no-loadscope-reorder --disable-warnings

test-local-aws: $(READY) ## Test the local AWS alone
	cd local_aws && ../$(RUN) -m pytest $(LOCAL_AWS_TESTS) -n 2 --dist loadfile --no-loadscope-reorder --disable-warnings

test-airflow2: $(READY) $(READY2) ## Test on Airflow 2.11, as Amazon MWAA 2.11 has it
	@scripts/install-postgresql
	MWAA_PYTHON=.venv-airflow2/bin/python $(RUN) -m pytest tests/airflow2 tests/mwaa/test_mwaa_run.py --timeout 900

test-scheduler: $(READY) ## Run what needs Airflow as users have it: scheduler, API, PostgreSQL
	@scripts/install-postgresql
	@scripts/install-chromium
	$(RUN) -m pytest tests/scheduler --timeout 1500

test-crash: $(READY) ## Kill, stop and refuse runs at each call to AWS, and many at once; not in CI
	RETIME_CRASH_MATRIX=whole $(RUN) -m pytest tests/crash -n 2 --dist load --timeout 7200
	$(RUN) -m pytest tests/concurrent --timeout 3600

test-soak: $(READY) ## Run thirty dates one after another; not in CI
	$(RUN) -m pytest tests/thirty_days --timeout 3600

test-trino: $(READY) ## Compare with a real Trino, which needs a JDK and Maven
	cd local_aws && LOCAL_AWS_ENGINE=trino ../$(RUN) -m pytest --disable-warnings tests/on_trino $(ON_TRINO)
	LOCAL_AWS_ENGINE=trino $(RUN) -m pytest --disable-warnings tests/trino tests/golden/test_keys_and_orders.py \
		tests/end_to_end/test_deliveries.py tests/field_cases/test_fields.py \
		-k "trino or keys_and_orders or yaml_and_sql or cannot_hold or (test_fields and (nested or quarantined \
			or timestamp or later or (forms and parquet)))" -n 2 --dist loadfile

install: $(READY) ## Make the development environment, in .venv

lint: $(READY) ## Check style and types
	$(VENV)/bin/ruff format --check --quiet .
	$(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/mypy

up: $(READY) ## Serve Airflow's UI and the local AWS with the demo's data
	@$(RUN) -m demo up

down: $(READY) ## Stop what make up started; the data stays
	@$(RUN) -m demo down

env: $(READY) ## Print what a shell needs to reach what is up, to be eval'ed
	@$(RUN) -m demo env

bench: $(READY) ## Compare a full day through the local Athena with plain DuckDB
	@$(RUN) -m bench

mwaa: ## Build what Amazon MWAA deploys, in build/mwaa
	@rm -rf build/mwaa
	@python3 scripts/build_mwaa.py build/mwaa

constraints: $(READY) ## Derive constraints*.txt from the versions that MWAA pins
	@scripts/constraints

clean: ## Stop what runs; remove the environment and all data
	@if [ -x $(VENV)/bin/python ]; then $(RUN) -m demo down; fi
	rm -rf .venv .venv-* .local build local_aws/trino/target

$(READY): $(PINS)
	@scripts/install $(VENV) requirements-dev.txt constraints.txt $(or $(VERSION),3.12 3.11 3.13 3.10)
	@touch $@

# The Python of Amazon MWAA 2.11.
$(READY2): $(PINS2)
	@scripts/install .venv-airflow2 requirements-airflow2.txt constraints-airflow2.txt 3.12
	@touch $@
