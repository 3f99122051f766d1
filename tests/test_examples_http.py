# SPDX-License-Identifier: MIT OR Apache-2.0
"""http_hello and parser_only of c_examples, from outside."""

import http.client
import re

import pytest

from examples import (
    BACKENDS, DEADLINE, MIB, Answers, ask, pattern, receive_all, request, reset, run, serving,
)

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def hello(backend):
    with serving("http_hello", backend=backend) as server:
        yield server


# ---- http_hello: answers


def test_get(hello):
    status, fields, body = ask(hello, "GET", "/")
    assert (status, body) == (200, b"Hello, World!")
    assert fields["content-type"] == "text/plain; charset=utf-8"
    assert fields["content-length"] == "13"
    assert DATE.fullmatch(fields["date"])


def test_get_with_a_query(hello):
    assert ask(hello, "GET", "/?a=b")[2] == b"Hello, World!"


def test_the_client_of_the_standard_library_keeps_its_connection(hello):
    client = http.client.HTTPConnection(*hello.addresses[0], timeout=DEADLINE)
    for _ in range(3):
        client.request("GET", "/")
        kept = client.sock
        assert client.getresponse().read() == b"Hello, World!"
        client.request("POST", "/echo", body=b"words")
        assert client.sock is kept
        assert client.getresponse().read() == b"words"
    client.close()


@pytest.mark.parametrize("target", ["/", "/missing"])
def test_head_is_get_without_the_body(hello, target):
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(request("GET", target))
        status, fields, body = answers.next()
        client.sendall(request("HEAD", target))
        head_status, head_fields, _ = answers.next("HEAD")
        client.sendall(request("GET", "/"))
        assert answers.next()[2] == b"Hello, World!"
    assert head_status == status
    assert head_fields["content-length"] == fields["content-length"] == str(len(body))
    assert head_fields["content-type"] == fields["content-type"]


@pytest.mark.parametrize("size", [0, 1, 65536, MIB])
def test_post_echo(hello, size):
    body = pattern(size)
    with hello.connect() as client:
        fields = () if body else ("Content-Length: 0",)
        client.sendall(request("POST", "/echo", body, fields))
        status, fields, back = Answers(client).next()
    assert status == 200
    assert back == body
    assert fields["content-type"] == "application/octet-stream"


def test_post_echo_chunked(hello):
    chunks = [b"a", pattern(5000), b"\r\n0\r\n\r\n"]
    body = b"".join(b"%x;note=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(request("POST", "/echo", fields=["Transfer-Encoding: chunked"]))
        client.sendall(body + b"0\r\nTrailer-Field: x\r\n\r\n" + request("GET", "/"))
        assert answers.next()[2] == b"".join(chunks)
        assert answers.next()[2] == b"Hello, World!"


def test_the_path_is_compared_decoded(hello):
    assert ask(hello, "POST", "/%65cho", b"x")[2] == b"x"
    assert ask(hello, "GET", "/a/../")[2] == b"Hello, World!"


@pytest.mark.parametrize("method, target, allow", [
    ("POST", "/", "GET, HEAD"), ("DELETE", "/", "GET, HEAD"), ("PUT", "/?x", "GET, HEAD"),
    ("GET", "/echo", "POST"), ("HEAD", "/echo", "POST"), ("DELETE", "/echo", "POST"),
])
def test_a_wrong_method_is_told_the_right_ones(hello, method, target, allow):
    status, fields, _ = ask(hello, method, target)
    assert (status, fields["allow"]) == (405, allow)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("target", ["/x", "/echo/", "/Echo", "/index.html"])
def test_anything_else_is_not_found(hello, method, target):
    assert ask(hello, method, target)[0] == 404


@pytest.mark.parametrize("target", ["/%", "/%zz", "/%00", "/../x", "/%2e%2e/x"])
def test_a_path_that_cannot_be_decoded_or_leaves_the_root(hello, target):
    status, _, body = ask(hello, "GET", target)
    assert status in (400, 404)
    assert body != b"Hello, World!"


# ---- http_hello: the protocol


def test_pipelined_requests_are_answered_in_order(hello):
    bodies = [pattern(i * 100 + 1, i) for i in range(40)]
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(b"".join(request("POST", "/echo", body) for body in bodies))
        assert [answers.next()[2] for _ in bodies] == bodies


def test_a_half_closed_client_gets_its_answers(hello):
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(request("GET", "/") + request("GET", "/x"))
        client.shutdown(1)
        assert [answers.next()[0], answers.next()[0]] == [200, 404]
        assert answers.ended()


def test_expect_100_continue(hello):
    body = pattern(1000)
    head = request("POST", "/echo", body, ["Expect: 100-continue"])[:-len(body)]
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(head)
        assert answers.next() == (100, {}, b"")
        client.sendall(body)
        status, _, back = answers.next()
        assert (status, back) == (200, body)


def test_connection_close_is_kept(hello):
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(request("GET", "/", fields=["Connection: close"]))
        status, fields, _ = answers.next()
        assert (status, fields["connection"]) == (200, "close")
        assert answers.ended()


def test_http_1_0_ends_after_its_answer(hello):
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert answers.next()[2] == b"Hello, World!"
        assert answers.ended()


@pytest.mark.parametrize("data, status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"GET / HTTP/1.1\r\nHost: a\r\nName : x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n 2\r\n\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 100 + b"\r\n", 431),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
])
def test_a_bad_request_is_answered_and_its_connection_ended(hello, data, status):
    with hello.connect() as client:
        answers = Answers(client)
        client.sendall(request("GET", "/") + data)
        if data.startswith(b"\x16"):
            client.sendall(b"\r\n")
        assert answers.next()[2] == b"Hello, World!"
        got, fields, _ = answers.next()
        assert (got, fields["connection"]) == (status, "close")
        assert DATE.fullmatch(fields["date"])
        client.shutdown(1)
        assert answers.ended()
    assert ask(hello, "GET", "/")[0] == 200


@pytest.mark.parametrize("part", [b"", b"G", request("GET", "/")[:-2],
                                  request("POST", "/echo", b"body")[:-1], request("GET", "/")])
def test_a_reset_in_the_middle_harms_nobody(hello, part):
    for _ in range(10):
        client = hello.connect()
        client.sendall(part)
        reset(client)
    assert ask(hello, "GET", "/")[0] == 200


def test_an_end_of_input_in_a_body_is_no_request(hello):
    with hello.connect() as client:
        client.sendall(request("POST", "/echo", b"body")[:-1])
        client.shutdown(1)
        assert b"200" not in receive_all(client)


def test_a_slow_head_is_cut(backend):
    """100 ms for the whole head; the server's own deadline ends the wait, whatever comes of it."""
    with serving("http_hello", 0, 100, backend=backend) as server:
        with server.connect() as client, server.connect() as other:
            client.sendall(b"GET / HTTP/1.1\r\nHos")
            answers = Answers(client)
            assert answers.next()[0] == 408
            client.shutdown(1)
            assert answers.ended()
            other.sendall(request("GET", "/"))
            assert Answers(other).next()[0] == 200


def test_bad_arguments():
    for arguments in [(0, 0), (0, "x"), (0, 1, 2)]:
        result = run("http_hello", *arguments)
        assert result.returncode == 1
        assert result.stderr.startswith(b"usage:")


# ---- parser_only


def merge_bodies(text):
    """Pieces of a body may be cut anywhere; neighbours are one here."""
    return re.sub(r"\nbody (.*)(?=\nbody )", r"\nbody \1+", text).replace("+\nbody ", "")


TRANSCRIPTS = [
    (b"", ""),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
     "method GET\ntarget /\nversion 1.1\nheader Host: x\nend\n"),
    (b"GET / HTTP/1.0\r\n\r\n", "method GET\ntarget /\nversion 1.0\nend\n"),
    (b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nA:  spaced \t\r\n\r\na\nb\\c",
     "method POST\ntarget /a?b=c\nversion 1.1\nheader Host: x\nheader Content-Length: 5\n"
     "header A: spaced\nbody a\\x0ab\\x5cc\nend\n"),
    (b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: u\r\n\r\n",
     "method PUT\ntarget /\nversion 1.1\nheader Host: x\nheader Transfer-Encoding: chunked\n"
     "body abcdefg\nend\n"),
    (b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
     "method GET\ntarget /1\nversion 1.1\nheader Host: x\nend\n"
     "method GET\ntarget /2\nversion 1.1\nheader Host: x\nend\n"),
]


@pytest.mark.parametrize("data, expected", TRANSCRIPTS)
def test_parser_transcript(data, expected):
    result = run("parser_only", stdin=data)
    assert merge_bodies(result.stdout.decode()) == expected
    assert (result.returncode, result.stderr) == (0, b"")


def test_parser_sample_in_small_pieces():
    result = run("parser_only", "sample")
    assert merge_bodies(result.stdout.decode()) == (
        "method GET\ntarget /index.html?lang=en\nversion 1.1\nheader Host: example.com\n"
        "header Accept: text/html\nend\n"
        "method POST\ntarget /upload\nversion 1.1\nheader Host: example.com\n"
        "header Transfer-Encoding: chunked\nbody Hello, World!\nend\n"
    )
    assert (result.returncode, result.stderr) == (0, b"")


def test_parser_a_body_larger_than_the_buffer():
    body = b"0123456789abcdef" * 20_000
    result = run("parser_only", stdin=request("POST", "/", body))
    text = merge_bodies(result.stdout.decode())
    assert f"\nbody {body.decode()}\nend\n" in text
    assert result.returncode == 0


GOOD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("data, status, first, last", [
    (b"GET / HTTP/1.1\r\n\r\n", 400, 0, 18),
    (b"G\0T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, 1, 1),
    (b"GET / HTTP/1.1\nHost: x\r\n\r\n", 400, 14, 14),
    (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, 6, 14),
    (GOOD + b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, len(GOOD) + 16, len(GOOD) + 21),
])
def test_parser_fault(data, status, first, last):
    """The reason by its name, where in the whole input, and what a server answers."""
    result = run("parser_only", stdin=data)
    fault = re.search(r"^fault (WC_H_\w+) at (\d+), answer (\d+): \S.*\n\Z",
                      result.stdout.decode(), re.MULTILINE)
    assert fault, result.stdout
    assert int(fault[3]) == status
    assert first <= int(fault[2]) <= last
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_parser_input_that_ends_too_early_is_not_accepted(cut):
    result = run("parser_only", stdin=GOOD[:cut])
    assert result.returncode == 1
    assert result.stdout.startswith((b"fault ", b"cut short\n"))
