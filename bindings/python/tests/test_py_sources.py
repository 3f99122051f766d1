# SPDX-License-Identifier: MIT OR Apache-2.0
"""Descriptors, signals, posts and timers: what they tell, and what they hold."""

import datetime
import gc
import os
import signal
import socket
import threading
import time
import weakref

import pytest
from talk import SECONDS, in_thread, serve
from webcore import (EventKind, Feature, Loop, Post, Ready, Repeat, Signal, Status, Watch,
                     WebcoreError, features)


def refused(call, *arguments):
    """The status with which a call is refused."""
    with pytest.raises(WebcoreError) as error:
        call(*arguments)
    return error.value.status


@pytest.fixture
def pair():
    """Two connected sockets that do not block."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    yield ends
    for end in ends:
        end.close()


# ---- descriptors


def test_an_echo_on_a_watched_socket(loop, pair):
    ours, theirs = pair
    told = []

    def on_ready(watch, ready):
        data = ours.recv(100)
        told.append((watch.fd == ours.fileno() == watch.fileno(), ready & Ready.READ, data))
        if data:
            ours.send(data.upper())
            theirs.shutdown(socket.SHUT_WR)
        else:
            watch.stop()

    loop.watch(ours, Ready.READ, on_ready)
    theirs.send(b"abc")
    loop.run()
    assert told == [(True, Ready.READ, b"abc"), (True, Ready.READ, b"")]
    assert theirs.recv(100) == b"ABC"


def test_what_is_watched_for_can_change(loop, pair):
    ours, theirs = pair
    told = []

    def on_ready(watch, ready):
        told.append(ready)
        if ready == Ready.WRITE:
            watch.set(Ready.READ)
            theirs.send(b"x")
        else:
            watch.set(0)
            loop.call_later(1, watch.stop)

    loop.watch(ours, Ready.WRITE, on_ready)
    loop.run()
    assert told == [Ready.WRITE, Ready.READ]


def test_once_is_once_until_it_is_asked_again(loop, pair):
    ours, theirs = pair
    told = []
    theirs.send(b"x")
    watch = loop.watch(ours, Ready.READ | Ready.ONCE, lambda watch, ready: told.append(ready))
    while not told:
        loop.step()
    loop.step(0)
    assert told == [Ready.READ]
    watch.set(Ready.READ | Ready.ONCE)
    while len(told) < 2:
        loop.step()
    assert told == [Ready.READ] * 2


def test_an_edge_is_told_once_or_is_not_to_be_had(loop, pair):
    ours, theirs = pair
    told = []
    theirs.send(b"x")
    if Feature.EDGE not in features(loop.backend):
        assert refused(loop.watch, ours, Ready.READ | Ready.EDGE) == Status.BACKEND
        return
    loop.watch(ours, Ready.READ | Ready.EDGE, lambda watch, ready: told.append(ready))
    while not told:
        loop.step()
    loop.step(0)
    assert told == [Ready.READ]


def test_a_watched_socket_is_held_until_its_watch_ends(loop):
    ours, theirs = socket.socketpair()
    gone = weakref.ref(ours)
    watch = loop.watch(ours, Ready.READ)
    del ours
    gc.collect()
    assert gone() is not None
    watch.stop()
    gone().close()
    loop.step(0)
    gc.collect()
    assert gone() is None
    theirs.close()


def test_an_adopted_number_is_closed_or_given_back(loop):
    ours, theirs = socket.socketpair()
    with pytest.raises(TypeError):
        loop.watch(ours, Ready.READ | Ready.ADOPT)
    number = ours.detach()
    watch = loop.watch(number, Ready.READ | Ready.ADOPT)
    assert refused(loop.watch, number, Ready.READ) == Status.INUSE
    assert watch.release() == number
    os.fstat(number)
    loop.watch(number, Ready.READ | Ready.ADOPT).stop()
    with pytest.raises(OSError):
        os.fstat(number)
    theirs.close()


def test_what_cannot_be_watched(loop, pair):
    assert refused(loop.watch, pair[0], 1 << 20) == Status.INVAL
    for number in (-1, 2**31):
        with pytest.raises(ValueError):
            loop.watch(number, Ready.READ)
    with pytest.raises(TypeError):
        loop.watch(pair[0], Ready.READ, "not callable")
    watch = loop.watch(pair[0], Ready.READ)
    watch.stop()
    for call in (watch.stop, watch.release, lambda: watch.fd, lambda: watch.set(Ready.READ)):
        assert refused(call) == Status.GONE


# ---- signals


def test_a_signal_is_an_event_of_the_loop(loop):
    told = []
    before = signal.getsignal(signal.SIGUSR1)

    def on_signal(watch, number, count):
        told.append((isinstance(watch, Signal), number, count))
        watch.stop()

    loop.signal(signal.SIGUSR1, on_signal)
    os.kill(os.getpid(), signal.SIGUSR1)
    loop.run()
    assert told == [(True, signal.SIGUSR1, 1)]
    assert signal.getsignal(signal.SIGUSR1) == before
    assert refused(loop.signal, signal.SIGKILL) == Status.INVAL


@pytest.mark.parametrize("within", [False, True], ids=["before run", "within run"])
def test_sigint_that_is_watched_is_no_keyboard_interrupt(loop, within):
    """Though run has a handler of its own for it; and afterwards it is one again."""
    told = []

    def on_signal(watch, number, count):
        told.append(number)
        watch.stop()

    def watch():
        loop.signal(signal.SIGINT, on_signal)

    def press():
        os.kill(os.getpid(), signal.SIGINT)

    if within:
        loop.call_later(1, watch)
    else:
        watch()
    loop.call_later(2, press)
    loop.run()
    assert told == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    loop.call_later(1, press)
    loop.call_later(3_600_000, print)
    with pytest.raises(KeyboardInterrupt):
        loop.run()


def interrupted():
    """SIGINT is KeyboardInterrupt, as ever."""
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(SECONDS)


def test_a_watched_sigint_is_python_s_again_after_the_loop():
    with Loop() as loop:
        loop.signal(signal.SIGINT)
    interrupted()


def test_a_watch_of_sigint_outlives_the_run_in_which_it_began(loop):
    told = []
    loop.call_later(1, lambda: (told.append(loop.signal(signal.SIGINT, on_signal)), loop.stop()))

    def on_signal(watch, number, count):
        told.append(number)
        watch.stop()

    loop.run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    os.kill(os.getpid(), signal.SIGINT)
    loop.run()
    assert told[1:] == [signal.SIGINT]
    interrupted()


def test_a_watch_of_sigint_in_another_thread_ends_with_its_loop(loop):
    told = []

    def watch():
        other.signal(signal.SIGINT, lambda watch, number, count: told.append(number))
        other.detach()

    def step():
        while not told:
            other.step()
        other.close()

    other = Loop(loop.backend)
    other.detach()
    loop.call_later(1, in_thread, watch)
    loop.run()
    os.kill(os.getpid(), signal.SIGINT)
    in_thread(step)
    assert told == [signal.SIGINT]
    interrupted()
    loop.call_later(1, loop.stop)
    loop.run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# ---- posts


def test_many_sends_before_a_call_are_one_call(loop):
    told = []

    def client():
        for _ in range(1000):
            post.send()

    def on_sent(name):
        told.append((name, threading.current_thread()))
        post.free()

    post = loop.post_object(on_sent, "mine")
    in_thread(client)
    loop.run()
    assert told == [("mine", threading.main_thread())]
    assert refused(post.send) == Status.GONE


def test_a_signal_handler_of_python_may_send(loop):
    told = []
    post = loop.post_object(lambda: (told.append("sent"), post.free()))
    old = signal.signal(signal.SIGUSR1, lambda number, frame: post.send())
    try:
        loop.post(os.kill, os.getpid(), signal.SIGUSR1)
        loop.run()
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert told == ["sent"]


# ---- timers


def test_a_timer_at_a_time_of_the_loop_and_at_a_date(loop):
    told = {}
    at = loop.now_ms + 20
    timer = loop.schedule(lambda: told.update(at=loop.now_ms >= at), at_ms=at)
    assert timer.due == at
    date = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(milliseconds=30)
    alarm = loop.schedule(lambda: told.update(date=time.time() >= date.timestamp()), date=date)
    assert 0 <= alarm.due / 1000 - date.timestamp() < 0.0011
    loop.schedule(told.update, {"past": True}, date=0.0)
    loop.schedule(told.update, {"soon": True}, delay_ms=1)
    loop.run()
    assert told == {"at": True, "date": True, "past": True, "soon": True}


def test_a_fixed_delay_begins_when_the_call_has_returned(loop):
    told = []

    def work():
        told.append(timer.due)
        begun = loop.fresh_now_ms
        while loop.fresh_now_ms < begun + 5:
            pass
        told.append(loop.fresh_now_ms)
        if len(told) == 4:
            timer.cancel()

    timer = loop.schedule(work, repeat_ms=10, mode=Repeat.DELAY)
    while not told:
        loop.step()
    assert timer.due >= told[1] + 10
    loop.run()
    assert told[0] is told[2] is None and told[3] - told[1] >= 15


def test_times_that_contradict_each_other_or_do_not_fit(loop):
    assert refused(lambda: loop.schedule(print, delay_ms=1, at_ms=1)) == Status.INVAL
    assert refused(lambda: loop.schedule(
        print, date=1.0, repeat_ms=1, mode=Repeat.DELAY)) == Status.INVAL
    for wrong in ({"delay_ms": -1}, {"at_ms": 2**64}, {"repeat_ms": 2**32}, {"date": -1.0}):
        with pytest.raises(ValueError):
            loop.schedule(print, **wrong)


# ---- all of them


def test_sources_without_a_callback(loop, pair):
    ours, theirs = pair
    watch = loop.watch(ours, Ready.READ, user="a watch")
    heard = loop.signal(signal.SIGUSR1, user="a signal")
    post = loop.post_object()
    theirs.send(b"x")
    os.kill(os.getpid(), signal.SIGUSR1)
    post.send()
    told = {}
    while len(told) < 3:
        event = loop.next(SECONDS * 1000)
        told[event.kind] = event
        if event.kind == EventKind.WATCH:
            watch.set(0)
    ready, came, sent = (told[kind] for kind in (EventKind.WATCH, EventKind.SIGNAL, EventKind.POST))
    assert (ready.object, ready.detail, ready.user) == (watch, Ready.READ, "a watch")
    assert isinstance(ready.object, Watch) and isinstance(ready.detail, Ready)
    assert (came.object, came.detail, came.os_error, came.user) == (
        heard, signal.SIGUSR1, 1, "a signal")
    assert sent.object == post and isinstance(sent.object, Post)


def test_what_they_raise_is_raised_by_run(loop, pair):
    def fail(*arguments):
        raise LookupError(len(arguments))

    ours, theirs = pair
    theirs.send(b"x")
    watch = loop.watch(ours, Ready.READ, fail)
    with pytest.raises(LookupError, match="2"):
        loop.run()
    watch.stop()
    heard = loop.signal(signal.SIGUSR1, fail)
    os.kill(os.getpid(), signal.SIGUSR1)
    with pytest.raises(LookupError, match="3"):
        loop.run()
    heard.stop()
    post = loop.post_object(fail, "one")
    post.send()
    with pytest.raises(LookupError, match="1"):
        loop.step()
    post.free()
    loop.schedule(fail)
    with pytest.raises(LookupError, match="0"):
        loop.run()


# ---- turn by turn


def test_a_loop_that_is_waited_for_elsewhere(loop):
    import select

    if Feature.DESCRIPTOR not in features(loop.backend):
        assert refused(loop.prepare) == Status.BACKEND
        return
    told = []
    assert loop.prepare()[1] is None
    loop.call_later(20, told.append, "timer")
    fd, left = loop.prepare()
    assert 0 < left <= 21
    loop.post(told.append, "post")
    assert select.select([fd], [], [], SECONDS)[0] == [fd]
    assert loop.step(0)
    assert told == ["post"]
    while loop.step():
        pass
    assert told == ["post", "timer"]


def test_steps_end_when_nothing_is_alive_or_stop_was_called(loop):
    assert not loop.step(0)
    loop.call_later(3_600_000, print)
    assert loop.step(0)
    loop.stop()
    assert not loop.step()
    told = []
    loop.call_later(1, lambda: told.append(refused(loop.step)))
    while not told:
        assert loop.step()
    assert told == [Status.REENTRANT]


def test_a_signal_handler_runs_while_a_step_waits(loop):
    """It comes again until the step has ended, for the first may come before the wait."""
    old = signal.signal(signal.SIGUSR1, lambda number, frame: told.append(number))
    told, ended = [], threading.Event()

    def press():
        while not ended.wait(0.005):
            os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=press)
    loop.call_later(3_600_000, print)
    thread.start()
    try:
        assert loop.step()
    finally:
        ended.set()
        thread.join(SECONDS)
        signal.signal(signal.SIGUSR1, old)
    assert set(told) == {signal.SIGUSR1}


def test_a_step_that_does_not_wait_leaves_signals_to_the_loop_around_it(loop):
    def wakeup():
        told.append(signal.set_wakeup_fd(-1))
        signal.set_wakeup_fd(told[-1])

    told = []
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    old = signal.set_wakeup_fd(ours.fileno())
    try:
        for wait in (0, None):
            loop.call_later(0, wakeup)
            while len(told) == (wait is None):
                loop.step(wait)
    finally:
        signal.set_wakeup_fd(old)
    assert told[0] == ours.fileno() != told[1]
    ours.close()
    theirs.close()


def test_a_paused_listener_takes_connections_when_it_resumes(loop):
    told = []
    listener = loop.listen(host="127.0.0.1", on_open=lambda conn: (told.append(1), loop.stop()))
    listener.pause()
    with socket.create_connection(("127.0.0.1", listener.port), timeout=SECONDS):
        assert loop.step(0) and told == []
        listener.resume()
        loop.run()
    assert told == [1]
    assert serve(loop, lambda: "served") == "served"
