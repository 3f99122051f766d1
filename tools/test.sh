#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs every test, goes on after a failure, and ends with one line: "N passed, N failed", summed
# over the tests of Rust and of Python. A step that fails without naming a failed test counts as
# one.
set -u
cd "$(dirname "$0")/.."

logs=build/test
rm -rf "$logs"
mkdir -p "$logs"
passed=0
failed=0

# The tests that a log names: count LOG WORD...
count() {
    log=$1
    shift
    for word in "$@"; do
        grep -E '^test result: |^(=+ )?[0-9]+ [a-z]+.* in [0-9.]+s' "$log" | grep -Eo "[0-9]+ $word"
    done | awk '{ sum += $1 } END { print sum + 0 }'
}

# step NAME COMMAND...
step() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    start=$(date +%s)
    { "$@" 2>&1; echo $? > "$logs/$name.status"; } | tee "$logs/$name.log"
    status=$(cat "$logs/$name.status")
    good=$(count "$logs/$name.log" passed)
    bad=$(count "$logs/$name.log" failed error)
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    word=ok
    if [ "$status" -ne 0 ]; then word="FAILED (status $status)"; fi
    printf '%-14s %s, %d passed, %d failed, %d s\n' \
        "$name" "$word" "$good" "$bad" $(($(date +%s) - start)) >> "$logs/summary"
}

python=python3
if [ -x build/venv/bin/python ]; then python=build/venv/bin/python; fi
options=
# By a thread, for a test that hangs within the library gets to no handler of Python.
if $python -c 'import pytest_timeout' 2>/dev/null; then
    options='--timeout=300 --timeout-method=thread'
fi
# Many tests wait, for deadlines to pass above all, so two at a time pay even on one processor.
if $python -c 'import xdist' 2>/dev/null; then options="$options -n 2 --dist worksteal"; fi

step rustfmt cargo fmt --check
step clippy cargo clippy --locked --all-targets -- -D warnings
step clippy-hooks cargo clippy --locked --all-targets --features test-hooks -- -D warnings
step cargo cargo test --locked --no-fail-fast --features test-hooks
step library make all
step testlib make testlib
step examples make c_examples CC=gcc CXX=g++
step examples-clang make c_examples CC=clang CXX=clang++ EXAMPLES=build/examples-clang
step cross sh tools/cross.sh
step sanitize sh tools/sanitize.sh
# shellcheck disable=SC2086
step pytest $python -m pytest -q $options
# The tests of the bindings once more where the library for tests has a backend of its own.
if [ "$(uname -s)" = Linux ]; then
    testlib=$PWD/build/testlib/libwebcore.so
    # shellcheck disable=SC2086
    step python-kqueue env WEBCORE_LIBRARY="$testlib" \
        $python -m pytest -q $options bindings/python/tests -k kqueue
fi

printf '\n== closing lines\n'
cat "$logs/summary"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
