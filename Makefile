PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# tests run in this many processes; those of a file share emulators and stay in one
JOBS ?= 2
STAMP := $(VENV)/.installed

.PHONY: setup demo test test-slow test-majors contract docs lint format bench clean

setup: $(STAMP)

# torch first and pinned: see constraints.txt
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed; name it as in: make $(MAKECMDGOALS) PYTHON=python3" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	touch $@

demo: setup
	$(BIN)/clipline demo --html demo.html

test: setup
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m "not slow" tests

test-slow: setup
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m slow --timeout 600 tests

# what make test has not run: client 9 with the newest server, and client 8 in an environment of its own (.nox/)
test-majors: setup
	JOBS=$(JOBS) $(BIN)/nox --session 'client9(9.5.2)' client8

# make contract ES_URL=https://host:9200 asks the facts of a real cluster; credentials: see tests/contract/conftest.py
contract: setup
	$(if $(ES_URL),ES_URL="$(ES_URL)") $(BIN)/pytest tests/contract

# the generated part of the page that says what the emulator covers
docs: setup
	$(BIN)/python -m clipline.emulator.coverage docs/reference/emulator.md

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python tests/bench/run.py

clean:
	rm -rf $(VENV) .nox build dist demo.html .clipline
