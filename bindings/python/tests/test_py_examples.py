# SPDX-License-Identifier: MIT OR Apache-2.0
"""The examples do what their first lines say."""

import contextlib
import os
import signal
import subprocess
import sys

from talk import SECONDS, TOOLS, browse


@contextlib.contextmanager
def example(name):
    """The port of an example that is a server; at the end Ctrl-C ends it."""
    path = os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(TOOLS / "examples" / name), "0"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, PYTHONPATH=path))
    try:
        first = program.stdout.readline()
        assert first.startswith("listening on 127.0.0.1:"), program.stderr.read()
        yield int(first.rsplit(":", 1)[1])
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=SECONDS)
        assert program.returncode in (130, -signal.SIGINT)
        assert errors.rstrip().endswith("KeyboardInterrupt")
    finally:
        if program.poll() is None:
            program.kill()
        program.communicate()


def test_hello_answers_until_ctrl_c():
    assert len((TOOLS / "examples" / "hello.py").read_text().splitlines()) <= 20
    with example("hello.py") as port:
        answers = browse(port, ("GET", "/", None), ("GET", "/else", None))
        assert [answer[:2] for answer in answers] == [
            (200, b"Hello, World!\n"), (404, b"Not here.\n")]


def test_a_guest_of_asyncio_answers_until_ctrl_c():
    with example("in_asyncio.py") as port:
        answers = browse(port, ("GET", "/", None), ("GET", "/else", None))
        assert [answer[:2] for answer in answers] == [(200, b"asyncio has slept\n")] * 2
