# SPDX-License-Identifier: MIT OR Apache-2.0
"""Starts and stops the programs of c_examples and talks to them; the tests are in test_examples*.py.

Every wait in here has a deadline, and none is a sleep: it ends with the event that it waits for.

The programs are taken from build/examples; the variable WC_EXAMPLES names another directory, and
WC_EXAMPLES_WRAP a command that they are run under (for example "valgrind -q --error-exitcode=9").
"""

import contextlib
import os
import pathlib
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = pathlib.Path(os.environ.get("WC_EXAMPLES", ROOT / "build" / "examples"))
WRAP = shlex.split(os.environ.get("WC_EXAMPLES_WRAP", ""))
LINUX = sys.platform == "linux"
BACKENDS = ["epoll", "kqueue", "poll", "select"] if LINUX else ["kqueue", "poll", "select"]
# On Linux the kqueue backend is in the library for tests only.
TESTLIB = pathlib.Path(os.environ.get("WEBCORE_TESTLIB_DIR", ROOT / "build" / "testlib"))
DEADLINE = 60.0
MIB = 1024 * 1024


def command(name, *args):
    """The command line of an example; `name` may also be the path of a program."""
    path = pathlib.Path(name)
    program = path if path.is_absolute() else BUILT / name
    return [*WRAP, str(program), *map(str, args)]


@contextlib.contextmanager
def wrapped(*words):
    """Runs what is started meanwhile under this command."""
    before = WRAP[:]
    WRAP[:] = words
    try:
        yield
    finally:
        WRAP[:] = before


def environment(backend):
    env = dict(os.environ)
    env.pop("WEBCORE_BACKEND", None)
    if backend is not None:
        env["WEBCORE_BACKEND"] = backend
    if LINUX and backend == "kqueue":
        env["LD_LIBRARY_PATH"] = str(TESTLIB)
    return env


def run(name, *args, backend=None, stdin=b""):
    """Runs an example that ends by itself."""
    return subprocess.run(
        command(name, *args), input=stdin, capture_output=True,
        env=environment(backend), timeout=DEADLINE, check=False,
    )


class Server:
    """A running example: its addresses, its memory, its end."""

    def __init__(self, process, errors, addresses):
        self.process = process
        self.errors = errors
        self.addresses = addresses

    def connect(self, which=0, receive_buffer=None):
        """A client with a deadline on everything that it does."""
        host, port = self.addresses[which]
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        client = socket.socket(family, socket.SOCK_STREAM)
        client.settimeout(DEADLINE)
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.connect((host, port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def descriptors(self):
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self, number=signal.SIGTERM):
        """Signals it; gives its exit code and what it wrote to standard error."""
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE)
        self.errors.seek(0)
        return code, self.errors.read().decode()


@contextlib.contextmanager
def serving(name, *args, backend=None, listeners=1, errors="", stdin=subprocess.DEVNULL):
    """A server on port 0 that must end with exit code 0 and `errors` on standard error."""
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            command(name, *(args or (0,))), stdin=stdin, stdout=subprocess.PIPE,
            stderr=stderr, env=environment(backend),
        )
        try:
            lines = read_lines(process.stdout, listeners)
            addresses = [parse_address(line) for line in lines]
            if len(addresses) != listeners:
                process.wait(DEADLINE)
                stderr.seek(0)
                raise AssertionError(f"{name} did not start: {stderr.read().decode()}")
            server = Server(process, stderr, addresses)
            yield server
            if process.returncode is None:
                code, said = server.stop()
                assert (code, said) == (0, errors), f"{name} ended with {code}: {said}"
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(DEADLINE)
            process.stdout.close()
            if process.stdin is not None:
                process.stdin.close()


def read_lines(pipe, count):
    """The first lines of a pipe; fewer if it ends before, or if the deadline passes."""
    deadline = time.monotonic() + DEADLINE
    have = b""
    while have.count(b"\n") < count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            break
        more = os.read(pipe.fileno(), 4096)
        if not more:
            break
        have += more
    return have.decode().splitlines()[:count]


def parse_address(line):
    """`listening on 127.0.0.1:80` or `listening on [::1]:80`."""
    prefix = "listening on "
    assert line.startswith(prefix), line
    host, _, port = line[len(prefix):].rpartition(":")
    return host.strip("[]"), int(port)


def receive(client, count):
    """Exactly that many bytes, or those before the end."""
    out = bytearray()
    while len(out) < count:
        piece = client.recv(min(count - len(out), 1 << 16))
        if not piece:
            break
        out += piece
    return bytes(out)


def receive_all(client):
    """All bytes up to the end; a reset is an end, too."""
    out = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1 << 16):
            out += piece
    return bytes(out)


def reset(client):
    """Closes with a RST in place of the end of input."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def frame(payload):
    """A message of echo_length."""
    return struct.pack(">I", len(payload)) + payload


def pattern(count, seed=0):
    """Bytes in which no two places look alike: a moved or doubled piece is found out."""
    words = count // 8 + 1
    return b"".join(struct.pack(">II", seed, i) for i in range(words))[:count]


def flood(client, unit, most):
    """Sends whole units and never reads, until the server takes no more for a second.

    Gives the number of bytes sent, which is `most` or more if the server never stopped taking.
    """
    sent = 0
    client.setblocking(False)
    while sent < most:
        if not select.select([], [client], [], 1.0)[1]:
            break
        start = sent % len(unit)
        with contextlib.suppress(BlockingIOError):
            sent += client.send(unit[start:])
    client.settimeout(DEADLINE)
    return sent


def settle(client, unit, sent):
    """Ends the last unit of a flood, and gives whether all of it came back as it went."""
    pending = memoryview(unit)[sent % len(unit):] if sent % len(unit) else memoryview(b"")
    total = sent + len(pending)
    seen = 0
    client.setblocking(False)
    deadline = time.monotonic() + DEADLINE
    while seen < total and time.monotonic() < deadline:
        readable, writable, _ = select.select([client], [client] if pending else [], [], 1.0)
        if writable:
            with contextlib.suppress(BlockingIOError):
                pending = pending[client.send(pending):]
        if readable:
            piece = client.recv(1 << 16)
            start = seen % len(unit)
            window = unit[start:start + len(piece)]
            while len(window) < len(piece):
                window += unit[:len(piece) - len(window)]
            if not piece or piece != window:
                return False
            seen += len(piece)
    client.settimeout(DEADLINE)
    return seen == total


class Answers:
    """Reads HTTP answers from a connection, one after the other, and nothing beyond each."""

    def __init__(self, client):
        self.file = client.makefile("rb")

    def next(self, method="GET"):
        """Status, fields (names in lower case) and body; None at the end of the connection."""
        start = self.file.readline()
        if not start:
            return None
        version, status, _ = start.decode().split(" ", 2)
        assert version == "HTTP/1.1"
        fields = {}
        while (line := self.file.readline()) != b"\r\n":
            assert line.endswith(b"\r\n"), line
            name, _, value = line.decode().partition(":")
            assert name.lower() not in fields, f"{name} twice"
            fields[name.lower()] = value.strip()
        return int(status), fields, self.body(int(status), fields, method)

    def body(self, status, fields, method):
        if method == "HEAD" or status < 200 or status in (204, 304):
            return b""
        if fields.get("transfer-encoding") == "chunked":
            out = b""
            while size := int(self.file.readline(), 16):
                out += self.file.read(size)
                assert self.file.read(2) == b"\r\n"
            assert self.file.readline() == b"\r\n"
            return out
        if "content-length" in fields:
            return self.file.read(int(fields["content-length"]))
        return self.file.read()

    def ended(self):
        """Whether the connection ended in order, with nothing more on it."""
        return self.file.read() == b""


def request(method, target, body=b"", fields=(), version="HTTP/1.1"):
    """The bytes of one request with a Host and, if it has a body, its length."""
    lines = [f"{method} {target} {version}", "Host: localhost", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(server, method, target, body=b"", fields=(), which=0):
    """One request on a connection of its own."""
    with server.connect(which) as client:
        client.sendall(request(method, target, body, fields))
        return Answers(client).next(method)
