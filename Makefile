# Sextant. `make` alone says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
KUBERNETES ?= ../shared/kubernetes
.PHONY: help deps build up down test test-kubernetes bench storm fuzz

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@echo '  make up DESC=my.yml   rehearses your own description'

deps: ## install what is missing: Debian packages (as root) and node_modules
	@vm-cluster/install-packages
	@vm-cluster/install-node-modules

build: deps ## compile both programs into dist/
	@npm run -s build

up: build ## a rack of virtual machines that install themselves over the network
	@node --import tsx vm-cluster/main.ts up $(DESC)

down: ## remove every process, namespace and disk that `make up`, or a test that was interrupted, left here
	@[ ! -d node_modules ] || node --import tsx vm-cluster/main.ts down

test: build ## format, lint, types, unit, contract and protocol tests, and the rack
	@npm run -s lint
	@npm run -s types
	@npx vitest run --project quick --project rack $(if $(wildcard $(KUBERNETES)/release),--project kubeadm)

test-kubernetes: build ## a rack that becomes a real Kubernetes cluster (KUBERNETES=folder, or a release from the internet)
	@npx vitest run --project kubernetes

bench: deps ## DHCP, TFTP, DNS and the builder beside other programs, on the same work (BENCH=--quick for a look)
	@node --import tsx bench/main.ts $(BENCH)

storm: build ## 1000 simulated machines powered on at once, beside other servers (STORM='--machines 100 --only ours')
	@node --import tsx bench/storm/main.ts $(STORM)

fuzz: deps ## every codec against changed bytes (SECONDS=30 for each TARGET=dhcp-packet, or all)
	@node --import tsx test/fuzz/main.ts --seconds $(or $(SECONDS),30) $(if $(TARGET),--target $(TARGET))
