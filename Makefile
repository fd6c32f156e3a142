# Two commands for everybody: `make demo` and `make test`. Each sets up all that it needs.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
PYTEST_ARGS ?=
BIN = $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint types docs screenshots benchmarks clean

help:
	@echo "make demo        build the manual with sample comments and serve it (PORT=8000)"
	@echo "make test        run all tests that need no server; skips are listed with reasons"
	@echo "make lint        ruff, mypy --strict, import-linter"
	@echo "make types       check the front end's types with TypeScript (needs npm)"
	@echo "make docs        build the manual, warnings are errors"
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
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

types:
	npm exec --yes --package=typescript@5 -- tsc --project tests/browser

docs: $(VENV)/demo.stamp
	$(BIN)/python -m sphinx -nW --keep-going -b html example_docs example_docs/_build/html

screenshots: $(VENV)/test.stamp
	$(BIN)/python -m tests.browser.screenshots screenshots

benchmarks: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks all

clean:
	rm -rf $(VENV) example_docs/_build build *.egg-info
