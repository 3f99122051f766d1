# SPDX-License-Identifier: MIT OR Apache-2.0
"""Listeners and connections, talked to with blocking sockets."""

import socket
import struct

import pytest
from talk import HOST, dial, in_thread, receive, serve, until_end
from webcore import Close, ConnState, Framing, Order, Status, WebcoreError


def echo(conn, data):
    conn.send(data)


def test_raw_bytes_come_back(loop):
    listener = loop.listen(host=HOST, on_data=echo)
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(b"one\0two\xff")
            return receive(peer, 8)

    assert serve(loop, client) == b"one\0two\xff"


def test_lines_come_without_their_end(loop):
    lines = []

    def on_data(conn, line):
        lines.append(line)
        conn.send_frame(line.upper())

    listener = loop.listen(host=HOST, on_data=on_data, framing=Framing.LINE)
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(b"one\r\ntw")
            with peer.makefile("rb") as answers:
                first = answers.readline()
                peer.sendall(b"o\n\n")
                return [line.rstrip(b"\r\n") for line in (first, *answers_of(answers, 2))]

    def answers_of(file, count):
        return [file.readline() for _ in range(count)]

    assert serve(loop, client) == [b"ONE", b"TWO", b""]
    assert lines == [b"one", b"two", b""]


def test_a_line_above_the_cap_is_one_event_and_the_next_one_comes(loop):
    told = []
    listener = loop.listen(
        host=HOST, framing=Framing.LINE, max_frame=8,
        on_data=lambda conn, line: told.append(("line", line)) or conn.close(),
        on_too_long=lambda conn, begin: told.append(("too long", begin)))
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(b"0123456789" * 10 + b"\nshort\n")
            return until_end(peer)

    assert serve(loop, client) == b""
    (kind, begin), last = told
    assert kind == "too long" and begin and b"0123456789".startswith(begin[:8])
    assert last == ("line", b"short")


@pytest.mark.parametrize("order, code", [(Order.BIG, ">"), (Order.LITTLE, "<")])
@pytest.mark.parametrize("width, letter", [(1, "B"), (2, "H"), (4, "I"), (8, "Q")])
def test_frames_come_without_their_prefix(loop, order, code, width, letter):
    frames = []

    def on_data(conn, frame):
        frames.append(frame)
        conn.send_frame(frame)

    listener = loop.listen(host=HOST, on_data=on_data, framing=Framing.LENGTH,
                           prefix_bytes=width, prefix_order=order)
    wire = b"".join(struct.pack(code + letter, len(f)) + f for f in (b"hello", b"", b"\0" * 200))
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(wire[:3])
            peer.sendall(wire[3:])
            return receive(peer, len(wire))

    assert serve(loop, client) == wire
    assert frames == [b"hello", b"", b"\0" * 200]


def test_lines_first_and_frames_after(loop):
    told = []

    def on_data(conn, data):
        told.append(data)
        if data == b"frames":
            conn.set_framing(Framing.LENGTH, prefix_bytes=2, max_frame=6)
            for bad in ({"prefix_bytes": 9}, {"prefix_order": 7}):
                with pytest.raises(WebcoreError) as refused:
                    conn.set_framing(Framing.LENGTH, **bad)
                assert refused.value.status == Status.INVAL
        conn.send_frame(data)

    ends = []
    port = loop.listen(host=HOST, on_data=on_data, framing=Framing.LINE,
                       on_close=lambda conn, status, number: ends.append(status)).port

    def client():
        with dial(port) as peer:
            peer.sendall(b"line\nframes\n\0\2a\n\0\3abc\0\7abcdefg")
            return until_end(peer)

    assert serve(loop, client) == b"line\n\0\6frames\0\2a\n\0\3abc"
    assert told == [b"line", b"frames", b"a\n", b"abc"]
    assert ends == [Status.TOO_LONG]


def test_a_half_closed_connection_still_answers(loop):
    heard = []

    def on_eof(conn):
        assert conn.state == ConnState.HALF_OPEN
        conn.send(b"".join(heard))
        conn.close()

    listener = loop.listen(host=HOST, on_data=lambda conn, data: heard.append(data), on_eof=on_eof)
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(b"all of it")
            peer.shutdown(socket.SHUT_WR)
            return until_end(peer)

    assert serve(loop, client) == b"all of it"


def test_a_full_queue_is_told_and_drains_once(loop):
    told = []

    def on_open(conn):
        told.append(conn.send(bytes(10_000)))
        told.append(conn.queued)

    def on_drain(conn):
        told.append("drain")
        conn.close()

    listener = loop.listen(host=HOST, on_open=on_open, on_drain=on_drain,
                           write_high=1000, write_low=100)
    port = listener.port

    def client():
        with dial(port) as peer:
            return len(until_end(peer))

    assert serve(loop, client) == 10_000
    assert told == [False, 10_000, "drain"]


def test_a_queue_at_its_limit_refuses_the_whole(loop):
    told = []

    def on_open(conn):
        with pytest.raises(WebcoreError) as refused:
            conn.send(bytes(2001))
        told.append(refused.value.status)
        conn.send(b"ok")
        conn.close()

    listener = loop.listen(host=HOST, on_open=on_open,
                           write_high=1000, write_low=100, write_limit=2000)
    port = listener.port

    def client():
        with dial(port) as peer:
            return until_end(peer)

    assert serve(loop, client) == b"ok"
    assert told == [Status.LIMIT]


def test_both_ends_know_their_addresses(loop):
    seen = {}

    def on_open(conn):
        seen.update(peer=conn.peer, local=conn.local, listener=conn.listener)
        conn.close()

    listener = loop.listen(host=HOST, on_open=on_open)
    assert listener.address == (HOST, listener.port)
    port = listener.port

    def client():
        with dial(port) as peer:
            until_end(peer)
            return peer.getsockname()

    assert serve(loop, client) == seen["peer"]
    assert seen["local"] == (HOST, listener.port)
    assert seen["listener"] == listener


def test_it_connects_to_itself(loop):
    told = []

    def on_data(conn, data):
        told.append(data)
        conn.close()

    def on_close(conn, why, os_error):
        told.append((why, os_error))
        loop.stop()

    listener = loop.listen(host=HOST, on_data=echo)
    loop.connect(HOST, listener.port, on_open=lambda conn: conn.send(b"ping"),
                 on_data=on_data, on_close=on_close, timeout_ms=10_000)
    loop.run()
    assert told == [b"ping", (Status.OK, 0)]


def test_a_refused_connection_ends_with_its_reason(loop):
    told = []
    with socket.socket() as deaf:
        deaf.bind((HOST, 0))
        loop.connect(HOST, deaf.getsockname()[1],
                     on_open=lambda conn: told.append("open"),
                     on_close=lambda conn, why, os_error: told.append(why))
        loop.run()
    assert told == [Status.CONNECT]


def test_kept_bytes_come_again_with_more(loop):
    shown = []

    def on_data(conn, data):
        shown.append(data)
        if data.endswith(b"!"):
            conn.send(data)
        else:
            conn.keep(len(data))
            conn.send(b"?")

    listener = loop.listen(host=HOST, on_data=on_data)
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(b"hel")
            assert receive(peer, 1) == b"?"
            peer.sendall(b"lo!")
            return receive(peer, 6)

    assert serve(loop, client) == b"hello!"
    assert shown == [b"hel", b"hello!"]


def test_a_paused_connection_gets_nothing_until_resumed(loop):
    told = []

    def on_open(conn):
        conn.pause()
        conn.send(b"go")

    def wake(conn):
        told.append("resumed")
        conn.resume()

    def on_data(conn, data):
        told.append(data)
        conn.close()

    conns = []
    listener = loop.listen(host=HOST, on_data=on_data,
                           on_open=lambda conn: (conns.append(conn), on_open(conn)))
    port = listener.port

    def client():
        with dial(port) as peer:
            assert receive(peer, 2) == b"go"
            peer.sendall(b"data")
            loop.post(loop.call_later, 20, wake, conns[0])
            return until_end(peer)

    assert serve(loop, client) == b""
    assert told == ["resumed", b"data"]


def test_a_connection_has_the_users_object_of_its_listener_or_its_own(loop):
    shared, own, seen = object(), object(), []

    def on_open(conn):
        seen.append(conn.user)
        conn.user = own
        seen.append(conn.user)

    def on_data(conn, data):
        seen.append(conn.user)
        conn.close()

    listener = loop.listen(host=HOST, on_open=on_open, on_data=on_data, user=shared)
    port = listener.port

    def client():
        with dial(port) as peer:
            peer.sendall(b"x")
            return until_end(peer)

    serve(loop, client)
    assert seen == [shared, own, own]


def test_another_thread_sends_and_closes_by_the_async_verbs_alone(loop):
    conns = []

    def on_open(conn):
        conns.append(conn)
        conn.send(b"open")

    listener = loop.listen(host=HOST, on_open=on_open)
    port = listener.port

    def client():
        with dial(port) as peer:
            assert receive(peer, 4) == b"open"
            with pytest.raises(WebcoreError) as refused:
                conns[0].send(b"no")
            assert refused.value.status == Status.THREAD
            conns[0].send_async(b"from a thread")
            conns[0].close_async(Close.FLUSH)
            return until_end(peer)

    assert serve(loop, client) == b"from a thread"


def test_a_handle_that_outlived_its_object_is_told_so(loop):
    conns = []
    listener = loop.listen(host=HOST, on_open=lambda conn: (conns.append(conn), conn.close()))
    port = listener.port

    def client():
        with dial(port) as peer:
            return until_end(peer)

    serve(loop, client)
    listener.close()
    loop.run()
    for call in (lambda: conns[0].send(b"x"), conns[0].close, lambda: conns[0].peer,
                 lambda: conns[0].user, lambda: listener.port, listener.close):
        with pytest.raises(WebcoreError) as refused:
            call()
        assert refused.value.status == Status.GONE
        assert str(refused.value).startswith("WC_E_GONE: ")


def test_a_handle_of_another_kind_is_told_so(loop):
    from webcore import Conn
    listener = loop.listen(host=HOST)
    for number in (0, listener.handle):
        with pytest.raises(WebcoreError) as refused:
            Conn(number).send(b"x")
        assert refused.value.status == Status.BADHANDLE


def test_an_address_in_use_is_refused_and_nothing_is_held(loop):
    listener = loop.listen(host=HOST)
    with pytest.raises(WebcoreError) as refused:
        loop.listen(host=HOST, port=listener.port, on_data=echo)
    assert refused.value.status == Status.INUSE


@pytest.mark.parametrize("wrong, error", [
    ({"port": 70_000}, ValueError), ({"port": -1}, ValueError), ({"idle_ms": -1}, ValueError),
    ({"no_such_option": 1}, TypeError), ({"size": 1}, TypeError), ({"on_data": 1}, TypeError),
    ({"host": "127.0.0.1\0.example"}, ValueError),
])
def test_what_ctypes_would_take_in_silence_is_refused(loop, wrong, error):
    with pytest.raises(error):
        loop.listen(**{"host": HOST, **wrong})


def test_text_is_no_bytes(loop):
    told = []

    def on_open(conn):
        with pytest.raises(TypeError):
            conn.send("text")
        told.append(conn.send(bytearray(b"ab")))
        told.append(conn.send(memoryview(b"cd")))
        conn.close()

    listener = loop.listen(host=HOST, on_open=on_open)
    port = listener.port

    def client():
        with dial(port) as peer:
            return until_end(peer)

    assert serve(loop, client) == b"abcd"
    assert told == [True, True]


def test_views_of_one_object_are_equal(loop):
    from webcore import Conn, Listener
    listener = loop.listen(host=HOST)
    assert listener == Listener(listener.handle)
    assert listener != Conn(listener.handle)
    assert {listener: 1}[Listener(listener.handle)] == 1
    assert in_thread(repr, listener) == f"<webcore.Listener {listener.handle:#x}>"
