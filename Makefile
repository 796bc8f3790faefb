# Everything a person does here has a target; `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build install uninstall run pubsub-demo test chaos soak bench microbench lint format clean

swift_sources := Package.swift Sources Tests bench

# For scripts/install, if they are given here.
export PREFIX DESTDIR SYSCONFDIR BIN

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## install what is missing from Debian's packages; silent when nothing is
	@scripts/setup

build: setup ## build the five executables, optimised (BUILD_FLAGS=--static-swift-stdlib for machines without Swift)
	@for product in ingest dispatch retry emit apctl; do \
		swift build -c release $(BUILD_FLAGS) --product $$product || exit 1; \
	done

install: ## install what was built, with man pages, completions and systemd units (PREFIX=/usr/local, DESTDIR=)
	@scripts/install

uninstall: ## remove it again; settings and data stay
	@scripts/install --uninstall

run: setup ## send examples/reviews.jsonl through the whole pipeline (GATEWAY=http://… for a real one)
	@scripts/run

pubsub-demo: setup ## ten requests through Google Cloud Pub/Sub, on its emulator
	@scripts/pubsub-demo

test: setup ## build and run every test (ONLY="LinksTests WireTests" for some)
	@scripts/test $(ONLY)

chaos: setup ## break the pipeline on purpose and see what it keeps of its promises (SEED=7 CELLS="kill-dispatch redis" for some)
	@scripts/chaos $(CELLS)

soak: setup ## an hour of load and faults: is memory flat? (MINUTES=60 SEED=7)
	@scripts/soak

microbench: setup ## what the parts of the stages cost: instructions, allocations, time (ONLY="wire links" for some)
	@scripts/microbench $(ONLY)

bench: setup ## measure it end to end, and the ceilings beside it (RUNS=1 CELLS="instant delay" for some)
	@scripts/bench $(CELLS)

lint: setup ## check formatting, Lua, commit subjects, and the compose file where docker compose is there
	@scripts/lint

format: ## rewrite the sources as the formatter wants them
	swift format --in-place --recursive $(swift_sources)

clean: ## remove what was built
	swift package clean
