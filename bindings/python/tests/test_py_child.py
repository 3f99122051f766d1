# SPDX-License-Identifier: MIT OR Apache-2.0
"""Children: how they are started, what they are given and give, how they end."""

import gc
import os
import signal
import sys
import weakref

import pytest
from webcore import Child, Conn, EventKind, File, Listener, Status, Stdio, Stream, WebcoreError


def refused(call, *arguments, **named):
    """The status with which a call is refused."""
    with pytest.raises(WebcoreError) as error:
        call(*arguments, **named)
    return error.value.status


class Script:
    """A child by sh -c: what it wrote, and its one end."""

    def __init__(self, loop, script, *arguments, **options):
        self.said, self.complained, self.ends = [], [], []
        streams = {"output": Stream(on_data=lambda conn, data: self.said.append(data)),
                   "error": Stream(on_data=lambda conn, data: self.complained.append(data))}
        self.child = loop.spawn(["sh", "-c", script, *arguments], **{
            **streams, "on_exit": lambda child, *end: self.ends.append((child == self.child, *end)),
            **options})

    def end(self):
        """Its output, what it complained, and its end without the word that it is its own."""
        assert len(self.ends) == 1 and self.ends[0][0]
        return b"".join(self.said), b"".join(self.complained), self.ends[0][1:]


def test_output_error_and_exit_code(loop):
    script = Script(loop, 'echo "$1"; echo oops >&2; exit 3', "sh", "an argument")
    loop.run()
    assert script.end() == (b"an argument\n", b"oops\n", (3, 0, Status.OK))
    assert refused(script.child.kill, signal.SIGTERM) == Status.GONE


def test_the_signal_that_ended_it(loop):
    script = Script(loop, "kill -TERM $$")
    loop.run()
    assert script.end() == (b"", b"", (-1, signal.SIGTERM, Status.OK))


def test_what_it_is_sent_it_reads(loop):
    script = Script(loop, "tr a-z A-Z", input=Stream())
    script.child.input.send(b"abc")
    script.child.input.send(b"def" * 1000)
    script.child.input.close()
    loop.run()
    assert script.end() == (b"ABC" + b"DEF" * 1000, b"", (0, 0, Status.OK))


def test_a_stream_is_a_connection_with_its_options_and_its_object(loop):
    told = []
    out = Stream(
        framing=1, user="mine", on_data=lambda conn, data: told.append((conn.user, data)),
        on_open=lambda conn: told.append(isinstance(conn, Conn)),
        on_close=lambda conn, why, os_error: told.append((why, os_error)))
    child = loop.spawn(["printf", r"one\ntwo\n"], output=out)
    assert child.output.user == "mine" and refused(lambda: child.input) == Status.STATE
    loop.run()
    assert told == [True, ("mine", b"one"), ("mine", b"two"), (Status.OK, 0)]
    with pytest.raises(TypeError):
        Stream(no_such_option=1)


def test_directory_environment_and_program(loop, tmp_path):
    script = Script(loop, 'echo "$(pwd -P) $NAME"', program="/bin/sh", directory=tmp_path,
                    env={"NAME": "value", "PATH": os.environ["PATH"]})
    loop.run()
    assert script.end()[0] == f"{os.path.realpath(tmp_path)} value\n".encode()


def test_files_descriptors_and_what_is_not_there(loop, tmp_path):
    there, here = tmp_path / "in", tmp_path / "out"
    there.write_text("from a file\n")
    here.write_text("first\n")
    script = Script(loop, "cat; echo complaint >&2", input=File(there),
                    output=File(here, append=True), error=Stdio.SAME)
    loop.run()
    assert script.end()[2] == (0, 0, Status.OK)
    assert here.read_text() == "first\nfrom a file\ncomplaint\n"
    with open(here, "w") as file:
        Script(loop, "echo again", output=file)
        Script(loop, "echo again", output=file.fileno())
        loop.run()
    assert here.read_text() == "again\nagain\n"
    for place, said in ((Stdio.CLOSED, b"closed\n"), (Stdio.NULL, b"open\n")):
        script = Script(loop, "(: 3<&0) 2>&- && echo open || echo closed", input=place)
        loop.run()
        assert script.end()[0] == said


def test_limits_of_time_end_it_with_a_reason(loop):
    script = Script(loop, "sleep 3600", wall_ms=20, grace_ms=0)
    loop.run()
    assert script.end()[2] == (-1, signal.SIGKILL, Status.TIMEOUT)


def test_stopping_ends_it_with_its_group(loop):
    """The sleep holds the output: only when it, too, has ended is this over."""
    script = Script(loop, "sleep 3600 & echo ready; wait")
    loop.call_later(3_600_000, print)
    while not script.said:
        loop.step()
    assert script.child.pid > 0
    script.child.stop(10_000)
    while not script.ends:
        loop.step()
    assert script.end()[2] == (-1, signal.SIGTERM, Status.CANCELLED)


def test_a_child_may_be_signalled(loop):
    script = Script(loop, "trap 'echo heard; exit 4' USR1; echo ready; while :; do :; done")
    while not script.said:
        loop.step()
    script.child.kill(signal.SIGUSR1)
    loop.run()
    assert script.end() == (b"ready\nheard\n", b"", (4, 0, Status.OK))


def test_what_it_used_is_known_at_its_end(loop):
    told = []
    child = loop.spawn(["true"], on_exit=lambda child, *end: told.append(child.usage))
    assert refused(lambda: child.usage) == Status.STATE
    loop.run()
    assert told[0].max_rss_bytes > 0 and told[0].user_us >= 0


def test_what_cannot_be_started_is_refused_and_held_by_nobody(loop, tmp_path):
    thing = Stream(on_data=print, user=Script)
    gone = weakref.ref(thing)
    stream = {"output": thing}
    assert refused(loop.spawn, ["/no/such/program"], **stream) == Status.NOTFOUND
    assert refused(loop.spawn, [str(tmp_path)], **stream) == Status.ACCESS
    assert refused(loop.spawn, ["true"], **stream, directory="/no/such") == Status.NOTFOUND
    assert refused(loop.spawn, ["true"], **stream, input=Stdio.SAME) == Status.INVAL
    for wrong in ("true", b"true", []):
        with pytest.raises(TypeError):
            loop.spawn(wrong)
    with pytest.raises(ValueError):
        loop.spawn(["true", "a\0b"])
    with pytest.raises(AttributeError):
        loop.spawn(["true"], **stream, error="neither")
    with pytest.raises(ValueError):
        loop.spawn(["true"], wall_ms=-1)
    with pytest.raises(TypeError):
        loop.spawn(["true"], argv0="x")
    del thing, stream
    gc.collect()
    assert gone() is None


def test_a_loop_that_is_closed_ends_its_children():
    import webcore

    with webcore.Loop() as loop:
        script = Script(loop, "sleep 3600")
        pid = script.child.pid
    assert script.ends == [(True, -1, signal.SIGKILL, Status.FREED)]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_without_a_callback(loop):
    child = loop.spawn(["sh", "-c", "echo said; exit 5"], output=Stream(user="s"), user="c")
    out = child.output
    told = []
    for event in loop:
        if event.kind == EventKind.OPEN:
            assert isinstance(event.parent, Child) and event.parent == child
        elif event.kind == EventKind.EOF:
            event.object.close()
        elif event.kind in (EventKind.DATA, EventKind.CLOSE):
            told.append((event.object == out, event.user, event.data))
        else:
            told.append((event.kind, event.object == child, event.detail, event.os_error,
                         event.status, event.user))
    assert told == [(True, "s", b"said\n"), (True, "s", b""),
                    (EventKind.CHILD_EXIT, True, 5, 0, Status.OK, "c")]


def test_what_its_callbacks_raise_is_raised_by_run(loop):
    def fail(*arguments):
        raise LookupError(len(arguments))

    loop.spawn(["echo"], output=Stream(on_data=fail), on_exit=fail)
    with pytest.raises(LookupError, match="2"):
        loop.run()
    with pytest.raises(LookupError, match="4"):
        loop.run()


def test_a_listener_of_a_pulled_connection_is_no_child(loop):
    import socket

    listener = loop.listen(host="127.0.0.1")
    with socket.create_connection(listener.address):
        event = loop.next()
        assert (event.kind, event.parent) == (EventKind.OPEN, Listener(listener.handle))


def test_python_is_a_child_too(loop):
    """Its signals are not blocked, whatever the threads of this process do."""
    script = Script(loop, 'exec "$1" -c "import signal; print(signal.pthread_sigmask(0, []))"',
                    "sh", sys.executable)
    loop.run()
    assert script.end() == (b"set()\n", b"", (0, 0, Status.OK))
