# SPDX-License-Identifier: MIT OR Apache-2.0
"""The examples under valgrind: no error, no leak, and what they answer stays right.

A server is started once and goes through every test of test_examples*.py that takes it as its
fixture, with all their parameters, and through the end of its life. A complaint of valgrind is its
exit code, and is on its standard error, which has to be empty.
"""

import contextlib
import inspect
import itertools
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

import test_examples
import test_examples_child
import test_examples_http
import test_examples_site
import test_examples_terminal
from examples import BACKENDS, receive_all, reset, run, serving, wrapped
from test_examples_site import big, root, wrapper  # noqa: F401 (fixtures)

VALGRIND = [
    "valgrind", "-q", "--error-exitcode=9", "--vgdb=no", "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
]

pytestmark = pytest.mark.skipif(
    shutil.which("valgrind") is None, reason="valgrind is not on this machine")


@pytest.fixture(autouse=True)
def under_valgrind():
    with wrapped(*VALGRIND):
        yield


def parameter_sets(function):
    """The arguments by name that its parametrize marks give a test."""
    tables = []
    for mark in getattr(function, "pytestmark", []):
        assert mark.name == "parametrize", mark
        names = [name.strip() for name in mark.args[0].split(",")]
        rows = [getattr(row, "values", row) for row in mark.args[1]]
        rows = [row if isinstance(row, tuple) and len(names) == len(row) else (row,)
                for row in rows]
        tables.append([dict(zip(names, row, strict=True)) for row in rows])
    for choice in itertools.product(*tables):
        yield {name: value for part in choice for name, value in part.items()}


def those_with(module, fixture):
    """The tests of a module that take a fixture, in their order."""
    found = [
        function for name, function in vars(module).items()
        if name.startswith("test_") and fixture in inspect.signature(function).parameters
    ]
    assert found, fixture
    return found


def go_through(module, fixture, leave_out=(), **given):
    """Calls every test that takes the fixture, with each set of its parameters."""
    for function in those_with(module, fixture):
        if function in leave_out:
            continue
        wanted = inspect.signature(function).parameters
        for chosen in parameter_sets(function):
            function(**{name: given[name] for name in wanted if name in given}, **chosen)


LOAD = test_examples.test_load_counts_and_times_what_it_verified
SERVERS = {
    "echo_length": (test_examples, "echo", [LOAD]),
    "echo_line": (test_examples, "line", []),
    "pull_loop": (test_examples, "pull", []),
    "watch_echo": (test_examples, "pull", []),
    "http_hello": (test_examples_http, "hello", []),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SERVERS)
def test_a_server(name, backend):
    module, fixture, leave_out = SERVERS[name]
    with serving(name, backend=backend) as server:
        go_through(module, fixture, leave_out, **{fixture: server})


@pytest.mark.parametrize("backend", test_examples.EMBEDDABLE)
def test_embedded_poll(backend):
    with serving("embedded_poll", backend=backend) as server:
        go_through(test_examples, "pull", pull=server)


@pytest.mark.parametrize("backend", BACKENDS)
def test_webserv98(root, big, backend):  # noqa: F811
    shrink = test_examples_site.test_a_file_that_shrinks_while_it_is_sent_ends_early
    with serving("webserv98", 0, root, backend=backend, listeners=2) as site:
        go_through(test_examples_site, "site", [shrink], site=site, root=root, big=big)
        shrink(site, root, big)
    test_examples_site.test_500_and_the_server_goes_on(root, backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", test_examples.SERVERS)
def test_an_end_with_clients_of_every_kind(name, backend):
    """One says nothing, one has begun, one has left, and one has been reset."""
    with serving(name, backend=backend) as server:
        with server.connect() as silent, server.connect() as begun:
            begun.sendall(b"\0\0")
            with server.connect() as left:
                left.sendall(b"POST / HTTP/1.1\r\n")
            reset(server.connect())
            assert server.stop(signal.SIGINT) == (0, "")
            assert receive_all(silent) == b""


def test_echo_load():
    with serving("echo_length") as echo:
        for conns, size, rounds, depth in [(8, 100, 50, 1), (2, 300_000, 8, 8), (100, 64, 5, 2)]:
            LOAD(echo, None, conns, size, rounds, depth)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("module", [test_examples, test_examples_child, test_examples_http],
                         ids=lambda module: module.__name__)
def test_what_starts_its_own_program(module, backend):
    """Deadlines that pass, ports that are taken, and the load client's failures, among others."""
    go_through(module, "backend", [LOAD], backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_wrapper(wrapper, backend):  # noqa: F811
    go_through(test_examples_site, "wrapper", wrapper=wrapper, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_terminal_and_the_clock(backend):
    for function in those_with(test_examples_terminal, "backend"):
        for chosen in parameter_sets(function):
            with contextlib.closing(test_examples_terminal.Terminal()) as terminal, \
                    tempfile.TemporaryDirectory() as directory:
                given = {"backend": backend, "terminal": terminal,
                         "tmp_path": pathlib.Path(directory)}
                wanted = inspect.signature(function).parameters
                function(**{name: given[name] for name in wanted if name in given}, **chosen)


def test_parser_only():
    test_examples_http.test_parser_sample_in_small_pieces()
    test_examples_http.test_parser_a_body_larger_than_the_buffer()
    go_through(test_examples_http, "expected")
    go_through(test_examples_http, "first")
    test_examples_http.test_parser_input_that_ends_too_early_is_not_accepted(20)


@pytest.mark.parametrize("name", [*test_examples.SERVERS, "webserv98", "echo_load"])
def test_bad_arguments(name):
    result = run(name, "x")
    assert result.returncode == 1
    assert b"==" not in result.stderr, result.stderr


LEAKING = """\
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    char *volatile kept = malloc(8);
    kept = NULL;
    (void)kept;
    puts("listening on 127.0.0.1:1");
    fflush(stdout);
    return 0;
}
"""


def test_a_leak_is_noticed(tmp_path):
    (tmp_path / "leaking.c").write_text(LEAKING)
    program = tmp_path / "leaking"
    subprocess.run(["cc", "-g", tmp_path / "leaking.c", "-o", program], check=True, timeout=60)
    with pytest.raises(AssertionError, match="definitely lost"):
        with serving(program):
            pass
