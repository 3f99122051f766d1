#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Server CPU per request, divided by a hand-written epoll floor's in the same round.

    run.py echo|http --floor PATH --load PATH --server NAME=PATH [--server ...]
           [--quick | --rounds N --slice-ms N] [--only WORD] [--out FILE]

All servers are up at once and slices of 0.15 s go round them in turn, so that what the machine does
to one it does to all. The rounds are split over ten lives of the servers, since two processes of
one program may differ for as long as they live. The floor runs twice: the ratio of the second to
the first is the noise of this machine. Exit status: 0; 1 wrong bytes; 2 nothing could be measured.
No time and no ratio changes it.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import random
import statistics
import sys

import harness

SLICE_MS = 150
ROUNDS = 30
QUICK_ROUNDS = 9
LIVES = 10
# /proc/PID/stat counts in ticks of 10 ms: without schedstat a round needs several slices.
TICK_SLICES = 6
# Median and best/best this near to each other count as agreeing.
AGREE = 0.03
FLOOR, CONTROL = "floor", "floor again"

# name, connections, payload bytes (echo) or further header fields (http), depth
WORKLOADS = {
    "echo": [
        ("64 B x 64", 64, 64, 1),
        ("64 B x 64, 16 deep", 64, 64, 16),
        ("64 B x 1000", 1000, 64, 1),
        ("16 KiB x 64", 64, 16 << 10, 1),
        ("1 MiB x 8", 8, 1 << 20, 1),
    ],
    "http": [
        ("64 connections", 64, 0, 1),
        ("64 connections, 16 deep", 64, 0, 16),
        ("64 connections, 10 fields", 64, 10, 1),
    ],
}


def main():
    arguments = parse_arguments()
    harness.exit_on_sigterm()
    descriptors = harness.raise_descriptor_limit()
    cores = choose_cores()
    os.sched_setaffinity(0, {cores[1]})
    report = {"mode": arguments.mode, "machine": machine(*cores), "workloads": []}
    try:
        for workload in WORKLOADS[arguments.mode]:
            if arguments.only and arguments.only not in workload[0]:
                continue
            if (workload[1] + 64) * len(server_list(arguments)) > descriptors:
                print(f"{workload[0]}: left out, {descriptors} descriptors are too few")
                continue
            result = measure(arguments, workload, cores)
            report["workloads"].append(result)
            print_table(arguments.mode, result)
    except harness.Wrong as error:
        print(f"run.py: WRONG: {error}", file=sys.stderr)
        return 1
    except harness.Unusable as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2
    out = arguments.out or f"build/bench/{arguments.mode}.json"
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(out).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"written: {out}")
    return 0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("mode", choices=sorted(WORKLOADS))
    parser.add_argument("--floor", required=True, help="the floor's program")
    parser.add_argument("--load", required=True, help="the program of benches/load.c")
    parser.add_argument("--server", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--slice-ms", type=int, default=SLICE_MS)
    parser.add_argument("--only", metavar="WORD", help="the workloads with WORD in their name")
    parser.add_argument("--out", help="the JSON file (build/bench/MODE.json)")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = QUICK_ROUNDS if arguments.quick else ROUNDS
    if not 1 <= arguments.rounds <= 1000 or not 1 <= arguments.slice_ms <= 10000:
        parser.error("--rounds is 1 to 1000, --slice-ms 1 to 10000")
    if any("=" not in server for server in arguments.server) or len(arguments.server) > 6:
        parser.error("--server is NAME=PATH, at most 6 times")
    return arguments


def server_list(arguments):
    own = [(FLOOR, arguments.floor), (CONTROL, arguments.floor)]
    return own + [server.split("=", 1) for server in arguments.server]


def choose_cores():
    """A core for the servers and one for the load, on different physical cores if there are two."""
    cores = sorted(os.sched_getaffinity(0))
    server = cores[0]
    if len(cores) == 1:
        print("one core: servers and load share it, so read the ratios with care")
        return server, server
    path = f"/sys/devices/system/cpu/cpu{server}/topology/thread_siblings_list"
    try:
        siblings = expand(pathlib.Path(path).read_text(encoding="ascii"))
    except OSError:
        siblings = {server}
    apart = [core for core in cores[1:] if core not in siblings]
    if not apart:
        print("all cores are threads of one: servers and load share its units")
    load = (apart or cores[1:])[-1]
    print(f"servers on core {server}, load on core {load}")
    return server, load


def expand(ranges):
    """`0-1,4` -> {0, 1, 4}"""
    cores = set()
    for part in ranges.strip().split(","):
        first, _, last = part.partition("-")
        cores.update(range(int(first), int(last or first) + 1))
    return cores


def machine(server_core, load_core):
    return {
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "server_core": server_core,
        "load_core": load_core,
    }


def measure(arguments, workload, cores):
    """Runs the rounds of one workload over several lives of the servers."""
    programs = server_list(arguments)
    precise = cpu_ns(os.getpid()) is not None
    slices = 1 if precise else TICK_SLICES
    lives = {name: [] for name, _ in programs}
    ticks = {name: [0, 0] for name, _ in programs}
    count = min(LIVES, arguments.rounds)
    for life in range(count):
        rounds = arguments.rounds // count + (life < arguments.rounds % count)
        progress(f"{workload[0]}: life {life + 1} of {count}, {rounds} rounds")
        # Each life starts the servers in another order.
        order = programs[life % len(programs):] + programs[:life % len(programs)]
        with contextlib.ExitStack() as stack:
            servers = [
                stack.enter_context(harness.Server(name, [path, "0"], cores[0]))
                for name, path in order
            ]
            plan = (arguments.mode, *workload[1:])
            ports = [server.port for server in servers]
            load = stack.enter_context(harness.Load(arguments.load, plan, ports, cores[1]))
            tally = run_rounds(load, servers, rounds, slices, arguments.slice_ms, ticks)
            for server in servers:
                load.ask("verify", server.port)
                lives[server.name].append(tally[server.name])
    progress("")
    return {
        **dict(zip(("name", "connections", "size", "depth"), workload)),
        "rounds": arguments.rounds, "slice_ms": arguments.slice_ms * slices,
        "clock": "schedstat" if precise else "stat",
        "servers": [summary(name, lives, ticks[name]) for name, _ in programs],
    }


def run_rounds(load, servers, rounds, slices, slice_ms, ticks):
    """{name: [[CPU ns, requests] of each round]}; adds the ticks of each server to `ticks`."""
    clock = cpu_ns if slices == 1 else lambda pid: sum(cpu_ticks(pid)) * tick_ns()
    for server in servers:
        load.ask("run", server.port, slice_ms)
    before = {server.name: cpu_ticks(server.pid) for server in servers}
    tally = {server.name: [[0, 0] for _ in range(rounds)] for server in servers}
    for number in range(rounds):
        # A rotation would keep who follows whom; the order is drawn, the same in every run.
        turns = servers * slices
        random.Random(number).shuffle(turns)
        for server in turns:
            cell, start = tally[server.name][number], clock(server.pid)
            cell[1] += load.ask("run", server.port, slice_ms)
            cell[0] += clock(server.pid) - start
    for server in servers:
        for kind, now in enumerate(cpu_ticks(server.pid)):
            ticks[server.name][kind] += now - before[server.name][kind]
    return tally


def cpu_ns(pid):
    """CPU time of all threads in nanoseconds, or None where the kernel does not keep it."""
    try:
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    except FileNotFoundError:
        if not os.path.exists(f"/proc/{pid}/task"):
            raise harness.Wrong(f"server {pid} is gone") from None
        return None


def cpu_ticks(pid):
    """(user, system) ticks of all threads; the name in field 2 may hold spaces."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise harness.Wrong(f"server {pid} is gone") from None
    fields = text.rsplit(")", 1)[1].split()
    return int(fields[11]), int(fields[12])


def tick_ns():
    return 10**9 // os.sysconf("SC_CLK_TCK")


def summary(name, lives, ticks):
    """What is said about one server; its ratios are to the floor in the same round."""
    own, floor = us_per_request(lives[name]), us_per_request(lives[FLOOR])
    ratios = [[a / b if b else float("nan") for a, b in zip(*life)] for life in zip(own, floor)]
    ordered = sorted(sum(ratios, []))
    median, by_life = statistics.median(ordered), [statistics.median(life) for life in ratios]
    best_own, best_floor = min(sum(own, [])), min(sum(floor, []))
    best = best_own / best_floor if best_floor else float("nan")
    return {
        "name": name,
        "requests": sum(requests for life in lives[name] for _, requests in life),
        "us_per_request": statistics.median(sum(own, [])),
        "us_per_request_best": best_own,
        "ratio_median": median,
        "ratio_quartiles": [ordered[len(ordered) // 4], ordered[(3 * len(ordered) - 1) // 4]],
        "ratio_by_life": by_life,
        "ratio_best": best,
        "agree": abs(median - best) <= AGREE,
        "user_share": ticks[0] / sum(ticks) if sum(ticks) else None,
        "ratios": ratios,
    }


def us_per_request(lives):
    return [[cpu / requests / 1000 for cpu, requests in life] for life in lives]


def print_table(mode, result):
    length = result["rounds"] * result["slice_ms"] / 1000
    print(f"\n{mode}, {result['name']}: {result['rounds']} rounds, {length:.1f} s each server")
    print(f"{'':14}{'us/request':>11}{'ratio':>8}{'quartiles':>13}{'best/best':>11}"
          f"   {'by life':11}{'':7}{'user':>6}{'requests':>12}")
    for server in result["servers"]:
        low, high = server["ratio_quartiles"]
        lives = f"{min(server['ratio_by_life']):.2f}-{max(server['ratio_by_life']):.2f}"
        share = "" if server["user_share"] is None else f"{server['user_share']:.0%}"
        print(f"{server['name']:14}{server['us_per_request']:11.3f}{server['ratio_median']:8.3f}"
              f"{low:8.2f}-{high:.2f}{server['ratio_best']:11.3f}   {lives:11}"
              f"{'  agree' if server['agree'] else '  apart'}{share:>6}"
              f"{server['requests']:12}", flush=True)


def progress(text):
    """On a terminal, one line that is overwritten; elsewhere nothing but the tables."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
