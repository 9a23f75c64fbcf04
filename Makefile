# Everything runs in .venv, which is made on first use and again only when a requirements file changed.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# Four at a time on two cores: tests wait for other processes, for clocks and for Chromium.
AT_ONCE := -n 4 --dist worksteal
.DEFAULT_GOAL := help
.PHONY: help run unit test test-all bench check format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP) ## Start everything at http://127.0.0.1:8003: MongoDB, Stripe sandbox, sample data, logins, a token
	@$(BIN)/python -m tooling.run

unit: $(STAMP) ## Run the tests of pure code, in seconds (ARGS="-k refund" chooses)
	@$(BIN)/python -m pytest tests/unit -q $(ARGS)

test: $(STAMP) ## Run what CI runs, four at a time (ARGS="-k refund" chooses)
	@sh tooling/system_packages.sh
	@$(BIN)/python -m pytest $(AT_ONCE) -m "not thorough" $(ARGS)

test-all: $(STAMP) ## Run everything: also storms of crashes, every time zone, most examples
	@sh tooling/system_packages.sh
	@$(BIN)/python -m pytest $(AT_ONCE) --hypothesis-profile=thorough $(ARGS)

bench: $(STAMP) ## Measure throughput and latency (ARGS="webhooks" chooses)
	@$(BIN)/python -m tooling.bench $(ARGS)

check: $(STAMP) ## Lint, check format, types and import rules; the frontend's where Node.js is installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tooling.frontend

format: $(STAMP) ## Format the code and fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove .venv and caches; the data of `make run` in .data stays
	rm -rf frontend/node_modules frontend/dist frontend/demo/dist
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find app dashboards sandbox tooling tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The files are compared by content and not by time, because a fresh clone gives all of them the same time.
$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	@PYTHON="$(PYTHON)" sh tooling/install.sh $@ $^
