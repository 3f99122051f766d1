#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the library for tests under a sanitizer: `sanitize.sh address`, `sanitize.sh thread`, or
# both, into build/sanitize/NAME; tests/test_sanitize.py runs programs with it. Where the tools are
# missing and cannot be installed it says so in one line and builds nothing.
#
# The compiler of the C side links the sanitizer's runtime, so it has to be of the LLVM that rustc
# is of. The thread sanitizer has to see the locks of Rust's standard library as well, which is
# built with it; that takes a minute or two, once, and is kept outside the clone.
set -u
cd "$(dirname "$0")/.."

CLANG=clang-22
TARGET=$(uname -m)-unknown-linux-gnu
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/webcore-sanitize

has() { command -v "$1" > /dev/null 2>&1; }

clang_works() {
    has $CLANG && echo 'int main(void) { return 0; }' |
        $CLANG -x c -fsanitize=thread - -o /dev/null 2> /dev/null
}

# A Rust of the system that has the source of its standard library.
rust_with_source() {
    [ -x /usr/bin/cargo ] && place=$(/usr/bin/rustc --print sysroot 2> /dev/null) &&
        [ -d "$place/lib/rustlib/src/rust/library/std" ]
}

install() {
    has apt-get || return 1
    as=
    if [ "$(id -u)" -ne 0 ]; then
        has sudo && sudo -n true 2> /dev/null || return 1
        as=sudo
    fi
    DEBIAN_FRONTEND=noninteractive $as apt-get install -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" > /dev/null 2>&1
}

# What the sanitizer needs, if it is not there.
lacking() {
    clang_works || install $CLANG libclang-rt-22-dev llvm-22
    clang_works || echo "$CLANG and its runtimes"
    [ "$1" = address ] || rust_with_source || install rustc-web cargo-web rust-web-src
    [ "$1" = address ] || rust_with_source || echo 'a Rust with the source of its library'
}

# A directory of its own for each, and not that of the clone: flags and compiler are others.
build() {
    export CARGO_TARGET_DIR="$cache/$1" RUSTFLAGS="-Zsanitizer=$1 -Zexternal-clangrt"
    sanitizer=$1
    set -- build --locked --quiet --lib --features test-hooks --target "$TARGET"
    case $sanitizer in
        address) cargo "$@" ;;
        thread) RUSTC=/usr/bin/rustc /usr/bin/cargo "$@" -Zbuild-std=std,panic_unwind ;;
    esac
}

[ "$(uname -s)" = Linux ] || { echo 'sanitize: skipped: for Linux only'; exit 0; }
unset CARGO_BUILD_TARGET
export RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only
mkdir -p "$cache"
# Two clones share the cache, and each its own results.
if has flock; then
    exec 9> "$cache/lock"
    flock 9
fi
for name in ${*:-address thread}; do
    out=build/sanitize/$name
    rm -rf "$out"
    missing=$(lacking "$name")
    if [ -n "$missing" ]; then
        echo "sanitize: $name: skipped: please install $missing"
        continue
    fi
    build "$name" || { echo "sanitize: $name: the library cannot be built"; exit 1; }
    mkdir -p "$out"
    cp "$cache/$name/$TARGET/debug/libwebcore.so" "$out/"
    ln -s libwebcore.so "$out/libwebcore.so.0"
    echo "sanitize: $name: built"
done
