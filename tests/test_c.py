# SPDX-License-Identifier: MIT OR Apache-2.0
"""The tests in C and C++98: each compiled by gcc and run on each backend, and under valgrind on two;
and compiled by clang and run on one. A program speaks the Test Anything Protocol.

On Linux the kqueue backend is in the library for tests only, so what runs on it is given that one.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = Path(os.environ.get("WEBCORE_LIB_DIR", ROOT / "build" / "lib"))
TESTLIB = Path(os.environ.get("WEBCORE_TESTLIB_DIR", ROOT / "build" / "testlib"))
OUT = ROOT / "build" / "tests"
LINUX = sys.platform == "linux"
BACKENDS = ["epoll", "kqueue", "poll", "select"] if LINUX else ["kqueue", "poll", "select"]
# Two that differ as much as two can, for what takes long.
CHECKED = ["epoll", "kqueue"] if LINUX else ["kqueue", "poll"]
SECONDS = 120
STRICT = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-g"]
C = ["-std=c99", "-D_POSIX_C_SOURCE=200809L", *STRICT]
CXX = ["-std=c++98", "-D_POSIX_C_SOURCE=200809L", *STRICT]
COMPILERS = {".c": {"gcc": C, "clang": C}, ".cpp": {"g++": CXX, "clang++": CXX}}
VALGRIND = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full"]

TESTS = ROOT / "tests"
SOURCES = sorted((TESTS / "c").glob("*.c")) + sorted((TESTS / "cpp98").glob("*.cpp"))
FIRST = {suffix: next(iter(compilers)) for suffix, compilers in COMPILERS.items()}
PROGRAMS = [(source, FIRST[source.suffix]) for source in SOURCES]
# What another compiler makes of a program differs, what the library does to it does not.
OTHERS = [
    (source, compiler)
    for source in SOURCES
    for compiler in COMPILERS[source.suffix]
    if compiler != FIRST[source.suffix]
]


@functools.lru_cache(maxsize=None)
def build(source, compiler):
    """The program of a source, compiled once."""
    program = OUT / compiler / source.parent.name / source.stem
    program.parent.mkdir(parents=True, exist_ok=True)
    command = [compiler, *COMPILERS[source.suffix][compiler], f"-I{ROOT / 'include'}"]
    made = f"{program}.{os.getpid()}"
    command += [f"-I{ROOT / 'tests' / 'c'}", str(source), "-o", made]
    library = TESTLIB if source.stem.startswith("fault_") else LIBRARY
    command += [f"-L{library}", "-lwebcore", "-lpthread", f"-Wl,-rpath,{library}"]
    if LINUX:
        # The path in the program is asked after that in the environment.
        command.append("-Wl,--enable-new-dtags")
    compiled = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert compiled.returncode == 0, f"{' '.join(command)}\n{compiled.stderr}"
    # Another process of the tests may build or run the same program at this moment.
    os.replace(made, program)
    return program


def run(command, backend="poll"):
    """What a program wrote and how it ended."""
    environment = dict(os.environ, WEBCORE_BACKEND=backend)
    if LINUX and backend == "kqueue":
        environment["LD_LIBRARY_PATH"] = str(TESTLIB)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)


def complaint(ended):
    """Why a run of a test program is no success; None if it is one."""
    lines = ended.stdout.splitlines()
    results = [line for line in lines if re.match(r"(not )?ok \d+ - ", line)]
    plans = [line for line in lines if re.fullmatch(r"1\.\.\d+", line)]
    shown = f"exit {ended.returncode}\n{ended.stdout}{ended.stderr}"
    if any(line.startswith("not ok") for line in results):
        return f"a check failed: {shown}"
    if ended.returncode != 0:
        return f"it did not end well: {shown}"
    if plans != [f"1..{len(results)}"] or not results:
        return f"the plan does not match {len(results)} results: {shown}"
    return None


def names(pair):
    source, compiler = pair
    return f"{source.parent.name}/{source.stem}-{compiler}"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("pair", PROGRAMS, ids=names)
def test_plain(pair, backend):
    why = complaint(run([str(build(*pair))], backend))
    assert why is None, why


@pytest.mark.parametrize("pair", OTHERS, ids=names)
def test_plain_by_another_compiler(pair):
    why = complaint(run([str(build(*pair))], BACKENDS[0]))
    assert why is None, why


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not on this machine")
@pytest.mark.parametrize("backend", CHECKED)
@pytest.mark.parametrize("pair", PROGRAMS, ids=names)
def test_under_valgrind(pair, backend):
    why = complaint(run([*VALGRIND, str(build(*pair))], backend))
    assert why is None, why


FAILING = {
    "a failed check": 'CHECK(0, "wrong"); return tap_done();',
    "an early end": 'CHECK(1, "right"); if (tap_count == 1) return 0; return tap_done();',
    "no check at all": "return tap_done();",
    "a bad exit": 'CHECK(1, "right"); (void)tap_done(); return 3;',
}


@pytest.mark.parametrize("body", FAILING.values(), ids=FAILING.keys())
def test_a_failing_program_is_noticed(tmp_path, body):
    source = tmp_path / "failing.c"
    source.write_text(f'#include "tap.h"\nint main(void)\n{{\n    {body}\n}}\n')
    assert complaint(run([str(build(source, "gcc"))])) is not None


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not on this machine")
def test_a_leak_is_noticed(tmp_path):
    source = tmp_path / "leaking.c"
    source.write_text(
        '#include <stdlib.h>\n#include "tap.h"\nint main(void)\n{\n'
        '    char *kept = malloc(8);\n    CHECK(kept != NULL, "there is memory");\n'
        "    kept = NULL;\n    CHECK(kept == NULL, \"it is lost\");\n    return tap_done();\n}\n"
    )
    program = str(build(source, "gcc"))
    assert complaint(run([program])) is None
    assert run([*VALGRIND, program]).returncode == 9
