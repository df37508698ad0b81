# Two commands do everything on a fresh machine with Python 3.11 and make: `make demo`, `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Environments, drivers and roots of a checkout stay inside it.
export EDGEKIT_HOME ?= $(CURDIR)/.edgekit
BIN = .venv/bin
PYTEST = $(BIN)/pytest -n 2 --dist loadfile

.PHONY: demo test check lint fix fuzz docs android clean

demo: .venv/ready
	$(BIN)/edgekit setup
	$(BIN)/edgekit build image_cnn --size tiny

test: .venv/ready
	$(BIN)/edgekit setup
	$(PYTEST)

check: lint test

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

fix: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Damaged files: is anything but an answer or one sentence said of them? About ten minutes.
fuzz: .venv/ready
	$(BIN)/python benchmarks/fuzz.py

# The site of docs/, into build/site; a broken link fails.
docs: .venv/ready
	$(BIN)/python docs/tooling/pages.py
	$(BIN)/zensical build --strict --clean

# The app of android-demo/ with the bundles of RUNS, all builds in runs/ if none is named.
android: .venv/ready
	bash android-demo/ci/build_apk.sh $(RUNS)

clean:
	rm -rf .venv .edgekit runs build dist .*_cache *.egg-info

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
