# SPDX-License-Identifier: MIT OR Apache-2.0
"""Events one at a time, without a callback."""

import threading

from talk import HOST, SECONDS, browse, dial, serve, until_end
from webcore import Conn, EventKind, Framing, Listener, Reason, Request, Status, Timer


def test_an_echo_without_a_callback(loop):
    listener = loop.listen(host=HOST, framing=Framing.LINE, user="mine")
    kinds = []
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(b"one\ntwo\n")
            with peer.makefile("rb") as answers:
                return [answers.readline().strip(), answers.readline().strip()]

    answers = []
    thread = threading.Thread(target=lambda: answers.extend(client()))
    thread.start()
    for event in loop:
        kinds.append(event.kind)
        assert event.user == "mine"
        if event.kind == EventKind.OPEN:
            assert isinstance(event.object, Conn)
            assert event.parent == Listener(listener.handle)
        elif event.kind == EventKind.DATA:
            event.object.send_frame(event.data[::-1])
        elif event.kind == EventKind.EOF:
            event.object.close()
        elif event.kind == EventKind.CLOSE:
            assert event.status == Status.OK
            loop.stop()
    thread.join(SECONDS)
    assert answers == [b"eno", b"owt"]
    assert kinds == [EventKind.OPEN, EventKind.DATA, EventKind.DATA, EventKind.EOF, EventKind.CLOSE]


def test_requests_without_a_callback(loop):
    port = loop.http_listen(host=HOST).port
    answers = []
    thread = threading.Thread(target=lambda: answers.extend(browse(port, ("POST", "/", b"body"))))
    thread.start()
    kinds = []
    for event in loop:
        kinds.append(event.kind)
        if event.kind == EventKind.REQUEST:
            assert isinstance(event.object, Request) and isinstance(event.parent, Conn)
            event.object.respond(200, event.object.method.encode() + event.object.body)
        elif event.kind == EventKind.REQUEST_CLOSE:
            loop.stop()
    thread.join(SECONDS)
    assert answers[0][:2] == (200, b"POSTbody")
    assert kinds == [EventKind.REQUEST, EventKind.REQUEST_CLOSE]


def test_a_refusal_without_a_callback(loop):
    port = loop.http_listen(host=HOST, user="mine").port
    answers = []

    def client():
        with dial(port) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
            answers.append(until_end(peer).split(b" ")[1])

    thread = threading.Thread(target=client)
    thread.start()
    event = loop.next(SECONDS * 1000)
    assert event.kind == EventKind.REJECT
    assert (event.status, event.os_error) == (Reason.HOST_MISSING, 400)
    assert isinstance(event.object, Conn) and event.parent is None and event.user == "mine"
    loop.drain()
    thread.join(SECONDS)
    assert answers == [b"400"]


def test_the_time_is_up_or_nothing_is_alive(loop):
    assert loop.next(0) is None
    assert list(loop) == []
    loop.listen(host=HOST)
    assert loop.next(0) is None
    assert loop.next(10) is None


def test_dispatch_runs_what_the_event_is_for(loop):
    told = []
    loop.listen(host=HOST)
    timer = loop.call_later(1, told.append, "timer")
    event = loop.next()
    assert (event.kind, event.object) == (EventKind.TIMER, timer)
    assert isinstance(event.object, Timer)
    assert told == []
    loop.dispatch()
    loop.post(told.append, "post")
    event = loop.next()
    assert (event.kind, event.object) == (EventKind.POST, None)
    loop.dispatch()
    assert told == ["timer", "post"]


def test_dispatch_raises_what_the_callback_raises_and_the_loop_is_not_stopped(loop):
    loop.call_later(1, lambda: 1 // 0)
    loop.call_later(2, list)
    assert loop.next().kind == EventKind.TIMER
    try:
        loop.dispatch()
    except ZeroDivisionError:
        assert loop.next().kind == EventKind.TIMER
    else:
        raise AssertionError("nothing was raised")


def test_events_pulled_and_dispatched_are_the_callbacks_of_run(loop):
    transcripts = []

    def scenario(run):
        told = []
        listener = loop.listen(
            host=HOST, on_open=lambda conn: told.append("open"),
            on_data=lambda conn, data: (told.append(data), conn.send(data)),
            on_eof=lambda conn: (told.append("eof"), conn.close()),
            on_close=lambda conn, why, os_error: told.append(("close", why)))
        port = listener.port

        def client():
            with dial(port) as peer:
                peer.sendall(b"x")
                assert peer.recv(1) == b"x"
                peer.shutdown(1)
                return until_end(peer)

        run(client)
        listener.close()
        loop.run()
        transcripts.append(told)

    def pull(client):
        thread = threading.Thread(target=lambda: (client(), loop.stop()))
        thread.start()
        for _ in loop:
            loop.dispatch()
        thread.join(SECONDS)

    scenario(lambda client: serve(loop, client))
    scenario(pull)
    assert transcripts[0] == transcripts[1] == ["open", b"x", "eof", ("close", Status.OK)]
