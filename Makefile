# One page of commands. Each installs what it needs first: nothing but Python 3.11 or newer and make has to be there.

PYTHON ?= python3
API ?=
PORT ?= 8000
ARGS ?=
# `make test-against https://…`: the address may stand as a goal of its own.
ADDRESS := $(firstword $(filter http://% https://%,$(MAKECMDGOALS)))
URL ?= $(ADDRESS)

BIN := .venv/bin
READY := .venv/.ready
OLDEST := .venv-oldest
# What depends on the releases of other packages: validation, routing, the server, generated requests, fixtures.
OLDEST_TESTS := tests/specs tests/mocks/test_fastapi_parity.py tests/mocks/test_fastapi_known_differences.py \
	tests/mocks/test_pydantic_versions.py tests/mocks/test_documents.py tests/mocks/test_routing.py \
	tests/mocks/test_server.py tests/mocks/test_reloading.py tests/mocks/test_pytest_plugin.py \
	tests/mocks/control/test_injection.py \
	tests/contracts/test_schemathesis_cases.py tests/contracts/test_fetched_credentials.py tests/packaging/test_dependencies.py

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help contract mock test-against test test-oldest lint format bench real catalogue fuzz clients hostile docs clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "make %-13s %s\n", $$1, $$2}'

contract: $(READY) ## Serve the bundled specs as mocks and run the contract suite against them
	@$(BIN)/specduet test $(API) --mock --max-time 300 $(ARGS)

mock: $(READY) ## Serve the mocks until Ctrl-C: make mock [API=nx1] [PORT=8000] [ARGS=…]
	@$(BIN)/specduet mock $(API) --port $(PORT) $(ARGS)

test-against: $(READY) ## Run the contract suite against a service: make test-against URL=http://… [API=nx1] [ARGS=…]
	@$(if $(URL),,echo 'Say what to test: make test-against URL=http://127.0.0.1:8000' >&2; exit 2;) \
	$(BIN)/specduet test $(API) --url '$(URL)' $(ARGS)

test: $(READY) ## Run the project's own tests
	@$(BIN)/python -m pytest tests -q -n 3 --dist worksteal $(ARGS)

test-oldest: $(OLDEST)/.ready ## Run a part of them on the oldest releases of other packages that are supported
	@$(OLDEST)/bin/python -m pytest $(OLDEST_TESTS) -q -n 3 $(ARGS)

lint: $(READY) ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## Put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Measure the mock and the contract suite
	@$(BIN)/python -m benchmarks $(ARGS)

real: $(READY) ## Judge services that nobody here wrote, and compare with the findings that were read: make real [ARGS=chroma]
	@$(BIN)/python -m benchmarks.real $(ARGS)

catalogue: $(READY) ## Judge every planted fault over five seeds and print the table (long)
	@$(BIN)/python -m tests.catalogue $(ARGS)

fuzz: $(READY) ## Send random requests to the mock, 100,000 to the APIs and 20,000 to the control API
	@$(BIN)/python -m tests.fuzz $(ARGS)
	@$(BIN)/python -m tests.fuzz --control --inputs 20000

clients: $(READY) ## Make the calls of the vendors' own clients, from their packages, against the mock: make clients [ARGS=NAME]
	@$(BIN)/python -m tests.clients $(ARGS)

hostile: $(READY) ## Judge every hostile service in a run of its own, and print what each run took (half an hour)
	@$(BIN)/python -m tests.hostile $(ARGS)

docs: $(READY) ## Write again what is generated in docs/: the clauses, the command line, the schema of the report
	@$(BIN)/python tests/docs/generated.py

clean: ## Remove the environment and everything that was built
	rm -rf .venv $(OLDEST) .real .clients build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis report
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo 'specduet needs Python 3.11 or newer; name one: make PYTHON=python3.12 …' >&2; exit 2; }
	@echo 'Setting up .venv (once; a minute or two) …' >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(OLDEST)/.ready: pyproject.toml constraints.txt constraints-oldest.txt
	@echo 'Setting up $(OLDEST) (once; a minute or two) …' >&2
	@$(PYTHON) -m venv --clear $(OLDEST)
	@$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --requirement constraints-oldest.txt
	@$(OLDEST)/bin/python -m pip check
	@touch $@

# An address given as a goal is no goal; anything else that nobody knows is a mistake.
.DEFAULT:
	@case '$@' in \
	http://*|https://*) $(if $(filter test-against,$(MAKECMDGOALS)),:,echo 'make test-against $@' >&2; exit 2);; \
	*) echo "make knows no goal '$@'; 'make help' lists them" >&2; exit 2;; \
	esac
