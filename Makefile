# Needs Python 3.11 to 3.13, Node.js 20.19 or newer, and GNU make. `make` alone lists the targets.
SHELL := bash
.DEFAULT_GOAL := help
# Where it is set, each of the hundreds of processes that the tests start compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

# The first of these that fits is used; or name one: make setup PYTHON=/path/to/python
PYTHON ?= python3 python3.13 python3.12 python3.11
UV ?= uv
CHROMIUM_NAMES := chromium chromium-browser google-chrome google-chrome-stable
# Looked for only where it is needed, like the two below it.
CHROMIUM = $(or $(CHROMIUM_PATH),$(firstword $(foreach name,$(CHROMIUM_NAMES),$(shell command -v $(name)))))
COMPOSE_COMMAND = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
COMPOSE = $(COMPOSE_COMMAND) -f docker-compose.yml $(if $(GPU),-f docker-compose.gpu.yml)

PYTEST := .venv/bin/python -m pytest -c backend/pyproject.toml --rootdir .
# Test files run side by side where there are two cores; two workers need 6 GB of memory.
TEST_WORKERS ?= $(shell [ "$$(getconf _NPROCESSORS_ONLN)" -ge 2 ] && echo 2 || echo 0)
# Files that take long come first (tests/backend/conftest.py begins with training), so that both workers end together.
TEST_OPTIONS = -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(if $(COVERAGE),--cov tumorscope --cov-report term:skip-covered)
MKDOCS := NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet
PYTHON_SOURCES := backend/src client/src tests scripts
UV_COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
# TensorFlow with CUDA takes the place of the one without.
GPU_OVERRIDE := tensorflow-cpu ; python_version < '3'\ntensorflow[and-cuda]\n
# jsonschema would build a parser of addresses with it at each import, for two seconds in every process of Ray.
DEV_OVERRIDE := rfc3987-syntax ; python_version < '3'\n

DEFAULT_MODEL := backend/src/tumorscope/default_model

SERVING_READY := .venv/.serving
PYTHON_READY := .venv/.ready
PAGE_READY := frontend/node_modules/.ready
JOURNEYS_READY := tests/e2e/node_modules/.ready

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(SERVING_READY) $(PAGE_READY) ## Serve API and page here, without Docker; ports: PORT=8000 WEB_PORT=8080
	@npm --prefix frontend run --silent build -- --logLevel warn
	@exec .venv/bin/python scripts/run.py

.PHONY: serve
serve: $(SERVING_READY) ## Serve the API alone; port: PORT=8000
	@exec .venv/bin/tumorscope serve --port "$${PORT:-8000}"

.PHONY: setup
setup: $(PYTHON_READY) $(PAGE_READY) $(JOURNEYS_READY) ## Install what developing needs, into this folder only

# Only what changed since is installed again.
$(SERVING_READY): backend/requirements.lock backend/pyproject.toml
	@python=$$(for name in $(PYTHON); do \
	    "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	        && command -v "$$name" && break; done); \
	[ -n "$$python" ] || { echo 'Python 3.11, 3.12 or 3.13 is needed; none was found. Name one: make setup PYTHON=/path/to/python' >&2; exit 1; }; \
	.venv/bin/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv \
	    || { echo "$$python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo 'Installing what serving needs into .venv (0.3 GB)'
	@.venv/bin/pip install -qq --disable-pip-version-check --require-hashes -r backend/requirements.lock
	@.venv/bin/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable backend
	@touch $@

$(PYTHON_READY): $(SERVING_READY) backend/requirements-dev.lock client/pyproject.toml
	@echo 'Installing what development needs into .venv (3.3 GB)'
	@.venv/bin/pip install -qq --disable-pip-version-check --no-deps --require-hashes -r backend/requirements-dev.lock
	@.venv/bin/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable client
	@touch $@

$(PAGE_READY) $(JOURNEYS_READY): %/node_modules/.ready: %/package.json %/package-lock.json
	@node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' 2>/dev/null \
	    || { echo 'Node.js 20.19 or newer is needed; none was found.' >&2; exit 1; }
	@echo 'Installing the packages of $*'
	@npm --prefix $* ci --silent --no-audit --no-fund
	@touch $@

.PHONY: test
test: setup ## Test the backend, the page, and the journeys through both where a Chromium is found; coverage: COVERAGE=1
	@failed=; \
	$(MAKE) --no-print-directory test-backend || failed+=' backend'; \
	$(MAKE) --no-print-directory test-page || failed+=' page'; \
	$(if $(CHROMIUM),$(MAKE) --no-print-directory test-e2e || failed+=' journeys',echo 'Skipped the journeys in a browser: no Chromium was found. On Debian: apt-get install chromium; or set CHROMIUM_PATH.'); \
	[ -z "$$failed" ] || { echo "Failed:$$failed" >&2; exit 1; }

.PHONY: test-backend
test-backend: setup ## Test the backend; fewer: ARGS="tests/backend/unit/imaging -k dicom"
	$(PYTEST) $(TEST_OPTIONS) $(or $(ARGS),-m 'not cluster' tests/backend/integration tests/documentation tests/backend/unit)
	$(if $(ARGS),,$(PYTEST) -m cluster tests/backend/integration/test_score.py tests/backend/integration/test_serve_on_ray.py)

.PHONY: test-page
test-page: setup ## Test the page's modules
	npm --prefix frontend test

.PHONY: test-e2e
test-e2e: setup ## Make the journeys through page and API in Chromium
	@$(if $(CHROMIUM),,echo 'Chromium is needed. On Debian: apt-get install chromium; or set CHROMIUM_PATH.' >&2; exit 1)
	CHROMIUM_PATH='$(CHROMIUM)' npm --prefix tests/e2e test

.PHONY: attack
attack: $(PYTHON_READY) ## Attack a running service, by default the containers' page; another: ARGS="http://127.0.0.1:8000"
	.venv/bin/python -m tests.attacks $(ARGS)

.PHONY: fuzz
fuzz: $(PYTHON_READY) ## Read damaged files: COUNT=2000 in processes, then for FUZZ_SECONDS=120 guided by coverage
	.venv/bin/python -m tests.attacks.mutate --count $(or $(COUNT),2000)
	.venv/bin/python -m tests.attacks.fuzz --seconds $(or $(FUZZ_SECONDS),120)

.PHONY: screenshots
screenshots: setup ## Take the README's pictures of the page anew, in Chromium
	CHROMIUM_PATH='$(CHROMIUM)' npm --prefix tests/e2e run screenshots

.PHONY: test-compose
test-compose: setup ## Build the two containers, start them and test the stack; needs a Docker engine
	$(PYTEST) tests/compose

.PHONY: check
check: setup ## Lint, check formats, types and imports; build the documentation
	.venv/bin/ruff check --config backend/pyproject.toml $(PYTHON_SOURCES)
	.venv/bin/ruff format --check --config backend/pyproject.toml $(PYTHON_SOURCES)
	.venv/bin/mypy --config-file backend/pyproject.toml $(PYTHON_SOURCES)
	.venv/bin/lint-imports --config backend/pyproject.toml
	npm --prefix frontend run check
	$(MKDOCS)

.PHONY: docs
docs: $(PYTHON_READY) ## Build the documentation as a site, into build/docs
	$(MKDOCS)
	@echo 'Open build/docs/index.html'

.PHONY: sbom
sbom: $(PYTHON_READY) ## List the locked dependencies in CycloneDX, in build/sbom
	mkdir -p build/sbom
	.venv/bin/cyclonedx-py requirements --pyproject backend/pyproject.toml --output-reproducible \
	    --output-file build/sbom/service.cdx.json backend/requirements.lock
	npm --prefix frontend sbom --sbom-format cyclonedx --package-lock-only --omit dev >build/sbom/page.cdx.json

.PHONY: audit
audit: setup ## Ask the advisory services for known vulnerabilities of the locked dependencies, where they can be reached
	@.venv/bin/python scripts/audit_dependencies.py

.PHONY: format
format: setup ## Format and mend what can be mended by itself
	.venv/bin/ruff check --fix --config backend/pyproject.toml $(PYTHON_SOURCES)
	.venv/bin/ruff format --config backend/pyproject.toml $(PYTHON_SOURCES)
	cd frontend && npx biome check --write . ../tests/frontend ../tests/e2e

.PHONY: train
train: $(PYTHON_READY) ## Train the model, write its bundle, its int8 form and its trust layer; options: ARGS="--version 1.0.0"
	.venv/bin/tumorscope split $${TUMORSCOPE_DATA:-../shared/data} --extend $(DEFAULT_MODEL)/split.json --output runs
	.venv/bin/tumorscope train tumorscope_default --split runs/split.json --set-leaks-aside --output $(DEFAULT_MODEL) $(ARGS)
	.venv/bin/tumorscope export $(DEFAULT_MODEL) $${TUMORSCOPE_DATA:-../shared/data}
	.venv/bin/tumorscope calibrate $(DEFAULT_MODEL) $${TUMORSCOPE_DATA:-../shared/data}

.PHONY: evaluate
evaluate: $(PYTHON_READY) ## Measure what the model that ships answers; write figures into bundle, card, README and docs/evaluation
	.venv/bin/tumorscope evaluate $(DEFAULT_MODEL) $${TUMORSCOPE_DATA:-../shared/data} --part validation --output runs/evaluation --into-bundle $(ARGS)
	mkdir -p docs/evaluation
	cp runs/evaluation/*.png runs/evaluation/metrics.json docs/evaluation/
	.venv/bin/tumorscope card $(DEFAULT_MODEL) --metrics docs/evaluation/metrics.json --tables docs/figures --readme README.md

.PHONY: bench
bench: $(PYTHON_READY) ## Measure speed and accuracy
	.venv/bin/python -m tests.bench $(ARGS)

.PHONY: bench-scale
bench-scale: $(PYTHON_READY) ## Measure the scoring of an archive on Ray and without; fewer: ARGS="--studies 16"
	.venv/bin/python -m tests.bench.scale $(ARGS)

.PHONY: bench-page
bench-page: setup ## Measure the page in Chromium: first picture, scroll step, memory of thirty studies
	CHROMIUM_PATH='$(CHROMIUM)' npm --prefix tests/e2e run bench

.PHONY: soak
soak: $(PYTHON_READY) ## Load the service for ten minutes at twice its capacity; options: ARGS="--minutes 1 --attacks 0.1"
	.venv/bin/python -m tests.bench.soak $(ARGS)

.PHONY: openapi
openapi: $(PYTHON_READY) $(PAGE_READY) ## Write backend/openapi.json, and the page's types from it
	.venv/bin/tumorscope openapi >backend/openapi.json.new && mv backend/openapi.json.new backend/openapi.json
	npm --prefix frontend run generate-types

.PHONY: lock
lock: ## Write the Python lock files anew, with uv; newer versions: UPGRADE=--upgrade
	cd backend && $(UV) $(UV_COMPILE) $(UPGRADE) --extra build --extra postgres pyproject.toml --output-file requirements.lock >/dev/null
	cd backend && $(UV) $(UV_COMPILE) $(UPGRADE) --constraint requirements.lock --extra build --extra train --extra dev \
	    --override <(printf "$(DEV_OVERRIDE)") pyproject.toml --output-file requirements-dev.lock >/dev/null
	cd backend && $(UV) $(UV_COMPILE) $(UPGRADE) --no-annotate --constraint requirements-dev.lock --extra build --extra cluster \
	    pyproject.toml --output-file requirements-cluster.lock >/dev/null
	cd backend && $(UV) $(UV_COMPILE) $(UPGRADE) --no-annotate --constraint requirements.lock --extra build --extra tensorflow \
	    --override <(printf "$(GPU_OVERRIDE)") pyproject.toml --output-file requirements-gpu.lock >/dev/null

.PHONY: up
up: ## Build and start the two containers; on an NVIDIA GPU: GPU=1
	@$(COMPOSE) up --build --detach || { \
	    echo 'The service is not ready. Its log says:' >&2; \
	    $(COMPOSE) logs --no-color --tail 1000 keys backend 2>&1 | grep -v '"event": "request"' | tail -n 5 >&2; exit 1; }
	@echo "Tumorscope is open at http://$$($(COMPOSE) port frontend 8080)"

.PHONY: rolling-restart
rolling-restart: ## Build the service anew and replace its two containers (--profile ha) in turn, each when the other is ready
	$(COMPOSE) --profile ha build backend backend-b
	@set -e; for service in backend backend-b; do \
	    $(COMPOSE) --profile ha up --detach --no-deps --force-recreate $$service; \
	    container=$$($(COMPOSE) --profile ha ps -q $$service); \
	    timeout 300 bash -c "until [ \"\$$(docker inspect --format '{{.State.Health.Status}}' $$container)\" = healthy ]; do sleep 1; done" \
	        || { echo "$$service is not ready; the other one answers. Its log says why: $(COMPOSE) logs $$service" >&2; exit 1; }; \
	done

.PHONY: down
down: ## Stop the containers and remove them
	$(COMPOSE) down
