# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a loop tells of itself: features, counters, histograms, hooks."""

import gc
import threading
import weakref

import pytest
import webcore
from talk import HOST, SECONDS, dial, in_thread
from webcore import EventKind, Feature, Histogram, Log, Loop, Status, WebcoreError, features


def refused(call, *arguments):
    """The status with which a call is refused."""
    with pytest.raises(WebcoreError) as error:
        call(*arguments)
    return error.value.status


def test_backends_have_features():
    assert features("select") == Feature(0)
    assert Feature.DESCRIPTOR in features(webcore.backends()[0])
    with pytest.raises(ValueError):
        features("no such backend")


def test_new_counters_have_names(loop):
    pool, post = loop.pool(threads=1), loop.post_object()
    in_thread(post.send)
    loop.next(SECONDS * 1000)
    stats = loop.stats()
    assert (stats["pools"], stats["post_objects"], stats["posts"]) == (1, 1, 1)
    assert {"wakeups", "late_timers", "callbacks", "longest_callback_ns", "watches", "signals",
            "children", "jobs", "transitions_dropped", "lines_dropped"} <= set(stats)
    post.free()
    pool.free()


def test_the_time_of_the_loop_and_that_of_now(loop):
    fixed = loop.now_ms
    while loop.fresh_now_ms <= fixed + 1:
        pass
    assert loop.now_ms == fixed


def test_a_loop_that_measures_has_histograms(loop):
    assert refused(loop.histogram, Histogram.CALLBACK) == Status.STATE
    with Loop(loop.backend, measure=True) as measured:
        measured.call_later(1, int)
        measured.run()
        assert measured.stats()["callbacks"] >= 1
        for which in Histogram:
            counts = measured.histogram(which)
            assert len(counts) == 40 and sum(counts) >= 1
        assert refused(measured.histogram, 99) == Status.INVAL
        assert measured.busy() is None


def test_a_callback_that_holds_the_loop_is_named(loop):
    told, seen = [], []
    asked = threading.Event()
    assert refused(loop.busy) == Status.STATE
    loop.set_watchdog(5, told.append)

    def hold():
        watcher = threading.Thread(target=lambda: (seen.append(loop.busy()), asked.set()))
        begun = loop.fresh_now_ms
        watcher.start()
        assert asked.wait(SECONDS)
        while loop.fresh_now_ms < begun + 7:
            pass
        watcher.join(SECONDS)

    timer = loop.call_later(1, hold)
    loop.run()
    loop.step(0)
    assert [(busy.kind, busy.object) for busy in seen] == [(EventKind.TIMER, timer.handle)]
    assert (told[0].kind, told[0].object) == (EventKind.TIMER, timer.handle) and told[0].ms >= 5
    assert 1 <= len(told) <= loop.stats()["slow_callbacks"]
    loop.set_watchdog(0)
    assert refused(loop.busy) == Status.STATE


def test_the_life_of_a_connection_is_told(loop):
    told = []
    loop.set_trace(told.append)
    listener = loop.listen(host=HOST, on_open=lambda conn: conn.close())
    with dial(listener.port) as peer:
        loop.call_later(3_600_000, print)
        while not any(each.machine == "connection" for each in told):
            loop.step()
        peer.close()
        while told[-1].next != "Closed":
            loop.step()
    states = [(each.state, each.next) for each in told if each.machine == "connection"]
    assert states[0][0] == "Open" and states[-1][1] == "Closed"
    assert all(before[1] == after[0] for before, after in zip(states, states[1:]))
    count = len(told)
    loop.set_trace(None)
    listener.close()
    loop.step(0)
    assert len(told) == count


def test_what_the_library_has_to_say_is_told(loop):
    told = []
    loop.set_watchdog(1)
    loop.set_log(Log.WARN, told.append)

    def hold():
        begun = loop.fresh_now_ms
        while loop.fresh_now_ms < begun + 5:
            pass

    timer = loop.call_later(0, hold)
    loop.run()
    loop.step(0)
    line = told[0]
    assert (line.level, line.object, line.status) == (Log.WARN, timer.handle, Status.OK)
    assert line.text and line.number >= 1
    assert refused(loop.set_log, 99, print) == Status.INVAL
    loop.set_log(Log.DEBUG, None)


def test_a_hook_may_raise_and_dies_when_it_is_replaced(loop):
    class Hook:
        def told(self, transition):
            raise LookupError(transition.machine)

    hook = Hook()
    gone = weakref.ref(hook)
    loop.set_trace(hook.told)
    del hook
    listener = loop.listen(host=HOST)
    listener.close()
    with pytest.raises(LookupError, match="listener"):
        loop.run()
    loop.set_trace(None)
    loop.step(0)
    gc.collect()
    assert gone() is None
