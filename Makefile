# The whole life of the project: `make help`. Set-up itself is scripts/setup; versions are in pyproject.toml.

PYTHON ?= python3
BACKEND ?=
# One environment per engine: they want different versions of the same packages.
VENV ?= .venv$(if $(filter sglang trtllm,$(BACKEND)),-$(BACKEND))
SGLANG_VENV ?= .venv-sglang
PORT ?=
ARGS ?=

# Container images like to forbid bytecode caches: then every start compiles the whole project again.
unexport PYTHONDONTWRITEBYTECODE

IN_VENV = $(VENV)/bin/python
SETUP = $(PYTHON) -m scripts.setup --venv $(VENV) $(if $(BACKEND),--backend $(BACKEND))
# The tests start each engine with the Python of its environment.
TEST = PYTHON_OF_SGLANG=$(abspath $(SGLANG_VENV))/bin/python $(IN_VENV) -m pytest
# All that need no port of their own and no engine run side by side.
SIDE_BY_SIDE = $(IN_VENV) -m pytest -n auto -m
# pytest's status when ARGS choose no test of this kind.
NONE_CHOSEN = 5
LAUNCH_ARGS = $(if $(BACKEND),backend=$(BACKEND)) $(if $(PORT),frontend.port=$(PORT)) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help run setup engines test unit e2e soak fuzz lint types bench docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Set up what is missing and serve; BACKEND=, PORT= and ARGS='key=value ...' go to launch.py
	@$(SETUP) $(if $(findstring model.path=,$(ARGS)),--no-model)
	@exec $(IN_VENV) launch.py $(LAUNCH_ARGS)

setup: ## Set up what is missing for running and developing
	@$(SETUP) --dev

engines: setup ## Set up every engine that the tests start
	@$(PYTHON) -m scripts.setup --venv $(SGLANG_VENV) --backend sglang

test: engines ## Run the whole suite: what needs no engine first, then end to end
	@$(SIDE_BY_SIDE) "not e2e" $(ARGS) || [ $$? -eq $(NONE_CHOSEN) ]
	@$(TEST) -m e2e $(ARGS)

unit: setup ## Run the fast tests
	@$(SIDE_BY_SIDE) "not e2e and not slow" $(ARGS)

e2e: engines ## Run the tests that start real processes
	@$(TEST) -m e2e $(ARGS)

soak: engines ## Keep real processes under load for SOAK_SECONDS (60) each, and kill them SOAK_KILLS (20) times
	@$(TEST) -m soak -s $(ARGS)

fuzz: setup ## Send 100,000 mutated requests to simulated workers; ARGS='--requests N --engine vllm'
	@$(IN_VENV) -m scripts.fuzz --requests 100000 $(ARGS)

lint: setup ## Check style and formatting
	@$(IN_VENV) -m ruff check
	@$(IN_VENV) -m ruff format --check

types: setup ## Check types
	@$(IN_VENV) -m mypy

bench: setup ## Measure against the bare engine and its own server
	@$(IN_VENV) -m scripts.bench $(ARGS)

docs: setup ## Generate the reference, its Chinese pages, the JSON Schema and the conformance page again
	@$(IN_VENV) -m scripts.docs

clean: ## Remove what was made here: environments, caches, outputs; models stay in the user's cache
	rm -rf .venv .venv-* build dist outputs multirun .mypy_cache .ruff_cache .pytest_cache .hypothesis
