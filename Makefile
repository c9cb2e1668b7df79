# make demo: the whole road on real data. make test: the tests; make quick: those of a minute. All create .venv and install on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3
export TF_ENABLE_ONEDNN_OPTS ?= 1
FUZZ_SECONDS ?= 600

demo: $(VENV)/installed
	$(BIN)/python examples/digits.py

test: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 -m "not long"

# Under a minute: the architecture, the IR, plans and the quantizers; no goldens, fewer examples of properties.
QUICK := tests/test_architecture.py tests/ir tests/plan $(addprefix tests/quantizers/test_,parse.py behaviour.py saving.py)
quick: $(VENV)/installed
	QHLS_EXAMPLES=10 $(BIN)/python -m pytest -n 2 -m "not long" -k "not compiled and not trip" $(QUICK)

# JAX and torch under Keras. A plain install of torch may take a CUDA build: for the CPU's, install torch into .venv first.
test-backends: $(VENV)/backends
	KERAS_BACKEND=jax $(BIN)/python -m pytest -n 2 -m backends
	KERAS_BACKEND=torch OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m backends

test-long: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 -m long

fuzz: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m support.fuzz --seconds $(FUZZ_SECONDS)

lint: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# Optional packages too: what is not there has no types.
types: $(VENV)/backends
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(VENV)/installed
	$(BIN)/python docs/generate.py

# The documentation as a site, in build/site. A link that leads nowhere is an error.
site: $(VENV)/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[tensorflow,hls4ml,onnx,csim,rtl,pnr,demo,prove,search,dask,ray,postgresql,dashboard,dev]"
	touch $@

$(VENV)/backends: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -e ".[jax,torch]"
	touch $@

$(VENV)/site: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -e ".[site]"
	touch $@

clean:
	rm -rf $(VENV) build

.PHONY: demo test quick test-backends test-long fuzz lint types docs site install clean
