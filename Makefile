# Two commands on a fresh machine (Python 3.11+, git, make): `make demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where the demonstration lives; remove the folder to begin anew.
DEMO := var/demo

# Telemetry is off in everything that is shipped.
export DAGSTER_DISABLE_TELEMETRY := yes
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false

.PHONY: help demo ui test check fuzz real-data lint types contracts docs lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@./requirements/install.sh "$(PYTHON)" $(VENV) run
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml
	@./requirements/install.sh "$(PYTHON)" $(VENV) dev
	@touch $@ $(VENV)/run.stamp

demo: $(VENV)/run.stamp ## simulate a programme, run the daily and the weekly job, say where everything is
	@$(BIN)/python -m assets.demo $(DEMO)

ui: $(VENV)/run.stamp ## Dagster's pages over the demonstration, http://127.0.0.1:3000
	@$(BIN)/python -m assets.demo $(DEMO) --ui

test: $(VENV)/dev.stamp ## unit, SQL, asset and end-to-end tests: no network, no server, no other data
	@$(BIN)/python -m pytest -n 2 -m "not real_data and not postgres and not mariadb and not slow"

check: lint types contracts docs fuzz real-data ## everything slower: lint, types, import contracts, docs, real data, PostgreSQL, MariaDB

lint: $(VENV)/dev.stamp ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.stamp ## mypy
	@$(BIN)/mypy pipelines assets

contracts: $(VENV)/dev.stamp ## who may import whom
	@$(BIN)/lint-imports

docs: $(VENV)/dev.stamp ## the generated pages are what the code says
	@$(BIN)/python -m docs.generate --check

real-data: $(VENV)/dev.stamp ## tests against the real Moodle, Telegram, mail … and PostgreSQL and MariaDB; says what it skips and why
	@$(BIN)/python -m pytest -m "real_data or postgres or mariadb" -rs

fuzz: $(VENV)/dev.stamp ## damaged files to every reader and the other long tests; the long run: python -m tests.fuzz --inputs 50000
	@$(BIN)/python -m pytest -n 2 -m slow -rs

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --universal --generate-hashes --no-strip-extras --no-header --python-version 3.11 --extra ui --extra postgres --extra mysql pyproject.toml -o requirements/run.txt
	uv pip compile --universal --generate-hashes --no-strip-extras --no-header --python-version 3.11 -c requirements/run.txt --extra ui --extra postgres --extra mysql --extra dev pyproject.toml -o requirements/dev.txt

clean: ## remove what was made
	rm -rf $(DEMO) .pytest_cache .ruff_cache .mypy_cache build dbt_like/target dbt_like/logs
