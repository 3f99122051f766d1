# SPDX-License-Identifier: MIT OR Apache-2.0
"""Listener, Conn and Timer: thin views of handles.

A view owns nothing. Any number of them may stand for one object, equal and of one hash; dropping
one ends nothing. When the object has ended, each call raises WebcoreError with Status.GONE.
Calls belong to the loop's thread (Status.THREAD from another) unless they say "any thread".
"""

import ctypes
import enum
from typing import Any, Callable, Optional, Tuple

from . import _abi
from ._library import as_bytes, check, lib, status_of, unsigned
from ._options import defaults
from ._registry import FREE_USER, CallbackTable, Registration, drop, live, register, user_of


class Close(enum.IntEnum):
    """How to end a connection."""

    FLUSH = _abi.WC_CLOSE_FLUSH
    NOW = _abi.WC_CLOSE_NOW
    RESET = _abi.WC_CLOSE_RESET


class Framing(enum.IntEnum):
    """What on_data gets: bytes as they come, lines, or frames behind their length."""

    RAW = _abi.WC_FRAMING_RAW
    LINE = _abi.WC_FRAMING_LINE
    LENGTH = _abi.WC_FRAMING_LENGTH


class Order(enum.IntEnum):
    """Which byte of a length prefix comes first."""

    BIG = _abi.WC_ORDER_BIG
    LITTLE = _abi.WC_ORDER_LITTLE


class ConnState(enum.IntEnum):
    """Where a connection is in its life."""

    CONNECTING = _abi.WC_CONN_CONNECTING
    OPEN = _abi.WC_CONN_OPEN
    HALF_OPEN = _abi.WC_CONN_HALF_OPEN
    FLUSHING = _abi.WC_CONN_FLUSHING
    LINGERING = _abi.WC_CONN_LINGERING
    CLOSED = _abi.WC_CONN_CLOSED


class View:
    """A handle of the library; `handle` is its number."""

    __slots__ = ("handle",)

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and (type(self), self.handle) == (type(other), other.handle)

    def __hash__(self) -> int:
        return hash(self.handle)

    def __repr__(self) -> str:
        return f"<webcore.{type(self).__name__} {self.handle:#x}>"


def address(call: Callable[..., int], handle: int) -> Tuple[str, int]:
    """(host, port) from one of the calls that write an address."""
    text = ctypes.create_string_buffer(_abi.WC_ADDRESS_MAX)
    port = ctypes.c_uint16()
    check(call(handle, text, len(text), ctypes.byref(port)))
    return text.value.decode(), port.value


def descriptor(call: Callable[..., int], handle: int) -> int:
    """What one of the calls that write a descriptor gives."""
    number = ctypes.c_int()
    check(call(handle, ctypes.byref(number)))
    return number.value


def get_user(call: Callable[..., int], handle: int) -> Any:
    """The user's object of a connection or request."""
    number = ctypes.c_void_p()
    check(call(handle, ctypes.byref(number)))
    return user_of(number.value)


def set_user(get: Callable[..., int], put: Callable[..., int], handle: int, user: Any) -> None:
    """Gives one connection or request a user's object of its own; its callables stay."""
    number = ctypes.c_void_p()
    check(get(handle, ctypes.byref(number)))
    old = live[number.value or 0]
    new = register(Registration(old.loop, old.callbacks, user))
    status = put(handle, new, FREE_USER)
    if status < 0:
        drop(new)
    check(status)


class Timer(View):
    """What Loop.call_later, call_every and schedule started."""

    __slots__ = ()

    def restart(self, delay_ms: int) -> None:
        """Fires delay_ms from now instead of when it was due."""
        check(lib.wc_timer_restart(self.handle, unsigned(delay_ms, 32, "delay_ms")))

    def cancel(self) -> None:
        """Ends the timer; its callable is let go without another call."""
        check(lib.wc_timer_cancel(self.handle))

    @property
    def due(self) -> Optional[int]:
        """When it fires next: in ms of the loop's time (now_ms), of a date in ms since 1970.

        None in the callback of one that is not set again.
        """
        due = ctypes.c_uint64()
        status = check(lib.wc_timer_due(self.handle, ctypes.byref(due)))
        return None if status == _abi.WC_NONE else due.value


class Listener(View):
    """What Loop.listen and Loop.http_listen opened."""

    __slots__ = ()

    @property
    def address(self) -> Tuple[str, int]:
        """The address and port it listens on."""
        return address(lib.wc_listener_address, self.handle)

    @property
    def port(self) -> int:
        """The port it listens on: the one the system chose if 0 was asked for."""
        port = ctypes.c_uint16()
        check(lib.wc_listener_port(self.handle, ctypes.byref(port)))
        return port.value

    def close(self) -> None:
        """Takes no more connections; those that it has taken live on."""
        check(lib.wc_listener_close(self.handle))

    def pause(self) -> None:
        """Accepts nothing more until resume; peers wait in the backlog meanwhile."""
        check(lib.wc_listener_pause(self.handle))

    def resume(self) -> None:
        """Takes back pause. Errors: NOFILES, OS; it stays paused then."""
        check(lib.wc_listener_resume(self.handle))


class Conn(View):
    """A connection, accepted or made by Loop.connect. What it is sent is copied."""

    __slots__ = ()

    def send(self, data: bytes) -> bool:
        """Queues bytes. False: accepted, but above the high water, and one on_drain will follow.

        Errors: LIMIT (refused whole), STATE after shutdown or close, GONE.
        """
        data = as_bytes(data)
        return check(lib.wc_conn_send(self.handle, data, len(data))) != _abi.WC_FULL

    def send_frame(self, data: bytes) -> bool:
        """Like send, with the line end or length prefix of the connection's framing."""
        data = as_bytes(data)
        return check(lib.wc_conn_send_frame(self.handle, data, len(data))) != _abi.WC_FULL

    def send_async(self, data: bytes) -> None:
        """Any thread: has the loop send a copy. Errors that show later end in on_close."""
        data = as_bytes(data)
        check(lib.wc_conn_send_async(self.handle, data, len(data)))

    def shutdown(self) -> None:
        """Ends the output once what is queued has been sent; input goes on."""
        check(lib.wc_conn_shutdown(self.handle))

    def close(self, how: int = Close.FLUSH) -> None:
        """Ends the connection; on_close follows, never from within this call."""
        check(lib.wc_conn_close(self.handle, how))

    def close_async(self, how: int = Close.FLUSH) -> None:
        """Any thread: has the loop close it."""
        check(lib.wc_conn_close_async(self.handle, how))

    def pause(self) -> None:
        """No more on_data: the peer will feel it."""
        check(lib.wc_conn_pause(self.handle))

    def resume(self) -> None:
        """Takes back pause."""
        check(lib.wc_conn_resume(self.handle))

    def keep(self, count: int) -> None:
        """In on_data of a raw connection: its last count bytes come again, with more behind."""
        check(lib.wc_conn_keep(self.handle, unsigned(count, 64, "count")))

    def set_framing(self, framing: int, *, prefix_order: int = Order.BIG, prefix_bytes: int = 4,
                    max_frame: Optional[int] = None) -> None:
        """Cuts the input another way, from the bytes on that on_data has not shown yet.

        max_frame None: the default of listen. Errors: INVAL, STATE where HTTP is spoken.
        """
        if max_frame is None:
            max_frame = defaults(_abi.wc_conn_options).max_frame
        check(lib.wc_conn_set_framing(
            self.handle, framing, prefix_order, unsigned(prefix_bytes, 32, "prefix_bytes"),
            unsigned(max_frame, 64, "max_frame")))

    @property
    def queued(self) -> int:
        """Bytes that wait to be sent."""
        count = ctypes.c_size_t()
        check(lib.wc_conn_queued(self.handle, ctypes.byref(count)))
        return count.value

    @property
    def state(self) -> ConnState:
        """Where it is in its life."""
        state = ctypes.c_int32()
        check(lib.wc_conn_state(self.handle, ctypes.byref(state)))
        return ConnState(state.value)

    @property
    def user(self) -> Any:
        """The user's object: that of set_user, else that of its listener or connect."""
        return get_user(lib.wc_conn_user, self.handle)

    @user.setter
    def user(self, user: Any) -> None:
        set_user(lib.wc_conn_user, lib.wc_conn_set_user, self.handle, user)

    @property
    def listener(self) -> Listener:
        """The listener that accepted it."""
        listener = ctypes.c_uint64()
        check(lib.wc_conn_listener(self.handle, ctypes.byref(listener)))
        return Listener(listener.value)

    def set_idle(self, ms: int) -> None:
        """Another idle time from now on; 0: none."""
        check(lib.wc_conn_set_idle(self.handle, unsigned(ms, 32, "ms")))

    @property
    def peer(self) -> Tuple[str, int]:
        """Address and port of the other end."""
        return address(lib.wc_conn_peer, self.handle)

    @property
    def local(self) -> Tuple[str, int]:
        """Address and port of this end."""
        return address(lib.wc_conn_local, self.handle)


def _with_data(conn: int, data: int, size: int) -> Tuple[Conn, bytes]:
    return Conn(conn), ctypes.string_at(data, size)


def _alone(conn: int) -> Tuple[Conn]:
    return (Conn(conn),)


CONN_TABLE = CallbackTable(_abi.wc_conn_callbacks, {
    "on_open": _alone,
    "on_data": _with_data,
    "on_too_long": _with_data,
    "on_drain": _alone,
    "on_eof": _alone,
    "on_idle": _alone,
    "on_close": lambda conn, why, os_error: (Conn(conn), status_of(why), os_error),
})
LISTENER_TABLE = CallbackTable(_abi.wc_listener_callbacks, {
    "on_pause": lambda listener, why, number: (Listener(listener), status_of(why), number),
    "on_resume": lambda listener: (Listener(listener),),
    "on_close": lambda listener, why: (Listener(listener), status_of(why)),
}, renamed={"on_close": "on_listener_close"})
