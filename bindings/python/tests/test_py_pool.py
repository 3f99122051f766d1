# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pools: work off the loop's thread, names of hosts, files."""

import gc
import os
import subprocess
import sys
import threading
import weakref

import pytest
from talk import HOST, SECONDS, TOOLS, in_thread
from webcore import EventKind, Job, Pool, Status, WebcoreError


def refused(call, *arguments, **named):
    """The status with which a call is refused."""
    with pytest.raises(WebcoreError) as error:
        call(*arguments, **named)
    return error.value.status


def test_work_is_done_elsewhere_and_told_here(loop):
    told = []
    pool = loop.pool(threads=2)

    def work(number):
        return number * 2, threading.current_thread()

    def on_done(done):
        told.append((done.job == job, done.status, done.result()[0]))
        assert done.result()[1] is not threading.main_thread() is threading.current_thread()

    job = pool.submit(work, 21, on_done=on_done)
    loop.run()
    assert told == [(True, Status.OK, 42)]
    assert pool.stats() == {"submitted": 1, "done": 1, "cancelled": 0, "refused": 0, "threads": 2,
                            "queued": 0, "running": 0}
    assert refused(job.cancel) == Status.GONE


def test_what_work_raises_is_for_on_done_or_for_run(loop):
    told = []
    pool = loop.pool(threads=1)
    pool.submit(int, "no number", on_done=told.append)
    loop.run()
    assert isinstance(told[0].error, ValueError) and told[0].value is None
    pool.submit(int, "no number", on_done=lambda done: done.result())
    with pytest.raises(ValueError, match="no number"):
        loop.run()
    pool.submit(sys.exit, 3)
    with pytest.raises(SystemExit):
        loop.run()


def test_what_waits_can_be_cancelled_and_what_runs_cannot(loop):
    told = []
    pool = loop.pool(threads=1, queue=1)
    begun, go_on = threading.Event(), threading.Event()
    running = pool.submit(lambda: (begun.set(), go_on.wait(SECONDS)))
    assert begun.wait(SECONDS)
    waiting = pool.submit(print, "never", on_done=told.append)
    assert refused(pool.submit, print) == Status.LIMIT
    waiting.cancel()
    assert refused(running.cancel) == Status.STATE
    go_on.set()
    loop.run()
    assert told[0].status == Status.CANCELLED
    with pytest.raises(WebcoreError, match="WC_E_CANCELLED"):
        told[0].result()


def test_work_may_use_what_is_for_any_thread(loop):
    told = []
    pool = loop.pool()
    post = loop.post_object(lambda: (told.append("posted"), post.free()))
    pool.submit(lambda: (post.send(), refused(loop.call_later, 1, print)), on_done=told.append)
    loop.run()
    assert "posted" in told
    assert [done.value[1] for done in told if done != "posted"] == [Status.THREAD]


def test_names_of_hosts(loop):
    told = []
    pool = loop.pool(threads=1)
    pool.resolve("localhost", 80, on_done=told.append)
    pool.resolve("::1", on_done=told.append)
    pool.resolve("no such name.invalid", on_done=told.append)
    loop.run()
    assert told[0].result() == [("127.0.0.1", 80), ("::1", 80)]
    assert told[1].result() == [("::1", 0)]
    assert told[2].status in (Status.NOTFOUND, Status.AGAIN) and told[2].error.os_error == 0
    assert refused(pool.resolve, "") == Status.INVAL
    for wrong in (("a\0b", 1), ("localhost", 65536)):
        with pytest.raises(ValueError):
            pool.resolve(*wrong)


def test_bytes_of_files(loop, tmp_path):
    told = []
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)))
    pool = loop.pool(threads=1)
    pool.read_file(file, on_done=told.append)
    pool.read_file(os.fsencode(file), 250, 4, on_done=told.append)
    pool.read_file(tmp_path / "none", on_done=told.append)
    pool.read_file(file)
    loop.run()
    assert [done.value for done in told] == [bytes(range(256)), bytes(range(250, 254)), None]
    assert told[2].status == Status.NOTFOUND and "No such file" in str(told[2].error)


def test_jobs_without_a_callback(loop, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    pool = loop.pool(threads=1)
    jobs = [pool.submit(divmod, 7, 2, user="a"), pool.resolve("127.0.0.1", 1, user="b"),
            pool.read_file(file, user="c"), pool.submit(int, "x")]
    # An address that is a number needs no thread, so the order is not that of submission.
    events = sorted(loop, key=lambda event: jobs.index(event.object))
    assert [(event.kind, event.object, event.user) for event in events] == [
        (EventKind.JOB, job, user) for job, user in zip(jobs, ("a", "b", "c", None))]
    assert [event.done.value for event in events] == [
        (3, 1), [("127.0.0.1", 1)], b"bytes", None]
    assert isinstance(events[3].done.error, ValueError)
    assert isinstance(events[0].object, Job) and isinstance(events[0].parent, Pool)
    assert events[0].parent == pool
    events[0].parent.submit(print)
    assert loop.next(SECONDS * 1000).kind == EventKind.JOB


def test_a_pool_that_is_freed_tells_its_jobs(loop):
    told = []
    pool = loop.pool(threads=1)
    begun = threading.Event()
    pool.submit(begun.set, on_done=told.append)
    assert begun.wait(SECONDS)
    pool.free()
    loop.run()
    assert told[0].status == Status.OK
    assert refused(pool.submit, print) == Status.GONE
    assert refused(loop.pool, threads=0) == Status.INVAL
    assert in_thread(refused, loop.pool) == Status.THREAD


def test_what_a_job_holds_goes_with_it(loop):
    class Thing:
        def work(self):
            return self

    thing = Thing()
    gone = weakref.ref(thing)
    pool = loop.pool(threads=1)
    pool.submit(thing.work, user=thing)
    del thing
    loop.run()
    gc.collect()
    assert gone() is None
    with pytest.raises(TypeError):
        pool.submit("not callable")


def test_a_loop_that_is_closed_waits_for_running_work():
    import webcore

    told = []
    begun, closing = threading.Event(), threading.Event()
    with webcore.Loop() as loop:
        pool = loop.pool(threads=1)
        loop.listen(host=HOST, on_listener_close=lambda listener, why: closing.set())
        pool.submit(lambda: (begun.set(), closing.wait(SECONDS)), on_done=told.append)
        pool.submit(print, "never", on_done=told.append)
        assert begun.wait(SECONDS)
    assert sorted((done.status, done.value) for done in told) == [
        (Status.FREED, None), (Status.OK, (None, True))]


def test_a_program_may_end_while_its_threads_work():
    program = """
import threading, time, webcore
loop = webcore.Loop()
begun = threading.Event()
loop.pool().submit(lambda: (begun.set(), time.sleep(0.05), print("ended")))
begun.wait()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                           env=dict(os.environ, PYTHONPATH=str(TOOLS)), timeout=SECONDS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended\n", "")
