# make demo: set up and run the main job on the sample county. make test: set up and run all checks and tests.
# On Windows the plain pip lines of the README do the same.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM := .ci/system-packages

.PHONY: demo test sweep bench check clean

demo: $(VENV)/.demo
	$(BIN)/siteplan run data/plan.toml

test: $(VENV)/.test
	sh $(SYSTEM)
	$(BIN)/ruff check siteplan tests
	$(BIN)/ruff format --check siteplan tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

sweep: $(VENV)/.test
	sh $(SYSTEM)
	$(BIN)/pytest --sweep

bench: $(VENV)/.test
	$(BIN)/pytest tests/benchmarks --benchmark-only --sweep -s

$(VENV)/.demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build *.egg-info
