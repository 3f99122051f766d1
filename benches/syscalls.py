#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Counts the system calls of an echo server: `strace -c -f`, 64 connections at depth 1.

    syscalls.py --load PATH [--limit CALLS_PER_ROUND_TRIP] SERVER

Unlike times, counts repeat, so this one passes or fails. The whole life of the server is counted,
start and connections too. Exit status: 0 within the limits; 1 above them, or wrong bytes; 2 nothing
could be counted; 77 strace cannot trace here.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import harness

CONNECTIONS = 64
BYTES = 64
ROUNDS = 300
# benches/load.c verifies each connection with three batches before the rounds.
ROUND_TRIPS = CONNECTIONS * (3 + ROUNDS)
CALLS_PER_ROUND_TRIP = 2.3
# Watch, change the interest twice, forget; and the descriptors of the loop itself.
EPOLL_CTL_LIMIT = 4 * CONNECTIONS + 16
CANNOT_TRACE = 77


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("server")
    parser.add_argument("--load", required=True, help="the program of benches/load.c")
    parser.add_argument("--limit", type=float, default=CALLS_PER_ROUND_TRIP)
    arguments = parser.parse_args()
    harness.exit_on_sigterm()
    reason = why_no_trace()
    if reason:
        print(f"syscalls.py: {reason}", file=sys.stderr)
        return CANNOT_TRACE
    try:
        calls = parse_summary(trace(arguments.server, arguments.load))
    except harness.Wrong as error:
        print(f"syscalls.py: WRONG: {error}", file=sys.stderr)
        return 1
    except harness.Unusable as error:
        print(f"syscalls.py: {error}", file=sys.stderr)
        return 2
    print_table(calls)
    faults = judge(calls, arguments.limit)
    for fault in faults:
        print(f"syscalls.py: {fault}", file=sys.stderr)
    return 1 if faults else 0


def why_no_trace():
    """Why strace cannot be used here, or None."""
    try:
        probe = subprocess.run(
            ["strace", "-c", "-f", "-o", os.devnull, "true"], capture_output=True, timeout=20
        )
    except FileNotFoundError:
        return "strace is not installed"
    except subprocess.TimeoutExpired:
        return "strace did not end"
    if probe.returncode != 0:
        return f"strace cannot trace: {probe.stderr.decode(errors='replace').strip()}"
    return None


def trace(server, load):
    """Runs the rounds against the traced server and returns strace's summary."""
    if not os.access(server, os.X_OK):
        raise harness.Unusable(f"no such program: {server}")
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as summary:
        command = f'echo "{harness.WRAPPED}$$"; exec "$@"'
        argv = ["strace", "-c", "-f", "-o", summary.name, "sh", "-c", command, "sh", server, "0"]
        with harness.Server("traced", argv) as traced:
            workload = ("echo", CONNECTIONS, BYTES, 1)
            with harness.Load(load, workload, [traced.port]) as client:
                client.ask("count", traced.port, ROUNDS)
        return summary.read()


def parse_summary(text):
    """Lines of `% time, seconds, usecs/call, calls, [errors,] name` -> {name: calls}"""
    calls = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) in (5, 6) and words[3].isdigit() and words[-1] != "total":
            calls[words[-1]] = calls.get(words[-1], 0) + int(words[3])
    if not calls:
        raise harness.Unusable(f"no summary by strace, but: {text!r}")
    return calls


def print_table(calls):
    print(f"{'system call':20}{'calls':>10}{'per round trip':>16}")
    for name, count in sorted(calls.items(), key=lambda item: -item[1]):
        if count >= CONNECTIONS or name == "epoll_ctl":
            print(f"{name:20}{count:10}{count / ROUND_TRIPS:16.3f}")
    total = sum(calls.values())
    print(f"{'all':20}{total:10}{total / ROUND_TRIPS:16.3f}")


def judge(calls, limit=CALLS_PER_ROUND_TRIP):
    """The limits that are not kept, as sentences."""
    faults = []
    total, control = sum(calls.values()), calls.get("epoll_ctl", 0)
    if total > limit * ROUND_TRIPS:
        faults.append(f"{total / ROUND_TRIPS:.3f} system calls a round trip, above {limit}")
    if control > EPOLL_CTL_LIMIT:
        faults.append(
            f"{control} epoll_ctl for {CONNECTIONS} connections, above {EPOLL_CTL_LIMIT}:"
            " it is called per request"
        )
    return faults


if __name__ == "__main__":
    sys.exit(main())
