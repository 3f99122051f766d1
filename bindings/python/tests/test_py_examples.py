# SPDX-License-Identifier: MIT OR Apache-2.0
"""The examples do what their first lines say."""

import os
import signal
import subprocess
import sys

from talk import SECONDS, TOOLS, browse


def test_hello_answers_until_ctrl_c():
    source = TOOLS / "examples" / "hello.py"
    assert len(source.read_text().splitlines()) <= 20
    path = os.pathsep.join([str(TOOLS), os.environ.get("PYTHONPATH", "")])
    program = subprocess.Popen([sys.executable, str(source), "0"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, PYTHONPATH=path))
    try:
        first = program.stdout.readline()
        assert first.startswith("listening on 127.0.0.1:"), program.stderr.read()
        port = int(first.rsplit(":", 1)[1])
        answers = browse(port, ("GET", "/", None), ("GET", "/else", None))
        assert [answer[:2] for answer in answers] == [
            (200, b"Hello, World!\n"), (404, b"Not here.\n")]
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=SECONDS)
        assert program.returncode in (130, -signal.SIGINT)
        assert errors.rstrip().endswith("KeyboardInterrupt")
    finally:
        if program.poll() is None:
            program.kill()
        program.communicate()
