# The verbs of this project. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help build release test unit soak crash fuzz sanitize demo bench bench-compare lint format install clean dependencies

BUILD ?= .build

help: ## Lists these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dependencies: ## Installs the system packages that building and testing need (Debian, as root)
	@Tests/dependencies

build: dependencies ## Builds everything for debugging
	swift build --build-tests --scratch-path $(BUILD)

release: dependencies ## Builds the program for use: .build-release/release/runner
	swift build -c release --static-swift-stdlib --product runner --scratch-path .build-release

test: ## Runs every test, those on a real throw-away cluster included
	@Tests/run

unit: dependencies ## Runs the tests that need no cluster
	swift test --scratch-path $(BUILD) --skip 'SimulationTests|FuzzTests'
	swift test --scratch-path $(BUILD) --skip-build --filter 'SimulationTests|FuzzTests'

soak: ## Plays RUNS simulated runs (a million) from SEED (1) on, on all cores
	@Tests/soak $(or $(SEED),1) $(or $(RUNS),1000000)

crash: dependencies ## Kills the real program KILLS times (2,000) at moments from SEED (1) on, and fails its disk
	RUNNER_TEST_CRASHES=$(or $(KILLS),2000) RUNNER_TEST_SEED=$(or $(SEED),1) \
		swift test --scratch-path $(BUILD) --filter RunnerTests.CrashTests

fuzz: dependencies ## Gives whatever reads from elsewhere random texts, SECONDS (600) for each of TARGETS (all)
	@Fuzz/run $(or $(SECONDS),600) $(TARGETS)

sanitize: dependencies ## Runs the tests that need no cluster, all but the simulation, under ThreadSanitizer and AddressSanitizer
	@Tests/sanitize

demo: ## Installs ClearML's stand-ins on a throw-away cluster with the shipped workflow, and shows the run
	@Tests/demo

bench: dependencies ## Measures the engine against SQLite itself, for some minutes: Benchmarks/README.md
	swift build -c release --static-swift-stdlib --product benchmarks --scratch-path .build-release
	swift build -c release --static-swift-stdlib --product runner --scratch-path .build-release
	.build-release/release/benchmarks run --runner .build-release/release/runner --output .build-release/bench.json

bench-compare: bench ## Measures, and shows the change against the stored figures
	.build-release/release/benchmarks compare Benchmarks/results/stored.json .build-release/bench.json

lint: ## Checks the form of the sources
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks Fuzz

format: ## Gives the sources their form
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks Fuzz

install: release ## Copies the program and the workflows to $(PREFIX), /usr/local by default
	install -D -m 755 .build-release/release/runner $(or $(PREFIX),/usr/local)/bin/runner
	mkdir -p $(or $(PREFIX),/usr/local)/share/runner
	cp -R workflows $(or $(PREFIX),/usr/local)/share/runner/

clean: ## Removes what was built
	rm -rf .build .build-*
