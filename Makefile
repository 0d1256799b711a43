# Every task in this repository. Needs Python 3.10 to 3.13, make, and packages that pip can install.

# The Airflow version to run on: one of constraints/airflow-*.txt.
AIRFLOW ?= 3.3.2

# The oldest version of Airflow that is supported.
OLDEST := 3.2.2

# The log that make replay sends.
LOG ?= tests/replay/small_log.csv

# The first Python that can create a virtualenv; choose another with `make PYTHON=...`.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.10 python3 python; do \
	"$$name" -c 'import sys, ensurepip, venv; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
	>/dev/null 2>&1 && echo "$$name" && break; done)
PYTHON := $(PYTHON)

CONSTRAINTS := constraints/airflow-$(AIRFLOW).txt
VENV := $(if $(filter 3.3.2,$(AIRFLOW)),.venv,.venv-$(AIRFLOW))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

SOURCES := $(shell find airflow_wfstate -type f -not -path '*/node_modules/*' -not -path '*/__pycache__/*') \
	pyproject.toml README.md LICENSE

FAB_CONSTRAINTS := constraints/fab-3.3.2.txt
FAB_VENV := .venv-fab
CLUSTER_CONSTRAINTS := constraints/cluster-3.3.2.txt
CLUSTER_VENV := .venv-cluster
CLUSTER_PACKAGES := redis-server pgbouncer haproxy
AUDIT_VENV := .venv-audit

.PHONY: help demo cluster cluster-chaos cluster-test cluster-load cluster-rolling cluster-wide cluster-programs test test-oldest fab screenshots scrolling docs compat test-matrix migrate-bench bench events-bench replay load page-bench waits-bench wake-bench wide wide-live crash-grid soak fuzz state-machine faulty-network pgbouncer audit lint wheel install clean
.DELETE_ON_ERROR:

help:  ## Show this
	@echo "Targets (Airflow $(AIRFLOW) in $(VENV)):"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile
	@echo "With another Airflow: make test AIRFLOW=3.2.2. With another Python: make test PYTHON=python3.12"

demo: install  ## Run the demo scenarios on a real Airflow with a real PostgreSQL, and stay up
	@$(BIN)/python -m demo

cluster: $(CLUSTER_VENV)/.installed cluster-programs  ## Run the same scenarios on a cluster: several of every component, Celery, Redis, PgBouncer, a proxy
	@$(CLUSTER_VENV)/bin/python -m demo.cluster

cluster-chaos: $(CLUSTER_VENV)/.installed cluster-programs  ## Inject faults into the cluster for fifteen minutes (CHAOS_SECONDS, CHAOS_SEED)
	@$(CLUSTER_VENV)/bin/python -m tests.cluster

cluster-test: $(CLUSTER_VENV)/.installed cluster-programs  ## A short version of both: the scenarios, and one minute of faults
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(CLUSTER_VENV)/bin/pytest --basetemp="$$folder/tests" -s tests/cluster $(PYTEST_ARGUMENTS)

cluster-wide: $(CLUSTER_VENV)/.installed cluster-programs  ## Run one workflow with many mapped steps on the cluster, cancel it half-way and undo it (WFSTATE_WIDE_ITEMS)
	@$(CLUSTER_VENV)/bin/python -m tests.cluster.wide

cluster-rolling: $(CLUSTER_VENV)/.installed cluster-programs  ## Upgrade the cluster from the previous version, one component at a time, under load; no task may fail
	@$(CLUSTER_VENV)/bin/python -m tests.cluster.rolling

cluster-load: $(CLUSTER_VENV)/.installed cluster-programs  ## Measure the throughput of steps on the cluster, compared with plain tasks
	@$(CLUSTER_VENV)/bin/python -m benchmarks.cluster_load $(LOAD_ARGUMENTS)

# The Debian packages are named like their programs.
cluster-programs:
	@missing=; for package in $(CLUSTER_PACKAGES); do \
		PATH="$$PATH:/usr/sbin:/usr/local/sbin" command -v $$package >/dev/null || missing="$$missing $$package"; done; \
	test -z "$$missing" || { command -v apt-get >/dev/null && test "$$(id -u)" -eq 0 && echo "Installing$$missing ..." && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $$missing >/dev/null; } || \
	{ echo "The cluster needs these Debian or Ubuntu packages:$$missing. Install them and try again." >&2; exit 1; }

test: lint  ## Check the code and run every test
	@# A separate folder, because pytest deletes older ones, even those of a test run that is still in progress.
	@# Three processes on two cores, because the tests of a live Airflow mostly wait (tests/conftest.py says which tests
	@# run together).
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $(BIN)/pytest --basetemp="$$folder/tests" \
		--numprocesses=3 --dist=loadscope --no-loadscope-reorder $(PYTEST_ARGUMENTS)

test-oldest:  ## Test the contract of the store over HTTP, which needs most of Airflow, with the oldest supported Airflow
	@$(MAKE) --no-print-directory install AIRFLOW=$(OLDEST)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && .venv-$(OLDEST)/bin/pytest --basetemp="$$folder/tests" \
		tests/contract -k api-postgresql $(PYTEST_ARGUMENTS)

fab: $(FAB_VENV)/.installed  ## Test the roles of the FAB auth manager on a live api-server
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		$(FAB_VENV)/bin/pytest --basetemp="$$folder/tests" tests/fab $(PYTEST_ARGUMENTS)

screenshots: install  ## Retake the screenshots in docs/images
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		WFSTATE_BROWSER_TESTS=required $(BIN)/pytest --basetemp="$$folder/tests" tests/browser/screenshots.py

scrolling: install  ## Measure how long the browser works on a frame while a list of 2,000 items scrolls
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		WFSTATE_BROWSER_TESTS=required $(BIN)/pytest -s --basetemp="$$folder/tests" tests/browser/scrolling.py

docs: install  ## Build the documentation as a site, docs/_build/index.html; every warning is an error
	@test -x $(BIN)/sphinx-build || { echo "Sphinx needs Python 3.11 or later." >&2; exit 1; }
	@$(BIN)/sphinx-build -q -W --keep-going -E -b html docs docs/_build && echo "docs/_build/index.html"

compat: install  ## Test the contract across two versions of the package (WAYS="new-client old-client server")
	@$(BIN)/python -m tests.compat $(WAYS)

test-matrix:  ## Test several versions of Airflow, Python and PostgreSQL (CELLS=... for some), and write docs/production/versions.md
	@$(PYTHON) .ci/matrix.py $(CELLS)

migrate-bench: install  ## Measure how long migrations of 5,000,000 steps take, and how long writers wait (STEPS=200000)
	@$(BIN)/python -m benchmarks.migrating $(if $(STEPS),--steps $(STEPS))

bench: install  ## Run the main benchmarks, and compare with alternatives
	@$(BIN)/python -m benchmarks

events-bench: install  ## Measure how many service events are received and applied per second, compared with a bare INSERT
	@$(BIN)/python -m benchmarks.events

replay: install  ## Replay the log of a process (LOG=file.csv) as service events, while servers are killed
	@$(BIN)/python -m tests.replay $(LOG)

load: install  ## Load the API with fifty clients for a minute, compared with a trivial read
	@$(BIN)/python -m benchmarks.load

page-bench: install  ## Measure the page's requests against an api-server with a million workflows
	@$(BIN)/python -m benchmarks.page

waits-bench: install  ## Measure the cost of ten thousand waits in one triggerer, and how soon it learns that one has ended
	@$(BIN)/python -m benchmarks.waits

wake-bench: install  ## Measure how soon a waiting task of a live Airflow runs again after its event
	@$(BIN)/python -m benchmarks.wake

wide: install  ## Measure each operation on a workflow with 100, 1,000 and 10,000 mapped items
	@$(BIN)/python -m benchmarks.wide

wide-live: install  ## Run, cancel and undo one workflow with 2,000 mapped items on a live scheduler
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && WFSTATE_WIDE_ITEMS=$${WFSTATE_WIDE_ITEMS:-2000} \
		$(BIN)/pytest --basetemp="$$folder/tests" -s tests/live/test_wide.py $(PYTEST_ARGUMENTS)

crash-grid: install  ## Crash in every possible way at every commit and call, and write docs/explanation/reliability.md
	@$(BIN)/python -m tests.crash_grid --write

soak: install  ## Run sixteen workers for ten minutes while PostgreSQL restarts
	@$(BIN)/python -m tests.soak

state-machine: install  ## Run random operations on the store, 20,000 steps long (WFSTATE_STATE_MACHINE_STEPS for another number)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
		WFSTATE_STATE_MACHINE_STEPS=$${WFSTATE_STATE_MACHINE_STEPS:-20000} \
		$(BIN)/pytest --basetemp="$$folder/tests" tests/store/test_state_machine.py $(PYTEST_ARGUMENTS)

faulty-network: install  ## Test the whole contract of the store over HTTP, on a network that loses, truncates and delays
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && WFSTATE_WHOLE_CONTRACT=all \
		$(BIN)/pytest --basetemp="$$folder/tests" -s tests/contract -k api-faulty-network $(PYTEST_ARGUMENTS)

pgbouncer: install  ## Test the whole contract of the store through PgBouncer in transaction mode, with each driver and over HTTP
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && WFSTATE_WHOLE_CONTRACT=all \
		$(BIN)/pytest --basetemp="$$folder/tests" tests/contract tests/store/test_pgbouncer.py -k pgbouncer $(PYTEST_ARGUMENTS)

fuzz: install  ## Send thousands of requests generated from the OpenAPI document to a live api-server
	@$(BIN)/python -m tests.fuzz

audit: $(AUDIT_VENV)/.installed  ## Check every pinned version for known vulnerabilities
	@$(AUDIT_VENV)/bin/python .ci/audit.py $(CONSTRAINTS)

$(AUDIT_VENV)/.installed:
	@$(PYTHON) -m venv $(AUDIT_VENV) && $(AUDIT_VENV)/bin/python -m pip --disable-pip-version-check --quiet install pip-audit
	@touch $@

lint: install  ## Run ruff, mypy --strict and the import contracts between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: dist/.built  ## Build the wheel into dist/

install: $(VENV)/.installed  ## Install the wheel and all tools into the virtualenv

clean:  ## Remove everything that make created
	rm -rf .venv .venv-* .compat dist build docs/_build .demo .cluster .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Install the wheel, never an editable install: Airflow would find its entry points twice.
$(VENV)/.installed: dist/.built $(VENV)/.dependencies
	@$(PIP) install --no-deps --force-reinstall dist/*.whl
	@touch $@

$(VENV)/.dependencies: $(CONSTRAINTS) pyproject.toml | dist/.built
	@echo "Installing Airflow $(AIRFLOW) and the tools into $(VENV) ..."
	@$(PIP) install --constraint $(CONSTRAINTS) apache-airflow "$$(ls dist/*.whl)[dev]"
	@touch $@

# The FAB provider needs an older python-dateutil than the other tests, so it has its own virtualenv and pins.
$(FAB_VENV)/.installed: dist/.built $(FAB_VENV)/.dependencies
	@$(FAB_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --force-reinstall dist/*.whl
	@touch $@

$(FAB_VENV)/.dependencies: $(FAB_CONSTRAINTS) pyproject.toml | dist/.built
	@echo "Installing Airflow, its FAB provider and the tools into $(FAB_VENV) ..."
	@$(PYTHON) -m venv $(FAB_VENV)
	@$(FAB_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --constraint $(FAB_CONSTRAINTS) \
		apache-airflow apache-airflow-providers-fab "$$(ls dist/*.whl)[dev]"
	@touch $@

# The Celery provider, which the other tests do not need, has its own virtualenv and pins.
$(CLUSTER_VENV)/.installed: dist/.built $(CLUSTER_VENV)/.dependencies
	@$(CLUSTER_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --force-reinstall dist/*.whl
	@touch $@

$(CLUSTER_VENV)/.dependencies: $(CLUSTER_CONSTRAINTS) pyproject.toml | dist/.built
	@echo "Installing Airflow, its Celery provider and the tools into $(CLUSTER_VENV) ..."
	@$(PYTHON) -m venv $(CLUSTER_VENV)
	@$(CLUSTER_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --constraint $(CLUSTER_CONSTRAINTS) \
		apache-airflow apache-airflow-providers-celery "$$(ls dist/*.whl)[dev]"
	@touch $@

dist/.built: $(SOURCES) | $(VENV)/.builder
	@rm -rf dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist . >/dev/null
	@touch $@

$(VENV)/.builder: $(CONSTRAINTS)
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 with the module venv was found." \
		"Install one (Debian: python3 and python3-venv), or choose one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --constraint $(CONSTRAINTS) build hatchling
	@touch $@

$(CONSTRAINTS):
	@echo "There is no $@ for this AIRFLOW version. Known versions:" constraints/airflow-*.txt >&2; exit 1
