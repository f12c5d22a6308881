# make run · make test · make check: each makes .venv and installs what it needs, once.
# ARGS passes arguments on, for example: make run ARGS="--port 7861" · make test ARGS="-m 'not browser'"

SHELL := /bin/bash
SYSTEM_PYTHON ?= python3
PYTHON := .venv/bin/python
PYTORCH_CPU := https://download.pytorch.org/whl/cpu

.DEFAULT_GOAL := run
.PHONY: run test check format install install-dev chromium

run: install
	@exec $(PYTHON) app.py $(ARGS)

# A file's tests stay together, in one process for each core.
test: install-dev chromium
	@OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: install-dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/pyright
	@.venv/bin/lint-imports

format: install-dev
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

# .venv keeps a copy of each requirements file it was installed from: pip runs only where the two differ.
# PyPI's PyTorch for Linux brings gigabytes of CUDA; without an NVIDIA GPU its CPU build is taken, if offered.
install: | $(PYTHON)
	@cmp -s requirements.txt .venv/installed.txt || { \
		torch=$$(grep '^torch==' requirements.txt); \
		if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null \
			&& ! $(PYTHON) -m pip show -q torch 2>/dev/null \
			&& $(PYTHON) -c "import urllib.request as u; u.urlopen('$(PYTORCH_CPU)/', timeout=5)" 2>/dev/null; \
		then $(PYTHON) -m pip install -q "$$torch" --index-url $(PYTORCH_CPU) || exit 1; fi; \
		echo "Installing what Ponder needs into .venv; the first time takes some minutes."; \
		$(PYTHON) -m pip install -q -r requirements.txt && cp requirements.txt .venv/installed.txt; }

install-dev: install
	@cmp -s requirements-dev.txt .venv/installed-dev.txt || { \
		$(PYTHON) -m pip install -q -r requirements-dev.txt && cp requirements-dev.txt .venv/installed-dev.txt; }

chromium: install-dev
	@$(PYTHON) -m tests.chromium

$(PYTHON):
	@$(SYSTEM_PYTHON) -c 'import sys; sys.exit("Ponder needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	@$(SYSTEM_PYTHON) -m venv .venv
