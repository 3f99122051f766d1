# SPDX-License-Identifier: MIT OR Apache-2.0
"""Running, stopping, timers, posts, threads, signals, and what callbacks raise."""

import os
import signal
import socket
import sys
import threading
import time

import pytest
import webcore
from talk import HOST, SECONDS, dial, in_thread, serve, until_end
from webcore import Loop, Status, WebcoreError


def refused(call, *arguments):
    """The status with which a call is refused."""
    with pytest.raises(WebcoreError) as error:
        call(*arguments)
    return error.value.status


def test_run_ends_when_nothing_is_alive(loop):
    loop.run()
    told = []
    loop.call_later(1, told.append, "fired")
    loop.run()
    assert told == ["fired"]


def test_timers_fire_in_the_order_of_their_times_and_never_early(loop):
    told = []
    begun = time.monotonic()
    loop.call_later(30, lambda: told.append(("c", time.monotonic() - begun)))
    loop.call_later(10, lambda: told.append(("a", time.monotonic() - begun)))
    loop.call_later(20, lambda: told.append(("b", time.monotonic() - begun)))
    loop.call_later(15, told.append, "never").cancel()
    loop.run()
    assert [name for name, _ in told] == ["a", "b", "c"]
    assert [at >= due for (_, at), due in zip(told, (0.010, 0.020, 0.030))] == [True] * 3


def test_a_repeating_timer_fires_until_it_is_cancelled(loop):
    told = []

    def tick():
        told.append(loop.now_ms)
        if len(told) == 3:
            timer.cancel()

    timer = loop.call_every(2, tick)
    loop.run()
    assert len(told) == 3 and told == sorted(told)
    assert refused(timer.cancel) == Status.GONE
    with pytest.raises(ValueError):
        loop.call_every(0, tick)


def test_a_timer_may_be_restarted(loop):
    told = []
    timer = loop.call_later(3_600_000, told.append, "late")
    loop.call_later(1, timer.restart, 1)
    loop.run()
    assert told == ["late"]


def test_a_post_runs_in_the_loops_thread(loop):
    told = []

    def client():
        loop.post(lambda *names: told.append((names, threading.current_thread())), "a", "b")

    loop.call_later(3_600_000, print)
    serve(loop, client)
    assert told == [(("a", "b"), threading.main_thread())]


def test_a_loop_that_stays_waits_for_posts_and_stop(loop):
    told = []
    with Loop(loop.backend, stay=True) as staying:
        serve(staying, lambda: staying.post(told.append, "posted"))
    assert told == ["posted"]


def test_another_thread_may_stop_and_post_and_nothing_else(loop):
    loop.listen(host=HOST)
    for call in (loop.run, loop.close, loop.detach, lambda: loop.next(0), loop.drain,
                 lambda: loop.call_later(1, print), lambda: loop.listen(host=HOST)):
        assert in_thread(refused, call) == Status.THREAD
    in_thread(loop.stop)


def test_a_detached_loop_belongs_to_the_thread_that_uses_it_next():
    told = []
    loop = Loop()
    loop.call_later(1, lambda: told.append(threading.current_thread()))
    loop.detach()
    in_thread(lambda: (loop.run(), loop.close()))
    assert told and told[0] is not threading.main_thread()


def test_run_within_run_is_refused(loop):
    told = []
    loop.call_later(1, lambda: told.append(refused(loop.run)))
    loop.run()
    assert told == [Status.REENTRANT]


def test_a_closed_loop_is_gone_and_may_be_closed_again(loop):
    loop.close()
    assert refused(loop.run) == Status.GONE
    assert refused(loop.call_later, 1, print) == Status.GONE
    loop.close()


def test_closing_ends_all_that_is_alive_with_its_last_callback():
    told = []
    with Loop() as loop:
        listener = loop.listen(
            host=HOST, on_open=lambda conn: loop.stop(),
            on_close=lambda conn, why, os_error: told.append("conn"),
            on_listener_close=lambda listener, why: told.append("listener"))
        with dial(listener.port):
            loop.run()
            assert told == []
            loop.close()
    assert sorted(told) == ["conn", "listener"]


def test_draining_lets_answers_arrive(loop):
    def on_request(request):
        loop.call_later(5, request.respond, 200, b"late")
        loop.stop()

    listener = loop.http_listen(host=HOST, on_request=on_request)
    with dial(listener.port) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        loop.run()
        assert loop.drain(SECONDS * 1000)
        assert until_end(peer).endswith(b"\r\n\r\nlate")
    assert refused(listener.close) == Status.GONE


def test_draining_ends_when_the_time_is_up(loop):
    listener = loop.listen(host=HOST, on_open=lambda conn: loop.stop(), linger_ms=3_600_000)
    with dial(listener.port):
        loop.run()
        assert not loop.drain(1)


def test_the_backend_is_chosen_by_name_or_by_the_environment(monkeypatch):
    kept = "epoll" if sys.platform == "linux" else "kqueue"
    assert webcore.backends()[0] == kept and webcore.backends()[-2:] == ["poll", "select"]
    with pytest.raises(WebcoreError) as error:
        Loop("no such backend")
    assert error.value.status == Status.BACKEND
    monkeypatch.setenv("WEBCORE_BACKEND", "poll")
    with Loop() as loop:
        assert loop.backend == "poll"


def test_counters_have_names(loop):
    loop.call_later(1, list)
    loop.run()
    stats = loop.stats()
    assert stats["timers_fired"] == 1
    assert stats["connections"] == 0


def test_what_a_callback_raises_is_raised_by_run_and_the_loop_goes_on_after(loop):
    told = []
    loop.call_later(1, lambda: 1 // 0)
    loop.call_later(40, told.append, "after")
    with pytest.raises(ZeroDivisionError):
        loop.run()
    assert told == []
    loop.run()
    assert told == ["after"]


def test_every_kind_of_callback_may_raise(loop):
    for name in ("on_open", "on_data", "on_eof", "on_close"):
        def fail(*arguments):
            raise LookupError(len(arguments))

        listener = loop.listen(host=HOST, **{name: fail})
        with dial(listener.port) as peer:
            peer.sendall(b"x")
            peer.shutdown(socket.SHUT_WR)
            with pytest.raises(LookupError):
                loop.run()
        listener.close()
    for name in ("on_request", "on_head"):
        listener = loop.http_listen(host=HOST, **{name: fail})
        with dial(listener.port) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            with pytest.raises(LookupError):
                loop.run()
        listener.close()
    loop.call_later(3_600_000, print)
    loop.post(fail)
    with pytest.raises(LookupError):
        loop.run()


def test_exceptions_while_closing_are_raised_and_none_is_lost(loop):
    def fail(conn, why, os_error):
        raise LookupError(conn.handle)

    opened = []
    listener = loop.listen(host=HOST, on_close=fail, on_open=lambda conn: (
        opened.append(conn.handle), len(opened) == 2 and loop.stop()))
    with dial(listener.port), dial(listener.port):
        loop.run()
        with pytest.raises(LookupError) as raised:
            loop.close()
    error = raised.value
    assert sorted([error.args[0], error.__context__.args[0]]) == sorted(opened)


def test_a_system_exit_in_a_callback_leaves_run(loop):
    def leave():
        raise SystemExit(3)

    loop.call_later(1, leave)
    with pytest.raises(SystemExit):
        loop.run()


def test_ctrl_c_ends_a_waiting_loop(loop):
    loop.call_later(3_600_000, print)
    running = threading.Event()
    loop.post(running.set)

    def press():
        assert running.wait(SECONDS)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    thread.join(SECONDS)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_handler_runs_while_the_loop_waits_and_the_loop_goes_on(loop):
    heard = threading.Event()
    told = []
    old = signal.signal(signal.SIGUSR1, lambda number, frame: heard.set())

    def client():
        os.kill(os.getpid(), signal.SIGUSR1)
        assert heard.wait(SECONDS)
        loop.post(told.append, "still running")

    loop.call_later(3_600_000, print)
    try:
        serve(loop, client)
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert told == ["still running"]


def test_other_threads_run_while_the_loop_waits(loop):
    """The interpreter's lock is released: this would block for an hour otherwise."""
    loop.call_later(3_600_000, print)
    assert serve(loop, lambda: sum(range(1000))) == 499500


def test_numbers_that_ctypes_would_cut_are_refused(loop):
    for call in (lambda: loop.call_later(-1, print), lambda: loop.call_later(2**32, print),
                 lambda: loop.next(-1), lambda: loop.drain(-1),
                 lambda: Loop(max_connections=2**32)):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(TypeError):
        loop.call_later(1, None)
    with pytest.raises(TypeError):
        loop.post("not callable")
