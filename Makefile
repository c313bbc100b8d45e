# `make demo` runs the whole market on this machine, `make test` the tests; both do all their set-up.
SHELL := bash
PY := .venv/bin/python
DEMO_OPTIONS ?=

.PHONY: demo test lab chaos check contracts contracts-long setup setup-dev lock screenshots clean
demo:
	@tools/setup.sh demo
	@tools/engine.sh start
	@trap : INT; rc=0; .venv/bin/sparecloud demo $(if $(KEEP),--keep) $(DEMO_OPTIONS) || rc=$$?; \
	  tools/engine.sh stop; exit $$rc

# What counts memory or processor time, shares one keyboard focus, or has the market's clockwork turn in seconds, runs alone.
ALONE := tests/whole tests/real/test_desktop.py tests/real/test_usage.py tests/screens/test_donor_soak.py
# Most of a real test is waiting for containers and chains: a worker more than this machine's cores is busy with others'.
SIDE_BY_SIDE := tests/pure tests/screens tests/real $(ALONE:%=--ignore %) -n 3 --dist loadfile
# Built before the tests, none of which waits minutes for it.
IMAGES := $(PY) -m core.runtime.images && $(PY) -m core.relay
test: setup-dev
	@tools/screens.sh
	@tools/node.sh
	@tools/notebook.sh
	@tools/engine.sh start
	@$(IMAGES) || { rc=$$?; tools/engine.sh stop; exit $$rc; }
	@trap : INT; rc=0; export QT_QPA_PLATFORM=offscreen; \
	  if [ -n "$(TESTS)" ]; then $(PY) -m pytest $(TESTS) || rc=$$?; \
	  else $(PY) -m pytest $(SIDE_BY_SIDE) || rc=$$?; $(PY) -m pytest $(ALONE) || rc=$$?; fi; \
	  tools/engine.sh stop; exit $$rc

lab: setup-dev
	@tools/node.sh
	@tools/engine.sh start
	@trap : INT; rc=0; tools/lab.sh scenarios $(SCENARIOS) || rc=$$?; tools/engine.sh stop; exit $$rc

SEED ?= 1
MINUTES ?= 10
chaos: setup-dev
	@tools/node.sh
	@tools/engine.sh start
	@trap : INT; rc=0; tools/lab.sh chaos $(SEED) $(MINUTES) || rc=$$?; tools/engine.sh stop; exit $$rc

check: setup-dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	$(PY) -m mypy core donor_app renter_tui tests benchmarks
	$(PY) -m mypy --platform win32 core donor_app renter_tui
	$(PY) -m mypy --platform darwin core donor_app renter_tui
	.venv/bin/lint-imports --no-logo
	@tools/node.sh
	$(PY) -m core.chain.compile --check
	$(PY) -m benchmarks.gas --check

CONTRACTS := core/chain/contracts/tools/contracts.sh
contracts: setup-dev
	$(CONTRACTS) setup
	$(CONTRACTS) format --check
	$(CONTRACTS) test
	$(CONTRACTS) tree
	$(CONTRACTS) coverage
	$(CONTRACTS) slither
	$(CONTRACTS) symbolic

contracts-long: setup-dev
	$(CONTRACTS) setup
	$(CONTRACTS) long

screenshots: setup-dev
	@tools/screens.sh
	QT_QPA_PLATFORM=offscreen $(PY) -m tests.screens.shoot_donor
	$(PY) -m tests.screens.shoot_desktop
	$(PY) -m tests.screens.shoot_tui

setup:
	@tools/setup.sh demo

setup-dev:
	@tools/setup.sh dev

lock:
	@tools/lock.sh

clean:
	rm -rf .venv .venv-notebook .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
