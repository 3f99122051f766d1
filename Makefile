# SPDX-License-Identifier: MIT OR Apache-2.0
# `make` builds the library into build/lib; `make run` serves a site; `make test` runs every test.
# Nothing is built twice: a target depends on the files it is made of, and on the compiler's name.

CC = cc
CXX = c++
CARGO = cargo
PYTHON = python3
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
DESTDIR =
PORT = 8080
EXAMPLES = build/examples

WARNINGS = -Wall -Wextra -Werror -pedantic-errors
CFLAGS = -O2 -g
CXXFLAGS = -O2 -g
C_DIALECT = -std=c99 $(WARNINGS)
CXX_DIALECT = -std=c++98 $(WARNINGS)

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
ABI = 0
LIB = build/lib
ifeq ($(shell uname -s),Darwin)
SHARED = libwebcore.dylib
SHARED_ABI = libwebcore.$(ABI).dylib
SHARED_FULL = libwebcore.$(VERSION).dylib
ORIGIN = @loader_path
else
SHARED = libwebcore.so
SHARED_ABI = libwebcore.so.$(ABI)
SHARED_FULL = libwebcore.so.$(VERSION)
ORIGIN = $$ORIGIN
endif
LINK = -L$(LIB) -lwebcore -Wl,-rpath,'$(ORIGIN)/../lib'

TARGET = $(or $(CARGO_TARGET_DIR),target)
TESTLIB = build/testlib
SOURCES := Cargo.toml Cargo.lock build.rs cbindgen.toml $(shell find src -name '*.rs')
OBJECTS = $(EXAMPLES).o
C_EXAMPLES := $(patsubst c_examples/%.c,%,$(wildcard c_examples/*.c))
WEBSERV := $(wildcard c_examples/webserv98/*.cpp)

.PHONY: all testlib c_examples run test check cross header docs sanitize install clean force
.DELETE_ON_ERROR:

all: $(LIB)/.built

# The old library is unlinked, not written over: a server that runs has its pages mapped, and other
# bytes under it are a crash. install(1) does the same for what is installed.

$(LIB)/.built: $(SOURCES)
	$(CARGO) build --release --locked --lib
	@mkdir -p $(LIB)
	@rm -f $(LIB)/$(SHARED)
	cp $(TARGET)/release/$(SHARED) $(TARGET)/release/libwebcore.a $(LIB)/
	ln -sf $(SHARED) $(LIB)/$(SHARED_ABI)
	@touch $@

# The library as its own tests want it: what they can break in it, and one backend more.

testlib: $(TESTLIB)/.built

$(TESTLIB)/.built: $(SOURCES)
	$(CARGO) build --profile testlib --features test-hooks --locked --lib
	@mkdir -p $(TESTLIB)
	@rm -f $(TESTLIB)/$(SHARED)
	cp $(TARGET)/testlib/$(SHARED) $(TESTLIB)/
	ln -sf $(SHARED) $(TESTLIB)/$(SHARED_ABI)
	@touch $@

# The examples, by any compiler: `make c_examples CC=clang CXX=clang++`.

c_examples: $(addprefix $(EXAMPLES)/,$(C_EXAMPLES) $(if $(WEBSERV),webserv98))

$(OBJECTS)/compilers: force
	@mkdir -p $(@D)
	@echo '$(CC) $(C_DIALECT) $(CFLAGS) $(CXX) $(CXX_DIALECT) $(CXXFLAGS)' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(OBJECTS)/%.o: c_examples/%.c $(OBJECTS)/compilers
	@mkdir -p $(@D)
	$(CC) $(C_DIALECT) $(CFLAGS) -MMD -MP -Iinclude -c $< -o $@

$(OBJECTS)/%.o: c_examples/%.cpp $(OBJECTS)/compilers
	@mkdir -p $(@D)
	$(CXX) $(CXX_DIALECT) $(CXXFLAGS) -MMD -MP -Iinclude -c $< -o $@

$(addprefix $(EXAMPLES)/,$(C_EXAMPLES)): $(EXAMPLES)/%: $(OBJECTS)/%.o $(LIB)/.built
	@mkdir -p $(@D)
	$(CC) $< -o $@ $(LINK)

$(EXAMPLES)/webserv98: $(WEBSERV:c_examples/%.cpp=$(OBJECTS)/%.o) $(LIB)/.built
	@mkdir -p $(@D)
	$(CXX) $(filter %.o,$^) -o $@ $(LINK)

-include $(wildcard $(OBJECTS)/*.d $(OBJECTS)/*/*.d)

# A site served by a C++98 program.

run:
	@sh tools/setup.sh run
	@$(MAKE) --no-print-directory c_examples
	@echo 'open http://127.0.0.1:$(PORT)/ in a browser; Ctrl-C ends it'
	@$(EXAMPLES)/webserv98 $(PORT) c_examples/webserv98/www

# Tests: all of them, or those that take seconds.

test:
	@sh tools/setup.sh test
	@sh tools/test.sh

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked --lib --test header --test docs --test tidy

# The library for the systems that have kqueue(2), as far as that can be told from here:
# `make cross SYSTEMS='freebsd macos'` for some of them.

SYSTEMS =

cross:
	@sh tools/cross.sh $(SYSTEMS)

# The tests in C and the examples under the address sanitizer and the thread sanitizer; part of test.

sanitize:
	@sh tools/setup.sh test
	@sh tools/sanitize.sh
	@python=build/venv/bin/python; [ -x $$python ] || python=$(PYTHON); \
		$$python -m pytest -q -rs tests/test_sanitize.py

# Generated files: the header, the list of symbols and the prototypes of Python; the documents.
# Their tests hold them fresh.

header:
	WC_BLESS=1 $(CARGO) test --locked --quiet --test header
	$(PYTHON) bindings/python/generate.py include/webcore.h

docs: header
	WC_BLESS=1 $(CARGO) test --locked --quiet --test docs

# bench-echo, bench-http, bench-reactor, bench-syscalls.

include benches/bench.mk

install: all
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)
	install -m 755 $(LIB)/$(SHARED) $(DESTDIR)$(LIBDIR)/$(SHARED_FULL)
	ln -sf $(SHARED_FULL) $(DESTDIR)$(LIBDIR)/$(SHARED_ABI)
	ln -sf $(SHARED_ABI) $(DESTDIR)$(LIBDIR)/$(SHARED)
	install -m 644 $(LIB)/libwebcore.a $(DESTDIR)$(LIBDIR)/
	install -m 644 $(wildcard include/*.h include/*.hpp) $(DESTDIR)$(INCLUDEDIR)/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' tools/webcore.pc.in \
		> $(DESTDIR)$(LIBDIR)/pkgconfig/webcore.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/webcore.pc

clean:
	$(CARGO) clean
	rm -rf build
