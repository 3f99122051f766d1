# SPDX-License-Identifier: MIT OR Apache-2.0
# The benchmarks. Included by the Makefile, which defines c_examples;
# `bench-programs` alone needs nothing from it.
# BENCH_ARGS goes to benches/run.py: make bench-echo BENCH_ARGS=--quick

BENCH_DIR := build/bench
BENCH_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror
BENCH_PROGRAMS := $(addprefix $(BENCH_DIR)/,echo_floor http_floor load)
BENCH_EXAMPLES := build/examples
BENCH_PYTHON ?= python3

# What benches/reactor_NAME.c needs: a header, and libraries.
REACTOR_PEERS := libuv libev libevent
REACTOR_HEADER_libuv := uv.h
REACTOR_LIBS_libuv := -luv
REACTOR_HEADER_libev := ev.h
REACTOR_LIBS_libev := -lev
REACTOR_HEADER_libevent := event2/event.h
REACTOR_LIBS_libevent := -levent_core -levent_pthreads
REACTOR_CC := $(CC) $(BENCH_CFLAGS) -pthread
REACTOR_OWN := $(addprefix $(BENCH_DIR)/reactor_,floor webcore)
REACTOR_OTHERS := $(addprefix $(BENCH_DIR)/reactor_,$(REACTOR_PEERS))

.PHONY: bench-programs bench-echo bench-http bench-syscalls bench-reactor reactor-programs

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

# The event loops beside each other; those that are not installed are left out. The library has to
# be in build/lib for `reactor-programs`.

bench-reactor: all reactor-programs
	$(BENCH_PYTHON) benches/reactor.py $(BENCH_ARGS)

reactor-programs: $(REACTOR_OWN) $(REACTOR_OTHERS)

$(REACTOR_OWN) $(REACTOR_OTHERS): benches/reactor.h

$(BENCH_DIR)/reactor_floor: benches/reactor_floor.c
	@mkdir -p $(@D)
	$(REACTOR_CC) $< -o $@

$(BENCH_DIR)/reactor_webcore: benches/reactor_webcore.c include/webcore.h
	@mkdir -p $(@D)
	$(REACTOR_CC) -Iinclude $< -o $@ -Lbuild/lib -lwebcore -Wl,-rpath,'$$ORIGIN/../lib'

$(REACTOR_OTHERS): $(BENCH_DIR)/reactor_%: benches/reactor_%.c
	@mkdir -p $(@D)
	@if echo '#include <$(REACTOR_HEADER_$*)>' | $(CC) -E - >/dev/null 2>&1; then \
		$(REACTOR_CC) $< -o $@ $(REACTOR_LIBS_$*); \
	else \
		rm -f $@; echo '$*: left out, no $(REACTOR_HEADER_$*)'; \
	fi
