#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the library for the systems that have kqueue(2), on a machine that is none of them, and
# compares it with what those systems say: `cross.sh` for all of them, `cross.sh freebsd macos` for
# some. It proves types, constants and symbols, not behaviour.
#
# It needs a Rust with the source of its standard library, and zig for the headers and libraries of
# the systems; setup.sh fetches them where that is permitted. What takes time is kept outside the
# clone, in $XDG_CACHE_HOME/webcore-cross.
set -u
cd "$(dirname "$0")/.." || exit

cache=${XDG_CACHE_HOME:-$HOME/.cache}/webcore-cross
logs=build/cross
golden=tests/golden/symbols.txt
passed=0
failed=0

# The name of a system at rustc.
rust_of() {
    case $1 in
        freebsd | netbsd | openbsd | dragonfly) echo "x86_64-unknown-$1" ;;
        macos) echo aarch64-apple-darwin ;;
        *)
            echo "cross: $1? There are freebsd, macos, netbsd, openbsd, dragonfly" >&2
            return 1
            ;;
    esac
}

# Its name at zig; nothing where zig has no headers and no libraries of it.
zig_of() {
    case $1 in
        freebsd | netbsd | openbsd) echo "x86_64-$1" ;;
        macos) echo aarch64-macos ;;
    esac
}

# The call by which the library asks the system for events, with its version where it has one.
kevent_of() {
    case $1 in
        freebsd) echo kevent@FBSD_1.5 ;;
        netbsd) echo __kevent50 ;;
        openbsd) echo kevent ;;
    esac
}

# Runs one check: try WHAT COMMAND...
try() {
    what=$1
    shift
    if "$@" > "$logs/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $what"
    else
        failed=$((failed + 1))
        echo "FAILED  $what"
        sed 's/^/    /' "$logs/log"
        return 1
    fi
}

# A check must be able to fail. This command is wrong on purpose, and says so: refused WORD
# COMMAND...
refused() {
    word=$1
    shift
    if "$@" > "$logs/refusal" 2>&1; then return 1; fi
    cat "$logs/refusal"
    grep -q "$word" "$logs/refusal"
}

# cargo SYSTEMS VERB OPTION...
cargo_for() {
    systems=$1
    verb=$2
    shift 2
    for each in $systems; do set -- --target "$(rust_of "$each")" "$@"; done
    "$bin/cargo$([ "$verb" = clippy ] && echo -clippy)" "$verb" --locked --keep-going \
        -Zbuild-std=std,panic_unwind,test -Zbuild-std-features= "$@"
}

# The library, and with what its tests add the tests too: they are what runs on such a machine.
# Three lints are left out: a conversion that one system needs is none on another, and where
# thread-locals are no part of the machine's code the third reports what has no fault.
lints() {
    for part in --lib '--all-targets --features test-hooks'; do
        # shellcheck disable=SC2086
        cargo_for "$1" clippy $part -- -D warnings \
            -A clippy::unnecessary_cast -A clippy::useless_conversion \
            -A clippy::missing_const_for_thread_local || return 1
    done
}

links() { cargo_for "$1" build --lib; }

zig_cc() { "$zig" cc -target "$(zig_of "$system")" -Wall -Wextra -Werror -Iinclude "$@"; }

# The names that an ELF library has or wants: names_of LIBRARY --defined-only|--undefined-only
names_of() { nm -D --format=posix "$2" "$1" | cut -d' ' -f1 | LC_ALL=C sort; }

exports_the_header() {
    names_of "$1" --defined-only > "$logs/symbols"
    diff "$2" "$logs/symbols"
}

# A program that names every function of the list and one of its own.
calls_all() {
    while read -r name; do echo "extern void $name(void);"; done < "$1"
    echo 'typedef void (*function)(void);'
    echo 'extern const function all[];'
    echo 'const function all[] = {'
    while read -r name; do echo "    $name,"; done < "$1"
    echo '};'
    echo 'int main(void) { return all[0] == 0; }'
}

# links_with_all LIST: what the linker refuses, the library does not export.
links_with_all() {
    calls_all "$1" > "$logs/all.c"
    zig_cc -std=c99 "$logs/all.c" -o "$logs/all" -L"$out" -lwebcore
}

wants() { names_of "$1" --undefined-only | grep -Fx "$2"; }

# The facts of src/sys/layout as assertions in C: facts FILE
facts() {
    for header in sys/types sys/event sys/resource sys/select sys/socket sys/time sys/uio sys/un \
        sys/wait netinet/in netinet/tcp errno fcntl netdb poll signal stddef time; do
        echo "#include <$header.h>"
    done
    sed -n 's/^    \(.* == .*\);$/_Static_assert(\1, "\1");/p' "$1"
}

agrees() {
    facts "$1" > "$logs/facts.c"
    [ "$(grep -c '^_Static_assert' "$logs/facts.c")" -gt 100 ] || return 1
    zig_cc -std=c11 -c "$logs/facts.c" -o "$logs/facts.o"
}

takes_header() {
    echo '#include "webcore.h"' > "$logs/header.$2"
    zig_cc "-std=$1" -pedantic-errors -Wundef -c "$logs/header.$2" -o "$logs/header.o"
}

# zig's headers of NetBSD call __kevent100, which its library does not have.
builds_example() {
    set -- "c_examples/$1.c" "$logs/$system/$1"
    if [ "$system" = netbsd ] && grep -q '<sys/event.h>' "$1"; then
        zig_cc -std=c99 -pedantic-errors -c "$1" -o "$2.o"
    else
        zig_cc -std=c99 -pedantic-errors "$1" -o "$2" -L"$out" -lwebcore
    fi
}

# What zig knows of the system, against the library in $out.
compare() {
    mkdir -p "$logs/$system"
    library=$out/libwebcore.so
    { cat $golden && echo wc_no_such_function; } > "$logs/wrong-symbols"
    sed 's/EVFILT_READ == /EVFILT_READ == 7/' "src/sys/layout/$system.rs" > "$logs/wrong-facts"
    try "$system: a program links with every function" links_with_all $golden
    try "$system: and not with another" \
        refused wc_no_such_function links_with_all "$logs/wrong-symbols"
    # zig's linker for macOS exports every name, whatever rustc asks for.
    if [ "$system" != macos ]; then
        try "$system: nothing else is exported" exports_the_header "$library" $golden
        try "$system: a wrong list is noticed" \
            refused wc_no_such_function exports_the_header "$library" "$logs/wrong-symbols"
        try "$system: it calls $(kevent_of "$system")" wants "$library" "$(kevent_of "$system")"
    fi
    try "$system: its headers say what src/sys/layout says" agrees "src/sys/layout/$system.rs"
    try "$system: a wrong fact is noticed" \
        refused 'static assertion failed' agrees "$logs/wrong-facts"
    try "$system: webcore.h as C89" takes_header c89 c
    try "$system: webcore.h as C++98" takes_header c++98 cpp
    for example in c_examples/*.c; do
        example=$(basename "$example" .c)
        try "$system: c_examples/$example.c" builds_example "$example"
    done
}

# The linker of each system, under a name that never changes: cargo builds everything anew when it
# does. The libc crate names libraries that zig has no stubs of; were a function of one of them
# needed, `-z defs` would say that it is missing.
write_linkers() {
    mkdir -p "$cache/ld"
    for each in $1; do
        name=$(zig_of "$each")
        [ -n "$name" ] || continue
        strict=-Wl,-z,defs
        [ "$each" != macos ] || strict=
        cat > "$cache/ld/$each.new" <<LINKER
#!/bin/sh
for arg; do
    shift
    case \$arg in
        -lkvm | -lmemstat | -lprocstat | -ldevstat | -liconv) ;;
        *) set -- "\$@" "\$arg" ;;
    esac
done
exec "$zig" cc -target $name "\$@" $strict
LINKER
        chmod +x "$cache/ld/$each.new"
        mv "$cache/ld/$each.new" "$cache/ld/$each"
        variable=$(rust_of "$each" | tr 'a-z-' 'A-Z_')
        export "CARGO_TARGET_${variable}_LINKER=$cache/ld/$each"
    done
}

all='freebsd macos netbsd openbsd dragonfly'
wanted=${*:-$all}
for system in $wanted; do rust_of "$system" > /dev/null || exit 2; done

mkdir -p "$logs" "$cache"
if ! tools=$(sh tools/setup.sh cross 2> "$logs/setup"); then
    echo "cross: skipped: $(sed -n 's/^setup: //p' "$logs/setup" | tail -n 1)"
    exit 0
fi
bin=$(echo "$tools" | sed -n 's/^rust: //p')
zig=$(echo "$tools" | sed -n 's/^zig: //p')
# Two clones share the cache, and each its own results.
if command -v flock > /dev/null; then
    exec 9> "$cache/lock"
    flock 9
fi
unset RUSTFLAGS
export PATH="$bin:$PATH" CARGO="$bin/cargo" RUSTC="$bin/rustc" RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$cache/target" CARGO_INCREMENTAL=0
# rust-objcopy, which would strip for macOS, is not part of every Rust.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_STRIP=none
# Apple's own is only looked for where this is not set.
export SDKROOT="$cache"
export ZIG_GLOBAL_CACHE_DIR="$cache/zig-cache" ZIG_LOCAL_CACHE_DIR="$cache/zig-cache"

write_linkers "$wanted"
linked=
for system in $wanted; do [ -z "$(zig_of "$system")" ] || linked="$linked $system"; done
# Everything at once first, so that no processor idles; then what each of them says.
[ -z "$linked" ] || links "$linked" > "$logs/build" 2>&1
lints "$wanted" > "$logs/lint" 2>&1
for system in $wanted; do
    try "$system: types, constants and lints" lints "$system"
    [ -n "$(zig_of "$system")" ] || continue
    out=$CARGO_TARGET_DIR/$(rust_of "$system")/debug
    try "$system: links" links "$system" && compare
done

echo "test result: cross. $passed passed; $failed failed"
[ "$failed" -eq 0 ]
