# Each target does its own set-up: a .venv beside this file, filled from the package index.
PYTHON ?= python3
PYTEST_ARGS ?= -n auto --maxprocesses 8 --dist worksteal
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint format golden bench bench-onnx clean FORCE

help: ## Say what can be made
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s  %s\n", $$1, $$2 }' Makefile
	@echo "PYTHON=/path/to/python3.11 chooses the interpreter, PYTEST_ARGS=... what pytest is told."

# One thread: nets this small gain nothing from a second, and lose much where other work shares the machine.
DEMO := runs/demo
SMALL := --set channels=8 --set cells=3
TRAIN := --data digits --epochs 20 --batch 64 --quiet --threads 1

demo: $(STAMP) ## Search on digits, derive, train, export and draw: everything lands in runs/demo
	@rm -rf $(DEMO)
	$(BIN)/archir search spaces/darts.nas --method darts --data digits $(SMALL) --set epochs=10 --threads 1 -o $(DEMO)/search
	$(BIN)/archir derive $(DEMO)/search -o $(DEMO)/net.nas
	$(BIN)/archir train $(DEMO)/net.nas $(TRAIN) -o $(DEMO)/train
	$(BIN)/archir emit $(DEMO)/train --weights $(DEMO)/train -o $(DEMO)/net.py
	$(BIN)/python $(DEMO)/net.py
	$(BIN)/archir export $(DEMO)/train --weights $(DEMO)/train -o $(DEMO)/net.onnx
	$(BIN)/archir show $(DEMO)/net.nas -o $(DEMO)/net.svg
	@echo "# for comparison: a random network of the same space, trained in the same way"
	$(BIN)/archir opt spaces/darts.nas $(SMALL) -p 'sample{seed=1}' --form source -o $(DEMO)/random.nas
	$(BIN)/archir train $(DEMO)/random.nas $(TRAIN) -o $(DEMO)/random
	$(BIN)/archir report $(DEMO)/search $(DEMO)/train $(DEMO)/random

test: $(STAMP) ## Run all tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(STAMP) ## Check style, formatting, types and layers
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo

format: $(STAMP) ## Format the code and fix what ruff can fix
	$(BIN)/python -m ruff check --fix-only .
	$(BIN)/python -m ruff format .

golden: $(STAMP) ## Write what the golden tests print into their files; look at the diff before you commit
	$(BIN)/python -m pytest --golden-update

bench-onnx: $(STAMP) ## Compare ONNX export with that of torch; writes benchmarks/results/onnx_export.json
	$(BIN)/python benchmarks/onnx_export.py --json benchmarks/results/onnx_export.json

bench: $(STAMP) ## Measure speed and memory against plain PyTorch, into benchmarks/results; wants an idle machine
	$(BIN)/python benchmarks/supernet.py --json benchmarks/results/supernet.json

clean: ## Remove the environment and every cache, but not runs/
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache archir.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp holds the folder it was made in: an environment that was copied or moved along with the checkout still
# points to the old place and is made again.
ifneq "$(shell cat $(STAMP) 2>/dev/null)" "$(CURDIR)"
$(STAMP): FORCE
endif

# A .venv without a stamp was never finished; one with .venv/.incomplete was killed while pip changed it. Both are made anew.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "archir needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@if [ "$$(cat $(STAMP) 2>/dev/null)" != "$(CURDIR)" ] || [ -e .venv/.incomplete ] \
	    || ! $(BIN)/python -m pip --version >/dev/null 2>&1; \
	    then echo "making .venv"; rm -rf .venv && $(PYTHON) -m venv .venv; fi
	@echo "installing archir and what it needs into .venv (minutes when it is the first time)"
	@touch .venv/.incomplete
	@quiet=--quiet; if [ -t 1 ]; then quiet=; fi; \
	    $(BIN)/python -m pip install $$quiet --disable-pip-version-check --editable '.[dev]' \
	    || { status=$$?; rm -f .venv/.incomplete; exit $$status; }
	@rm .venv/.incomplete
	@printf '%s\n' "$(CURDIR)" >$(STAMP)
