# Two commands: `make run` and `make test`; each sets up .venv first where it is missing.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
STAMP := .venv/.installed

.PHONY: run test check layers clean

run: $(STAMP)
	$(BIN)/python -m agglo run

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

# Derives layers/ anew: make layers FROM=path/to/data/obninsk
layers: $(STAMP)
	$(BIN)/python -m agglo.layers.build --from $(FROM) --to layers

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	$(BIN)/python -c "open('$(STAMP)', 'w').close()"

clean:
	rm -rf maps/build .pytest_cache .mypy_cache .ruff_cache .hypothesis
