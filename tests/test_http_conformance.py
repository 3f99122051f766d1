# SPDX-License-Identifier: MIT OR Apache-2.0
"""HTTP from outside, with clients that know nothing of the library: sockets, curl, strace.

The server is tests/c/support/http_server.c, which streams; http_hello of c_examples gathers.
"""

import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading

import pytest

from bench_programs import ROOT
from examples import (
    BACKENDS, DEADLINE, MIB, Answers, ask, flood, pattern, read_lines, parse_address, receive_all,
    request, reset, serving,
)
from examples import Server

import syscalls

LIBRARY = pathlib.Path(os.environ.get("WEBCORE_LIB_DIR", ROOT / "build" / "lib"))
MAX_BODY = 8 * MIB


@functools.cache
def http_server():
    """The server of these tests, compiled once."""
    source = ROOT / "tests" / "c" / "support" / "http_server.c"
    program = ROOT / "build" / "tests" / "http_server"
    program.parent.mkdir(parents=True, exist_ok=True)
    command = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-g", f"-I{ROOT / 'include'}"]
    made = f"{program}.{os.getpid()}"
    command += [str(source), "-o", made, f"-L{LIBRARY}", "-lwebcore"]
    subprocess.run([*command, f"-Wl,-rpath,{LIBRARY}"], check=True, timeout=DEADLINE)
    # Another process of the tests may build or run it at this moment.
    os.replace(made, program)
    return str(program)


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def server(backend):
    with serving(http_server(), 0, MAX_BODY, backend=backend) as running:
        yield running


# ---- answers


@pytest.mark.parametrize("path, body", [
    ("/", b"hello"), ("/late", b"late"), ("/post", b"post"),
    ("/chunks", b"one,two,three"), ("/length", b"one,two,three"),
])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_every_way_to_answer(server, path, body, method, version):
    with server.connect() as client:
        client.sendall(request(method, path, version=version))
        status, fields, got = Answers(client).next(method)
    assert (status, got) == (200, b"" if method == "HEAD" else body)
    assert ("transfer-encoding" in fields) == (path == "/chunks" and version == "HTTP/1.1")
    assert ("connection" in fields) == (version == "HTTP/1.0")


def test_all_ways_to_answer_in_one_segment_keep_their_order(server):
    paths = ["/late", "/", "/chunks", "/post", "/length", "/late", "/count", "/none"] * 5
    bodies = {"/": b"hello", "/late": b"late", "/post": b"post", "/chunks": b"one,two,three",
              "/length": b"one,two,three", "/count": b"0", "/none": b"nothing here"}
    with server.connect() as client:
        answers = Answers(client)
        client.sendall(b"".join(request("GET", path) for path in paths))
        assert [answers.next()[2] for _ in paths] == [bodies[path] for path in paths]


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_cut_answer_can_be_told_from_a_whole_one(server, version):
    """In 1.1 the last chunk is missing; in 1.0 only a reset can say it."""
    with server.connect() as client:
        client.sendall(request("GET", "/cut", version=version))
        seen = b""
        ending = "end"
        try:
            while piece := client.recv(65536):
                seen += piece
        except ConnectionResetError:
            ending = "reset"
    assert b"0\r\n\r\n" not in seen
    if version == "HTTP/1.1":
        assert (seen.endswith(b"4\r\none,\r\n"), ending) == (True, "end")
    else:
        assert ending == "reset"


# ---- bodies


@pytest.mark.parametrize("size", [1, 65535, 65536, 65537, MIB, MAX_BODY])
def test_a_body_comes_back_as_it_went(server, size):
    """The echo begins before the body has ended, so the client has to do both at a time."""
    body = pattern(size)
    with server.connect() as client:
        sender = threading.Thread(target=client.sendall, args=(request("POST", "/echo", body),))
        sender.start()
        status, _, back = Answers(client).next()
        sender.join(DEADLINE)
    assert (status, back == body) == (200, True)


def test_back_pressure_reaches_the_client(server):
    """A client that never reads is stopped, and the server holds no more than its limits of it."""
    before = server.memory()
    with server.connect(receive_buffer=65536) as client:
        client.sendall(request("POST", "/echo", fields=["Transfer-Encoding: chunked"]))
        unit = b"10000\r\n" + bytes(65536) + b"\r\n"
        sent = flood(client, unit, 64 * MIB)
        assert sent < 64 * MIB
        assert server.memory() - before < 8 * MIB
    assert ask(server, "GET", "/")[2] == b"hello"


@pytest.mark.parametrize("path, size, status, whole", [
    ("/early", 32 * 1024, 403, True),
    ("/early", 64 * 1024, 403, True),
    ("/early", 64 * 1024 + 1, 403, False),
    ("/early", 4 * MIB, 403, False),
    ("/count", MAX_BODY, 200, True),
    ("/count", MAX_BODY + 1, 413, False),
    ("/count", 2 * MAX_BODY, 413, False),
])
def test_an_early_answer_is_not_lost_to_a_client_that_goes_on_sending(
        server, path, size, status, whole):
    with server.connect() as client:
        def send():
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(request("POST", path, bytes(size)))
        sender = threading.Thread(target=send)
        sender.start()
        answers = Answers(client)
        got, fields, body = answers.next()
        sender.join(DEADLINE)
        assert not sender.is_alive()
        assert (got, len(body)) == (status, int(fields["content-length"]))
        assert (fields.get("connection") == "close") == (not whole)
        if whole:
            client.sendall(request("GET", "/"))
            assert answers.next()[2] == b"hello"


def test_a_body_is_never_taken_for_a_request(server):
    """What could be a request stands in a body that nobody wants, behind what is dropped of it."""
    smuggled = request("GET", "/smuggled")
    body = smuggled * (256 * 1024 // len(smuggled))
    with server.connect() as client:
        answers = Answers(client)
        client.sendall(request("POST", "/early", body[:60000]) + request("GET", "/"))
        assert [answers.next()[0], answers.next()[2]] == [403, b"hello"]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(request("POST", "/early", body))
        assert answers.next()[0] == 403
        with contextlib.suppress(ConnectionResetError):
            assert answers.ended()


# ---- 100 (Continue)


def head_of(path, size, fields=()):
    return request("POST", path, bytes(size), ["Expect: 100-continue", *fields])[:-size]


def test_one_100_where_the_body_is_wanted(server):
    with server.connect() as client:
        answers = Answers(client)
        for _ in range(3):
            client.sendall(head_of("/count", 1000))
            assert answers.next() == (100, {}, b"")
            client.sendall(bytes(500))
            client.sendall(bytes(500))
            assert answers.next()[2] == b"1000"


@pytest.mark.parametrize("path, size, status", [
    ("/early", 1000, 403), ("/count", MAX_BODY + 1, 413),
])
def test_no_100_where_the_request_is_refused(server, path, size, status):
    with server.connect() as client:
        answers = Answers(client)
        client.sendall(head_of(path, size))
        got, fields, _ = answers.next()
        assert (got, fields["connection"]) == (status, "close")
        client.shutdown(1)
        assert answers.ended()


# ---- system calls


@pytest.mark.skipif(syscalls.why_no_trace() is not None, reason=str(syscalls.why_no_trace()))
@pytest.mark.parametrize("requests, writes", [(1, 1), (16, 1), (17, 2), (100, 7)])
def test_pipelined_answers_go_out_in_one_write_for_each_sixteen(tmp_path, requests, writes):
    """HTTP_PIPELINE is the share of a turn; the answers of a share are one write."""
    log = tmp_path / "calls"
    command = ["strace", "-f", "-o", str(log), "-e", "trace=sendto,sendmsg,write,writev"]
    command += [str(ROOT / "build" / "examples" / "http_hello"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        traced = Server(process, process.stderr, [parse_address(read_lines(process.stdout, 1)[0])])
        with traced.connect() as client:
            answers = Answers(client)
            client.sendall(request("GET", "/") * requests)
            for _ in range(requests):
                assert answers.next()[2] == b"Hello, World!"
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        os.kill(int(children), signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
    sent = re.findall(r'(?:sendto|sendmsg|write|writev)\(\d+, .*HTTP/1\.1 200', log.read_text())
    assert len(sent) == writes


# ---- curl

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def curl(server, *arguments, stdin=b""):
    """What curl says on both outputs; it has to succeed."""
    host, port = server.addresses[0]
    urls = [a if not a.startswith("/") else f"http://{host}:{port}{a}" for a in arguments]
    command = ["curl", "-sS", "--max-time", str(DEADLINE), *urls]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=2 * DEADLINE)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout, done.stderr.decode(errors="replace")


@needs_curl
def test_curl_get_and_head(server):
    assert curl(server, "/")[0] == b"hello"
    assert curl(server, "/chunks")[0] == b"one,two,three"
    head = curl(server, "-I", "/")[0]
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 5\r\n" in head


@needs_curl
@pytest.mark.parametrize("path, body", [("/", b"hello"), ("/chunks", b"one,two,three")])
def test_curl_http_1_0(server, path, body):
    assert curl(server, "--http1.0", path)[0] == body


@needs_curl
def test_curl_post(server):
    assert curl(server, "--data", "some words", "/echo")[0] == b"some words"


@needs_curl
def test_curl_gets_one_100_for_2_mib(server, tmp_path):
    """It would wait for 20 seconds."""
    file = tmp_path / "body"
    file.write_bytes(bytes(2 * MIB))
    count, said = curl(server, "-v", "--expect100-timeout", "20", "-H", "Expect: 100-continue",
                       "--data-binary", f"@{file}", "/count")
    assert count == str(2 * MIB).encode()
    assert said.count("< HTTP/1.1 100 Continue") == 1


@needs_curl
def test_curl_uploads_from_a_pipe_in_chunks(server):
    body = pattern(3 * MIB)
    back, said = curl(server, "-v", "-T", "-", "/echo", stdin=body)
    assert back == body
    assert "> Transfer-Encoding: chunked" in said


@needs_curl
def test_curl_uses_its_connection_again(server):
    out, said = curl(server, "-v", "/", "/chunks", "/late")
    assert out == b"hello" b"one,two,three" b"late"
    assert len(re.findall(r"(?i)re-using existing", said)) == 2


@needs_curl
def test_curl_does_not_use_it_again_where_it_was_refused(server):
    out, said = curl(server, "-v", "-H", "Expect: more", "/", "/")
    assert said.count("< HTTP/1.1 417") == 2
    assert "e-using existing" not in said
    assert b"417" in out


# ---- many clients


def test_clients_that_leave_in_the_middle_leave_nothing_behind(server):
    descriptors = server.descriptors()
    for path in ["/late", "/echo", "/cut", "/chunks"]:
        for part in [request("GET", path), request("POST", path, b"body")[:-1]]:
            for end in [reset, lambda client: client.close()]:
                client = server.connect()
                client.sendall(part)
                end(client)
    assert ask(server, "GET", "/late")[2] == b"late"
    with server.connect() as client:
        client.sendall(request("GET", "/", fields=["Connection: close"]))
        assert receive_all(client).endswith(b"hello")
    assert server.descriptors() <= descriptors + 16


def test_a_drained_server_answers_what_it_has_begun(backend):
    with serving(http_server(), backend=backend) as running:
        with running.connect() as idle, running.connect() as busy:
            idle_answers, busy_answers = Answers(idle), Answers(busy)
            idle.sendall(request("GET", "/"))
            assert idle_answers.next()[2] == b"hello"
            busy.sendall(request("GET", "/chunks") + request("GET", "/late"))
            assert busy_answers.next()[2] == b"one,two,three"
            assert busy_answers.next()[2] == b"late"
            running.process.send_signal(signal.SIGTERM)
            assert idle_answers.ended()
            assert busy_answers.ended()
        assert running.process.wait(DEADLINE) == 0
