# SPDX-License-Identifier: MIT OR Apache-2.0
"""The benchmark's own parts: floors that answer right, a load that notices what is wrong."""

import contextlib
import json
import socket
import struct
import subprocess
import sys
import threading

import pytest

from bench_programs import program, script

import harness

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"

# A server whose answer to the first bytes of a connection is `answer(bytes)`, then an echo.
STRANGE = """#!{python}
import selectors, socket
listener = socket.create_server(("127.0.0.1", 0))
print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
ready = selectors.DefaultSelector()
ready.register(listener, selectors.EVENT_READ)
while True:
    for key, _ in ready.select():
        if key.fileobj is listener:
            ready.register(listener.accept()[0], selectors.EVENT_READ)
            continue
        received = key.fileobj.recv(65536)
        if received:
            key.fileobj.sendall({answer})
        if not received or {hang_up}:
            ready.unregister(key.fileobj)
            key.fileobj.close()
"""


def strange(tmp_path, answer, hang_up=False):
    """The path of a server program that answers like this."""
    path = tmp_path / "strange"
    text = STRANGE.format(python=sys.executable, answer=answer, hang_up=hang_up)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@contextlib.contextmanager
def connected(name):
    with harness.Server(name, [program(name), "0"]) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            yield client


def read_to_end(client):
    return b"".join(iter(lambda: client.recv(65536), b""))


def exchange(name, request):
    """Sends a request of many megabytes, its end, and reads the answer through a small buffer."""
    with harness.Server(name, [program(name), "0"]) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect(("127.0.0.1", server.port))

        def send():
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        answer = read_to_end(client)
        sender.join()
        return answer


def verify(server, *workload):
    """The load's result after its verification of a server that is already there."""
    argv = [program("load"), *(str(word) for word in workload), str(server.port)]
    return subprocess.run(argv, input="", capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "workload",
    [
        ("echo", 64, 64, 1),
        ("echo", 64, 64, 16),
        ("echo", 3, 1, 64),
        ("echo", 2, 2043, 1),
        ("echo", 2, 2044, 1),
        ("echo", 2, 2045, 2),
        ("echo", 16, 16384, 16),
        ("echo", 2, 1 << 20, 4),
        ("http", 64, 0, 1),
        ("http", 64, 10, 16),
        ("http", 2, 10, 64),
    ],
    ids=lambda workload: "-".join(str(word) for word in workload),
)
def test_floor_answers_every_byte(workload):
    name = f"{workload[0]}_floor"
    with harness.Server(name, [program(name), "0"]) as server:
        result = verify(server, *workload)
    assert (result.returncode, result.stdout.splitlines()[-1:]) == (0, ["ready"]), result.stderr


def test_echo_floor_answers_after_a_half_close():
    with connected("echo_floor") as client:
        client.sendall(struct.pack(">I", 5) + b"whole" + struct.pack(">I", 5) + b"cut")
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == struct.pack(">I", 5) + b"whole"


def test_echo_floor_ends_a_frame_above_its_cap():
    with connected("echo_floor") as client:
        client.sendall(struct.pack(">I", (1 << 20) + 1))
        assert read_to_end(client) == b""


def test_echo_floor_goes_on_after_partial_writes():
    frames = (struct.pack(">I", 1 << 20) + bytes(range(256)) * 4096) * 12
    assert exchange("echo_floor", frames) == frames


def test_http_floor_goes_on_after_partial_writes():
    assert exchange("http_floor", b"GET / HTTP/1.1\r\n\r\n" * 200_000) == HELLO * 200_000


def test_http_floor_answers_after_a_half_close():
    with connected("http_floor") as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET /")
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == HELLO * 2


def test_http_floor_ends_a_head_above_its_buffer():
    with connected("http_floor") as client:
        client.sendall(b"x" * 4096)
        assert read_to_end(client) == b""


ECHO, HTTP = ("echo", 1, 64, 1), ("http", 1, 0, 1)


@pytest.mark.parametrize(
    ("workload", "answer", "hang_up", "status", "message"),
    [
        (ECHO, "received[:-1] + bytes([received[-1] ^ 1])", False, 1, "the echo differs"),
        (ECHO, "received + b'x' * 99", False, 1, "than were sent|the echo differs"),
        (ECHO, "received", True, 3, "hung up|reset|Broken pipe"),
        (HTTP, f"{HELLO[:-1] + b'?'!r}", False, 1, "the body is not"),
        (HTTP, f"{HELLO.replace(b'200', b'500')!r}", False, 1, "not a 200"),
        (HTTP, f"{HELLO.replace(b'13', b'12')!r}", False, 1, "no `Content-Length"),
        (HTTP, f"{HELLO * 9!r}", False, 1, "more answers|before its request"),
    ],
)
def test_load_notices(tmp_path, workload, answer, hang_up, status, message):
    with harness.Server("strange", [strange(tmp_path, answer, hang_up)]) as server:
        result = verify(server, *workload)
    assert result.returncode == status, result.stdout + result.stderr
    assert any(part in result.stderr for part in message.split("|")), result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("echo", 0, 64, 1, 1),
        ("echo", 4097, 64, 1, 1),
        ("echo", 1, 0, 1, 1),
        ("echo", 1, (1 << 20) + 1, 1, 1),
        ("echo", 1, 64, 65, 1),
        ("echo", 4096, 1 << 20, 64, 1),
        ("echo", 1, 64, 1, 0),
        ("echo", 1, 64, 1, 65536),
        ("echo", "-1", 64, 1, 1),
        ("http", 1, 11, 1, 1),
        ("gopher", 1, 1, 1, 1),
        ("echo", 1, 1, 1),
    ],
)
def test_load_refuses(arguments):
    argv = [program("load"), *(str(argument) for argument in arguments)]
    assert subprocess.run(argv, input="", capture_output=True, timeout=60).returncode == 2


@pytest.mark.parametrize("mode", ["echo", "http"])
def test_run_measures_every_server(tmp_path, mode):
    floor, out = program(f"{mode}_floor"), tmp_path / "out.json"
    result = script(
        "run.py", mode, "--floor", floor, "--load", program("load"), "--server", f"other={floor}",
        "--rounds", 2, "--slice-ms", 10, "--only", "16 deep", "--out", out,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (workload,) = json.loads(out.read_text(encoding="utf-8"))["workloads"]
    assert [server["name"] for server in workload["servers"]] == ["floor", "floor again", "other"]
    assert all(server["requests"] >= 2 * 64 * 16 for server in workload["servers"])
    # Two rounds are two lives of one round.
    assert all([len(life) for life in server["ratios"]] == [1, 1] for server in workload["servers"])


def test_run_fails_on_wrong_bytes(tmp_path):
    wrong = strange(tmp_path, "received[:-1] + bytes([received[-1] ^ 1])")
    out = tmp_path / "out.json"
    result = script(
        "run.py", "echo", "--floor", program("echo_floor"), "--load", program("load"),
        "--server", f"wrong={wrong}", "--rounds", 1, "--slice-ms", 10, "--out", out,
    )
    assert result.returncode == 1
    assert "WRONG" in result.stderr
    assert not out.exists()


def test_run_says_what_is_missing(tmp_path):
    result = script(
        "run.py", "echo", "--floor", tmp_path / "none", "--load", program("load"), "--rounds", 1
    )
    assert result.returncode == 2
    assert "cannot start" in result.stderr
