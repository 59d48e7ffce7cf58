# make run    sets everything up and opens the app on the atlas of Norte (PORT=8600 BROWSER=0 for servers)
# make test   sets everything up, a browser too, and runs every test
# make setup  the set-up alone: .venv with locked versions, checked against their hashes
# make check  lint and types, as CI asks for them
# make verify-exports  opens every exported file with GDAL, LibreOffice, Poppler and QGIS, which it installs (ATLAS=porto for the other atlas)
# make lock   renews requirements.lock from pyproject.toml

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8501
BROWSER ?= 1
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test setup check lock docs browser

run: $(READY)
	@$(BIN)/atlas app --port $(PORT) $(if $(filter 0,$(BROWSER)),--no-browser)

test: $(READY) browser
	$(BIN)/python -m pytest --numprocesses 2 --no-loadscope-reorder

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer with venv is needed: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# the browser comes from the system's packages, since the tests may reach nothing but package indexes
browser:
	@sh .ci/browser

verify-exports: $(READY)
	@.ci/verify-exports

lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-header --quiet --upgrade --output-file requirements.lock

# schemas and the table of keys, from the models
docs: $(READY)
	$(BIN)/python docs/make.py
