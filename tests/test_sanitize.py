# SPDX-License-Identifier: MIT OR Apache-2.0
"""The tests in C, and the examples with their clients, under the address sanitizer and under the
thread sanitizer, which watch the library as well; tools/sanitize.sh builds that. A sanitizer says
what it found on standard error and makes the program end with an exit code of its own."""

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import examples
from test_c import complaint
from test_valgrind import SERVERS, go_through

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "sanitize"
CLANG = "clang-22"
SECONDS = 240
# What a sanitizer found, as distinct from a check of the program.
FOUND = 77

FLAGS = {
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
    "thread": ["-fsanitize=thread"],
}
OPTIONS = {
    "ASAN_OPTIONS": f"exitcode={FOUND}:detect_stack_use_after_return=1",
    "LSAN_OPTIONS": f"exitcode={FOUND}",
    "UBSAN_OPTIONS": f"exitcode={FOUND}:print_stacktrace=1",
    # A loop that is made after fork(2) may have threads.
    "TSAN_OPTIONS": f"exitcode={FOUND}:halt_on_error=1:die_after_fork=0",
}

SOURCES = sorted((ROOT / "tests" / "c").glob("*.c"))


def has_threads(source):
    """Whether a program has more than one thread; else the thread sanitizer finds nothing in it."""
    return re.search(r"pthread_create|wc_pool_new", source.read_text()) is not None


PAIRS = [(name, source) for name in FLAGS for source in SOURCES
         if name != "thread" or has_threads(source)]


def library(name):
    """The directory of the library; skips where it is missing or is not that of these sources."""
    path = BUILT / name / "libwebcore.so"
    if not path.exists():
        pytest.skip(f"tools/sanitize.sh {name} has built no library")
    newest = max(source.stat().st_mtime for source in (ROOT / "src").rglob("*.rs"))
    if path.stat().st_mtime < newest:
        pytest.skip(f"the library is older than its sources: tools/sanitize.sh {name}")
    return path.parent


@functools.lru_cache(maxsize=None)
def build(name, source):
    """A program under a sanitizer."""
    where = library(name)
    program = where / "programs" / source.stem
    program.parent.mkdir(exist_ok=True)
    made = f"{program}.{os.getpid()}"
    command = [CLANG, "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-g", *FLAGS[name]]
    command += [f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests' / 'c'}", str(source), "-o", made]
    command += [f"-L{where}", "-lwebcore", "-lpthread", f"-Wl,-rpath,{where}"]
    compiled = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert compiled.returncode == 0, f"{' '.join(command)}\n{compiled.stderr}"
    os.replace(made, program)
    return program


def run(program, backend="poll"):
    environment = dict(os.environ, WEBCORE_BACKEND=backend, **OPTIONS)
    command = [str(program)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SECONDS)


def backends(name):
    """Which memory is touched differs from one backend to the other; who locks what does not."""
    if sys.platform != "linux":
        return ["poll"]
    return ["epoll", "kqueue"] if name == "address" else ["epoll"]


CASES = [(*pair, backend) for pair in PAIRS for backend in backends(pair[0])]


@pytest.mark.parametrize("name, source, backend", CASES,
                         ids=lambda part: part.stem if isinstance(part, Path) else part)
def test_a_program(name, source, backend):
    why = complaint(run(build(name, source), backend))
    assert why is None, why


@pytest.fixture
def under(request, monkeypatch):
    """The examples of examples.py, built under a sanitizer."""
    where = library(request.param)
    for source in (ROOT / "c_examples").glob("*.c"):
        build(request.param, source)
    monkeypatch.setattr(examples, "BUILT", where / "programs")
    for variable, value in OPTIONS.items():
        monkeypatch.setenv(variable, value)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("under", FLAGS, indirect=True)
def test_an_example_with_its_clients(under, server):
    module, fixture, leave_out = SERVERS[server]
    with examples.serving(server, backend="epoll") as running:
        go_through(module, fixture, leave_out, **{fixture: running})


HEAD = """\
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "webcore.h"
static char *line;
static void parse(void)
{
    wc_http_parser *parser = NULL;
    size_t used = 0;
    wc_http_item item = {sizeof item, 0, 0, NULL, 0};
    (void)wc_http_parser_new(NULL, &parser);
    (void)wc_http_parser_next(parser, line, 64, 0, &used, &item);
    wc_http_parser_free(parser);
}
static void *scribble(void *arg)
{
    memset(line, 'b', 64);
    return arg;
}
int main(void)
{
    pthread_t thread;
    (void)scribble;
    (void)parse;
    (void)thread;
    line = malloc(64);
    memset(line, 'a', 64);
"""
DEFECTS = {
    "a read of freed memory by the library": (
        "address", "heap-use-after-free", "free(line); parse();"),
    "a read by the library beyond the end": (
        "address", "heap-buffer-overflow", "line = realloc(line, 32); parse();"),
    "a leak": ("address", "LeakSanitizer", "line = NULL;"),
    "an overflow": ("address", "signed integer overflow", "int n = 2147483647; n += line[0];"),
    "a write while the library reads": (
        "thread", "data race",
        "pthread_create(&thread, NULL, scribble, NULL); parse(); pthread_join(thread, NULL);"),
}


@pytest.mark.parametrize("name, word, body", DEFECTS.values(), ids=DEFECTS.keys())
def test_a_defect_is_noticed(tmp_path, name, word, body):
    source = tmp_path / f"defect_{name}_{len(body)}.c"
    source.write_text(f"{HEAD}    {body}\n    return 0;\n}}\n")
    ended = run(build(name, source))
    assert ended.returncode == FOUND, ended
    assert word in ended.stderr
