# Sets up .venv from requirements-tools.txt and runs one plain command a target; `make` lists them.
# Without make (Windows, uv, CI): install requirements-tools.txt into an environment, activate it, run the command itself.

PYTHON ?= python3
UV ?= $(shell command -v uv 2>/dev/null)
LOCK := requirements-tools.txt
export PATH := $(CURDIR)/.venv/bin:$(PATH)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help repro status try compare sweep serve check score collect refresh forget monitor drill retrain release push rollback wheel export-mlflow cluster-try doctor test lint

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

repro: .venv/ready .dvc/config ## rebuild whatever changed (dvc repro; python -m actions.repro)
	@$(BIN)/python -m actions.repro

status: .venv/ready ## where the project stands, and what comes next (python -m actions.status)
	@$(BIN)/python -m actions.status

try: .venv/ready ## did that edit of custom/ or params.yaml help? in seconds (python -m actions.try)
	$(BIN)/python -m actions.try

compare: .venv/ready .dvc/config ## experiments and releases side by side, and reports/compare.html (python -m actions.compare)
	@$(BIN)/python -m actions.compare

# DVC writes the cache's path as ASCII for queued experiments, and hangs without a word where it cannot
ASCII := import os, sys; os.getcwd().isascii() or sys.exit('error: ' + ascii(os.getcwd()) + ' has letters that are not ASCII, \
	and DVC hangs on queued experiments there; move the project, or try one value at a time: dvc exp run -S ...')

SWEEP ?= -S 'split.random_state=range(1,4)' -S 'train.choose=linear,boosting,""'
JOBS ?= 2

sweep: .venv/ready .dvc/config ## many experiments, JOBS at a time (dvc exp run --queue, --run-all); SWEEP="-S 'train.folds=3,5'"
	@$(BIN)/python -c "$(ASCII)"
	$(BIN)/dvc exp run --queue $(SWEEP)
	$(BIN)/dvc exp run --run-all --jobs $(JOBS)
	@$(BIN)/python -m actions.compare

serve: .venv/ready ## answer over HTTP (python -m actions.serve); VERSION=v1.1.0, SHADOW=v1.2.0, PORT, API_KEY ...
	$(BIN)/python -m actions.serve $(VERSION:%=--version %) $(SHADOW:%=--shadow %)

check: .venv/ready ## verify the model that is served (python -m actions.check); VERSION=v1.1.0
	$(BIN)/python -m actions.check $(VERSION)

score: .venv/ready ## a table with answers beside it (python -m actions.score IN [OUT]); INPUT=new.csv OUTPUT=scored.csv, else data/scored/; EXPLAIN=5 reasons
	$(BIN)/python -m actions.score "$(INPUT)" "$(OUTPUT)" $(VERSION:%=--version %) $(EXPLAIN:%=--explain %)

collect: .venv/ready ## the prediction log into data/live (python -m actions.collect)
	$(BIN)/python -m actions.collect

refresh: .venv/ready .dvc/config ## the table's newest rows from where it came (python -m actions.refresh); ADDRESS=https://... adds one
	$(BIN)/python -m actions.refresh $(ADDRESS)

forget: .venv/ready ## one person's rows leave the prediction log (python -m actions.forget --where COLUMN=VALUE); WHERE="customer=17"
	$(BIN)/python -m actions.forget --where "$(WHERE)"

monitor: .venv/ready .dvc/config ## data/live against the released model (python -m actions.monitor)
	$(BIN)/python -m actions.monitor

drill: .venv/ready ## would the monitor notice? (python -m actions.drill)
	$(BIN)/python -m actions.drill

retrain: .venv/ready ## where the verdict is retrain: a better model on a branch, or nothing (python -m actions.retrain); FORCE=1
	$(BIN)/python -m actions.retrain $(if $(FORCE),--force)

release: .venv/ready ## the next version, in production (python -m actions.release); BUMP=major|minor|patch
	$(BIN)/python -m actions.release $(BUMP)

push: .venv/ready ## data, models, each released version, commits and tags (python -m actions.push)
	$(BIN)/python -m actions.push

rollback: .venv/ready ## the version before (python -m actions.rollback); VERSION=v1.0.0
	$(BIN)/python -m actions.rollback $(VERSION)

wheel: .venv/ready ## a released model as a Python package (python -m actions.wheel); VERSION=v1.1.0
	$(BIN)/python -m actions.wheel $(VERSION)

export-mlflow: .venv/ready ## a release to the tracking server MLFLOW_TRACKING_URI (python -m actions.export_mlflow); VERSION=v1.1.0
	$(BIN)/python -m actions.export_mlflow $(VERSION)

cluster-try: .venv/ready ## the table on a Dask cluster of this machine's own, to see what one would do (python -m actions.cluster_try)
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-cluster.txt
	$(BIN)/python -m actions.cluster_try

doctor: .venv/ready ## mend what a stop left: locks, half-made folders, a release (python -m actions.doctor)
	$(BIN)/python -m actions.doctor

test: .venv/ready ## the tests that take seconds (pytest -n auto)
	$(BIN)/python -m pytest -n auto

lint: .venv/ready ## style, format, types (ruff check . && ruff format --check . && mypy)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

-include new.mk

.venv/ready: $(LOCK)
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "$(PYTHON) is missing or older than Python 3.11; install it, or name another: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || \
		{ echo "$(PYTHON) cannot make environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
# by uv where it is there (three times as fast), else, or where it cannot reach the packages, by pip;
# --no-compile: what is imported is compiled then; all of it would be 200 MB
	@echo "setting up .venv from $(LOCK), $$(grep -c == $(LOCK)) packages; this is done once"
	$(PYTHON) -m venv .venv
	$(if $(UV),$(UV) pip install --python $(BIN)/python -r $(LOCK) || )$(BIN)/python -m pip install \
		--disable-pip-version-check --no-compile -r $(LOCK)
	@touch $@

# Only where the project was generated on a machine without git or dvc: what was left to do.
.dvc/config: | .venv/ready
	git rev-parse --is-inside-work-tree >/dev/null 2>&1 || git init -q
	$(BIN)/dvc init -q --subdir
	$(BIN)/dvc config core.analytics false
	$(BIN)/dvc config plots.html_template ../lifecycle/report/dvc_plots/page.html
	$(BIN)/dvc add -q $(wildcard data/raw data/later)
	git add . && git commit -q -m "Start from cookiecutter-ml-lifecycle" || \
		echo "commit it yourself: dvc exp run needs a first commit"
