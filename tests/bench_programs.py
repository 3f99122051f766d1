# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where the benchmark programs are, built on first use; for test_bench*.py and test_syscalls.py."""

import fcntl
import functools
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCHES = ROOT / "benches"
sys.path.insert(0, str(BENCHES))


@functools.cache
def program(name, target="bench-programs"):
    """The path of a program of benches/, made by benches/bench.mk."""
    # The flags of an outer make name a job server that this one could not reach.
    environment = {key: value for key, value in os.environ.items() if "MAKEFLAGS" not in key}
    make = ["make", "-s", "-f", "benches/bench.mk", target]
    build = ROOT / "build" / "bench"
    build.mkdir(parents=True, exist_ok=True)
    # One process of the tests makes them, the others wait for it.
    with open(build / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(make, cwd=ROOT, env=environment, check=True)
    return str(build / name)


def script(name, *arguments):
    """Runs a script of benches/ and returns what became of it."""
    argv = [sys.executable, str(BENCHES / name), *(str(argument) for argument in arguments)]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=240)
