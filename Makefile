# Everything runs in its own virtual environment, .venv; all you need is Python 3.11 to 3.13.
.PHONY: help run run-empty test test-full check audit journey faults bench bench-opt-out bench-open-pages screenshots docs lock chromium clean bench-zones bench-fairness bench-imports bench-baselines bench-measuring bench-settlement bench-doors bench-plans

python := .venv/bin/python
pip := $(python) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes
compile := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml
# The packages for testing include everything that running needs.
installed := $(firstword $(wildcard .venv/installed-dev) .venv/installed)
# A virtual environment that is incomplete, or whose Python is gone, is made again.
ifneq ($(shell $(python) -m pip --version >/dev/null 2>&1 && echo works),works)
.PHONY: .venv/installed .venv/installed-dev
endif

help:
	@echo "make run       Gridcall on this machine, with a demo utility; on another port: PORT=8001 make run"
	@echo "make run-empty the same without the demo, for a utility of your own: docs/how-to/first-utility.md"
	@echo "make test      all checks and the tests"
	@echo "make test-full the same, with the long tests"
	@echo "make journey   one event from planning to Closed; ARGS=\"--devices 5000 --stages 2\""
	@echo "make bench     each step for 1,000,000 devices, compared with its physical limit; ARGS=\"--devices 100000 --json\""
	@echo "make bench-zones  50 control zones scheduling at once, compared with one after the other"
	@echo "make bench-imports  files of 1,000,000 rows brought in, compared with COPY of the same rows; ARGS=\"--rows 100000\""
	@echo "make bench-doors  what calls of other systems cost, beside what the same server does at most"
	@echo "make bench-fairness  60 events for 1,000 devices: how evenly they are called, and what of the expected power came"
	@echo "make bench-baselines  how near baselines are to the truth on days without an event, and how fast"
	@echo "make bench-measuring  participations measured a second, from readings to results; ARGS=\"--meters 20000\""
	@echo "make bench-settlement  a run of settlement of 1,000,000 lines, compared with COPY of them; ARGS=\"--lines 100000\""
	@echo "make bench-plans  how fast stages are generated, and how near to the best plan there is; ARGS=\"--seeds 3\""
	@echo "make bench-opt-out  time from an opt-out to Live Energy Connect's answer, while extracts load"
	@echo "make bench-open-pages  300 open pages: which updates reach them, how soon, and at what cost"
	@echo "make faults    inject faults into a separate Gridcall and print what held; ARGS=\"--dose small --json\""
	@echo "make screenshots  take docs/screenshots from a separate demo; takes five minutes"
	@echo "make docs      build the documentation: docs/_build/index.html"
	@echo "make audit     known vulnerabilities in the locked packages; needs a network connection"
	@echo "make lock      rewrite the lock files from pyproject.toml"
	@echo "make clean     remove what the commands above made, except the data in .local"

run: $(installed)
	@exec $(python) manage.py up

run-empty: $(installed)
	@exec $(python) manage.py up --empty

journey: $(installed)
	@exec $(python) manage.py journey $(ARGS)

bench: $(installed)
	@exec $(python) -m integration.bench $(ARGS)

bench-zones: $(installed)
	@exec $(python) -m integration.bench bench_zones $(ARGS)

bench-imports: $(installed)
	@exec $(python) -m integration.bench bench_imports $(ARGS)

bench-doors: $(installed)
	@exec $(python) -m integration.bench bench_doors $(ARGS)

bench-baselines: $(installed)
	@exec $(python) manage.py bench_baselines $(ARGS)

bench-plans: $(installed)
	@exec $(python) manage.py bench_plans $(ARGS)

bench-measuring: $(installed)
	@exec $(python) -m integration.bench bench_measuring $(ARGS)

bench-settlement: $(installed)
	@exec $(python) -m integration.bench bench_settlement $(ARGS)

bench-fairness: $(installed)
	@exec $(python) -m integration.bench bench_fairness $(ARGS)

bench-opt-out: $(installed)
	@exec $(python) manage.py bench_opt_out $(ARGS)

faults: .venv/installed-dev
	@exec $(python) -m tests.faults $(ARGS)

# Runs test files in parallel; each process has its own database on the engines of the run.
# Many tests wait for a moment, so there are more processes than a small machine has cores; the browser's files are the
# longest and come first.
side_by_side := --numprocesses 4 --dist loadfile --no-loadscope-reorder

test: check chromium
	@$(with_chromium) $(python) -m pytest $(side_by_side) -m "not full" $(ARGS)

test-full: check chromium
	@$(with_chromium) $(python) -m pytest $(ARGS)

check: .venv/installed-dev
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	.venv/bin/djangofmt --check templates
	$(python) -m bandit --quiet --recursive --configfile pyproject.toml integration derms cpm lec_sim
	$(python) -m mypy
	$(python) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	$(python) manage.py makemigrations --check --dry-run

# Asks an online service for known vulnerabilities.
audit: .venv/installed-dev
	$(python) -m pip_audit --strict --require-hashes --requirement requirements.lock

bench-open-pages: $(installed)
	@exec $(python) manage.py bench_open_pages $(ARGS)

# GRIDCALL_DEMO makes the sign-in page list the demo's people.
screenshots: .venv/installed-dev chromium
	@$(with_chromium) GRIDCALL_DEMO=1 SCREENSHOT_DIR=docs/screenshots $(python) -m pytest -q tests/browser/screenshots.py

docs: .venv/installed-dev
	$(python) -m sphinx -W --keep-going -q -b html docs docs/_build

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	$(compile) $(ARGS) --output-file requirements.lock
	$(compile) $(ARGS) --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path "./.local/*" -prune -exec rm -rf {} +

# --- The virtual environment --------------------------------------------------------------------------------------

define make_environment
	@$(python) -m pip --version >/dev/null 2>&1 || { $(find_python); \
		echo "Making .venv with $$python"; "$$python" -m venv --clear .venv; }
endef

# Sets $$python to the first Python 3.11 to 3.13 that can make virtual environments.
define find_python
if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else set -- python3.13 python3.12 python3.11 python3; fi; \
python=; bare=; \
for each in "$$@"; do \
	"$$each" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" 2>/dev/null || continue; \
	if "$$each" -c "import ensurepip, venv" 2>/dev/null; then python=$$each; break; fi; \
	bare=$$each; \
done; \
if [ -z "$$python" ] && [ -n "$$bare" ]; then \
	package=$$("$$bare" -c "import sys; print('python%d.%d-venv' % sys.version_info[:2])"); \
	echo "$$bare can't make virtual environments. On Debian and Ubuntu: apt-get install $$package" >&2; exit 1; \
fi; \
if [ -z "$$python" ]; then \
	echo "Gridcall needs Python 3.11, 3.12 or 3.13 (looked for: $$*). Name one: make PYTHON=/path/to/python3.12" >&2; \
	exit 1; \
fi
endef

.venv/installed: requirements.lock
	$(make_environment)
	@echo "Installing the packages of $<"
	@$(pip) -r $<
	@touch $@

.venv/installed-dev: requirements-dev.lock
	$(make_environment)
	@echo "Installing the packages of $<"
	@$(pip) -r $<
	@touch $@

# --- A browser for the tests --------------------------------------------------------------------------------------

# Prints the first browser that starts; Ubuntu's chromium-browser may only be a hint at what to install.
define find_chromium
for each in "$$CHROMIUM" chromium chromium-browser google-chrome google-chrome-stable; do \
	[ -n "$$each" ] && "$$each" --version >/dev/null 2>&1 && { command -v "$$each"; break; }; \
done
endef
with_chromium := CHROMIUM="$$($(find_chromium))"

chromium:
	@[ -n "$$($(find_chromium))" ] || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium; \
	} || { \
		echo "The tests need Chromium. Install it (as root: apt-get install chromium)," \
			"or name yours: make test CHROMIUM=/path/to/chrome" >&2; exit 1; \
	}
