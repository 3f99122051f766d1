# SPDX-License-Identifier: MIT OR Apache-2.0
"""Requests and answers, asked for with http.client."""

import socket
import struct
import threading

import pytest
from talk import HOST, SECONDS, browse, dial, serve, until_end
from webcore import Conn, Reason, Status, WebcoreError


def test_hello_and_the_body_that_comes_back_on_one_connection(loop):
    def on_request(request):
        if (request.method, request.path) == ("GET", "/"):
            request.respond(200, b"Hello, World!\n", {"Content-Type": "text/plain"})
        elif (request.method, request.path) == ("POST", "/echo"):
            request.respond(200, request.body)
        else:
            request.respond(404)

    port = loop.http_listen(host=HOST, on_request=on_request).port
    body = bytes(range(256)) * 200
    asked = ("GET", "/", None), ("POST", "/echo", body), ("GET", "/none", None)
    hello, echo, none = serve(loop, lambda: browse(port, *asked))
    assert hello[:2] == (200, b"Hello, World!\n")
    assert hello[2]["Content-Type"] == "text/plain"
    assert hello[2]["Content-Length"] == "14"
    assert echo[:2] == (200, body)
    assert none[:2] == (404, b"")


def test_a_request_shows_what_was_sent(loop):
    seen = {}

    def on_request(request):
        seen.update(
            method=request.method, target=request.target, path=request.path, query=request.query,
            minor=request.minor_version, fields=request.headers, body=request.body,
            accept=request.header("ACCEPT"), none=request.header("X-None"),
            bytes_name=request.header(b"accept"), peer=request.conn.peer)
        request.respond(200)

    port = loop.http_listen(host=HOST, on_request=on_request).port

    def client():
        with dial(port) as peer:
            peer.sendall(b"PUT /a/../b%20c%C3%A9?x=%20 HTTP/1.1\r\nHost: h\r\nAccept: one\r\n"
                         b"Accept: two\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
            until_end(peer)
            return peer.getsockname()

    assert serve(loop, client) == seen.pop("peer")
    names = [(name.lower(), value) for name, value in seen.pop("fields")]
    assert names == [("host", "h"), ("accept", "one"), ("accept", "two"),
                     ("content-length", "2"), ("connection", "close")]
    assert seen == {
        "method": "PUT", "target": "/a/../b%20c%C3%A9?x=%20", "path": "/b c\u00e9",
        "query": "x=%20", "minor": 1, "body": b"hi", "accept": "one", "none": None,
        "bytes_name": "one"}


@pytest.mark.parametrize("length", [None, 15])
def test_a_streamed_answer_arrives_whole(loop, length):
    def on_request(request):
        request.begin(200, [("Content-Type", "text/plain"), (b"X-Twice", "1"), ("X-Twice", b"2")],
                      length=length)
        left = [b"one, ", b"two, ", b"three"]

        def more():
            request.write(left.pop(0))
            if left:
                loop.call_later(1, more)
            else:
                request.finish()

        more()

    port = loop.http_listen(host=HOST, on_request=on_request).port
    for status, body, headers in serve(loop, lambda: browse(port, *[("GET", "/", None)] * 2)):
        assert (status, body) == (200, b"one, two, three")
        assert headers.get_all("X-Twice") == ["1", "2"]
        assert headers["Content-Length"] == (None if length is None else "15")


def test_a_streamed_body_is_told_in_pieces(loop):
    told = []

    def on_body(request, data):
        request.user.append(data)

    def on_head(request):
        told.append(("head", request.header("content-length")))
        request.user = []

    def on_end(request):
        told.append("end")
        request.respond(200, b"%d" % len(b"".join(request.user)))

    port = loop.http_listen(host=HOST, on_head=on_head, on_body=on_body, on_end=on_end,
                            on_close=lambda request, why: told.append(why)).port
    answers = serve(loop, lambda: browse(port, ("POST", "/", bytes(100_000))))
    assert answers[0][:2] == (200, b"100000")
    assert told == [("head", "100000"), "end", Status.OK]


def test_an_answer_may_come_later_from_a_timer(loop):
    port = loop.http_listen(host=HOST, on_request=lambda request: loop.call_later(
        5, request.respond, 200, request.path.encode())).port
    answers = serve(loop, lambda: browse(port, ("GET", "/1", None), ("GET", "/2", None)))
    assert [answer[:2] for answer in answers] == [(200, b"/1"), (200, b"/2")]


def test_an_answer_may_come_from_another_thread(loop):
    threads = []

    def work(request, path):
        if path == "/async":
            request.respond_async(200, b"async", {"X-From": "thread"})
        else:
            loop.post(request.respond, 200, b"post", {"X-From": "thread"})

    def on_request(request):
        threads.append(threading.Thread(target=work, args=(request, request.path)))
        threads[-1].start()

    port = loop.http_listen(host=HOST, on_request=on_request).port
    answers = serve(loop, lambda: browse(port, ("GET", "/async", None), ("GET", "/post", None)))
    for thread in threads:
        thread.join(SECONDS)
    assert [answer[:2] for answer in answers] == [(200, b"async"), (200, b"post")]
    assert [answer[2]["X-From"] for answer in answers] == ["thread", "thread"]


def test_a_request_whose_client_has_gone_is_a_code(loop):
    """Gone by a reset: a client that only ends its input still waits for its answer. select(2)
    tells of a reset to who reads or writes, which a request that waits for its answer does not."""
    if loop.backend == "select":
        pytest.skip("the answer would be given")
    kept, told = [], []
    arrived, gone = threading.Event(), threading.Event()

    def on_request(request):
        kept.append(request)
        arrived.set()

    port = loop.http_listen(host=HOST, on_request=on_request,
                            on_close=lambda request, why: (told.append(why), gone.set())).port

    def client():
        with dial(port) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert arrived.wait(SECONDS)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert gone.wait(SECONDS)

    serve(loop, client)
    assert told == [Status.RESET]
    with pytest.raises(WebcoreError) as refused:
        kept[0].respond(200)
    assert refused.value.status == Status.GONE


def test_a_second_answer_is_refused(loop):
    told = []

    def on_request(request):
        request.respond(200, b"first")
        for again in (lambda: request.respond(200), lambda: request.begin(200)):
            with pytest.raises(WebcoreError) as refused:
                again()
            told.append(refused.value.status)

    port = loop.http_listen(host=HOST, on_request=on_request).port
    assert serve(loop, lambda: browse(port, ("GET", "/", None)))[0][:2] == (200, b"first")
    assert told and set(told) <= {Status.STATE, Status.GONE}


def test_a_field_that_would_split_the_answer_is_refused(loop):
    told = []

    def on_request(request):
        for name, value in (("X-A", "1\r\nX-B: 2"), ("X A", "1"), ("", "1")):
            with pytest.raises(WebcoreError) as refused:
                request.respond(200, b"", {name: value})
            told.append(refused.value.status)
        request.respond(204)

    port = loop.http_listen(host=HOST, on_request=on_request).port
    assert serve(loop, lambda: browse(port, ("GET", "/", None)))[0][:2] == (204, b"")
    assert told == [Status.INVAL] * 3


def test_a_path_out_of_the_root_is_a_code(loop):
    told = []

    def on_request(request):
        with pytest.raises(WebcoreError) as refused:
            told.append(request.path)
        told.append(refused.value.status)
        request.respond(400)

    port = loop.http_listen(host=HOST, on_request=on_request).port
    answers = serve(loop, lambda: browse(port, ("GET", "/%zz", None)))
    assert (answers[0][0], told) == (400, [Status.PATH])


def test_bytes_that_are_no_http_get_their_status_and_no_request(loop):
    requests, rejected = [], []

    def on_reject(conn, reason, http_status):
        assert isinstance(conn, Conn)
        rejected.append((reason, http_status))

    port = loop.http_listen(host=HOST, on_request=requests.append, on_reject=on_reject,
                            max_field=64).port

    def client():
        statuses = []
        for wire in (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 100 + b"\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n"):
            with dial(port) as peer:
                peer.sendall(wire)
                statuses.append(until_end(peer).split(b" ")[1])
        return statuses

    assert serve(loop, client) == [b"431", b"400"]
    assert requests == []
    assert rejected == [(Reason.FIELD_LONG, 431), (Reason.CODING_AND_LENGTH, 400)]
