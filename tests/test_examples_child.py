# SPDX-License-Identifier: MIT OR Apache-2.0
"""The example that streams the output of a command, from outside, on every backend."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from examples import BACKENDS, DEADLINE, WRAP, command, environment, run


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


def stream(script, seconds=0, backend=None):
    return run("child_stream", seconds, "/bin/sh", "-c", script, backend=backend)


def said(result):
    """What it wrote to standard error; valgrind, which does not know every system call, adds to it."""
    return b"" if WRAP else result.stderr


def is_gone(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def test_lines_of_both_streams_and_the_exit_code(backend):
    result = stream("echo one; echo two >&2; printf three; exit 5", backend=backend)
    assert sorted(result.stdout.splitlines()) == [b"err: two", b"out: one", b"out: three"]
    assert (result.returncode, said(result)) == (5, b"")


def test_output_of_some_size(backend):
    result = stream("seq 1 20000", backend=backend)
    assert result.returncode == 0
    assert result.stdout == b"".join(b"out: %d\n" % number for number in range(1, 20001))


def test_lines_come_when_they_are_written(backend):
    process = subprocess.Popen(
        command("child_stream", 0, "/bin/sh", "-c", "echo here; exec sleep 600"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(backend))
    try:
        assert process.stdout.readline() == b"out: here\n"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGKILL
        process.stdout.close()


def test_a_signal_ends_the_command_with_all_that_it_has_started(backend):
    process = subprocess.Popen(
        command("child_stream", 0, "/bin/sh", "-c", "sleep 600 & echo $!; trap '' TERM; wait"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(backend))
    with process.stdout:
        pid = int(process.stdout.readline().removeprefix(b"out: "))
        assert not is_gone(pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 128 + signal.SIGKILL
    until = time.monotonic() + DEADLINE
    while not is_gone(pid):
        assert time.monotonic() < until
        os.sched_yield()


@pytest.mark.parametrize("script, code", [
    ("exit 0", 0), ("exit 127", 127), ("kill -TERM $$", 128 + signal.SIGTERM)])
def test_the_exit_code_is_that_of_the_command(script, code):
    assert stream(script).returncode == code


def test_its_time_is_up(backend):
    before = time.monotonic()
    result = stream("echo begun; exec sleep 600", seconds=1, backend=backend)
    assert (result.returncode, result.stdout) == (124, b"out: begun\n")
    assert time.monotonic() - before >= 1


@pytest.mark.parametrize("program, status", [
    ("/no/such/program", b"WC_E_NOTFOUND"), ("no-program-of-this-name", b"WC_E_NOTFOUND"),
    ("/", b"WC_E_ACCESS")])
def test_what_cannot_be_started_is_said_by_its_status(program, status):
    result = run("child_stream", 0, program)
    assert (result.returncode, result.stdout) == (1, b"")
    assert status in result.stderr


@pytest.mark.parametrize("arguments", [[], ["0"], ["x", "true"], ["-1", "true"]])
def test_bad_arguments(arguments):
    result = run("child_stream", *arguments)
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"usage:" in result.stderr
