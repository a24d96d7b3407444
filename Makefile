# Everything a developer or a build server runs; `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(abspath $(VENV))/bin
DEMO := build/demo
PYTEST_ARGS ?=
SURVIVAL_MINUTES ?= 5
SURVIVAL_ARGS ?=
WORKERS ?= -n auto --dist worksteal
# One more than processors: who tests a server waits for it.
LIVE_WORKERS ?= -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --dist worksteal

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv lock fresh servers lint types unit live test demo bench survival docs package-test clean
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

help:  ## Print this list.
	@echo "make <target>, one of"
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

venv: $(VENV)/.installed  ## Create .venv with the package and the tools.

# requirements-dev.txt pins every package with its hashes, the build backend included; `make lock` renews it.
$(VENV)/.installed: pyproject.toml requirements-dev.txt
	@echo "== venv: $(VENV), with the package, its drivers and the tools"
	"$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --quiet --use-pep517 --require-hashes -r requirements-dev.txt
	"$(BIN)/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch "$@"

lock: venv  ## Renew requirements-dev.txt: the newest versions that pyproject.toml allows.
	@echo "== lock: requirements-dev.txt"
	"$(BIN)/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade \
		--extra mssql --extra postgresql --extra mysql --group dev --custom-compile-command "make lock" \
		--output-file requirements-dev.txt pyproject.toml

# The tests start private instances of the servers; a service that is already running is not used.
# The one list of what they need from Debian is DEBIAN_PACKAGES in tests/servers.py.
servers: venv  ## Install what the tests need from Debian: PostgreSQL, MariaDB, sqlite3, the ODBC driver manager.
	@echo "== servers: PostgreSQL, MariaDB, sqlite3 and the ODBC driver manager"
	@missing=$$("$(BIN)/python" tests/servers.py missing); \
	if [ -z "$$missing" ]; then echo "installed"; exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
		echo "not installed, and no apt-get here: the tests that need one of these are skipped: $$missing"; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then root=""; \
	elif sudo -n true 2>/dev/null; then root="sudo"; \
	else echo "not installed: the tests that need them are skipped. To run them: sudo apt-get install $$missing"; exit 0; fi; \
	echo "apt-get install $$missing"; \
	{ $$root apt-get update -qq && $$root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
		--no-install-recommends -o DPkg::Lock::Timeout=120 $$missing >/dev/null; } || \
		echo "apt-get failed: the tests that need one of these are skipped: $$missing"

lint: venv  ## Check style and formatting.
	@echo "== lint: ruff"
	"$(BIN)/ruff" check
	"$(BIN)/ruff" format --check

types: venv  ## Check types.
	@echo "== types: mypy"
	"$(BIN)/mypy"

unit: venv  ## Run the tests that need no database project on a server.
	@echo "== unit: pytest"
	"$(BIN)/pytest" -q --ignore=tests/live $(WORKERS) $(PYTEST_ARGS)

live: venv  ## Run whole projects against every database.
	@echo "== live: pytest against real servers"
	"$(BIN)/pytest" -q tests/live $(LIVE_WORKERS) $(PYTEST_ARGS)

test: venv servers lint types unit live  ## Run everything above, fastest first.

package-test: venv  ## Build the executable and try it without Python.
	@echo "== package-test: one file, by PyInstaller"
	"$(BIN)/python" -m pip install --quiet --editable ".[package]"
	AHJO_TEST_PACKAGE=1 "$(BIN)/pytest" tests/live/test_package.py $(PYTEST_ARGS)

fresh:  ## Prove `make demo` and `make test` in a minimal Debian, as root, with debootstrap.
	.ci/fresh-machine

demo: venv  ## Build a project from the template, on SQLite, from nothing.
	@echo "== demo: a project from the template, in $(DEMO)/shop"
	@rm -rf "$(DEMO)" && mkdir -p "$(DEMO)"
	"$(BIN)/ahjo" init-project --name shop --dialect sqlite --project-dir "$(DEMO)" -ni
	cd "$(DEMO)/shop" && AHJO_NON_INTERACTIVE=1 "$(BIN)/inv" complete-build --config dev.jsonc
	cd "$(DEMO)/shop" && "$(BIN)/inv" --list

docs: venv  ## Build the documentation as a site in build/docs.
	@echo "== docs: build/docs/index.html"
	"$(BIN)/python" -m sphinx -b html -q -W --keep-going -n -d build/doctrees docs build/docs

bench: venv servers  ## Measure against the floor and the peers.
	@echo "== bench"
	"$(BIN)/inv" bench

survival: venv servers  ## Kill, cut and overload runs for SURVIVAL_MINUTES (5), and count what survived.
	@echo "== survival"
	cd tests && "$(BIN)/python" -m survival --minutes $(SURVIVAL_MINUTES) $(SURVIVAL_ARGS)

clean:  ## Remove what these targets made.
	rm -rf "$(VENV)" build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
