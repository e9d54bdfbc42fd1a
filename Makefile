# make demo   sets everything up and does the whole road on a real film     make test   sets everything up, lints and tests
# make quicktest  lints and runs all tests but the slow ones, in a minute or so: before every commit
# make table1 compares all methods on a synthetic corpus, 4 to 6 minutes a method (SEEDS=0,1,2 for three seeds, JOBS=2 for two cells at a time)
# make tables-miniature  the paper's other tables on synthetic corpora, an estimated three hours a seed (TABLES='--table 2' for one of them)
# make bench  times our code against peers (fetches them: PyTorch, faiss and others, some gigabytes; BENCH=kmeans: one of them)
# make reliability  kills, damages and overloads our own programs, and says what came of it
# make coverage  says which lines the tests run
# make docs  builds the site into build/site
# make bench-gpu  measures training, features, k-means, reader and start-up on GPUs
# PYTHON=... chooses the interpreter (3.10 to 3.13); VENV=... the folder of the virtual environment; ALONE=... is put before the
# step of the installation that writes into this folder, for those who fill two environments at the same time.

VENV ?= .venv
BIN := $(VENV)/bin
SEEDS ?= 0
JOBS ?= 1

.PHONY: demo test quicktest table1 tables-miniature bench bench-gpu reliability lint coverage docs lock clean

demo: $(VENV)/.installed
	$(BIN)/xdc demo --output_dir demo_run

table1: $(VENV)/.installed
	$(BIN)/xdc make-avdigits --output_dir table1_run/corpus --level hard
	$(BIN)/python -m benchmarks.table1_miniature --corpus table1_run/corpus --seeds $(SEEDS) --jobs $(JOBS) --output table1_run/results.json

tables-miniature: $(VENV)/.installed
	$(BIN)/python -m benchmarks.tables_miniature --seeds $(SEEDS) --jobs $(JOBS) --output tables_run/results.json $(TABLES)

# The peers are not locked: pip chooses among the versions of setup.py, beside what is installed.
bench: $(VENV)/.installed
	$(BIN)/python -m pip freeze --exclude-editable > $(VENV)/installed.txt
	$(PIP) --constraint $(VENV)/installed.txt --no-build-isolation --editable '.[bench]'
	$(BIN)/python -m benchmarks.speed $(BENCH)

reliability: $(VENV)/.installed
	$(BIN)/python -m benchmarks.reliability --output build/reliability.json

bench-gpu: $(VENV)/.installed
	$(BIN)/python -m benchmarks.gpu --output benchmarks/results/gpu.json

# A file's tests share what is expensive, so they stay together. One process more than cores, as some tests wait; four at most, for
# their memory. All but those marked 'gpu' compute on CPUs.
PROCESSES = $$($(BIN)/python -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
PYTEST = TF_CPP_MIN_LOG_LEVEL=2 $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

test: lint
	$(PYTEST) $(PYTEST_ARGS)
	$(if $(GPU),$(BIN)/python -m pytest -m gpu)

quicktest: lint
	$(PYTEST) -m 'not slow' $(PYTEST_ARGS)

# Which lines the tests run, commands in processes of their own included.
coverage: $(VENV)/.installed
	$(BIN)/coverage erase
	TF_CPP_MIN_LOG_LEVEL=2 $(BIN)/coverage run -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, into build/site. A broken link or a module that cannot be read is an error.
docs: $(VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The packages for GPUs, some gigabytes, where there is one.
GPU := $(shell nvidia-smi -L 2>/dev/null | grep -q GPU && echo yes)

# pip takes no file whose SHA-256 is not in the locks; setuptools first, since it builds the few packages that come as sources.
# A lock is whole: --no-deps, since a pip before 24 (Ubuntu 22.04, Debian 12) asks for the newest release of what somebody wants with
# an extra, such as etils[epath], and gives up when the lock has an older one.
$(VENV)/.installed: setup.py $(wildcard requirements/*)
	@python=$$(PYTHON='$(PYTHON)' sh requirements/choose_python.sh) || exit 1; \
	version=$$("$$python" -c 'import sys; print("%d%d" % sys.version_info[:2])'); \
	echo "Installing into $(VENV) with $$("$$python" --version) ($$(command -v "$$python")); this takes a minute or two."; \
	"$$python" -m venv --clear $(VENV) && \
	$(PIP) --require-hashes --requirement requirements/build.txt && \
	$(PIP) --no-deps --require-hashes --no-build-isolation --use-pep517 --requirement requirements/py$$version.txt \
	  $(if $(GPU),--requirement requirements/gpu-py$$version.txt) && \
	$(ALONE) $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

lock:
	for version in 3.10 3.11 3.12 3.13; do python$$version requirements/lock.py || exit 1; done

# What took hours to measure stays: table1_run, tables_run, picture_run.
clean:
	rm -rf $(VENV) .venv-upper demo_run build *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache
