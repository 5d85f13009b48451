# Everything runs in .venv, which each target sets up by itself. Needs Python 3.11 or newer and nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
INPUTS := pyproject.toml setup.py constraints.txt

.PHONY: help quickstart test test-floor test-slow tree check golden format clean

help:            ## what there is to make
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

quickstart: .venv/.run        ## set up, then search and learn with the shipped model: about six minutes on two cores
	$(BIN)/reasonrl quickstart

test: .venv/.dev        ## set up, then the tests: under five minutes on two cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not slow"

test-floor: .venv-floor/.set        ## the environments with the oldest Gymnasium and numpy that they work with
	OMP_NUM_THREADS=1 .venv-floor/bin/python -m pytest tests/envs -m "not slow" -p no:cacheprovider

test-slow: .venv/.dev        ## the tests that need more time, and property tests on examples never tried before
	$(BIN)/python -m pytest -m "slow or hypothesis" --hypothesis-profile=search

tree:        ## the package as one tree of files, build/tree/reasonrl, for tools that follow no links: graphs, editors
	rm -rf build/tree && mkdir -p build/tree && cp -rL typings/reasonrl build/tree/reasonrl
	find build/tree -name __pycache__ -prune -exec rm -rf {} +

check: .venv/.dev tree        ## style, types, import contracts, and the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd build/tree && ../../$(BIN)/lint-imports --no-cache --config ../../pyproject.toml
	$(MAKE) test

golden: .venv/.dev        ## write down anew what families show and searches grow; then read the diff
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/envs/test_golden_transcripts.py tests/agents/search/test_golden_trees.py --write-golden

format: .venv/.dev        ## rewrite the code in the one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:        ## remove what was built; runs/ stays
	rm -rf .venv .venv-floor build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "no python3.11 found: install Python 3.11, or say make PYTHON=/path/to/python"; exit 1; }
	@echo "setting up .venv with $(PYTHON)"
	$(PYTHON) -m venv .venv

.venv-floor/.set: $(INPUTS)
	@echo "setting up .venv-floor with Gymnasium 1.2.0 and numpy 1.26: half a minute"
	$(PYTHON) -m venv .venv-floor
	.venv-floor/bin/python -m pip install --quiet --disable-pip-version-check --editable . "gymnasium==1.2.0" "numpy==1.26.*" "pytest>=8" "hypothesis>=6.100"
	@touch $@

.venv/.run: .venv/bin/python $(INPUTS)
	@echo "installing reasonrl and PyTorch: about a minute"
	$(PIP) --editable ".[train]"
	@touch $@

.venv/.dev: .venv/bin/python $(INPUTS)
	@echo "installing reasonrl with its development tools: about a minute and a half"
	$(PIP) --editable ".[dev]"
	@touch $@ .venv/.run
