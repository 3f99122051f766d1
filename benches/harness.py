# SPDX-License-Identifier: MIT OR Apache-2.0
"""Servers and the load as child processes, for run.py and syscalls.py.

Not a measurement: it starts, asks and stops. Invariant: whatever was started is stopped when its
`with` block ends, also when that is by an exception or by SIGTERM.
"""

import os
import resource
import select
import signal
import subprocess
import sys
import time

START_S = 10.0
STOP_S = 5.0
REPLY_S = 90.0
# A tracer's child prints this and its process id, since a signal to the tracer would not reach it.
WRAPPED = "wrapped pid "


class Wrong(Exception):
    """A server answered with wrong bytes, hung up or did not answer."""


class Unusable(Exception):
    """A program or a permission is missing, so nothing can be measured."""


def raise_descriptor_limit():
    """Lifts the soft limit to the hard one, for the children too, and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def exit_on_sigterm():
    """Turns SIGTERM into SystemExit, so that `with` blocks stop what they started."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


class Child:
    """A process whose standard output is read line by line, each with a deadline."""

    def __init__(self, argv, core=None, stdin=None):
        pin = None if core is None else lambda: os.sched_setaffinity(0, {core})
        try:
            self.process = subprocess.Popen(
                argv, stdin=stdin, stdout=subprocess.PIPE, bufsize=0, preexec_fn=pin
            )
        except OSError as error:
            raise Unusable(f"cannot start {argv[0]}: {error.strerror}") from error
        self.argv = argv
        self.pending = b""
        self.wrapped_pid = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def line(self, seconds):
        """The next line of output, or None at its end."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.pending:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([self.process.stdout], [], [], wait)[0]:
                raise Wrong(f"{self.argv[0]}: silent for {seconds:.0f} s")
            chunk = os.read(self.process.stdout.fileno(), 4096)
            if not chunk:
                return None
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode("utf-8", "replace")

    def stop(self):
        """Ends the process (the wrapped one, if there is one) with SIGTERM, at last SIGKILL."""
        if self.process.stdin:
            self.process.stdin.close()
        if self.process.poll() is None:
            try:
                os.kill(self.wrapped_pid or self.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            # The wrapped one first: without its tracer it would live on.
            if self.wrapped_pid:
                os.kill(self.wrapped_pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Server(Child):
    """A server on a port of its own choice, known by its `listening on ADDRESS:PORT` line."""

    def __init__(self, name, argv, core=None):
        super().__init__(argv, core)
        self.name = name
        try:
            self.port = self._listening()
        except BaseException:
            self.stop()
            raise

    def _listening(self):
        line = self.line(START_S)
        if line is not None and line.startswith(WRAPPED):
            self.wrapped_pid = int(line[len(WRAPPED):])
            line = self.line(START_S)
        if line is None or not line.startswith("listening on "):
            raise Unusable(f"{self.argv[0]} did not say `listening on`, but: {line}")
        return int(line.rsplit(":", 1)[1])


class Load(Child):
    """benches/load.c, connected to every port and done with its first verification."""

    def __init__(self, path, workload, ports, core=None):
        argv = [path, *(str(word) for word in workload), *(str(port) for port in ports)]
        super().__init__(argv, core, stdin=subprocess.PIPE)
        try:
            while self._reply() != "ready":
                pass
        except BaseException:
            self.stop()
            raise

    def ask(self, verb, port, *amount):
        """Sends a command; returns the number of requests answered."""
        words = [verb, str(port), *(str(n) for n in amount)]
        self.process.stdin.write((" ".join(words) + "\n").encode())
        done, answered_port, requests, _ = self._reply().split()
        assert (done, answered_port) == ("done", str(port))
        return int(requests)

    def _reply(self):
        line = self.line(REPLY_S)
        if line is None:
            status = self.process.wait()
            if status == 2:
                raise Unusable("the load could not be set up")
            raise Wrong(f"the load ended with status {status}")
        return line
