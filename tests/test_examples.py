# SPDX-License-Identifier: MIT OR Apache-2.0
"""The echo servers of c_examples and their load client, from outside, on every backend."""

import contextlib
import itertools
import re
import signal
import socket
import struct
import subprocess
import threading

import pytest

from examples import (
    BACKENDS, DEADLINE, MIB, WRAP, command, environment, flood, frame, pattern, read_lines,
    receive, receive_all, reset, run, serving, settle,
)

CAP = MIB
SERVERS = ["echo_length", "echo_line", "echo_terminal", "http_hello", "pull_loop"]
# Those that a program can wait for elsewhere.
EMBEDDABLE = [backend for backend in BACKENDS if backend in ("epoll", "kqueue")]
# The echoes of plain bytes; the one that is made by hand knows no backends.
PLAIN = [
    *itertools.product(["pull_loop", "watch_echo"], BACKENDS),
    *itertools.product(["embedded_poll"], EMBEDDABLE),
    ("kqueue_echo", None),
]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def echo(backend):
    with serving("echo_length", backend=backend) as server:
        yield server


@pytest.fixture
def line(backend):
    with serving("echo_line", backend=backend) as server:
        yield server


@pytest.fixture(params=PLAIN, ids=str)
def pull(request):
    name, backend = request.param
    with serving(name, backend=backend) as server:
        yield server


def round_trip(client, payload):
    client.sendall(frame(payload))
    assert receive(client, 4 + len(payload)) == frame(payload)


# ---- all servers: start and stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", SERVERS)
def test_a_signal_ends_it_cleanly_though_a_client_stays(name, number, backend):
    with serving(name, backend=backend) as server:
        with server.connect() as client:
            assert server.stop(number) == (0, "")
            assert receive_all(client) == b""


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("port", ["", "x", "80x", "-1", "65536"])
def test_what_is_no_port_is_refused_in_words(name, port):
    result = run(name, port)
    assert result.returncode == 1
    assert "is not a port" in result.stderr.decode()
    assert result.stdout == b""


@pytest.mark.parametrize("name", SERVERS)
def test_a_taken_port_is_said_by_its_status(name, backend):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run(name, taken.getsockname()[1], backend=backend)
    assert result.returncode == 1
    assert "WC_E_INUSE" in result.stderr.decode()


@pytest.mark.parametrize("name", SERVERS)
def test_an_unknown_backend_is_refused_not_replaced(name):
    result = run(name, 0, backend="nonsense")
    assert result.returncode == 1
    assert "WC_E_BACKEND" in result.stderr.decode()


# ---- echo_length


@pytest.mark.parametrize("size", [0, 1, 4, 65535, 65536, CAP - 1, CAP])
def test_length_a_frame_comes_back(echo, size):
    with echo.connect() as client:
        round_trip(client, pattern(size, 1))
        round_trip(client, pattern(size, 2))


def test_length_frames_in_one_segment_come_back_in_order(echo):
    frames = b"".join(frame(pattern(i, i)) for i in range(100))
    with echo.connect() as client:
        client.sendall(frames)
        assert receive(client, len(frames)) == frames


def test_length_prefix_and_payload_byte_by_byte(echo):
    """A round trip on another connection after each byte gives the server a turn with only that."""
    with echo.connect() as client, echo.connect() as other:
        for byte in frame(b"slow"):
            client.sendall(bytes([byte]))
            round_trip(other, b"quick")
        assert receive(client, 8) == frame(b"slow")


@pytest.mark.parametrize("length", [CAP + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_length_a_frame_above_the_cap_ends_its_connection_alone(echo, length):
    before = echo.memory()
    with echo.connect() as client, echo.connect() as other:
        client.sendall(struct.pack(">I", length))
        assert receive_all(client) == b""
        round_trip(other, b"still here")
    assert WRAP or echo.memory() - before < 4 * MIB


def test_length_frames_before_one_above_the_cap_are_answered(echo):
    with echo.connect() as client:
        client.sendall(frame(b"first") + struct.pack(">I", CAP + 1))
        assert receive_all(client) == frame(b"first")


def test_length_a_half_closed_client_gets_its_answers(echo):
    frames = b"".join(frame(pattern(50_000, i)) for i in range(40))
    with echo.connect() as client:
        sender = threading.Thread(
            target=lambda: (client.sendall(frames), client.shutdown(socket.SHUT_WR)))
        sender.start()
        assert receive_all(client) == frames
        sender.join(DEADLINE)


@pytest.mark.parametrize("part", [b"", b"\0", b"\0\0\0\5", b"\0\0\0\5hel"])
def test_length_an_end_of_input_in_a_frame_ends_the_connection(echo, part):
    with echo.connect() as client:
        client.sendall(frame(b"whole") + part)
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client) == frame(b"whole")


@pytest.mark.parametrize("part", [b"", b"\0\0", b"\0\0\0\5hel", frame(b"hello")])
def test_length_a_reset_in_the_middle_harms_nobody(echo, part):
    with echo.connect() as other:
        for _ in range(20):
            client = echo.connect()
            client.sendall(part)
            reset(client)
        round_trip(other, b"still here")


def test_length_a_client_that_never_reads_is_held_back(echo):
    unit = frame(pattern(60_000, 7))
    before = echo.memory()
    with echo.connect() as client, echo.connect() as other:
        sent = flood(client, unit, 64 * MIB)
        assert sent < 64 * MIB
        assert WRAP or echo.memory() - before < 16 * MIB
        round_trip(other, b"not held back")
        assert settle(client, unit, sent)


def test_length_many_connections(echo):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(echo.connect()) for _ in range(200)]
        for _ in range(3):
            for number, client in enumerate(clients):
                client.sendall(frame(pattern(100, number)))
            for number, client in enumerate(clients):
                assert receive(client, 104) == frame(pattern(100, number))


def test_length_descriptors_are_given_back(echo):
    with echo.connect() as other:
        round_trip(other, b"")
        before = echo.descriptors()
        for _ in range(50):
            with echo.connect() as client:
                round_trip(client, b"x")
        for _ in range(10_000):
            if echo.descriptors() <= before:
                break
            round_trip(other, b"")
        assert echo.descriptors() <= before


def test_length_an_idle_client_is_ended(backend):
    with serving("echo_length", 0, "127.0.0.1", 50, backend=backend) as server:
        with server.connect() as client:
            assert receive_all(client) == b""


def test_length_two_families_on_one_socket(backend):
    if not socket.has_dualstack_ipv6():
        pytest.skip("no dual stack on this machine")
    with serving("echo_length", 0, "::", backend=backend) as server:
        port = server.addresses[0][1]
        for host in ["::1", "127.0.0.1"]:
            with socket.create_connection((host, port), DEADLINE) as client:
                round_trip(client, host.encode())


@pytest.mark.parametrize("arguments", [(0, "not-an-ip"), (0, "::1", 0), (0, "::1", 5, 6)])
def test_length_bad_arguments(arguments):
    result = run("echo_length", *arguments)
    assert result.returncode == 1
    assert result.stderr != b""


# ---- echo_line


def read_line(client):
    """One line without its end."""
    out = b""
    while not out.endswith(b"\n"):
        byte = client.recv(1)
        assert byte, f"ended after {out!r}"
        out += byte
    return out.rstrip(b"\r\n")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("text", [b"", b"x", b"a b\tc", b"\r middle \r.", b"\0\xff", b"y" * 4096])
def test_line_comes_back(line, text, end):
    with line.connect() as client:
        client.sendall(text + end)
        assert read_line(client) == text


def test_line_several_in_one_segment(line):
    with line.connect() as client:
        client.sendall(b"one\ntwo\r\n\nthree\n")
        assert [read_line(client) for _ in range(4)] == [b"one", b"two", b"", b"three"]


def test_line_too_long_is_answered_and_the_next_is_served(line):
    with line.connect() as client:
        client.sendall(b"z" * 4097 + b"\nnext\n")
        assert read_line(client) == b"error: line too long"
        assert read_line(client) == b"next"


def test_line_that_never_ends_blocks_nobody_and_costs_nothing(line):
    before = line.memory()
    with line.connect() as client, line.connect() as other:
        for _ in range(256):
            client.sendall(b"z" * 65536)
        assert read_line(client) == b"error: line too long"
        other.sendall(b"served\n")
        assert read_line(other) == b"served"
        assert WRAP or line.memory() - before < 4 * MIB
        client.sendall(b"\nafter\n")
        assert read_line(client) == b"after"


def test_line_half_a_line_blocks_nobody(line):
    with line.connect() as client, line.connect() as other:
        client.sendall(b"half")
        other.sendall(b"whole\n")
        assert read_line(other) == b"whole"
        client.sendall(b" and half\n")
        assert read_line(client) == b"half and half"


def test_line_a_half_closed_client_gets_its_answers(line):
    with line.connect() as client:
        client.sendall(b"one\ntwo\n")
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client).split() == [b"one", b"two"]


def test_line_an_idle_client_is_told_and_ended(backend):
    with serving("echo_line", 0, 50, backend=backend) as server:
        with server.connect() as client:
            client.sendall(b"half")
            assert receive_all(client).rstrip() == b"error: idle for too long"


# ---- pull_loop, watch_echo, embedded_poll, kqueue_echo


def test_pull_bytes_come_back(pull):
    with pull.connect() as client:
        for payload in [b"x", pattern(100_000), pattern(MIB, 3)]:
            sender = threading.Thread(target=client.sendall, args=(payload,))
            sender.start()
            assert receive(client, len(payload)) == payload
            sender.join(DEADLINE)


def test_pull_a_half_closed_client_gets_its_answers(pull):
    with pull.connect() as client:
        client.sendall(b"the last words")
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client) == b"the last words"


def test_pull_a_client_that_never_reads_is_held_back(pull):
    unit = pattern(60_000, 8)
    before = pull.memory()
    with pull.connect() as client, pull.connect() as other:
        sent = flood(client, unit, 64 * MIB)
        assert sent < 64 * MIB
        assert WRAP or pull.memory() - before < 16 * MIB
        other.sendall(b"not held back")
        assert receive(other, 13) == b"not held back"
        assert settle(client, unit, sent)


def test_pull_resets_and_many_connections(pull):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(pull.connect()) for _ in range(100)]
        for client in clients:
            client.sendall(b"ping")
        reset(clients.pop())
        for client in clients:
            assert receive(client, 4) == b"ping"


# ---- watch_echo and kqueue_echo, the same with and without the library; embedded_poll


BY_ITSELF = [("watch_echo", backend) for backend in BACKENDS] + [("kqueue_echo", None)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name, on", [*BY_ITSELF, ("embedded_poll", EMBEDDABLE[0])])
def test_watch_a_signal_ends_it_cleanly_though_a_client_stays(name, on, number):
    with serving(name, backend=on) as server:
        with server.connect() as client:
            client.sendall(b"here")
            assert receive(client, 4) == b"here"
            assert server.stop(number) == (0, "")
            assert receive_all(client) == b""


@pytest.mark.parametrize("name, on", BY_ITSELF)
def test_watch_an_idle_client_is_ended_and_a_busy_one_is_not(name, on):
    with serving(name, 0, 400, backend=on) as server:
        with server.connect() as idle, server.connect() as busy:
            idle.settimeout(0.05)
            while True:
                busy.sendall(b"x")
                assert receive(busy, 1) == b"x"
                with contextlib.suppress(TimeoutError):
                    assert idle.recv(1) == b""
                    break


@pytest.mark.parametrize("name, on", BY_ITSELF)
def test_watch_descriptors_are_given_back(name, on):
    with serving(name, backend=on) as server:
        with server.connect() as first:
            first.sendall(b"x")
            assert receive(first, 1) == b"x"
            before = server.descriptors()
            for _ in range(20):
                with server.connect() as client:
                    client.sendall(b"y")
                    assert receive(client, 1) == b"y"
                    client.shutdown(socket.SHUT_WR)
                    assert receive_all(client) == b""
            assert server.descriptors() <= before


@pytest.mark.parametrize("name", ["watch_echo", "kqueue_echo", "embedded_poll"])
def test_watch_bad_arguments_are_refused_in_words(name):
    for port in ["", "x", "80x", "-1", "65536"]:
        result = run(name, port)
        assert result.returncode == 1
        assert "is not a port" in result.stderr.decode()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run(name, taken.getsockname()[1])
    assert result.returncode == 1
    assert result.stderr != b""


@pytest.mark.parametrize("on", EMBEDDABLE)
def test_embedded_serves_while_its_terminal_is_typed_at(on):
    with serving("embedded_poll", backend=on, stdin=subprocess.PIPE) as server:
        def typed(text):
            server.process.stdin.write(text)
            server.process.stdin.flush()
        with server.connect() as client:
            client.sendall(b"one")
            assert receive(client, 3) == b"one"
            typed(b"cli")
            client.sendall(b"two")
            assert receive(client, 3) == b"two", "half a command keeps nobody waiting"
            typed(b"ents\nnonsense\n")
            said = read_lines(server.process.stdout, 2)
            assert said == ["1", 'there is "clients" and "quit"']
        typed(b"quit\n")
        assert server.process.wait(DEADLINE) == 0


@pytest.mark.parametrize("on", [name for name in BACKENDS if name not in EMBEDDABLE])
def test_embedded_says_where_it_cannot_be(on):
    result = run("embedded_poll", 0, backend=on)
    assert result.returncode == 1
    assert "WC_E_BACKEND" in result.stderr.decode()


# ---- echo_load

FIGURE = r"\d+(?:\.\d+)?"
REPORT = re.compile(
    rf"messages (?P<messages>\d+) in (?P<seconds>{FIGURE}) s\n"
    rf"throughput (?P<rate>{FIGURE}) messages/s (?P<mib>{FIGURE}) MiB/s\n"
    rf"rtt_us p50 (?P<p50>{FIGURE}) p90 (?P<p90>{FIGURE}) p99 (?P<p99>{FIGURE})"
    rf" max (?P<max>{FIGURE})\n"
)


@pytest.mark.parametrize("conns, size, rounds, depth", [
    (1, 0, 1, 1), (1, 1, 10, 1), (8, 100, 50, 1), (4, 1000, 100, 16), (2, MIB, 3, 1),
    (2, 300_000, 8, 8), (100, 64, 5, 2),
])
def test_load_counts_and_times_what_it_verified(echo, backend, conns, size, rounds, depth):
    port = echo.addresses[0][1]
    result = run("echo_load", "127.0.0.1", port, conns, size, rounds, depth, backend=backend)
    assert result.returncode == 0, result.stderr
    report = REPORT.fullmatch(result.stdout.decode())
    assert report, result.stdout
    assert int(report["messages"]) == conns * rounds
    assert float(report["rate"]) > 0
    p50, p90, p99, most = (float(report[name]) for name in ("p50", "p90", "p99", "max"))
    assert 0 < p50 <= p90 <= p99 <= most


@pytest.mark.parametrize("arguments", [
    (), ("127.0.0.1",), ("127.0.0.1", 1, 1, 1), ("127.0.0.1", 0, 1, 1, 1),
    ("127.0.0.1", 1, 0, 1, 1), ("127.0.0.1", 1, 1, MIB + 1, 1), ("127.0.0.1", 1, 1, 1, 0),
    ("127.0.0.1", 1, 1, 1, 1, 0), ("127.0.0.1", 1, 1, 1, 1, 1, 1), ("127.0.0.1", 1, "x", 1, 1),
])
def test_load_refuses_arguments(arguments):
    result = run("echo_load", *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith(b"usage:")
    assert result.stdout == b""


@contextlib.contextmanager
def scripted_server(script):
    """A listener whose one connection is handed to `script`, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE)

        def serve():
            client, _ = listener.accept()
            with client:
                client.settimeout(DEADLINE)
                script(client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(DEADLINE)
        assert not thread.is_alive()


@pytest.mark.parametrize("spoil", [
    pytest.param(lambda data: data[:-1] + bytes([data[-1] ^ 1]), id="one bit"),
    pytest.param(lambda data: frame(data[4:-1]), id="one byte too few"),
    pytest.param(lambda data: frame(data[4:] + b"x"), id="one byte too many"),
    pytest.param(lambda data: data[:4] + data[5:] + data[4:5], id="moved by one"),
])
def test_load_finds_what_is_wrong(backend, spoil):
    def script(client):
        client.sendall(spoil(receive(client, 104)))
        receive_all(client)

    with scripted_server(script) as port:
        result = run("echo_load", "127.0.0.1", port, 1, 100, 2, backend=backend)
    assert result.returncode == 1
    assert b"what came back is not what went" in result.stderr
    assert result.stdout == b""


def test_load_finds_the_answer_of_another_round(backend):
    def script(client):
        first = receive(client, 104)
        client.sendall(first)
        receive(client, 104)
        client.sendall(first)
        receive_all(client)

    with scripted_server(script) as port:
        result = run("echo_load", "127.0.0.1", port, 1, 100, 2, backend=backend)
    assert result.returncode == 1
    assert b"round 1" in result.stderr


def test_load_a_lost_connection_is_a_failure(backend):
    with scripted_server(lambda client: receive(client, 104)) as port:
        result = run("echo_load", "127.0.0.1", port, 1, 100, 2, backend=backend)
    assert result.returncode == 1
    assert b"lost in round 0" in result.stderr


def test_load_nobody_there_is_a_failure(backend):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        result = run("echo_load", "127.0.0.1", port, 1, 1, 1, backend=backend)
    assert result.returncode == 1
    assert b"WC_E_CONNECT" in result.stderr


def test_load_says_how_far_it_is(backend):
    """The answer is withheld until a progress line was seen, however long that takes."""
    seen = threading.Event()

    def script(client):
        data = receive(client, 14)
        assert seen.wait(DEADLINE)
        client.sendall(data)
        receive_all(client)

    with scripted_server(script) as port:
        with subprocess.Popen(
            command("echo_load", "127.0.0.1", port, 1, 10, 1), env=environment(backend),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:
            progress = read_lines(process.stderr, 1)
            seen.set()
            out, _ = process.communicate(timeout=DEADLINE)
    assert re.fullmatch(r"\d+ s: 0 of 1 messages, 1 connections", progress[0])
    assert process.returncode == 0
    assert REPORT.fullmatch(out.decode())
