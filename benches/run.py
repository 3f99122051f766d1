#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Server CPU per request, divided by a hand-written epoll floor's in the same round.

    run.py echo|http --floor PATH --load PATH --server NAME=PATH [--server ...]
           [--quick | --rounds N --slice-ms N] [--only WORD] [--out FILE]

All servers stay up; slices of 0.15 s go round them in turn, so that what the machine does to one
it does to all. The floor runs twice: the ratio of the second to the first is the noise of this
machine. Exit status: 0; 1 wrong bytes; 2 nothing could be measured; no time or ratio changes it.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import statistics
import sys

import harness

SLICE_MS = 150
ROUNDS = 31
QUICK_ROUNDS = 9
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
    server_core, load_core = choose_cores()
    os.sched_setaffinity(0, {load_core})
    try:
        with contextlib.ExitStack() as stack:
            servers = [
                stack.enter_context(harness.Server(name, [path, "0"], server_core))
                for name, path in server_list(arguments)
            ]
            report = {"mode": arguments.mode, "machine": machine(server_core, load_core)}
            report["workloads"] = []
            for workload in WORKLOADS[arguments.mode]:
                if arguments.only and arguments.only not in workload[0]:
                    continue
                if (workload[1] + 64) * len(servers) > descriptors:
                    print(f"{workload[0]}: left out, {descriptors} descriptors are too few")
                    continue
                result = measure(arguments, workload, servers, load_core)
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


def measure(arguments, workload, servers, load_core):
    """Verifies, runs the rounds, verifies again."""
    name, conns, size, depth = workload
    ports = [server.port for server in servers]
    precise = cpu_ns(servers[0].pid) is not None
    slices = 1 if precise else TICK_SLICES
    clock = cpu_ns if precise else lambda pid: sum(cpu_ticks(pid)) * tick_ns()
    rounds = {server.name: [] for server in servers}
    plan = (arguments.mode, conns, size, depth)
    with harness.Load(arguments.load, plan, ports, load_core) as load:
        for server in servers:
            load.ask("run", server.port, arguments.slice_ms)
        ticks = {server.name: cpu_ticks(server.pid) for server in servers}
        for number in range(arguments.rounds):
            progress(f"{name}: round {number + 1} of {arguments.rounds}")
            tally = {server.name: [0, 0] for server in servers}
            for turn in range(slices * len(servers)):
                # Each round begins with another server: no one always follows the same one.
                server = servers[(number + turn) % len(servers)]
                before = clock(server.pid)
                requests = load.ask("run", server.port, arguments.slice_ms)
                tally[server.name][0] += clock(server.pid) - before
                tally[server.name][1] += requests
            for server in servers:
                rounds[server.name].append(tally[server.name])
        progress("")
        ticks = {
            server.name: [b - a for a, b in zip(ticks[server.name], cpu_ticks(server.pid))]
            for server in servers
        }
        for server in servers:
            load.ask("verify", server.port)
    return {
        "name": name, "connections": conns, "size": size, "depth": depth,
        "rounds": arguments.rounds, "slice_ms": arguments.slice_ms * slices,
        "clock": "schedstat" if precise else "stat",
        "servers": [summary(server.name, rounds, ticks[server.name]) for server in servers],
    }


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


def summary(name, rounds, ticks):
    """What is said about one server; its ratios are to the floor in the same round."""
    per_request = [cpu / requests / 1000 for cpu, requests in rounds[name]]
    floor = [cpu / requests / 1000 for cpu, requests in rounds[FLOOR]]
    ratios = [own / base if base else float("nan") for own, base in zip(per_request, floor)]
    ordered = sorted(ratios)
    median = statistics.median(ordered)
    best = min(per_request) / min(floor) if min(floor) else float("nan")
    return {
        "name": name,
        "requests": sum(requests for _, requests in rounds[name]),
        "us_per_request": statistics.median(per_request),
        "us_per_request_best": min(per_request),
        "ratio_median": median,
        "ratio_quartiles": [ordered[len(ordered) // 4], ordered[(3 * len(ordered) - 1) // 4]],
        "ratio_best": best,
        "agree": abs(median - best) <= AGREE,
        "user_share": ticks[0] / sum(ticks) if sum(ticks) else None,
        "ratios": ratios,
    }


def print_table(mode, result):
    length = result["rounds"] * result["slice_ms"] / 1000
    print(f"\n{mode}, {result['name']}: {result['rounds']} rounds, {length:.1f} s each server")
    print(f"{'':14}{'us/request':>11}{'ratio':>8}{'quartiles':>13}{'best/best':>11}"
          f"{'':9}{'user':>6}{'requests':>12}")
    for server in result["servers"]:
        low, high = server["ratio_quartiles"]
        share = "" if server["user_share"] is None else f"{server['user_share']:.0%}"
        print(f"{server['name']:14}{server['us_per_request']:11.3f}{server['ratio_median']:8.3f}"
              f"{low:7.2f}-{high:.2f} {server['ratio_best']:10.3f}"
              f"{'  agree  ' if server['agree'] else '  apart  '}{share:>6}"
              f"{server['requests']:12}", flush=True)


def progress(text):
    """On a terminal, one line that is overwritten; elsewhere a dot a round would only be noise."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
