# SPDX-License-Identifier: MIT OR Apache-2.0
"""Loop and Event: what runs, and what it hands out."""

import ctypes
import enum
import functools
import time
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Type, Union

from . import _abi
from ._library import check, lib, reason_of, status_of, unsigned
from ._objects import CONN_TABLE, LISTENER_TABLE, Conn, Listener, Timer
from ._options import defaults, distribute, encode_host, put
from ._registry import FREE_USER, Registration, drop, given, live, register, user_of
from ._request import HTTP_TABLE, Request
from ._signals import Waker


class EventKind(enum.IntEnum):
    """What Loop.next can hand out."""

    OPEN = _abi.WC_EVENT_OPEN
    DATA = _abi.WC_EVENT_DATA
    TOO_LONG = _abi.WC_EVENT_TOO_LONG
    DRAIN = _abi.WC_EVENT_DRAIN
    EOF = _abi.WC_EVENT_EOF
    IDLE = _abi.WC_EVENT_IDLE
    CLOSE = _abi.WC_EVENT_CLOSE
    TIMER = _abi.WC_EVENT_TIMER
    POST = _abi.WC_EVENT_POST
    PAUSE = _abi.WC_EVENT_PAUSE
    RESUME = _abi.WC_EVENT_RESUME
    LISTENER_CLOSE = _abi.WC_EVENT_LISTENER_CLOSE
    REQUEST = _abi.WC_EVENT_REQUEST
    HEAD = _abi.WC_EVENT_HEAD
    BODY = _abi.WC_EVENT_BODY
    END = _abi.WC_EVENT_END
    REQUEST_DRAIN = _abi.WC_EVENT_REQUEST_DRAIN
    REQUEST_CLOSE = _abi.WC_EVENT_REQUEST_CLOSE
    REJECT = _abi.WC_EVENT_REJECT


class Event(NamedTuple):
    """One event of the pull face, copied: it stays valid."""

    kind: EventKind
    object: Union[Conn, Listener, Request, Timer, None]
    """What it is about; None for POST."""
    parent: Union[Conn, Listener, None]
    """The listener of an OPEN (None: connected outward), the connection of a request."""
    data: bytes
    status: int
    """The Status of a CLOSE, PAUSE, LISTENER_CLOSE or REQUEST_CLOSE; the Reason of a REJECT."""
    os_error: int
    """The system's number behind the status; the HTTP status of a REJECT."""
    user: Any


_OBJECTS: List[Any] = [(EventKind.CLOSE, Conn), (EventKind.TIMER, Timer),
                       (EventKind.POST, lambda handle: None),
                       (EventKind.LISTENER_CLOSE, Listener), (EventKind.REQUEST_CLOSE, Request),
                       (EventKind.REJECT, Conn)]


def _event(raw: _abi.wc_event) -> Event:
    kind = EventKind(raw.kind)
    view = next(maker for last, maker in _OBJECTS if kind <= last)
    parent: Union[Conn, Listener, None] = None
    if raw.parent:
        parent = Conn(raw.parent) if kind >= EventKind.REQUEST else Listener(raw.parent)
    data = ctypes.string_at(raw.data, raw.len)
    status = (reason_of if kind == EventKind.REJECT else status_of)(raw.status)
    return Event(kind, view(raw.object), parent, data, status, raw.os_error, user_of(raw.user))


def _on_fire(timer: int, number: int) -> None:
    live[number].deliver("run")


def _on_post(loop: int, number: int) -> None:
    registration = live[number]
    drop(number)
    registration.deliver("run")


_ON_FIRE = _abi.wc_timer_fn(_on_fire)
_ON_POST = _abi.wc_post_fn(_on_post)


class Loop:
    """An event loop. It belongs to the thread that made it, until detach gives it away.

        with Loop() as loop:
            loop.listen(port=4242, on_data=lambda conn, data: conn.send(data))
            loop.run()

    The library and this package hold what is alive in it; close (or the with) ends all of that.
    A callback's exception stops the loop and is raised by the call that ran it.
    Calls from another thread raise WebcoreError THREAD, except post, stop and the _async verbs.
    Calls that wait let other Python threads run.
    """

    def __init__(self, backend: Optional[str] = None, *, max_connections: int = 0,
                 stay: bool = False) -> None:
        """backend: one of backends(), None for the variable WEBCORE_BACKEND, then the best one.

        stay: run goes on waiting though nothing is alive, for posts from other threads.
        Errors: BACKEND, LIMIT, NOFILES.
        """
        options = defaults(_abi.wc_loop_options)
        options.backend = encode_host(backend)
        put(options, "max_connections", max_connections)
        options.stay = int(stay)
        handle = ctypes.c_uint64()
        check(lib.wc_loop_new(ctypes.byref(options), ctypes.byref(handle)))
        self.handle = handle.value
        self._error: Optional[BaseException] = None
        self._running = False
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
                return _event(raw)
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

    def record(self, error: BaseException) -> None:
        """Keeps a callback's exception for the call that runs the loop, and stops that.

        Those that follow before it has stopped become the first one's context.
        """
        if self._error is None:
            self._error = error
        elif error is not self._error:
            last = self._error
            while last.__context__ is not None and last.__context__ is not error:
                last = last.__context__
            last.__context__ = error
        if self._running:
            lib.wc_loop_stop(self.handle)

    def _raise_recorded(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

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

    def call_later(self, delay_ms: int, call: Callable[..., Any], *arguments: Any) -> Timer:
        """Calls it once, delay_ms from now or a little later, never earlier. Error: LIMIT."""
        return self._timer(delay_ms, 0, functools.partial(call, *arguments))

    def call_every(self, period_ms: int, call: Callable[..., Any], *arguments: Any) -> Timer:
        """Calls it every period_ms (at least 1) until the timer is cancelled. Error: LIMIT."""
        if period_ms < 1:
            raise ValueError(f"period_ms={period_ms} is less than 1")
        return self._timer(period_ms, period_ms, functools.partial(call, *arguments))

    def _timer(self, delay_ms: int, repeat_ms: int, call: Callable[[], Any]) -> Timer:
        delay = unsigned(delay_ms, 32, "delay_ms")
        repeat = unsigned(repeat_ms, 32, "repeat_ms")
        number = register(Registration(self, {"run": call}, None))
        timer = ctypes.c_uint64()
        start = lib.wc_timer_start
        out = ctypes.byref(timer)
        self._keep(number, start(self.handle, delay, repeat, _ON_FIRE, number, FREE_USER, out))
        return Timer(timer.value)

    def _keep(self, number: int, status: int) -> None:
        """Lets a registration go whose object was not made."""
        if status < 0:
            drop(number)
        check(status, self.handle)

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

    # ---- asking it

    @property
    def now_ms(self) -> int:
        """Milliseconds since the loop was made, as of the beginning of this turn."""
        now = ctypes.c_uint64()
        check(lib.wc_loop_now(self.handle, ctypes.byref(now)))
        return now.value

    @property
    def backend(self) -> str:
        """The backend that waits: one of backends()."""
        name = _abi.wc_str()
        check(lib.wc_loop_backend(self.handle, ctypes.byref(name)))
        return ctypes.string_at(name.ptr, name.len).decode()

    def stats(self) -> Dict[str, int]:
        """The counters of the loop by name."""
        stats = _abi.wc_loop_stats(size=ctypes.sizeof(_abi.wc_loop_stats))
        check(lib.wc_loop_get_stats(self.handle, ctypes.byref(stats)))
        names = [field[0] for field in stats._fields_ if field[0] not in ("size", "reserved")]
        return {name: getattr(stats, name) for name in names}


def backends() -> List[str]:
    """The backends of this machine, the preferred one first."""
    return [lib.wc_backend_name(index).decode() for index in range(lib.wc_backend_count())]
