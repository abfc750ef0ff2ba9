# Two commands matter: `make demo` and `make test`. Both install what is missing first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
CACHE := $(or $(WARDSTREAM_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/wardstream)
# What is known of a file's types depends on what is in it and in those it uses, not on its folder:
# all checkouts of this machine share it, so a fresh one checks only what no other has checked.
export MYPY_CACHE_DIR ?= $(CACHE)/mypy
# Many machines set it. Each process of a demo, and each of the thousands of a test run, would compile
# all its modules again: a third of the CPU time until it works.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: ## Install what the pipeline needs: Python packages, Kafka, registry, TimescaleDB, Redis
	@python=$$(sh deploy/local/find-python.sh); "$$python" -m deploy.local.install

.PHONY: demo
demo: install ## Play a clip through the whole pipeline; ARGS="--once --video FILE" passes options on
	@exec $(BIN)/wardstream demo $(ARGS)

.PHONY: test
test: testtools lint ## Check everything: style, types, and all suites on real services
	@$(MAKE) -j2 suites types

# Workers mix chaos and e2e, which keep every core busy, with integration, which waits, and end with
# unit (tests/support/file_order.py). Any order gives the same result.
# A worker that dies ends the run and names its test: pytest-xdist waits for ever for the dead one's file.
.PHONY: suites
suites:
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 $(ARGS)

.PHONY: check
check: testtools lint types ## Check in the inner loop: style, types, links, unit and contract tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0 --no-services \
		tests/unit tests/contract tests/golden tests/faults $(ARGS)

.PHONY: testtools
testtools:
	@python=$$(sh deploy/local/find-python.sh); "$$python" -m deploy.local.install --tests

.PHONY: lint
lint: ## Check style and formatting (ruff), and links between pages
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python -m deploy.links

.PHONY: format
format: ## Format and mend style where a tool can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: types
types: ## Check types (mypy --strict)
	@$(BIN)/mypy

.PHONY: compose
compose: ## Write docker-compose.yml and the Prometheus targets from deploy/services.py
	@$(BIN)/python -m deploy.compose

.PHONY: secrets
secrets: ## Write a random password for each account of docker-compose.yml into secrets/
	@$(BIN)/python -m deploy.secrets

.PHONY: schemas
schemas: ## Copy each schema that changed to its next version in schemas/released
	@$(BIN)/python -m deploy.release_schemas

.PHONY: docs
docs: ## Write the pages of docs/reference that follow from the code
	@$(BIN)/python -m docs.generate

BENCHES := $(sort $(filter-out record,$(basename $(notdir $(wildcard tests/bench/*.py))))) tracking
.PHONY: bench
bench: ## Measure what BENCHMARKS.md reports; ONLY=stream_processor ARGS="--cameras 200"; RECORD=1 keeps it
	@for name in $(or $(ONLY),$(BENCHES)); do \
		echo "# $$name"; $(BIN)/python -m tests.bench.$(if $(RECORD),record ,)$$name $(ARGS) || exit 1; done

.PHONY: test-gpu-path
test-gpu-path: ## Check the adapter to ultralytics on torch's CPU build, from Debian (0.8 GB once); RECORD=1 records
	@python=$$(sh deploy/local/find-python.sh); exec env RECORD=$(RECORD) "$$python" -m deploy.local.torch -m pytest \
		--confcutdir=tests/gpu_path -m gpu_path -p no:cacheprovider -q tests/gpu_path $(ARGS)

.PHONY: chaos
chaos: testtools ## Inject every fault into the whole pipeline, 20 seeds each (hours); ARGS="--faults kafka-*"
	@nice $(BIN)/python -m tests.chaos.pipeline --seeds 20 $(ARGS)

.PHONY: test-long
test-long: testtools ## Run the tests that take a minute or more each: many faults, many inputs, long pauses (hours)
	@$(BIN)/python -m pytest -m "chaos_long or fuzz_long" --timeout 7200 $(ARGS)

.PHONY: soak
soak: testtools ## Inject random faults for MINUTES=60; memory, files and p99 must stay flat
	@nice $(BIN)/python -m tests.chaos.pipeline.soak --minutes $(or $(MINUTES),60) $(ARGS)

.PHONY: overload
overload: testtools ## Send three times more frames than fit for MINUTES=10; memory must stay flat
	@OVERLOAD_MINUTES=$(or $(MINUTES),10) nice $(BIN)/python -m pytest -n 0 -s -m overload tests/chaos/overload $(ARGS)

.PHONY: clean
clean: ## Remove data of earlier runs and the tools' caches
	@rm -rf .wardstream .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Also remove the Python environment and the installed services
	@rm -rf .venv "$(CACHE)"
