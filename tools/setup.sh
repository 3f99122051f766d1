#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes sure that the tools are there: `setup.sh run` for what builds the library and the examples,
# `setup.sh test` for what the tests use as well, `setup.sh cross` for what tools/cross.sh uses,
# which it prints. What is missing is installed by the system's package manager if that is
# permitted, else named. It is fast when nothing is missing.
set -eu
cd "$(dirname "$0")/.."

RUST_MAJOR=1
RUST_MINOR=88
PYTEST='pytest==8.3.5 pytest-timeout==2.3.1 pytest-xdist==3.6.1'
ZIGLANG='ziglang==0.17.1'

# Half a gigabyte is not fetched for each clone.
zig=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/webcore-cross/zig

has() { command -v "$1" >/dev/null 2>&1; }

# Whether a Rust is: rust_is_new_enough [DIRECTORY/]
rust_is_new_enough() {
    has "${1-}cargo" && has "${1-}rustc" || return 1
    version=$("${1-}rustc" --version 2>/dev/null | cut -d' ' -f2)
    major=${version%%.*}
    minor=${version#*.}
    minor=${minor%%.*}
    [ "${major:-0}" -gt $RUST_MAJOR ] ||
        { [ "${major:-0}" -eq $RUST_MAJOR ] && [ "${minor:-0}" -ge $RUST_MINOR ]; }
}

rust_has() { cargo "$1" --version >/dev/null 2>&1; }

# Where the programs of a Rust are that has the source of its standard library, and its lints. The
# one of the system may be another than the first.
rust_with_source() {
    for each in rustc /usr/bin/rustc; do
        place=$($each --print sysroot 2>/dev/null) || continue
        rust_is_new_enough "$place/bin/" || continue
        [ -d "$place/lib/rustlib/src/rust/library/std" ] || continue
        [ -x "$place/bin/cargo-clippy" ] || continue
        echo "$place/bin"
        return 0
    done
    return 1
}

zig_works() { "$zig/bin/python-zig" version >/dev/null 2>&1; }

venv_works() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }

pytest_is_there() {
    build/venv/bin/python -c 'import pytest' >/dev/null 2>&1 ||
        python3 -c 'import pytest' >/dev/null 2>&1
}

# The tools that are missing, by the names of the programs.
missing() {
    if [ "$1" = cross ]; then
        rust_with_source >/dev/null || printf 'rust-src '
        for tool in python3 nm; do has $tool || printf '%s ' $tool; done
        if has python3 && ! zig_works && ! venv_works; then printf 'venv '; fi
        return 0
    fi
    rust_is_new_enough || printf 'rust '
    for tool in cc c++; do has $tool || printf '%s ' $tool; done
    has make || printf 'make '
    [ "$1" = test ] || return 0
    rust_has fmt || printf 'rustfmt '
    rust_has clippy || printf 'clippy '
    for tool in gcc g++ clang clang++ python3 curl nm; do has $tool || printf '%s ' $tool; done
    if [ "$(uname -s)" = Linux ]; then
        for tool in valgrind strace; do has $tool || printf '%s ' $tool; done
    fi
    if has python3 && ! pytest_is_there && ! venv_works; then printf 'venv '; fi
}

# The packages of a tool: package_of MANAGER TOOL.
package_of() {
    case "$1:$2" in
        apt-get:rust) echo "$apt_rust" ;;
        apt-get:rustfmt) echo "$apt_rustfmt" ;;
        apt-get:clippy) echo "$apt_clippy" ;;
        apt-get:rust-src) echo "$apt_rust $apt_clippy $apt_source" ;;
        dnf:rust-src) echo 'rust cargo clippy rust-src' ;;
        apk:rust-src) echo 'rust cargo rust-clippy rust-src' ;;
        pacman:rust-src) echo 'rust rust-src' ;;
        apt-get:venv) echo python3-venv ;;
        dnf:rust | pacman:rust | apk:rust) [ "$1" = pacman ] && echo rust || echo 'rust cargo' ;;
        brew:rust | brew:rustfmt | brew:clippy) echo rust ;;
        pacman:rustfmt | pacman:clippy) echo rust ;;
        apk:clippy) echo rust-clippy ;;
        dnf:c++ | dnf:g++) echo gcc-c++ ;;
        pacman:c++ | pacman:g++) echo gcc ;;
        apk:c++ | apk:g++ | apk:cc | apk:gcc) echo build-base ;;
        *:cc) echo gcc ;;
        *:c++) echo g++ ;;
        *:clang++) echo clang ;;
        *:nm) echo binutils ;;
        pacman:python3 | pacman:venv) echo python ;;
        *:venv) echo python3 ;;
        *) echo "$2" ;;
    esac
}

# Debian keeps a newer Rust beside its own; the newest of the two is chosen.
choose_apt_rust() {
    apt_rust='cargo rustc' apt_rustfmt=rustfmt apt_clippy=rust-clippy apt_source=rust-src
    if apt-cache show rustc-web >/dev/null 2>&1; then
        apt_rust='cargo-web rustc-web' apt_source=rust-web-src
        apt_rustfmt=rustfmt-web apt_clippy=rust-web-clippy
        apt-cache show rustfmt-web >/dev/null 2>&1 || apt_rustfmt=rustfmt
        apt-cache show rust-web-clippy >/dev/null 2>&1 || apt_clippy=rust-clippy
    fi
}

# What may install: empty for root, "sudo -n" where that works, else a command that fails.
privilege() {
    if [ "$(id -u)" -eq 0 ]; then
        echo ''
    elif has sudo && sudo -n true 2>/dev/null; then
        echo 'sudo -n'
    else
        echo false
    fi
}

install_tools() {
    as=$(privilege)
    [ "$as" != false ] || has brew || return 0
    if has apt-get; then
        $as apt-get update -q >&2 || true
        choose_apt_rust
        manager=apt-get
        install='apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300'
    elif has dnf; then
        manager=dnf install='dnf install -y -q'
    elif has pacman; then
        manager=pacman install='pacman -Sy --noconfirm --needed'
    elif has apk; then
        manager=apk install='apk add -q'
    elif has brew; then
        manager=brew install='brew install -q' as=''
    else
        return 0
    fi
    # A package that does not exist must not keep the others away, hence one by one.
    for tool in $1; do
        # shellcheck disable=SC2046,SC2086
        DEBIAN_FRONTEND=noninteractive $as $install $(package_of $manager "$tool") >&2 || true
    done
}

# rustup, where it is the one that rules, knows the parts of Rust by its own names.
install_by_rustup() {
    has rustup || return 0
    case " $1" in *' rust '*) rustup toolchain install stable --profile minimal >&2 || true ;; esac
    case " $1" in *' rustfmt '*) rustup component add rustfmt >&2 || true ;; esac
    case " $1" in *' clippy '*) rustup component add clippy >&2 || true ;; esac
    case " $1" in *' rust-src '*) rustup component add rust-src clippy >&2 || true ;; esac
}

prepare_pytest() {
    build/venv/bin/python -c 'import pytest, pytest_timeout, xdist' >/dev/null 2>&1 && return 0
    mkdir -p build
    # shellcheck disable=SC2086
    if venv_works && python3 -m venv build/venv >&2 &&
        build/venv/bin/python -m pip install -q --disable-pip-version-check $PYTEST >&2; then
        return 0
    fi
    rm -rf build/venv
    pytest_is_there
}

prepare_zig() {
    zig_works && return 0
    mkdir -p "$zig"
    python3 -m venv "$zig" >&2 &&
        "$zig/bin/python" -m pip install -q --disable-pip-version-check $ZIGLANG >&2 &&
        zig_works
}

wanted=${1:-test}
lacking=$(missing "$wanted")
if [ -n "$lacking" ]; then
    echo "setup: installing $lacking" >&2
    install_by_rustup "$lacking"
    install_tools "$(missing "$wanted")"
    lacking=$(missing "$wanted")
fi
if [ "$wanted" = test ] && [ -z "$lacking" ] && ! prepare_pytest; then
    lacking='pytest '
fi
if [ "$wanted" = cross ] && [ -z "$lacking" ] && ! prepare_zig; then
    lacking='ziglang (a package of Python) '
fi
if [ -n "$lacking" ]; then
    case $lacking in
        'rust '*) lacking="cargo and rustc >= $RUST_MAJOR.$RUST_MINOR, ${lacking#rust }" ;;
    esac
    echo "setup: please install: $lacking" >&2
    exit 1
fi
if [ "$wanted" = cross ]; then
    printf 'rust: %s\nzig: %s\n' "$(rust_with_source)" "$zig/bin/python-zig"
fi
