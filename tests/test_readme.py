# SPDX-License-Identifier: MIT OR Apache-2.0
"""What README.md and the guides show, as a reader would do it: files are written, compiled without
a warning by gcc and by clang, servers are started, talked to and stopped.

Each fenced block has a comment before it that says what it is:

    <!-- file: NAME -->     the start of a file        <!-- more: NAME -->  what follows in it
    <!-- run -->            commands that succeed and warn of nothing
    <!-- run: TOOL -->      the same, on machines that have the tool
    <!-- serve: END -->     a server: it says where it listens, runs until the next one, and ends
                            on SIGINT with that exit code (0), or by it (SIGINT)
    <!-- ask -->            commands of a client, while the server runs
    <!-- shows -->          what the last commands print; `...` stands for anything
    <!-- make -->           targets of make, too long or too loud for a test

Commands run in an empty directory that has the clone's include, build/lib and bindings. Port 8080
is replaced by one that is free.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from examples import DEADLINE, ROOT, read_lines

LIBRARY = pathlib.Path(os.environ.get("WEBCORE_LIB_DIR", ROOT / "build" / "lib"))
DOCUMENTS = ["README.md", *sorted(f"docs/guide/{path.name}"
                                  for path in (ROOT / "docs" / "guide").glob("*.md"))]
WAYS = [("gcc", "g++", "epoll"), ("clang", "clang++", "poll")]
SHORT = 20
MARK = re.compile(r"<!-- (file|more|run|serve|ask|shows|make)(?:: (\S+))? -->")


class Block:
    """A fenced block with its mark."""

    def __init__(self, line, kind, about, text):
        self.line = line
        self.kind = kind
        self.about = about
        self.text = text


def blocks(text):
    """Every fenced block; one without its mark is a mistake."""
    found, mark, inside, previous = [], None, None, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if inside is None:
                mark = MARK.fullmatch(previous)
                assert mark, f"line {number}: the block has no mark"
                inside = []
            else:
                body = "".join(f"{each}\n" for each in inside)
                found.append(Block(number - len(inside), mark[1], mark[2], body))
                inside = None
        elif inside is not None:
            inside.append(line)
        previous = line
    assert inside is None, "the last block has no end"
    return found


def matches(shown, printed):
    """Whether that was printed, `...` standing for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.strip().split("..."))
    return re.fullmatch(pattern, printed.replace("\r", "").strip(), re.DOTALL) is not None


def hear_ctrl_c():
    """A test that runs in the background of a shell ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Server:
    """A server of a document, from its first line to its end."""

    def __init__(self, desk, block):
        self.block = block
        self.errors = open(desk.path / "server.err", "w+", encoding="utf-8")
        # A terminal, because that is where a reader starts it: there, lines are not held back.
        ours, theirs = os.openpty()
        self.output = open(ours, "rb", buffering=0)
        try:
            self.process = subprocess.Popen(
                ["sh", "-c", f"exec {block.text}"], cwd=desk.path, env=desk.environment,
                stdin=subprocess.DEVNULL, stdout=theirs, stderr=self.errors,
                preexec_fn=hear_ctrl_c)
        finally:
            os.close(theirs)
        said = []
        with contextlib.suppress(OSError):  # EIO: it ended, and with it the terminal's other side
            said = read_lines(self.output, 1)
        assert said and str(desk.port) in said[0], f"{said} {self.complaint()}"

    def complaint(self):
        self.errors.seek(0)
        return self.errors.read()

    def stop(self):
        """Interrupts it, and holds it to the end that was promised."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(DEADLINE)
        wanted = -signal.SIGINT if self.block.about == "SIGINT" else int(self.block.about)
        assert code == wanted, f"line {self.block.line}: exit {code}\n{self.complaint()}"
        if wanted == 0:
            assert self.complaint() == ""

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        self.output.close()
        self.errors.close()


class Desk:
    """Where a reader sits: a directory, the tools by their usual names, a port of his own."""

    def __init__(self, path, way, prefix):
        self.path = path
        self.port = None
        self.printed = None
        self.missing = []
        (path / "bin").mkdir()
        (path / "build").mkdir()
        for name in ["include", "bindings", "c_examples"]:
            (path / name).symlink_to(ROOT / name)
        (path / "build" / "lib").symlink_to(LIBRARY)
        cc, cxx, backend = way
        for name, tool in [("cc", cc), ("c++", cxx), ("python3", sys.executable)]:
            script = path / "bin" / name
            script.write_text(f'#!/bin/sh\nexec {tool} "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        self.environment = dict(
            os.environ, PATH=f"{path / 'bin'}:{os.environ['PATH']}", WEBCORE_BACKEND=backend,
            WEBCORE_LIBRARY=str(LIBRARY / "libwebcore.so.0"),
            PKG_CONFIG_PATH=str(prefix / "lib" / "pkgconfig"))

    def follow(self, document):
        """Does what the document says, block by block."""
        with contextlib.ExitStack() as stack:
            server = None
            for block in blocks(document):
                where = f"line {block.line}"
                block.text = re.sub(r"\b8080\b", str(self.port), block.text)
                if block.kind in ("file", "more"):
                    mode = "w" if block.kind == "file" else "a"
                    assert block.kind == "file" or (self.path / block.about).exists(), where
                    with open(self.path / block.about, mode, encoding="utf-8") as file:
                        file.write(block.text)
                elif block.kind == "serve":
                    if server:
                        server.stop()
                    server = Server(self, block)
                    stack.callback(server.close)
                elif block.kind == "shows":
                    assert self.printed is not None, f"{where}: nothing was printed before it"
                    assert matches(block.text, self.printed), f"{where}: {self.printed!r}"
                elif block.kind == "make":
                    self.name_targets(block)
                else:
                    assert block.kind == "run" or server, f"{where}: no server to ask"
                    self.command(block)
            if server:
                server.stop()

    def command(self, block):
        if block.about and shutil.which(block.about) is None:
            self.missing.append(block.about)
            return
        done = subprocess.run(
            ["sh", "-eu", "-c", block.text], cwd=self.path, env=self.environment, text=True,
            capture_output=True, timeout=10 * DEADLINE, check=False)
        assert (done.returncode, done.stderr) == (0, ""), f"line {block.line}\n{done.stderr}"
        self.printed = done.stdout

    def name_targets(self, block):
        for line in block.text.splitlines():
            words = line.split("#")[0].split()
            assert words[0] == "make", f"line {block.line}: {line}"
            done = subprocess.run([words[0], "-n", *words[1:]], cwd=ROOT, capture_output=True,
                                  text=True, timeout=10 * DEADLINE, check=False)
            assert done.returncode == 0, f"line {block.line}: {line}\n{done.stderr}"


@contextlib.contextmanager
def free_port():
    """A port that nobody else gets, and that a server with SO_REUSEADDR can have."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """What `make install` leaves behind."""
    prefix = tmp_path_factory.mktemp("prefix")
    command = ["make", "-C", str(ROOT), "install", f"PREFIX={prefix}"]
    subprocess.run(command, capture_output=True, timeout=600, check=True)
    return prefix


@pytest.mark.parametrize("way", WAYS, ids=[way[0] for way in WAYS])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_reader_can_follow(name, way, tmp_path, prefix):
    desk = Desk(tmp_path, way, prefix)
    with free_port() as desk.port:
        desk.follow((ROOT / name).read_text(encoding="utf-8"))
    if desk.missing:
        pytest.skip(f"all but what needs {desk.missing} was done")


def test_the_programs_of_the_readme_are_short():
    files = [block for block in blocks((ROOT / "README.md").read_text(encoding="utf-8"))
             if block.kind == "file"]
    assert sorted(pathlib.Path(block.about).suffix for block in files) == [".c", ".cpp", ".py"]
    for block in files:
        assert len(block.text.splitlines()) <= SHORT, block.about


def test_links_lead_somewhere():
    for name in [*DOCUMENTS, "HACKING.md", "docs/MAP.md", "docs/CONTRACT.md"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in link:
                assert (ROOT / name).parent.joinpath(link).exists(), f"{name}: {link}"


def test_every_target_of_make_that_is_named_is_there():
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules += (ROOT / "benches" / "bench.mk").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9_-]+):(?!=)", rules, re.M))
    for name in [*DOCUMENTS, "HACKING.md", "docs/BENCHMARKS.md"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        for line in re.findall(r"(?:`|^)make ([^`\n]*)", text, re.M):
            words = [word for word in line.split("#")[0].split() if "=" not in word]
            assert not words or words[0] in targets, f"{name}: make {line}"


GOOD = "<!-- run -->\n```sh\ntrue\n```\n"


@pytest.mark.parametrize("text", [
    "```sh\ntrue\n```\n",
    "<!-- run -->\n\n```sh\ntrue\n```\n",
    "<!-- unknown -->\n```sh\ntrue\n```\n",
    "<!-- run -->\n```sh\ntrue\n",
    GOOD + "<!-- ask -->\n```sh\ntrue\n```\n",
    GOOD + "<!-- shows -->\n```\nsomething\n```\n",
    "<!-- shows -->\n```\n```\n",
    "<!-- run -->\n```sh\nfalse\n```\n",
    "<!-- run -->\n```sh\necho warning >&2\n```\n",
    "<!-- more: a.c -->\n```c\n```\n",
    "<!-- make -->\n```sh\nmake no-such-target\n```\n",
    "<!-- file: a.c -->\n```c\nint x = 1.5 ? \n```\n<!-- run -->\n```sh\ncc -c a.c\n```\n",
    "<!-- serve: 0 -->\n```sh\necho 8080\n```\n<!-- run -->\n```sh\nfalse\n```\n",
    "<!-- serve: 0 -->\n```sh\necho hello\n```\n",
    "<!-- serve: 0 -->\n```sh\nsh -c 'echo 8080; exec sleep 60'\n```\n",
])
def test_a_document_that_misleads_is_noticed(text, tmp_path, prefix):
    desk = Desk(tmp_path, WAYS[0], prefix)
    with free_port() as desk.port, pytest.raises(AssertionError):
        desk.follow(text)


def test_a_document_that_does_not_mislead_is_followed(tmp_path, prefix):
    desk = Desk(tmp_path, WAYS[0], prefix)
    with free_port() as desk.port:
        desk.follow(GOOD + "<!-- run -->\n```sh\necho one two three\n```\n"
                    "<!-- shows -->\n```\none ... three\n```\n")
