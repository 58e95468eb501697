# `make check` judges this host, `make test` tests the project. Both need Python 3.10 or newer with pip, and nothing else.
PYTHON ?= python3
ARGS ?=
AT_LEAST ?= 1
BUT ?=
CASES ?=
KERNEL ?=
KERNELS ?=
# What holds on every kernel; the other tests know the messages of the guest's own.
ON_ANY_KERNEL := tests/vm/test_coverage.py
SEED ?= 1
N ?= 500
BIN := .venv/bin
# One process more than cores: some tests wait most of their time.
WORKERS ?= $(shell expr $$(nproc) + 1)
# What stands beside the gate: each needs something of its own.
APART := not vm and not package and not browser and not spark
# The many processes that tests start begin in half the time where bytecode is kept, whatever the machine is set to.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: check docs packs lint test test-full test-all environments browser pictures spark soak bench bench-report truth truth-vm equal-vm vm-setup vm package package-test

# Read this host and say its verdict, whatever it is.
check: python
	@$(PYTHON) tools/environment.py .venv check
	@$(BIN)/python tools/check.py $(BIN)/auditrules check

# The gate, in some three minutes: lint beside pytest, which speaks last, so that its closing line is the last. LINT=dev
# leaves out what was linted already: in a copy of the same sources mypy begins without its cache.
LINT ?= lint
test: dev
	@$(BIN)/python tools/beside.py make --no-print-directory $(LINT) -- \
		$(BIN)/python -m pytest -m "$(APART) and not full" -n $(WORKERS) --dist loadgroup $(ARGS)

# The gate with all that there is: the full products of cases, and more examples for each law.
test-full: lint
	$(BIN)/python -m pytest -m "$(APART)" --hypothesis-profile=full -n $(WORKERS) --dist loadgroup $(ARGS)

lint: dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The tests of `make test` on every Python from 3.10 to 3.13 that starts here, BUT one; fails where fewer than AT_LEAST do.
test-all: python
	@$(PYTHON) tools/test_all.py --at-least $(AT_LEAST) --but "$(BUT)"

# What `make test-all`, `make spark` and `make package` install first.
environments: python
	@$(PYTHON) tools/environment.py .venvs/spark spark
	@$(PYTHON) tools/environment.py .venvs/package package
	@$(PYTHON) tools/test_all.py --but "$(BUT)" --set-up

# The page of the report in headless Chromium; needs Debian's packages chromium and chromium-driver.
browser: dev
	$(BIN)/python -m pytest -m browser $(ARGS)

# The files that are made from code: the columns in docs/tables.md; packs/ and the scripts that turn its policies.
docs: dev
	@$(BIN)/python -m tools.make_docs

packs: dev
	@$(BIN)/python -m tools.make_packs
	@$(BIN)/python -m tools.make_policy_scripts

# The pictures of the page in the documents, made anew; needs what `make browser` needs.
pictures: dev
	@$(BIN)/python -m tests.report.present.pictures docs/pictures

# The report in Spark, beside DuckDB: pyspark is large, so it has an environment of its own. Needs Java 17 or newer, such
# as Debian's openjdk-17-jre-headless.
spark: python
	@$(PYTHON) tools/environment.py .venvs/spark spark
	.venvs/spark/bin/python -m pytest -m spark $(ARGS)

# What can happen to an extension, and to the store of a report, as often as is promised: some half an hour. `make test`
# runs it a few times.
soak: dev
	@$(BIN)/python -m tools.soak

# How fast it is beside what people run today; needs auditctl and a C compiler.
bench: dev
	@$(BIN)/python -m bench

# How fast `auditrules report` reads and judges the logs of 10,000 hosts over 30 days, some 2.5 GB in the temporary folder.
bench-report: dev
	@$(BIN)/python -m bench.report

# The language of audit rules against what real programs did: CASES is a folder of case files, by default our own.
truth: dev
	@$(BIN)/python -m tests.truth.compare $(CASES)

# Our answers against a real kernel's on N random cases, which a SEED gives; where they differ, the smallest case.
truth-vm: dev
	@$(BIN)/python -m tests.vm.truth --seed $(SEED) --count $(N)

# Whether a real kernel records the same with fewer rules, by lint, by merging and by --minimise: N cases of each.
equal-vm: dev
	@$(BIN)/python -m tests.vm.equal_rules --seed $(SEED) --count $(N)

# A real kernel for the tests, and the newest of each release in KERNEL; root is needed where QEMU is not installed yet.
vm-setup: dev
	@$(BIN)/python -m tests.vm.setup $(KERNEL)

# The tests that ask it; with KERNELS="5.10 6.12", those of coverage on each of these.
vm: dev
ifeq ($(KERNELS),)
	$(BIN)/python -m pytest -m vm -n $(WORKERS) --dist loadgroup $(ARGS)
else
	set -e; for kernel in $(KERNELS); do \
		VM_KERNEL=$$kernel $(BIN)/python -m pytest -m vm -n $(WORKERS) --dist loadgroup $(ON_ANY_KERNEL) $(ARGS); done
endif

# What is installed from, in dist/. Beside pip it needs binutils, and says so.
package: python
	@$(PYTHON) tools/environment.py .venvs/package package
	@.venvs/package/bin/python -m tools.package

# Install, run, upgrade and remove what is in dist/: as root, with Debian's packages debootstrap and rpm.
package-test: dev
	$(BIN)/python -m pytest -m package -n auto --dist loadgroup $(ARGS)

.PHONY: python dev
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo 'Python 3.10 or newer is needed, and "$(PYTHON)" is none: choose another with PYTHON=' >&2; exit 1; }

dev: python
	@$(PYTHON) tools/environment.py .venv dev
