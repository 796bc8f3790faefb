# Everything a person does here has a target; `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build install uninstall run pubsub-demo test chaos soak bench slack shedding microbench lint format clean \
	image compose-up compose-down test-compose check-deploy \
	deploy-ap-on-k8s undeploy-ap-on-k8s deploy-ap-emulated-on-kind undeploy-ap-emulated-on-kind test-kubernetes \
	release-check

swift_sources := Package.swift Sources Tests bench

# For scripts/install, if they are given here.
export PREFIX DESTDIR SYSCONFDIR BIN

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 36

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

image: ## build the container image, async-processor:<version> (IMAGE_TAG_BASE=, IMAGE_TAG=; BIN=folder packs what is there)
	@scripts/image $(if $(BIN),--prebuilt $(BIN))

compose-up: ## build the image and start everything in containers (QUEUE=sortedset or pubsub; PROFILES=observability)
	@scripts/compose up

compose-down: ## stop the containers again (VOLUMES=1 removes what Redis and Prometheus have kept, too)
	@scripts/compose down

test-compose: setup ## the image and compose under load and faults, on a real engine (CONTAINERS=0 for not; BIN=folder)
	@scripts/test-compose

check-deploy: ## manifests and chart: do they render, are they valid, the same, and do their flags exist (BIN=folder)
	@scripts/check-deploy

deploy-ap-on-k8s: ## deploy on the cluster of KUBE_CONTEXT, by default kubectl's current one (settings: .env, docs/deploy.md)
	@scripts/deploy-on-kubernetes

undeploy-ap-on-k8s: ## remove that again; the data of its Redis stays (DELETE_NAMESPACES=true removes it)
	@scripts/undeploy-from-kubernetes

deploy-ap-emulated-on-kind: ## deploy with a Redis and a simulated gateway on a kind cluster, made if there is none
	@scripts/deploy-on-kind

undeploy-ap-emulated-on-kind: ## delete that cluster
	@scripts/undeploy-from-kind

test-kubernetes: ## break a deployment of its own on the cluster of KUBE_CONTEXT, and count that nothing is lost
	@scripts/test-kubernetes

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

slack: build ## measure what asynchronous work fits beside online users, and its price (SEEDS="1 2"; RUNS="target" for some; ENGINE=http://… for a real server)
	@$(if $(ENGINE),scripts/slack-engine,scripts/slack $(RUNS))

shedding: build ## measure what is done behind gateways that refuse, with too many slots
	@scripts/shedding

lint: setup ## check formatting, Lua, commit subjects, and compose and its Dockerfiles where their checkers are there
	@scripts/lint

release-check: ## check all that a release needs, and change nothing (SKIP="test image" for less)
	@scripts/release-check

format: ## rewrite the sources as the formatter wants them
	swift format --in-place --recursive $(swift_sources)

clean: ## remove what was built
	swift package clean
