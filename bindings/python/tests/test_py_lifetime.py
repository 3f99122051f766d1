# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is called back lives until the library has called for the last time, and no longer."""

import ctypes
import gc
import weakref

import pytest
from talk import HOST, browse, dial, receive, serve, until_end
from webcore import Loop, _abi, _registry
from webcore._library import check, lib


class Owner:
    """Something with a weak reference."""

    def greet(self, conn):
        conn.send(b"hello")
        conn.close()


def test_callables_that_nobody_else_holds_are_called(loop):
    """Bound methods, closures and their owner are dropped by the caller at once."""
    listener = loop.listen(host=HOST, on_open=Owner().greet)
    gc.collect()
    port = listener.port

    def client():
        with dial(port) as peer:
            return until_end(peer)

    assert serve(loop, client) == b"hello"


def test_collecting_in_every_callback_hurts_nobody(loop):
    """Many short-lived connections and requests, each with fresh callables, collected each time."""
    def on_data(conn, data):
        gc.collect()
        loop.call_later(0, lambda: (gc.collect(), conn.send(data)))

    listener = loop.listen(host=HOST, on_data=on_data,
                           on_close=lambda conn, why, os_error: gc.collect())
    port = listener.port

    def on_request(request):
        request.user = bytearray(1000)
        loop.post(lambda: (gc.collect(), request.respond(200, bytes(request.user))))

    web = loop.http_listen(host=HOST, on_request=on_request).port

    def client():
        for _ in range(20):
            with dial(port) as peer:
                peer.sendall(b"x" * 100)
                assert receive(peer, 100) == b"x" * 100
            assert browse(web, ("GET", "/", None))[0][:2] == (200, bytes(1000))

    serve(loop, client)


def test_the_users_object_dies_with_the_last_connection(loop):
    owner = Owner()
    gone = weakref.ref(owner)
    listener = loop.listen(host=HOST, user=owner, on_open=lambda conn: conn.send(b"open"))
    del owner
    port = listener.port

    def client():
        with dial(port) as peer:
            assert receive(peer, 4) == b"open"

    serve(loop, client)
    gc.collect()
    assert gone() is not None
    listener.close()
    loop.run()
    gc.collect()
    assert gone() is None


def test_a_connections_own_object_dies_with_it(loop):
    gone = []

    def on_open(conn):
        conn.user = Owner()
        gone.append(weakref.ref(conn.user))
        conn.send(b"open")
        gc.collect()
        assert gone[0]() is not None

    listener = loop.listen(host=HOST, on_open=on_open)
    port = listener.port

    def client():
        with dial(port) as peer:
            assert receive(peer, 4) == b"open"

    serve(loop, client)
    listener.close()
    loop.run()
    gc.collect()
    assert gone[0]() is None


def test_an_object_that_is_replaced_dies_by_the_end(loop):
    first, second = Owner(), Owner()
    gone = [weakref.ref(first), weakref.ref(second)]
    things = [first, second]
    del first, second

    def on_open(conn):
        conn.user = things.pop(0)
        conn.user = things.pop(0)
        assert conn.user is gone[1]()
        conn.close()

    listener = loop.listen(host=HOST, on_open=on_open)
    port = listener.port

    def client():
        with dial(port) as peer:
            until_end(peer)

    serve(loop, client)
    listener.close()
    loop.run()
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_a_timers_callable_dies_with_the_timer(loop):
    for end in (lambda timer: timer.cancel(), lambda timer: None):
        owner = Owner()
        gone = weakref.ref(owner)
        timer = loop.call_later(1, lambda held: None, owner)
        del owner
        gc.collect()
        assert gone() is not None
        end(timer)
        loop.run()
        gc.collect()
        assert gone() is None


def test_a_post_that_never_ran_is_let_go_with_its_loop():
    owner = Owner()
    gone = weakref.ref(owner)
    with Loop() as loop:
        loop.post(lambda held: None, owner)
        del owner
        gc.collect()
        assert gone() is not None
    gc.collect()
    assert gone() is None
    assert _registry.live == {}


def test_what_could_not_be_made_holds_nothing(loop):
    owner = Owner()
    gone = weakref.ref(owner)
    with pytest.raises(Exception, match="WC_E_ADDRESS"):
        loop.listen(host="no address", user=owner)
    del owner
    gc.collect()
    assert gone() is None


def test_the_library_frees_each_user_pointer_once():
    """By the C API itself: nothing of this package's bookkeeping is between."""
    freed = []
    free_user = _abi.wc_free_fn(freed.append)
    on_fire = _abi.wc_timer_fn(lambda timer, user: None)
    handle = ctypes.c_uint64()
    check(lib.wc_loop_new(None, ctypes.byref(handle)))
    loop = handle.value
    start = lib.wc_timer_start
    check(start(loop, 0, 0, on_fire, 1, free_user, None))
    check(start(loop, 3_600_000, 0, on_fire, 2, free_user, None))
    place = _abi.wc_listen_options()
    check(lib.wc_listen_options_init(ctypes.byref(place), ctypes.sizeof(place)))
    place.host = b"127.0.0.1"
    table = _abi.wc_conn_callbacks(size=ctypes.sizeof(_abi.wc_conn_callbacks))
    listener = ctypes.c_uint64()
    check(lib.wc_listen(loop, ctypes.byref(place), None, ctypes.byref(table), 3, free_user,
                        ctypes.byref(listener)))
    place.host = b"no address"
    assert lib.wc_listen(loop, ctypes.byref(place), None, ctypes.byref(table), 4, free_user,
                         ctypes.byref(listener)) == _abi.WC_E_ADDRESS
    assert freed == [4]
    check(lib.wc_loop_free(loop))
    assert sorted(freed) == [1, 2, 3, 4]
