# SPDX-License-Identifier: MIT OR Apache-2.0
# The benchmarks. Included by the Makefile, which defines c_examples;
# `bench-programs` alone needs nothing from it.
# BENCH_ARGS goes to benches/run.py: make bench-echo BENCH_ARGS=--quick

BENCH_DIR := build/bench
BENCH_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror
BENCH_PROGRAMS := $(addprefix $(BENCH_DIR)/,echo_floor http_floor load)
BENCH_EXAMPLES := build/examples
BENCH_PYTHON ?= python3

.PHONY: bench-programs bench-echo bench-http bench-syscalls

bench-programs: $(BENCH_PROGRAMS)

$(BENCH_DIR)/echo_floor $(BENCH_DIR)/http_floor: benches/floor.h

$(BENCH_PROGRAMS): $(BENCH_DIR)/%: benches/%.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) $< -o $@

bench-echo: bench-programs c_examples
	$(BENCH_PYTHON) benches/run.py echo --floor $(BENCH_DIR)/echo_floor \
		--load $(BENCH_DIR)/load --server webcore=$(BENCH_EXAMPLES)/echo_length $(BENCH_ARGS)

bench-http: bench-programs c_examples
	$(BENCH_PYTHON) benches/run.py http --floor $(BENCH_DIR)/http_floor \
		--load $(BENCH_DIR)/load --server webcore=$(BENCH_EXAMPLES)/http_hello $(BENCH_ARGS)

bench-syscalls: bench-programs c_examples
	$(BENCH_PYTHON) benches/syscalls.py --load $(BENCH_DIR)/load $(BENCH_EXAMPLES)/echo_length
