# Two commands for everybody: `make demo` and `make test`. Each sets up all that it needs.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
PYTEST_ARGS ?=
BIN = $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-sphinx lint types docs messages screenshots benchmarks clean

help:
	@echo "make demo        build the manual with sample comments and serve it (PORT=8000)"
	@echo "make test        run all tests that need no server, or whose server the environment"
	@echo "                 promises (tests/engines.py); skips are listed with reasons"
	@echo "make test-sphinx build-tests with other releases: CONSTRAINTS=tests/oldest.txt, PYTHON=python3.13"
	@echo "make lint        ruff, mypy --strict, import-linter"
	@echo "make types       check the front end's types with TypeScript (needs npm)"
	@echo "make docs        build the manual, warnings are errors"
	@echo "make messages    bring the translators' catalogs up to date with the sources"
	@echo "make screenshots write pictures of every theme to screenshots/, all on sheet.html"
	@echo "make benchmarks  run every benchmark"

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/demo.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group docs
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group docs --group test
	@touch $@

demo: $(VENV)/demo.stamp
	$(BIN)/python -m sphinxcontrib_websupport serve example_docs --port $(PORT) \
		--moderator ada --sample example_docs/sample_comments.json

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n auto --durations=15 \
		--cov --cov-report=json:build/coverage.json $(PYTEST_ARGS)

# In an environment of its own: what pip finds newest for this Python, or what a file of
# constraints says.
CONSTRAINTS ?=
test-sphinx:
	$(PYTHON) -m venv --clear $(VENV)-sphinx
	$(VENV)-sphinx/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)-sphinx/bin/python -m pip install --quiet --editable . --group build-test \
		$(addprefix --constraint ,$(CONSTRAINTS))
	$(VENV)-sphinx/bin/python -c "import sys, docutils, sphinx, sqlalchemy as sql; \
		print('Python', sys.version.split()[0], '- Sphinx', sphinx.__version__, \
		'- docutils', docutils.__version__, '- SQLAlchemy', sql.__version__)"
	$(VENV)-sphinx/bin/python -m pytest -n auto -m "not slow" tests/sphinxext

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

types:
	npm exec --yes --package=typescript@5 -- tsc --project tests/browser

docs: $(VENV)/demo.stamp
	$(BIN)/python -m sphinx -nW --keep-going -b html example_docs example_docs/_build/html

messages: $(VENV)/test.stamp
	@mkdir -p build
	$(BIN)/pybabel extract -F pyproject.toml --no-default-keywords -k say -k count:1,2 \
		--add-location=file --sort-output -o build/websupport.pot .
	$(BIN)/pybabel update -D websupport -i build/websupport.pot -d sphinxcontrib_websupport/locale \
		--no-fuzzy-matching --ignore-obsolete --width 100

screenshots: $(VENV)/test.stamp
	$(BIN)/python -m tests.browser.screenshots screenshots

benchmarks: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks all

clean:
	rm -rf $(VENV) example_docs/_build build *.egg-info
