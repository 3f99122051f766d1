# SPDX-License-Identifier: MIT OR Apache-2.0
"""Event and EventKind: what Loop.next hands out."""

import ctypes
import enum
from typing import Any, List, NamedTuple, Union

from . import _abi
from ._child import Child
from ._library import lib, reason_of, status_of
from ._objects import Conn, Listener, Timer
from ._pool import Job, Pool, done_of, pool_of
from ._registry import user_of
from ._request import Request
from ._sources import Post, Ready, Signal, Watch


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
    WATCH = _abi.WC_EVENT_WATCH
    SIGNAL = _abi.WC_EVENT_SIGNAL
    CHILD_EXIT = _abi.WC_EVENT_CHILD_EXIT
    JOB = _abi.WC_EVENT_JOB


class Event(NamedTuple):
    """One event of the pull face, copied: it stays valid."""

    kind: EventKind
    object: Union[Child, Conn, Job, Listener, Post, Request, Signal, Timer, Watch, None]
    """What it is about; None for the callable of Loop.post."""
    parent: Union[Child, Conn, Listener, Pool, None]
    """Of an OPEN the listener, or the child that it is a stream of (None: connected outward); of a
    request its connection; of a JOB its pool."""
    data: bytes
    status: int
    """The Status of a CLOSE, PAUSE, LISTENER_CLOSE, REQUEST_CLOSE, CHILD_EXIT or JOB; the Reason
    of a REJECT."""
    os_error: int
    """The system's number behind the status; of a REJECT the HTTP status; of a SIGNAL how often it
    came; of a CHILD_EXIT the signal that ended it."""
    user: Any
    detail: int
    """For what a WATCH is ready; the number of a SIGNAL; the exit code of a CHILD_EXIT."""
    done: Any
    """The Done of a JOB."""


_OBJECTS: List[Any] = [(EventKind.CLOSE, Conn), (EventKind.TIMER, Timer),
                       (EventKind.POST, lambda handle: Post(handle) if handle else None),
                       (EventKind.LISTENER_CLOSE, Listener), (EventKind.REQUEST_CLOSE, Request),
                       (EventKind.REJECT, Conn), (EventKind.WATCH, Watch),
                       (EventKind.SIGNAL, Signal), (EventKind.CHILD_EXIT, Child),
                       (EventKind.JOB, Job)]


def _parent(kind: int, handle: int, number: int) -> Union[Child, Conn, Listener, Pool, None]:
    if not handle:
        return None
    if kind == EventKind.JOB:
        return pool_of(handle, number)
    if kind != EventKind.OPEN:
        return Conn(handle)
    pid = ctypes.c_int32()
    is_child = lib.wc_child_pid(handle, ctypes.byref(pid)) != _abi.WC_E_BADHANDLE
    return Child(handle) if is_child else Listener(handle)


def event_of(raw: _abi.wc_event) -> Event:
    """A copy of what the library lends."""
    kind = EventKind(raw.kind)
    view = next(maker for last, maker in _OBJECTS if kind <= last)(raw.object)
    data = ctypes.string_at(raw.data, raw.len)
    status = (reason_of if kind == EventKind.REJECT else status_of)(raw.status)
    detail = Ready(raw.detail) if kind == EventKind.WATCH else raw.detail
    done = None
    if kind == EventKind.JOB:
        done = done_of(raw.user, view, raw.status, raw.os_error, data)
    return Event(kind, view, _parent(kind, raw.parent, raw.user), data, status, raw.os_error,
                 user_of(raw.user), detail, done)
