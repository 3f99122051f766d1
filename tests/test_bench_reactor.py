# SPDX-License-Identifier: MIT OR Apache-2.0
"""The programs of `make bench-reactor`: each does the work it is asked for, and tells of all of it."""

import json
import os
import pathlib
import subprocess

import pytest

from bench_programs import ROOT, program, script

import reactor

TIMERS = ["add", "restart", "restart, drawn order", "cancel", "add in used memory",
          "fire, in order", "fire, drawn order"]
POSTS = ["send, loop held", "send, loop running", "wake-up of a loop that sleeps", "queued job"]
WATCHERS = ["start", "event", "toggle", "stop"]


def path_of(name):
    assert (ROOT / "build" / "lib" / "libwebcore.so").exists(), "build it first: make"
    path = program(f"reactor_{name}", "reactor-programs")
    if not os.path.exists(path):
        pytest.skip(f"{name} is not installed")
    return path


def answer(name, backend, *commands):
    """The lines that a program answers, split at their first space."""
    text = "".join(f"{command}\n" for command in commands)
    argv = [path_of(name), backend, "0", "0"]
    result = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return [line.partition(" ")[::2] for line in result.stdout.splitlines()]


def figures(lines):
    """{name: count} of the figures that took any time at all."""
    split = [rest.split(" ", 2) for word, rest in lines if word == "figure"]
    return {name: int(count) for ns, count, name in split if int(ns) > 0}


@pytest.mark.parametrize("name", [reactor.OWN, *reactor.PEERS])
def test_each_library_does_all_of_it(name):
    lines = answer(name, "epoll", "timers 300", "posts 2000", "watchers 100 1000")
    assert [word for word, _ in lines].count("done") == 3
    told = figures(lines)
    assert list(told) == TIMERS + POSTS + WATCHERS
    assert all(told[figure] == 300 for figure in TIMERS)
    # The last batch of ready pipes may go beyond what was asked for.
    assert 1000 <= told["event"] < 1000 + 64


def test_the_floor_has_watchers_only():
    assert answer("floor", "epoll", "timers 300")[0][0] == "none"
    assert answer("floor", "poll", "watchers 100 1000")[0][0] == "none"
    assert list(figures(answer("floor", "epoll", "watchers 100 1000"))) == WATCHERS


@pytest.mark.parametrize("name", [reactor.OWN, "libev", "libevent"])
def test_poll_serves_the_watchers(name):
    assert list(figures(answer(name, "poll", "watchers 100 1000"))) == WATCHERS


def test_select_refuses_what_it_cannot_hold():
    lines = dict(answer(reactor.OWN, "select", "watchers 1100 64"))
    count, why = lines["refused"].split()
    assert why == "WC_E_NOFILES"
    assert 900 < int(count) < 1024
    assert "done" in lines


@pytest.mark.parametrize("line", ["gopher 1", "watchers 63 1", "timers", ""])
def test_what_is_no_command_is_refused(line):
    argv = [path_of("floor"), "epoll", "0", "0"]
    result = subprocess.run(argv, input=f"{line}\n", capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "not a command" in result.stderr


def test_a_run_compares_all_that_is_there(tmp_path):
    directory, out = pathlib.Path(path_of(reactor.OWN)).parent, tmp_path / "out.json"
    result = script(
        "reactor.py", "--dir", directory, "--rounds", 2, "--scale", 1000, "--only", "active",
        "--out", out,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    epoll = json.loads(out.read_text(encoding="utf-8"))["workloads"][0]
    assert list(epoll["figures"]) == WATCHERS
    assert {reactor.FLOOR, reactor.OWN, reactor.CONTROL} <= set(epoll["figures"]["event"])
    assert all(None not in row for rows in epoll["figures"].values() for row in rows.values())


def test_a_run_says_what_is_missing(tmp_path):
    (tmp_path / f"reactor_{reactor.FLOOR}").touch()
    result = script("reactor.py", "--dir", tmp_path, "--rounds", 1)
    assert result.returncode == 2
    assert "libuv: left out" in result.stdout


def test_ratios_are_made_within_a_round():
    rows = {reactor.OWN: [1.0, 10.0, 100.0], "other": [2.0, 30.0, 200.0]}
    assert reactor.ratio(rows, "other") == (2.0, 2.0, 3.0)
    assert reactor.ratio({reactor.FLOOR: [4.0], **rows}, reactor.OWN)[0] == 0.25
