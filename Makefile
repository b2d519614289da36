# Set-up and everyday work. `make demo` and `make test` do all set-up themselves.
#
#   make demo            build a toy nation, issue and verify sealed licences, show what must fail
#   make test            the everyday suite        make test T=tests/unit/formats  a part of it
#   make test-slow       the long runs             make peers   judged by software that is not ours
#   make lint            ruff, mypy --strict       make bench   measurements (B=sm2 for one)
#   make native          compile the SM2 engine again (set-up does it where a C compiler is there)
#   make sdf             the device interface of GM/T 0018 over it, as a shared library (build/sdf)
#   make serve           a simulated key store on a local socket, until interrupted
#   make lock            renew the locked dependencies

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FONTS := build/fonts/.complete
NATIVE := crypto/engines/_native.abi3.so
WORKERS ?= 2
T ?= tests

.PHONY: setup native sdf demo test test-slow lint bench serve peers lock clean

setup: $(STAMP) $(NATIVE) $(FONTS)

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Xinyin needs Python 3.11 or later; this is %d.%d. Try: make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || $(MAKE) --no-print-directory venv-by-package
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $(STAMP)

# Debian keeps the venv module in a package of its own.
.PHONY: venv-by-package
venv-by-package:
	rm -rf $(VENV)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; \
	else \
	    echo "Python's venv module is missing. On Debian: sudo apt-get install python3-venv" >&2; exit 1; \
	fi
	$(PYTHON) -m venv $(VENV)

# The SM2 engine in C. A file that is there was built from these sources; where it cannot be built set-up goes on
# without it, says so, and tries again next time.
$(NATIVE): $(wildcard crypto/native/*.[ch]) crypto/native/CMakeLists.txt | $(STAMP)
	@$(BIN)/python tools/build_native.py --build build/native --to $@

native:
	rm -f $(NATIVE)
	@$(MAKE) --no-print-directory $(NATIVE)

SDF := build/sdf/libxinyin_sdf.so

sdf: $(SDF)

$(SDF): $(wildcard hsm_sim/native/*.[ch]) tools/build_sdf_library.py
	$(PYTHON) tools/build_sdf_library.py --to $@

$(FONTS): tools/fetch_fonts.py | $(STAMP)
	$(BIN)/python tools/fetch_fonts.py
	touch $(FONTS)

demo: setup
	$(BIN)/xinyin demo --directory build/demo

test: setup
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow" $(T)

test-slow: setup
	$(BIN)/python -m pytest -q -n $(WORKERS) -m slow $(T)

peers: setup
	$(BIN)/python -m pytest -q -rs tests/peers

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m benchmarks $(B)

serve: setup build/key-store.secret
	$(BIN)/xinyin hsm serve --directory build/key-store --secret-file build/key-store.secret

build/key-store.secret: | $(STAMP)
	mkdir -p build
	umask 077 && $(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(24))' > $@.new
	$(BIN)/xinyin hsm init --directory build/key-store --secret-file $@.new
	mv $@.new $@

lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 requirements/runtime.in -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --universal requirements/fonts.in -o requirements/fonts.txt

clean:
	rm -rf build dist $(VENV) $(NATIVE) .pytest_cache .mypy_cache .ruff_cache .hypothesis
