# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pool and Job: work off the loop's thread, and the part of Loop that makes pools."""

import atexit
import ctypes
import functools
import weakref
from typing import Any, Callable, Dict, Optional

from . import _abi
from ._base import Base
from ._library import WebcoreError, check, lib, status_of, unsigned
from ._objects import View
from ._options import Path, counters, defaults, distribute, encode_host, encode_path
from ._registry import Recorder, Registration, given, live


class Job(View):
    """What a pool was asked for."""

    __slots__ = ()

    def cancel(self) -> None:
        """Takes it back if no thread has begun it: it is done with CANCELLED. Else: STATE."""
        check(lib.wc_job_cancel(self.handle))


class Done:
    """How a job ended.

    `value`: what the work returned, the addresses, or the bytes; None if it failed. `error`: what
    the work raised, or a WebcoreError with the status; None if all is well.
    """

    __slots__ = ("job", "status", "os_error", "value", "error")

    def __init__(self, job: Job, status: int, os_error: int, value: Any,
                 error: Optional[BaseException]) -> None:
        self.job = job
        self.status = status_of(status)
        self.os_error = os_error
        self.value = value
        self.error = error

    def result(self) -> Any:
        """The value; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.value

    def __repr__(self) -> str:
        return f"<webcore.Done {self.job!r} {self.error or self.value!r}>"


class _Asked(Registration):
    """A job's callables, and how it gets its value."""

    __slots__ = ("value", "error")

    def __init__(self, loop: Recorder, callbacks: Dict[str, Callable[..., Any]], user: Any) -> None:
        super().__init__(loop, callbacks, user)
        self.value: Any = None
        self.error: Optional[BaseException] = None

    def take(self, job: Job, data: bytes) -> None:
        """The value of a job that went well; what was submitted has it already."""


class _Addresses(_Asked):
    __slots__ = ()

    def take(self, job: Job, data: bytes) -> None:
        self.value = []
        text = ctypes.create_string_buffer(_abi.WC_ADDRESS_MAX)
        port = ctypes.c_uint16()
        size, out = len(text), ctypes.byref(port)
        call = lib.wc_job_address
        while check(call(job.handle, len(self.value), text, size, out)) != _abi.WC_NONE:
            self.value.append((text.value.decode(), port.value))


class _Bytes(_Asked):
    __slots__ = ()

    def take(self, job: Job, data: bytes) -> None:
        self.value = data


def done_of(number: int, job: Job, status: int, os_error: int, data: bytes) -> Done:
    """How the job of a registration ended."""
    asked = live[number]
    assert isinstance(asked, _Asked)
    error = asked.error
    if status < 0:
        # The number that a resolver gives is none of errno.
        of_system = 0 if isinstance(asked, _Addresses) else os_error
        error = WebcoreError(status, of_system)
    elif error is None:
        asked.take(job, data)
    return Done(job, status, os_error, asked.value, error)


def _work(number: int) -> None:
    asked = live[number]
    assert isinstance(asked, _Asked)
    try:
        asked.value = asked.callbacks["work"]()
    except BaseException as error:  # for Done, or for the loop: no thread of Python is below
        asked.error = error


def _on_done(job: int, status: int, os_error: int, data: int, size: int, number: int) -> None:
    asked = live[number]
    done = done_of(number, Job(job), status, os_error, ctypes.string_at(data, size))
    if "on_done" in asked.callbacks:
        asked.deliver("on_done", done)
    elif isinstance(asked, _Asked) and asked.error is not None:
        asked.loop.record(asked.error)


_WORK = _abi.wc_work_fn(_work)
_ON_DONE = _abi.wc_done_fn(_on_done)


class Pool(View):
    """Threads of a loop, by Loop.pool. They end with the loop, or with free."""

    __slots__ = ("_loop",)

    def __init__(self, handle: int, loop: Base) -> None:
        super().__init__(handle)
        self._loop = loop

    def submit(self, work: Callable[..., Any], *arguments: Any,
               on_done: Optional[Callable[[Done], Any]] = None, user: Any = None) -> Job:
        """Has a thread call work(*arguments), then the loop on_done(done), done.result() being
        what that returned or raised.

        Without on_done, what work raises stops the loop and is raised by run. Work may call what
        is for any thread, and nothing else of the loop. Error: LIMIT if the pool is full.
        """
        calls = given(work=functools.partial(work, *arguments), on_done=on_done)
        return self._ask(_Asked(self._loop, calls, user), lib.wc_pool_submit, _WORK)

    def resolve(self, host: str, port: int = 0, *,
                on_done: Optional[Callable[[Done], Any]] = None, user: Any = None) -> Job:
        """Asks the system for the addresses of a host; done.value: [(address, port), ...].

        Errors of done: NOTFOUND, AGAIN, OS. Error at once: LIMIT.
        """
        asked = _Addresses(self._loop, given(on_done=on_done), user)
        return self._ask(asked, lib.wc_pool_resolve, encode_host(host), unsigned(port, 16, "port"))

    def read_file(self, path: Path, offset: int = 0, max_bytes: int = 1 << 20, *,
                  on_done: Optional[Callable[[Done], Any]] = None, user: Any = None) -> Job:
        """Reads a file; done.value: its bytes from offset on, fewer than max_bytes at its end.

        Errors of done: NOTFOUND, ACCESS, INVAL for what is no file, OS. Error at once: LIMIT.
        """
        asked = _Bytes(self._loop, given(on_done=on_done), user)
        return self._ask(asked, lib.wc_pool_read, encode_path(path),
                         unsigned(offset, 64, "offset"), unsigned(max_bytes, 64, "max_bytes"))

    def _ask(self, asked: _Asked, call: Callable[..., int], *arguments: Any) -> Job:
        return Job(self._loop.begin(asked, call, self.handle, *arguments, _ON_DONE))

    def stats(self) -> Dict[str, int]:
        """What it has counted, by name: submitted, done, cancelled, refused, threads, queued,
        running."""
        return counters(_abi.wc_pool_stats, lib.wc_pool_get_stats, self.handle)

    def free(self) -> None:
        """Ends it: what waits is done with CANCELLED, what runs is told when it is done."""
        check(lib.wc_pool_free(self.handle))


def pool_of(handle: int, number: int) -> Pool:
    """The pool of a job's registration."""
    loop = live[number].loop
    assert isinstance(loop, Base)
    return Pool(handle, loop)


class Pools(Base):
    """The part of Loop that makes pools."""

    def pool(self, **options: int) -> Pool:
        """Threads for what would block the loop. Options by name: threads, queue (jobs that wait
        beside one for each thread), stack_bytes. Errors: LIMIT, AGAIN, INVAL.
        """
        shape = defaults(_abi.wc_pool_options)
        distribute(options, shape)
        out = ctypes.c_uint64()
        check(lib.wc_pool_new(self.handle, ctypes.byref(shape), ctypes.byref(out)), self.handle)
        _with_threads.add(self)
        return Pool(out.value, self)


_with_threads: "weakref.WeakSet[Pools]" = weakref.WeakSet()


@atexit.register
def _free_loops() -> None:
    """A thread that comes back from its work to an interpreter that is gone would end badly, so
    the jobs of loops that nobody has closed are awaited here, as far as they are of this thread."""
    for loop in list(_with_threads):
        lib.wc_loop_free(loop.handle)
