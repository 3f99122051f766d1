# SPDX-License-Identifier: MIT OR Apache-2.0
"""The examples that listen to their terminal and to signals, on every backend: echo_terminal on a
terminal, a pipe, a file and on nothing, and signals_timers."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import tempfile
import termios
import time

import pytest

from examples import (
    BACKENDS, DEADLINE, Server, command, environment, parse_address, receive_all, run,
)


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


class Program(Server):
    """A running example whose lines are read one by one."""

    def __init__(self, process, errors):
        super().__init__(process, errors, [])
        self.have = b""

    def line(self):
        """The next line of its standard output."""
        until = time.monotonic() + DEADLINE
        while b"\n" not in self.have:
            left = max(0, until - time.monotonic())
            assert select.select([self.process.stdout], [], [], left)[0], f"no line: {self.have}"
            more = os.read(self.process.stdout.fileno(), 4096)
            assert more, f"it ended in the middle of a line: {self.have}"
            self.have += more
        line, _, self.have = self.have.partition(b"\n")
        return line.decode()

    def ends(self):
        """Its exit code, when it has ended by itself, and what it wrote to standard error."""
        code = self.process.wait(DEADLINE)
        self.errors.seek(0)
        return code, self.errors.read().decode()


@contextlib.contextmanager
def started(name, *args, backend, stdin=subprocess.DEVNULL, before=None):
    """An example that must not complain, nor be left running."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command(name, *args), stdin=stdin, stdout=subprocess.PIPE, stderr=errors,
            env=environment(backend), preexec_fn=before,
        )
        try:
            program = Program(process, errors)
            yield program
            if process.returncode is None:
                assert program.stop() == (0, "")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(DEADLINE)
            process.stdout.close()


@contextlib.contextmanager
def echo(backend, **how):
    with started("echo_terminal", 0, backend=backend, **how) as server:
        server.addresses = [parse_address(server.line())]
        yield server


def lead_the_terminal():
    """The child leads a session of its own, whose terminal is its standard input."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """Whoever sits there; `shared` is another program that has it open."""

    def __init__(self):
        self.keys, self.shared = pty.openpty()

    def type(self, text):
        os.write(self.keys, text.encode())

    def close(self):
        for fd in (self.keys, self.shared):
            with contextlib.suppress(OSError):
                os.close(fd)


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


@contextlib.contextmanager
def at_terminal(terminal, backend):
    with echo(backend, stdin=terminal.shared, before=lead_the_terminal) as server:
        yield server


def ask(client, line):
    """One line to the server, and what comes back."""
    client.sendall(line + b"\n")
    return answered(client)


def answered(client):
    out = b""
    while not out.endswith(b"\n"):
        piece = client.recv(1)
        assert piece, out
        out += piece
    return out.rstrip(b"\r\n")


# ---- echo_terminal


def test_commands_are_obeyed_while_clients_are_served(terminal, backend):
    with at_terminal(terminal, backend) as server:
        with server.connect() as one, server.connect() as two:
            assert (ask(one, b"a"), ask(two, b"b")) == (b"a", b"b")
            terminal.type("say hello, all\n")
            assert server.line() == "said to 2"
            assert (answered(one), answered(two)) == (b"hello, all", b"hello, all")
            terminal.type("stats\n")
            assert server.line() == "clients 2 of 2, 4 bytes in, 26 bytes out"
            terminal.type("what\nhelp\n")
            assert server.line() == "what? try help"
            assert server.line() == "help, stats, say TEXT, quit"
            assert ask(one, b"still") == b"still"
            terminal.type("quit\n")
            assert server.ends() == (0, "")
            assert (receive_all(one), receive_all(two)) == (b"", b"")


def test_neither_half_a_line_nor_half_a_command_blocks_anybody(terminal, backend):
    with at_terminal(terminal, backend) as server:
        with server.connect() as endless, server.connect() as other:
            endless.sendall(b"half a line, and never its end")
            terminal.type("say half")
            assert ask(other, b"served") == b"served"
            terminal.type(" a command\n")
            assert server.line() == "said to 2"
            assert answered(other) == b"half a command"
            endless.sendall(b"z" * 100_000)
            terminal.type("stats\n")
            assert server.line().startswith("clients 2 of 2, ")
            assert answered(endless) == b"half a command"
            assert answered(endless) == b"error: line too long"
            assert ask(other, b"served") == b"served"


def test_a_client_that_does_not_read_blocks_nobody(terminal, backend):
    with at_terminal(terminal, backend) as server:
        with server.connect(receive_buffer=4096) as deaf, server.connect() as other:
            for _ in range(64):
                deaf.sendall(b"y" * 4095 + b"\n")
            assert ask(other, b"served") == b"served"
            terminal.type("say to all\n")
            assert server.line() == "said to 2"
            assert answered(other) == b"to all"


def test_the_terminal_stays_blocking(terminal, backend):
    """It is shared: O_NONBLOCK would be found set by whoever else has it open."""
    before = fcntl.fcntl(terminal.shared, fcntl.F_GETFL)
    with at_terminal(terminal, backend) as server:
        terminal.type("help\n")
        server.line()
        assert fcntl.fcntl(terminal.shared, fcntl.F_GETFL) == before
        terminal.type("quit\n")
        assert server.ends() == (0, "")
    assert fcntl.fcntl(terminal.shared, fcntl.F_GETFL) == before
    assert not before & os.O_NONBLOCK


def test_the_end_of_the_input_ends_the_commands_only(terminal, backend):
    with at_terminal(terminal, backend) as server:
        terminal.type("\x04")
        assert server.line() == "no more commands; a signal ends this"
        with server.connect() as client:
            assert ask(client, b"still") == b"still"


@pytest.mark.parametrize("key", ["\x03", "hang up"])
def test_an_interrupt_and_a_closed_terminal_end_it_in_order(terminal, key, backend):
    with at_terminal(terminal, backend) as server:
        with server.connect() as client:
            assert ask(client, b"x") == b"x"
            if key == "hang up":
                terminal.close()
            else:
                terminal.type(key)
            assert server.ends() == (0, "")
            assert receive_all(client) == b""


def test_commands_may_come_in_pieces_of_any_size(backend):
    ours, theirs = os.pipe()
    with echo(backend, stdin=ours) as server:
        os.close(ours)
        for byte in b"help\nhel":
            os.write(theirs, bytes([byte]))
        assert server.line() == "help, stats, say TEXT, quit"
        os.write(theirs, b"p\n" + b"w" * 1024 + b"\n" + b"w" * 1025 + b"\nhelp\n\nstats")
        os.close(theirs)
        lines = [server.line() for _ in range(6)]
        assert lines == [
            "help, stats, say TEXT, quit", "what? try help", "that is too long",
            "help, stats, say TEXT, quit", "clients 0 of 0, 0 bytes in, 0 bytes out",
            "no more commands; a signal ends this",
        ]


def test_commands_may_come_from_a_file(tmp_path, backend):
    (tmp_path / "commands").write_text("help\nquit\n")
    with open(tmp_path / "commands", "rb") as commands, echo(backend, stdin=commands) as server:
        assert server.line() == "help, stats, say TEXT, quit"
        assert server.ends() == (0, "")


def test_nobody_may_read_the_answers(backend):
    ours, theirs = os.pipe()
    with echo(backend, stdin=ours) as server:
        os.close(ours)
        server.process.stdout.close()
        os.write(theirs, b"help\nstats\n")
        with server.connect() as client:
            assert ask(client, b"still") == b"still"
        os.write(theirs, b"quit\n")
        assert server.ends() == (0, "")
        os.close(theirs)


# ---- signals_timers


@contextlib.contextmanager
def clock(backend, period_ms=86_400_000):
    """One whose next tick is far away, unless the test says otherwise."""
    with started("signals_timers", period_ms, backend=backend) as process:
        assert process.line().startswith("process ")
        yield process


def test_signals_steer_the_clock(backend):
    with clock(backend) as process:
        for number, said in [
            (signal.SIGUSR1, "at 0"), (signal.SIGUSR2, "halted at 0"), (signal.SIGUSR1, "at 0"),
            (signal.SIGUSR2, "on from 0"), (signal.SIGHUP, "back to 0"),
            (signal.SIGINT, "Ctrl-C again to end at 0"), (signal.SIGINT, "interrupted at 0"),
        ]:
            process.process.send_signal(number)
            assert process.line() == said
        assert process.ends() == (0, "")


def test_it_ticks_and_begins_again(backend):
    with clock(backend, 1) as process:
        assert [process.line() for _ in range(3)] == ["tick 1", "tick 2", "tick 3"]
        process.process.send_signal(signal.SIGHUP)
        while process.line() != "back to 0":
            pass
        assert process.line() == "tick 1"
        process.process.send_signal(signal.SIGTERM)
        while not (line := process.line()).startswith("ended at "):
            assert line.startswith("tick ")
        assert process.ends() == (0, "")


def test_a_reader_that_leaves_ends_it_without_a_complaint(backend):
    with clock(backend, 1) as process:
        process.process.stdout.close()
        assert process.ends() == (0, "")


@pytest.mark.parametrize("arguments", [["x"], ["0"], ["-1"], ["1", "2"], [""]])
def test_what_is_no_period_is_refused_in_words(arguments):
    result = run("signals_timers", *arguments)
    assert result.returncode == 1
    assert result.stderr.decode().startswith("usage: ")
