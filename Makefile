# make demo: set up and run the main job on the sample county. make test: set up and run all checks and tests.
# On Windows the plain pip lines of the README do the same.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM := .ci/system-packages

.PHONY: demo test sweep bench pictures clean

demo: $(VENV)/.demo
	$(BIN)/siteplan run data/plan.toml

test: $(VENV)/.test
	sh $(SYSTEM)
	$(BIN)/ruff check siteplan tests
	$(BIN)/ruff format --check siteplan tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile --benchmark-disable

sweep: $(VENV)/.test
	sh $(SYSTEM)
	$(BIN)/pytest --sweep

bench: $(VENV)/.test
	$(BIN)/pytest tests/benchmarks --benchmark-only --sweep -s

pictures: $(VENV)/.test
	sh $(SYSTEM)
	$(BIN)/python tests/browser/make_pictures.py

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
