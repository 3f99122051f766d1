# SPDX-License-Identifier: MIT OR Apache-2.0
"""Loop: what makes everything, runs it, and ends it."""

import ctypes
import functools
import time
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, Optional, Tuple, Type

from . import _abi
from ._child import Children
from ._event import Event, event_of
from ._library import check, lib, unsigned
from ._objects import CONN_TABLE, LISTENER_TABLE, Conn, Listener
from ._options import defaults, distribute, encode_host, put
from ._pool import Pools
from ._registry import FREE_USER, Registration, drop, given, live, register
from ._request import HTTP_TABLE, Request
from ._sight import Sight
from ._signals import Waker
from ._sources import Sources


def _on_post(loop: int, number: int) -> None:
    registration = live[number]
    drop(number)
    registration.deliver("run")


_ON_POST = _abi.wc_post_fn(_on_post)


class Loop(Sources, Children, Pools, Sight):
    """An event loop. It belongs to the thread that made it, until detach gives it away.

        with Loop() as loop:
            loop.listen(port=4242, on_data=lambda conn, data: conn.send(data))
            loop.run()

    The library and this package hold what is alive in it; close (or the with) ends all of that.
    A callback's exception stops the loop and is raised by the call that ran it.
    Calls from another thread raise WebcoreError THREAD, except post, stop, busy, Post.send and the
    _async verbs.
    Calls that wait let other Python threads run.
    """

    def __init__(self, backend: Optional[str] = None, *, max_connections: int = 0,
                 stay: bool = False, measure: bool = False, slow_ms: int = 0) -> None:
        """backend: one of backends(), None for the variable WEBCORE_BACKEND, then the best one.

        stay: run goes on waiting though nothing is alive, for posts from other threads.
        measure: it counts what callbacks and turns take: histogram, stats, busy. slow_ms: as
        set_watchdog. Errors: BACKEND, LIMIT, NOFILES.
        """
        options = defaults(_abi.wc_loop_options)
        options.backend = encode_host(backend)
        put(options, "max_connections", max_connections)
        options.stay = int(stay)
        options.measure = int(measure)
        put(options, "slow_ms", slow_ms)
        handle = ctypes.c_uint64()
        check(lib.wc_loop_new(ctypes.byref(options), ctypes.byref(handle)))
        super().__init__(handle.value)
        self._stopping = False
        self._waker = Waker(functools.partial(lib.wc_loop_stop, self.handle))

    def __enter__(self) -> "Loop":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<webcore.Loop {self.handle:#x}>"

    # ---- running

    def run(self) -> None:
        """Calls back until stop, or until nothing is alive. Raises what a callback raised.

        In the main thread signals are heard meanwhile. A signal handler of your own must not raise
        (call stop): raised while a callback begins, its exception would be lost in ctypes.
        Errors: THREAD, REENTRANT from a callback, GONE.
        """
        with self._waker.running():
            self._running = True
            try:
                while True:
                    check(lib.wc_loop_run(self.handle))
                    if not self._goes_on():
                        break
            finally:
                self._running = False
                self._stopping = False
                self._raise_recorded()

    def next(self, timeout_ms: Optional[int] = None) -> Optional[Event]:
        """The next event; callbacks do not run. None: the time is up, stop was called, or nothing
        is alive. timeout_ms None: no limit; 0: do not wait.

        What a missing callback stands for is the caller's to do: after EOF or IDLE close the
        connection, or dispatch. Errors: THREAD, REENTRANT, GONE.
        """
        raw = _abi.wc_event(size=ctypes.sizeof(_abi.wc_event))
        until = None if timeout_ms is None else time.monotonic() + timeout_ms / 1000
        left = _abi.WC_FOREVER if timeout_ms is None else unsigned(timeout_ms, 31, "timeout_ms")
        while True:
            with self._waker.waiting():
                status = check(lib.wc_loop_next(self.handle, left, ctypes.byref(raw)))
            if status == _abi.WC_OK:
                return event_of(raw)
            if status != _abi.WC_STOPPED or not self._goes_on():
                self._stopping = False
                return None
            if until is not None:
                left = max(0, int((until - time.monotonic()) * 1000))

    def __iter__(self) -> Iterator[Event]:
        """Events until stop is called or nothing is alive."""
        while True:
            event = self.next()
            if event is None:
                return
            yield event

    def dispatch(self) -> None:
        """Calls back for the event that next handed out last, and raises what that raises.

        The callable of a POST runs by this only; without it, it is let go. Errors: as of next.
        """
        status = lib.wc_loop_dispatch(self.handle)
        self._raise_recorded()
        check(status)

    def prepare(self) -> Tuple[int, Optional[int]]:
        """(fd, timeout_ms) for a loop of somebody else: wait until fd is readable or the time is
        up (None: no limit), call step(0), and prepare again before the next wait.

        Errors: BACKEND where features() has no DESCRIPTOR; as of run.
        """
        number, left = ctypes.c_int(), ctypes.c_int32()
        check(lib.wc_loop_prepare(self.handle, ctypes.byref(number), ctypes.byref(left)))
        return number.value, None if left.value == _abi.WC_FOREVER else left.value

    def step(self, timeout_ms: Optional[int] = None) -> bool:
        """Works one turn: waits until something happens (None: no limit; 0: not at all), and calls
        back for it. False: nothing is alive, or stop was called. Raises what a callback raised.

        Errors: as of run.
        """
        wait = _abi.WC_FOREVER if timeout_ms is None else unsigned(timeout_ms, 31, "timeout_ms")
        with self._waker.running(wakes=wait != 0):
            self._running = True
            try:
                status = check(lib.wc_loop_step(self.handle, wait))
                return status == _abi.WC_OK or (
                    status == _abi.WC_STOPPED and self._goes_on())
            finally:
                self._running = False
                self._stopping = False
                self._raise_recorded()

    def stop(self) -> None:
        """Any thread: run and iteration end soon, or at once when they begin; nothing is closed."""
        self._stopping = True
        check(lib.wc_loop_stop(self.handle))

    def drain(self, deadline_ms: int = 10_000) -> bool:
        """Closes the listeners and ends the connections in order, calling back as run does.

        False: the time was up before all had ended; close ends what is left. Raises what a
        callback raised. Errors: as of run.
        """
        with self._waker.running():
            self._running = True
            try:
                deadline = unsigned(deadline_ms, 32, "deadline_ms")
                return check(lib.wc_loop_drain(self.handle, deadline)) == _abi.WC_OK
            finally:
                self._running = False
                self._stopping = False
                self._raise_recorded()

    def detach(self) -> None:
        """Gives the loop up: the next thread that uses it owns it."""
        check(lib.wc_loop_detach(self.handle))

    def close(self) -> None:
        """Ends all that is alive, each with its last callback, and the loop; again: nothing.

        From a callback it takes effect when run returns. Raises what a callback raised.
        Error: THREAD.
        """
        status = lib.wc_loop_free(self.handle)
        if status >= 0:
            self._waker.close()
        if status != _abi.WC_E_GONE:
            self._raise_recorded()
            check(status)

    def _goes_on(self) -> bool:
        """Whether it was but a signal's wake that stopped the loop."""
        asked = self._stopping or self._waker.interrupted or self._error is not None
        return self._waker.woken() and not asked

    # ---- work for it

    def post(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Any thread: has the loop's thread call it; let go unrun if the loop is closed first.

        A post alone does not keep run from ending: something has to be alive, or the loop to stay.
        Errors: LIMIT, GONE.
        """
        run = given(run=functools.partial(call, *arguments))
        number = register(Registration(self, run, None))
        self._keep(number, lib.wc_loop_post(self.handle, _ON_POST, number, FREE_USER))

    # ---- listeners and connections

    def listen(
        self, *, host: Optional[str] = None, port: int = 0,
        on_open: Optional[Callable[[Conn], Any]] = None,
        on_data: Optional[Callable[[Conn, bytes], Any]] = None,
        on_too_long: Optional[Callable[[Conn, bytes], Any]] = None,
        on_drain: Optional[Callable[[Conn], Any]] = None,
        on_eof: Optional[Callable[[Conn], Any]] = None,
        on_idle: Optional[Callable[[Conn], Any]] = None,
        on_close: Optional[Callable[[Conn, int, int], Any]] = None,
        on_pause: Optional[Callable[[Listener, int, int], Any]] = None,
        on_resume: Optional[Callable[[Listener], Any]] = None,
        on_listener_close: Optional[Callable[[Listener, int], Any]] = None,
        user: Any = None, **options: int,
    ) -> Listener:
        """Accepts connections on an address (None: all of this machine) and port (0: a free one).

        on_data gets bytes, a line without its end, or a frame without its prefix, as framing says.
        on_close(conn, status, os_error) is each connection's last. Without on_eof a connection is
        closed in order when its peer ends; without on_idle it ends with IDLE.
        Options by name, defaults are the library's: v6_only, backlog, max_connections,
        accept_budget; framing, prefix_order, prefix_bytes, read_budget, max_frame, write_high,
        write_low, write_limit, idle_ms, stall_ms, linger_ms. The callables and the user's object
        are held until the last of its connections has ended.
        Errors: ADDRESS, INUSE, ACCESS, NOFILES, LIMIT, INVAL.
        """
        callbacks = given(
            on_open=on_open, on_data=on_data, on_too_long=on_too_long, on_drain=on_drain,
            on_eof=on_eof, on_idle=on_idle, on_close=on_close, on_pause=on_pause,
            on_resume=on_resume, on_listener_close=on_listener_close)
        place, events = self._place(host, port, callbacks)
        shape = defaults(_abi.wc_conn_options)
        distribute(options, place, shape)
        table = CONN_TABLE.fill(callbacks)
        number = register(Registration(self, callbacks, user))
        out = ctypes.c_uint64()
        self._keep(number, lib.wc_listen(
            self.handle, ctypes.byref(place), ctypes.byref(shape), ctypes.byref(table),
            number, FREE_USER, ctypes.byref(out)))
        return Listener(out.value)

    def http_listen(
        self, *, host: Optional[str] = None, port: int = 0,
        on_request: Optional[Callable[[Request], Any]] = None,
        on_head: Optional[Callable[[Request], Any]] = None,
        on_body: Optional[Callable[[Request, bytes], Any]] = None,
        on_end: Optional[Callable[[Request], Any]] = None,
        on_drain: Optional[Callable[[Request], Any]] = None,
        on_close: Optional[Callable[[Request, int], Any]] = None,
        on_reject: Optional[Callable[[Conn, int, int], Any]] = None,
        on_pause: Optional[Callable[[Listener, int, int], Any]] = None,
        on_resume: Optional[Callable[[Listener], Any]] = None,
        on_listener_close: Optional[Callable[[Listener, int], Any]] = None,
        user: Any = None, **options: int,
    ) -> Listener:
        """Serves HTTP/1.1: on_request for whole requests, or on_head, on_body and on_end.

        on_close(request, status) is each request's last; OK: it was answered whole.
        on_reject(conn, reason, http_status): what a client sent was refused and answered already.
        Options by name: those of listen, and max_request_line, max_field, max_head, max_fields,
        head_ms, max_body, body_grace_ms, body_rate, keep_ms, answer_ms.
        Held, and errors: as of listen.
        """
        callbacks = given(
            on_request=on_request, on_head=on_head, on_body=on_body, on_end=on_end,
            on_drain=on_drain, on_close=on_close, on_reject=on_reject, on_pause=on_pause,
            on_resume=on_resume, on_listener_close=on_listener_close)
        place, events = self._place(host, port, callbacks)
        shape = defaults(_abi.wc_conn_options)
        http = defaults(_abi.wc_http_options)
        distribute(options, place, shape, http)
        table = HTTP_TABLE.fill(callbacks)
        number = register(Registration(self, callbacks, user))
        out = ctypes.c_uint64()
        self._keep(number, lib.wc_http_listen(
            self.handle, ctypes.byref(place), ctypes.byref(shape), ctypes.byref(http),
            ctypes.byref(table), number, FREE_USER, ctypes.byref(out)))
        return Listener(out.value)

    def connect(
        self, host: str, port: int, *,
        on_open: Optional[Callable[[Conn], Any]] = None,
        on_data: Optional[Callable[[Conn, bytes], Any]] = None,
        on_too_long: Optional[Callable[[Conn, bytes], Any]] = None,
        on_drain: Optional[Callable[[Conn], Any]] = None,
        on_eof: Optional[Callable[[Conn], Any]] = None,
        on_idle: Optional[Callable[[Conn], Any]] = None,
        on_close: Optional[Callable[[Conn, int, int], Any]] = None,
        user: Any = None, **options: int,
    ) -> Conn:
        """Makes a connection to an IP address or "localhost"; on_open or on_close tells the result.

        Options by name: timeout_ms, and those of a connection as of listen.
        Errors at once: ADDRESS, NOFILES, LIMIT, INVAL; CONNECT and TIMEOUT come to on_close.
        """
        callbacks = given(
            on_open=on_open, on_data=on_data, on_too_long=on_too_long, on_drain=on_drain,
            on_eof=on_eof, on_idle=on_idle, on_close=on_close)
        place = defaults(_abi.wc_connect_options)
        place.host = encode_host(host)
        put(place, "port", port)
        shape = defaults(_abi.wc_conn_options)
        distribute(options, place, shape)
        table = CONN_TABLE.fill(callbacks)
        number = register(Registration(self, callbacks, user))
        out = ctypes.c_uint64()
        self._keep(number, lib.wc_connect(
            self.handle, ctypes.byref(place), ctypes.byref(shape), ctypes.byref(table),
            number, FREE_USER, ctypes.byref(out)))
        return Conn(out.value)

    @staticmethod
    def _place(host: Optional[str], port: int, callbacks: Dict[str, Callable[..., Any]]) -> Any:
        """Where to listen, and the listener's table, which the library copies."""
        place = defaults(_abi.wc_listen_options)
        place.host = encode_host(host)
        put(place, "port", port)
        events = LISTENER_TABLE.fill(callbacks)
        place.events = ctypes.pointer(events)
        return place, events
