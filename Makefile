# Putback: the same commands on a laptop and in CI. `make help` lists them.

SWIFT ?= swift
PYTEST = .build/venv/bin/python -m pytest
# Many end-to-end tests wait for a deadline: three processes keep two processors busy.
TEST_PROCESSES ?= 3
SIDE_BY_SIDE = -n $(TEST_PROCESSES) --dist loadfile

# A sanitizer's report must fail the run even where the process goes on, and must not wait for a backtrace.
export SWIFT_BACKTRACE ?= enable=no
ASAN = ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:exitcode=99:quarantine_size_mb=64 \
	LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/lsan.supp:print_suppressions=0
TSAN = TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:exitcode=99

.DEFAULT_GOAL := help
.PHONY: help setup build demo test image-check man costs leaves test-asan test-tsan lint bench fuzz clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install what building and testing need, if it is missing
	@Tests/setup.sh python

# The runtime linked in: one file to copy, smaller and quicker to start than with Swift's shared libraries beside it.
# Optimised once more as a whole at link time, over the borders of modules: a tenth fewer instructions for an upload.
RELEASE = -c release --static-swift-stdlib --experimental-lto-mode=full -Xswiftc -use-ld=lld

build: ## release build in .build/release
	@Tests/setup.sh system
	$(SWIFT) build $(RELEASE) --product putback

demo: build ## a gateway, a store and an app on this machine, with an upload page
	.build/release/putback demo

test: setup build build-leaves ## every test, as CI runs them
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build
	@$(MAKE) --no-print-directory fuzz-quick
	PUTBACK=.build/debug/putback $(PYTEST) $(SIDE_BY_SIDE) Tests/EndToEnd
	$(PYTEST) Tests/Packaging
	$(PYTEST) Tests/Costs

image-check: setup ## every step of docker/Dockerfile, compiling too, in a Debian tree; the tests of the image on what comes out
	PUTBACK_IMAGE=compile $(PYTEST) Tests/Packaging/test_image.py

man: build ## man page and completions of bash, zsh and fish in .build/man
	docker/man/generate .build/release/putback .build/man

costs: setup build build-leaves ## of the release build: allocations, instructions, memory, against thresholds
	$(PYTEST) Tests/Costs

test-asan: setup ## every test under the address and leak sanitizers
	$(SWIFT) build --build-tests --sanitize=address --scratch-path .build-asan
	$(ASAN) $(SWIFT) test --skip-build --sanitize=address --scratch-path .build-asan
	$(ASAN) PUTBACK_SANITIZED=1 PUTBACK=.build-asan/debug/putback $(PYTEST) $(SIDE_BY_SIDE) Tests/EndToEnd

test-tsan: setup ## every test under the thread sanitizer
	$(SWIFT) build --build-tests --sanitize=thread --scratch-path .build-tsan
	$(TSAN) $(SWIFT) test --skip-build --sanitize=thread --scratch-path .build-tsan
	$(TSAN) PUTBACK_SANITIZED=1 PUTBACK=.build-tsan/debug/putback $(PYTEST) $(SIDE_BY_SIDE) Tests/EndToEnd

lint: ## format and architecture rules
	@Tests/setup.sh system
	$(SWIFT) format lint --strict -r Package.swift Sources Tests
	$(SWIFT) test --filter ArchitectureTests

bench: build ## beside nginx and HAProxy; QUICK=1, CASES="B1 B5", PEERS="nginx caddy"
	$(MAKE) -C Tests/Benchmarks
	$(MAKE) leaves

# The switch only adds a target, so what `make build` made is used again.
.PHONY: build-leaves
build-leaves:
	@Tests/setup.sh system
	PUTBACK_BENCH=1 $(SWIFT) build $(RELEASE) --product leaves

leaves: build-leaves ## time and allocations of single functions on the path of an upload
	@$(MAKE) --silent -C Tests/Benchmarks leaves

FUZZ_SECONDS ?= 60
FUZZ_TARGETS = heads answers chunks forms query json xml ranges templates callbacks clientcallbacks putpolicies images \
	signatures completions policies oss tos us3 verdicts config

# Two at a time; each says one line, and one that finds something fails them all in the end.
fuzz: ## each parser for FUZZ_SECONDS (60) under libFuzzer
	@Tests/setup.sh system
	PUTBACK_FUZZ=1 $(SWIFT) build --scratch-path .build-fuzz --product fuzz -Xswiftc -sanitize=fuzzer
	@printf '%s\n' $(FUZZ_TARGETS) | xargs -P 2 -n 1 Tests/Fuzz/run $(FUZZ_SECONDS)

.PHONY: fuzz-quick
fuzz-quick: ## the same for ten seconds each
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10

clean: ## remove everything that was built
	rm -rf .build .build-asan .build-tsan .build-fuzz
