# One command opens the workbook, one runs every test. Both set up what they need first; `make` lists the commands.

# Any Python from 3.11 on, e.g. make lab PYTHON=python3.12
PYTHON ?= python3
# Which build of PyTorch, when .venv is set up: cpu, cu130, ... as PyTorch's own index names them; else what PyPI has.
TORCH ?=
# Extra arguments: make lab LAB_FLAGS="--port 9000", make test TEST_FLAGS="tests/test_setup.py -x", make notebooks NAMES="00 04"
LAB_FLAGS ?=
TEST_FLAGS ?=
NAMES ?=

venv_python := .venv/bin/python
pip := $(venv_python) -m pip install --disable-pip-version-check
# On every core, where pip takes one, and without other packages' tests. Files for other Pythons fail, and may.
compile := $(venv_python) -m compileall -q -j 0 -x /tests/ .venv/lib unlearnlab >/dev/null 2>&1 || true
stamp := .venv/.complete

.PHONY: help lab test processors notebooks site classroom classroom-requirements wheel always

help:
	@echo "make lab        open JupyterLab on the first notebook"
	@echo "make test       run every test, the notebooks included"
	@echo "make processors run the tests and notebooks as other processors would"
	@echo "make notebooks  execute notebooks/*.py again and store the outputs; NAMES=\"00 04\" for some of them"
	@echo "make site       build the course's website from the stored notebooks, into site/_build/html"
	@echo "make classroom  write the instructor's and the students' edition for nbgrader, into classroom/course"
	@echo "make wheel      build the package, into dist"
	@echo "Each sets up .venv when it has to: the first time takes some minutes and about 1.5 GB; on Linux"
	@echo "say make lab TORCH=cpu the first time, unless you have a GPU: without it pip fetches several GB more."

lab: $(stamp)
	@[ "$$(id -u)" != 0 ] || root=--allow-root; \
	[ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ] || display=--no-browser; \
	exec $(venv_python) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $$root $$display $(LAB_FLAGS)

# One thread per worker, or two workers fight over two cores. What pytest collects and how is in pyproject.toml.
test: $(stamp)
	OMP_NUM_THREADS=1 $(venv_python) -m pytest -n 2 --dist loadfile $(TEST_FLAGS)

# No number shown may hang on the last bit of a product. MKL, torch and its convolutions can compute as another processor
# would, and so can numpy's BLAS; with two threads sums come in another order. Linux on x86 only: elsewhere the settings
# change nothing.
SETTINGS = "MKL_CBWR=COMPATIBLE ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 OPENBLAS_CORETYPE=Nehalem OMP_NUM_THREADS=1" \
           "MKL_CBWR=AVX2 ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell OMP_NUM_THREADS=1" \
           "MKL_CBWR=AVX512 OMP_NUM_THREADS=2"
processors: $(stamp)
	@for setting in $(SETTINGS); do echo "With $$setting"; \
	  env $$setting $(venv_python) -m pytest -n 2 --dist loadfile --ignore=tests/browser $(TEST_FLAGS) || failed=1; \
	done; exit $${failed:-0}

notebooks: $(stamp)
	$(venv_python) notebooks/build.py $(NAMES)

site: $(stamp)
	$(venv_python) site/website.py

classroom: classroom-requirements
	$(venv_python) classroom/editions.py $(NAMES)

classroom-requirements: $(stamp)
	$(pip) -r classroom/requirements.txt

wheel: $(stamp)
	@rm -rf build  # or files that are gone would be in it
	$(venv_python) -m pip wheel --disable-pip-version-check --quiet --no-deps --wheel-dir dist .

# The stamp is written last, and says for which folder. Without a stamp that fits, and a Python that still runs,
# the environment starts from nothing: to pip, a half-installed package looks installed.
installed_for := $(shell $(venv_python) -c "import pip" 2>/dev/null && cat $(stamp) 2>/dev/null)
ifneq ($(installed_for),$(CURDIR))
$(stamp): always
endif

$(stamp): requirements.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
	  echo "unlearnlab needs Python 3.11 or newer; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1 || true)"; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@[ "$(installed_for)" = "$(CURDIR)" ] || rm -rf .venv
	@rm -f $(stamp)
	@echo "Setting up .venv (some minutes the first time)"
	@[ -x $(venv_python) ] || $(PYTHON) -m venv .venv
	@$(pip) --quiet pip==26.3 || echo "pip stays as it is: it only takes longer"
	$(if $(TORCH),$(pip) --index-url https://download.pytorch.org/whl/$(TORCH) $(shell grep '^torch==' requirements.txt))
	$(pip) --no-compile -r requirements.txt
	@$(compile)
	@pwd -P > $(stamp)
