#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Timers, wake-ups and watchers of webcore beside libuv, libev, libevent and bare epoll(7).

    reactor.py [--quick] [--rounds N] [--only WORD] [--scale N] [--counts] [--out FILE]

All programs of a workload are up at once. In each round each of them does the same work, in an
order drawn anew; ratios are made within a round. What is compared is CPU time an operation.
`--counts` counts instructions (valgrind) and system calls (strace) instead: those repeat.
Exit status: 0 measured; 1 a program failed; 2 nothing could be measured.
"""

import argparse
import contextlib
import json
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

import harness
import run
import syscalls

ROUNDS, QUICK_ROUNDS, LIVES = 20, 5, 5
FLOOR, OWN, CONTROL = "floor", "webcore", "webcore again"
PEERS = ["libuv", "libev", "libevent"]
# name, command with its counts, backend, share of the rounds
WORKLOADS = [
    ("timers, 10 000", "timers", [10_000], "epoll", 1.0),
    ("timers, 1 000 000", "timers", [1_000_000], "epoll", 0.35),
    ("posts", "posts", [1_000_000], "epoll", 1.0),
    ("watchers, 10 000 pipes, 64 active", "watchers", [10_000, 64_000], "epoll", 1.0),
    ("watchers, 10 000 pipes, 64 active, poll", "watchers", [10_000, 6_400], "poll", 0.35),
    ("watchers, 10 000 pipes, 64 active, select", "watchers", [10_000, 6_400], "select", 0.35),
]
# libevent 2.1 ends its process where a set of select(2) is too small.
CANNOT = {"select": {"libevent"}}
# Functions of benches/reactor.h, each with how often its operation is done: by the counts of a
# command, and twice for what is done twice.
PHASES = {
    "add": 2, "restart": 1, "restart_drawn": 1, "cancel": 1, "fire": 2, "send": None,
    "start": 1, "events": None, "toggle": 2, "stop": 1,
}
LEAST_PIPES = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--dir", default="build/bench", help="where the programs are")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", metavar="WORD", help="the workloads with WORD in their name")
    parser.add_argument("--scale", type=int, default=1, help="divides all counts")
    parser.add_argument("--counts", action="store_true", help="instructions and system calls")
    parser.add_argument("--out", default="build/bench/reactor.json")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    harness.exit_on_sigterm()
    harness.raise_descriptor_limit()
    programs = find_programs(pathlib.Path(arguments.dir))
    chosen = [work for work in WORKLOADS if not arguments.only or arguments.only in work[0]]
    if OWN not in programs or not chosen:
        print(f"reactor.py: no {OWN}, or no such workload", file=sys.stderr)
        return 2
    report = {"workloads": []}
    try:
        if arguments.counts:
            print_counts(programs, arguments.scale)
            return 0
        cores = run.choose_cores()
        report["machine"] = run.machine(*cores)
        for name, command, counts, backend, share in chosen:
            lines = [command, *(scaled(count, arguments.scale) for count in counts)]
            line = " ".join(str(word) for word in lines)
            result = measure(programs, line, backend, max(1, round(rounds * share)), cores)
            report["workloads"].append({"name": name, "command": line, **result})
            print_table(name, result)
    except harness.Wrong as error:
        print(f"reactor.py: WRONG: {error}", file=sys.stderr)
        return 1
    pathlib.Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten: {arguments.out}")
    return 0


def scaled(count, scale):
    return max(LEAST_PIPES, count // scale)


def find_programs(directory):
    """{name: path} of those that were built; the others are named."""
    programs = {}
    for name in [FLOOR, OWN, *PEERS]:
        path = directory / f"reactor_{name}"
        if path.exists():
            programs[name] = str(path)
        else:
            print(f"{name}: left out, {path} was not built")
    return programs


class Program(harness.Child):
    """A benches/reactor_*.c."""

    def __init__(self, path, backend, cores):
        argv = [path, backend, *(str(core) for core in cores)]
        super().__init__(argv, stdin=subprocess.PIPE)

    def ask(self, line):
        """({figure: ns an operation}, why it refused or None); no figures for what it cannot."""
        self.process.stdin.write(line.encode() + b"\n")
        figures, refusal = {}, None
        while (answer := self.line(harness.REPLY_S)) != "done":
            word, _, rest = (answer or "end").partition(" ")
            if word == "figure":
                ns, count, name = rest.split(" ", 2)
                figures[name] = int(ns) / max(1, int(count))
            elif word == "refused":
                refusal = rest
            elif word == "none":
                break
            else:
                raise harness.Wrong(f"{self.argv[0]} answered `{answer}` to `{line}`")
        return figures, refusal


def measure(programs, line, backend, rounds, cores):
    """{figures: {name: {program: [ns of each round]}}, refused: {program: why}}"""
    paths = {**programs, CONTROL: programs[OWN]}
    for name in CANNOT.get(backend, ()):
        paths.pop(name, None)
    figures, refused = {}, {}
    for life in range(min(LIVES, rounds)):
        with contextlib.ExitStack() as stack:
            up = {
                name: stack.enter_context(Program(path, backend, cores))
                for name, path in paths.items()
            }
            for number in range(life, rounds, LIVES):
                order = list(up)
                random.Random(number).shuffle(order)
                for name in order:
                    told, refusal = up[name].ask(line)
                    if refusal:
                        refused[name] = refusal
                        continue
                    for figure, ns in told.items():
                        rows = figures.setdefault(figure, {})
                        rows.setdefault(name, [None] * rounds)[number] = ns
    return {"rounds": rounds, "figures": figures, "refused": refused}


def ratio(rows, name):
    """(median, lower and upper quartile) of a program's ratios to the base, each of one round."""
    base = rows[FLOOR if FLOOR in rows else OWN if OWN in rows else next(iter(rows))]
    ratios = sorted(own / other for own, other in zip(rows[name], base) if other)
    if not ratios:
        return (float("nan"),) * 3
    last = len(ratios) - 1
    return statistics.median(ratios), ratios[last // 4], ratios[last - last // 4]


def print_table(name, result):
    print(f"\n{name}: {result['rounds']} rounds; ns of CPU, and (ratio, its quartiles)")
    for figure, rows in result["figures"].items():
        print(f"  {figure}")
        for program in [FLOOR, OWN, CONTROL, *PEERS]:
            if program in rows:
                median, low, high = ratio(rows, program)
                ns = statistics.median(rows[program])
                print(f"    {program:14}{ns:10.1f}  ({median:.2f}, {low:.2f}-{high:.2f})")
    for program, why in result["refused"].items():
        print(f"  {program}: refused, having taken {why}")
    sys.stdout.flush()


def print_counts(programs, scale):
    timers, posts, pipes = (scaled(count, scale) for count in (10_000, 10_000, 1_000))
    events = 10 * pipes
    commands = [f"timers {timers}", f"posts {posts}", f"watchers {pipes} {events}"]
    times = {"add": timers, "restart": timers, "restart_drawn": timers, "cancel": timers,
             "fire": timers, "send": 2 * posts + posts // 5 + posts // 50 + 2, "start": pipes,
             "events": events, "toggle": pipes, "stop": pipes}
    instructions = {name: count_instructions(path, commands) for name, path in programs.items()}
    print("instructions an operation (callgrind)")
    print(f"  {'':16}" + "".join(f"{name:>10}" for name in programs))
    for phase, each in PHASES.items():
        cells = (instructions[name].get(phase) for name in programs)
        row = ("-" if n is None else f"{n / times[phase] / (each or 1):.0f}" for n in cells)
        print(f"  {phase:16}" + "".join(f"{cell:>10}" for cell in row))
    reason = syscalls.why_no_trace()
    if reason:
        print(f"no system calls: {reason}")
        return
    print(f"system calls: an event; and a start, two toggles and a stop of one of {pipes} pipes")
    for name, path in programs.items():
        once, twice = (
            count_calls(path, f"watchers {pipes} {count}") for count in (events, 2 * events)
        )
        each = (f"{call} {(twice[call] - count) / events:.3f}" for call, count in once.items()
                if twice.get(call, 0) - count > events / 1000)
        control = once.get("epoll_ctl", 0) / pipes
        print(f"  {name:10} {', '.join(sorted(each))}; epoll_ctl {control:.2f}")


def count_instructions(path, commands):
    """{phase: instructions, of what it calls too}"""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as out:
        argv = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", path]
        feed([*argv, "epoll", "0", "0"], commands)
        text = feed(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out.name], [])
    phases = {}
    for match in re.finditer(r"^ *([\d,]+) .*[:*]phase_(\w+)", text, re.MULTILINE):
        phases.setdefault(match[2], int(match[1].replace(",", "")))
    return phases


def count_calls(path, command):
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as summary:
        feed(["strace", "-c", "-f", "-o", summary.name, path, "epoll", "0", "0"], [command])
        return syscalls.parse_summary(summary.read())


def feed(argv, lines):
    text = "".join(f"{line}\n" for line in lines)
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=300)
    except FileNotFoundError:
        raise harness.Wrong(f"{argv[0]} is not installed") from None
    if done.returncode != 0:
        raise harness.Wrong(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
