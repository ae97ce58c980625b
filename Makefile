# What a user types; `make` alone lists it. Needs GNU make and a POSIX shell.
# PYTHON=/path/to/python3 chooses the Python to embed, when the environment is first made.

VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock

# JAX's extra for NVIDIA GPUs: cuda13 for drivers from 580 on; cuda12 also for older ones.
CUDA := cuda12

# Grids of the examples that come with OASIS (Debian and Ubuntu: package liboasis3-doc).
ORCA2 := /usr/share/doc/liboasis3-doc/examples/test_interpolation/data_oasis3

# A directory is listed too, so that a file that comes or goes causes a reinstall.
SOURCES := CMakeLists.txt pyproject.toml README.md LICENSE NOTICE \
  $(shell find ngcm_coupler bridge -name __pycache__ -prune -o -print)
C_FAMILY := $(shell find bridge ngcm_coupler tests -name '*.h' -o -name '*.c' -o -name '*.hpp' -o -name '*.cpp')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup system demo demo-oasis sixty-days test quick planted fuzz sanitized newest long processors gpu lint \
  format bench docs lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(VENV)/installed  ## system packages, .venv, build and install; quick when up to date

# Each stamp is written last and each rule can start over, so an interrupted setup is repeated.
system:
	@tools/system-packages.sh

$(VENV)/locked: $(LOCK) | system
	python=$$(tools/find-python.sh) && "$$python" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCK)
	touch $@

$(VENV)/installed: $(VENV)/locked $(SOURCES)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --force-reinstall \
	  --config-settings=build-dir=$(VENV)/build .
	touch $@

demo: setup  ## 24 hours of NeuralGCM on ERA5 data over sea, ice and land, and a report
	$(BIN)/ngcm-coupler run namelists/demo.nml --output out/demo
	$(BIN)/ngcm-coupler report out/demo

demo-oasis: setup  ## 48 hours of it with an ocean on NEMO's grid ORCA2 through OASIS3-MCT
	mkdir -p out/oasis/orca2
	for name in grids masks areas; do \
	  gunzip --stdout $(ORCA2)/$$name.nc.gz > out/oasis/orca2/$$name.nc || exit 1; \
	done
	$(BIN)/ngcm-coupler grids namelists/oasis.nml --output out/oasis
	$(BIN)/ngcm-coupler weights namelists/oasis.nml --output out/oasis
	$(BIN)/ngcm-coupler namcouple namelists/oasis.nml --output out/oasis
	$(BIN)/ngcm-coupler run namelists/oasis.nml --output out/oasis
	$(BIN)/ngcm-coupler report out/oasis

sixty-days: setup  ## sixty days of the demo and how they drift: an hour or more, and 3 GB of history
	mkdir -p out/sixty
	sed 's/run_hours = 24/run_hours = 1440/' namelists/demo.nml > out/sixty/sixty.nml
	$(BIN)/ngcm-coupler run out/sixty/sixty.nml --output out/sixty
	$(BIN)/ngcm-coupler report out/sixty
	$(BIN)/ngcm-coupler report out/sixty --drift

# By the order of tests/python/conftest.py: files with slow tests first, not those with most tests.
IN_TWO := --numprocesses 2 --dist loadfile --no-loadscope-reorder

test: setup  ## all tests but those of `make long`
	$(BIN)/pytest $(IN_TWO)

quick: setup  ## the tests that are not slow: three minutes on two cores, and most mistakes
	$(BIN)/pytest -m "not slow" $(IN_TWO)

planted: setup  ## ten faults planted one by one, and which test of `make quick` finds each
	$(BIN)/python tests/planted_faults.py

# SUBJECT, COUNT and SEED say which files, how many of them spoilt, and from which seed on.
fuzz: setup  ## spoil every kind of file that is read, 100,000 times each: hours
	PYTHONPATH=tests:tests/python $(BIN)/python -P -m fuzz $(SUBJECT) \
	  $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

sanitized: setup  ## a million calls of libngcm under sanitizers, right and wrong ones: half an hour
	$(BIN)/python tests/sanitized.py $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED))

# `make setup` and any other target take the same two variables.
newest:  ## `make test` in Python 3.13 with the newest packages, in .venv-newest
	PYTHON="$${PYTHON:-python3.13}" $(MAKE) test VENV=.venv-newest LOCK=requirements-newest.lock

long: setup  ## ten days of the published model, and whatever else takes minutes
	$(BIN)/pytest -m long

processors: setup  ## the tests that compare bits, as on other processors
	@tools/processors.sh $(BIN)

gpu: setup  ## with an NVIDIA GPU: its tests, then what everything costs on it
	@tools/gpu-check.sh $(BIN) $(CUDA)

lint: setup  ## every check that does not run the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run --Werror $(C_FAMILY)
	$(BIN)/fortitude check bridge tests
	$(BIN)/shellcheck .ci/run tools/*.sh
	$(BIN)/gersemi --check CMakeLists.txt bridge ngcm_coupler tests

format: setup  ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(C_FAMILY)
	$(BIN)/gersemi --in-place CMakeLists.txt bridge ngcm_coupler tests

bench: setup  ## what everything costs on this machine: half an hour on two cores
	$(BIN)/ngcm-coupler bench all

docs: setup  ## the reference pages that the code writes
	$(BIN)/ngcm-coupler check --describe --format markdown > docs/namelists.md

RESOLVE := build/lock/bin/uv pip compile pyproject.toml --extra build --extra test --upgrade \
  --universal --fork-strategy fewest --generate-hashes --no-annotate --no-emit-index-url \
  --custom-compile-command 'make lock'

lock: | system  ## resolve both locks, the oldest and the newest Python's, anew from pyproject.toml
	python=$$(tools/find-python.sh) && "$$python" -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet uv
	$(RESOLVE) --extra lint --python-version 3.11 --output-file requirements.lock
	$(RESOLVE) --python-version 3.13 --output-file requirements-newest.lock

clean:  ## remove everything that make has made, the environment included
	rm -rf $(VENV) .venv-newest build dist out .pytest_cache .ruff_cache .import_linter_cache
