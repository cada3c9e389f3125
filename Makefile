# Two commands are all the set-up: `make run` and `make test`.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PORT   ?= 8501
# Not from the environment: some shells put the name of the machine into HOST.
HOST   := 127.0.0.1
PUBLIC_URL :=

.DEFAULT_GOAL := help
.PHONY: help run test demo bench check unit launcher e2e screenshots clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: $(VENV)/run.done ## environment, dependencies, the app on localhost:8501 (PORT=… HOST=… PUBLIC_URL=…)
	@$(PY) -m app --port $(PORT) --host "$(HOST)" $(if $(PUBLIC_URL),--public-url "$(PUBLIC_URL)")

demo: $(VENV)/run.done ## headless: sample, DeepSpeed fine-tuning, scores before and after
	@$(PY) -m core demo --json

test: $(VENV)/test.done ## everything that CI checks
	@$(PY) -m scripts.check

bench: $(VENV)/test.done ## speed and memory against a peer in the same run
	@$(PY) -m bench

screenshots: $(VENV)/test.done ## the README's pictures, from the running app
	@$(PY) -m scripts.screenshots

clean: ## remove the environment; workspace/ stays
	rm -rf $(VENV)

$(VENV)/run.done: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed.")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/test.done: requirements-dev.txt $(VENV)/run.done
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(PY) -m scripts.browser
	@touch $@
