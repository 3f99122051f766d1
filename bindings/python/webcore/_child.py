# SPDX-License-Identifier: MIT OR Apache-2.0
"""Child, and the part of Loop that starts children."""

import ctypes
import enum
from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence, Union

from . import _abi
from ._base import Base
from ._library import check, lib, status_of, unsigned
from ._objects import CONN_TABLE, Conn, View
from ._options import Path, defaults, distribute, encode_path, put
from ._registry import FREE_USER, Registration, drop, given, live, register


class Stdio(enum.Enum):
    """What a child's standard descriptor can be beside a File, a Stream or a descriptor."""

    INHERIT = _abi.WC_STDIO_INHERIT
    """The program's own."""
    NULL = _abi.WC_STDIO_NULL
    """/dev/null."""
    CLOSED = _abi.WC_STDIO_CLOSED
    SAME = _abi.WC_STDIO_SAME
    """For the error: where the output goes."""


class File(NamedTuple):
    """A file for a child to read, or to write: anew, or with append at its end."""

    path: Path
    append: bool = False


class Stream:
    """A connection of the loop as a child's standard descriptor: what it is sent the child reads,
    what the child writes is its data. Callables and options are those of Loop.listen."""

    def __init__(self, *, on_open: Optional[Callable[[Conn], Any]] = None,
                 on_data: Optional[Callable[[Conn, bytes], Any]] = None,
                 on_too_long: Optional[Callable[[Conn, bytes], Any]] = None,
                 on_drain: Optional[Callable[[Conn], Any]] = None,
                 on_eof: Optional[Callable[[Conn], Any]] = None,
                 on_idle: Optional[Callable[[Conn], Any]] = None,
                 on_close: Optional[Callable[[Conn, int, int], Any]] = None,
                 user: Any = None, **options: int) -> None:
        self.callbacks = given(
            on_open=on_open, on_data=on_data, on_too_long=on_too_long, on_drain=on_drain,
            on_eof=on_eof, on_idle=on_idle, on_close=on_close)
        self.user = user
        self.shape = defaults(_abi.wc_conn_options)
        # A child may think as long as wall_ms lets it.
        self.shape.idle_ms = self.shape.stall_ms = 0
        distribute(options, self.shape)


class Usage(NamedTuple):
    """What a child has used of the machine."""

    user_us: int
    system_us: int
    max_rss_bytes: int


class Child(View):
    """A child process, until its on_exit has returned."""

    __slots__ = ()

    def kill(self, number: int) -> None:
        """Sends a signal to it and its group. Errors: STATE if it has exited, INVAL."""
        check(lib.wc_child_kill(self.handle, number))

    def stop(self, grace_ms: int) -> None:
        """Ends it and its group: SIGTERM now, SIGKILL after the grace time; on_exit follows."""
        check(lib.wc_child_stop(self.handle, unsigned(grace_ms, 32, "grace_ms")))

    @property
    def pid(self) -> int:
        """Its process number."""
        pid = ctypes.c_int32()
        check(lib.wc_child_pid(self.handle, ctypes.byref(pid)))
        return pid.value

    @property
    def input(self) -> Conn:
        """The stream that it reads. Errors, as of the next two: STATE if it is no stream, GONE."""
        return self._stream(_abi.WC_CHILD_IN)

    @property
    def output(self) -> Conn:
        """The stream that it writes."""
        return self._stream(_abi.WC_CHILD_OUT)

    @property
    def error(self) -> Conn:
        """The stream that it writes its complaints to."""
        return self._stream(_abi.WC_CHILD_ERR)

    def _stream(self, which: int) -> Conn:
        conn = ctypes.c_uint64()
        check(lib.wc_child_stream(self.handle, which, ctypes.byref(conn)))
        return Conn(conn.value)

    @property
    def usage(self) -> Usage:
        """What it has used: known in on_exit. Error: STATE before that."""
        usage = _abi.wc_child_usage(size=ctypes.sizeof(_abi.wc_child_usage))
        check(lib.wc_child_get_usage(self.handle, ctypes.byref(usage)))
        return Usage(usage.user_us, usage.system_us, usage.max_rss_bytes)


_ON_EXIT = _abi.wc_exit_fn(
    lambda child, code, signal, why, number: live[number].deliver(
        "on_exit", Child(child), code, signal, status_of(why)))

Place = Union[Stdio, File, Stream, Any]


def _texts(texts: Sequence[Path]) -> Any:
    """An array of C texts with its null."""
    return (ctypes.c_char_p * (len(texts) + 1))(*map(encode_path, texts), None)


def _stdio(place: Place, loop: Base, numbers: List[int]) -> Any:
    """One standard descriptor; what it points to lives with it."""
    stdio = defaults(_abi.wc_child_stdio)
    if isinstance(place, Stdio):
        stdio.kind = place.value
    elif isinstance(place, File):
        stdio.kind = _abi.WC_STDIO_FILE
        stdio.path = encode_path(place.path)
        stdio.append = int(place.append)
    elif isinstance(place, Stream):
        stdio.kind = _abi.WC_STDIO_STREAM
        stdio.options = ctypes.pointer(place.shape)
        stdio.callbacks = ctypes.pointer(CONN_TABLE.fill(place.callbacks))
        stdio.user = register(Registration(loop, place.callbacks, place.user))
        stdio.free_user = FREE_USER
        numbers.append(stdio.user)
    else:
        stdio.kind = _abi.WC_STDIO_FD
        put(stdio, "fd", place if isinstance(place, int) else place.fileno())
    return ctypes.pointer(stdio)


class Children(Base):
    """The part of Loop that starts children."""

    def spawn(self, argv: Sequence[Path], *, program: Optional[Path] = None,
              directory: Optional[Path] = None, env: Optional[Mapping[str, str]] = None,
              input: Place = Stdio.NULL, output: Place = Stdio.INHERIT,
              error: Place = Stdio.INHERIT, group: bool = True, core: bool = True,
              on_exit: Optional[Callable[[Child, int, int, int], Any]] = None,
              user: Any = None, **options: int) -> Child:
        """Starts a child process; what keeps it from being started is an error of this call.

        argv: its arguments, the first being the program unless `program` says another one, by its
        path or as a name in PATH. env None: the program's own. input, output, error: a Stdio, a
        File, a Stream, or a descriptor (a number, or what has a fileno()), which stays yours.
        on_exit(child, code, signal, status) comes once, when it has exited and its streams have
        ended: code is what it gave to exit or -1, signal what ended it or 0; status is OK if it
        ended by itself, TIMEOUT, CANCELLED after stop, FREED with the loop.
        group: it leads a process group, which ends with it. core: it may leave a file of its
        memory. Options by name: wall_ms, grace_ms, output_ms, cpu_s, files, memory_bytes,
        file_bytes. Errors: NOTFOUND, ACCESS, LIMIT, NOFILES, OS, INVAL.
        """
        if isinstance(argv, (str, bytes)) or not argv:
            raise TypeError("argv is a list of texts")
        callbacks = given(on_exit=on_exit)
        shape = defaults(_abi.wc_child_options)
        distribute(options, shape)
        shape.program = encode_path(argv[0] if program is None else program)
        shape.argv = _texts(argv)
        if env is not None:
            shape.env = _texts([f"{name}={value}" for name, value in env.items()])
        shape.directory = None if directory is None else encode_path(directory)
        shape.flags = (_abi.WC_CHILD_GROUP * group) | (_abi.WC_CHILD_NO_CORE * (not core))
        numbers: List[int] = []
        try:
            shape.input = _stdio(input, self, numbers)
            shape.output = _stdio(output, self, numbers)
            shape.error = _stdio(error, self, numbers)
            registration = Registration(self, callbacks, user)
            call = _ON_EXIT if on_exit else _abi.wc_exit_fn()
            return Child(self.begin(registration, lib.wc_child_spawn, self.handle,
                                    ctypes.byref(shape), call))
        except BaseException:
            for number in numbers:
                drop(number)
            raise
