# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a loop tells of itself, and the part of Loop that asks it."""

import ctypes
import enum
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from . import _abi
from ._base import Base
from ._library import check, lib, status_of, unsigned
from ._options import counters
from ._registry import live


class Feature(enum.IntFlag):
    """What a backend can do that others cannot."""

    EDGE = _abi.WC_FEATURE_EDGE
    """Ready.EDGE has an effect."""
    HANGUP = _abi.WC_FEATURE_HANGUP
    """Hang-ups are told as such, to who neither reads nor writes, too."""
    DESCRIPTOR = _abi.WC_FEATURE_DESCRIPTOR
    """It has a descriptor that another loop can wait on: Loop.prepare."""


class Histogram(enum.IntEnum):
    """What a loop with measure=True has histograms of."""

    CALLBACK = _abi.WC_HISTOGRAM_CALLBACK
    TURN = _abi.WC_HISTOGRAM_TURN
    LATENESS = _abi.WC_HISTOGRAM_LATENESS


class Log(enum.IntEnum):
    """How much a line matters."""

    ERROR = _abi.WC_LOG_ERROR
    WARN = _abi.WC_LOG_WARN
    INFO = _abi.WC_LOG_INFO
    DEBUG = _abi.WC_LOG_DEBUG


class Transition(NamedTuple):
    """A change of state, as docs/STATES.md names them; object is the handle of whose it is."""

    time_ms: int
    object: int
    machine: str
    state: str
    input: str
    next: str


class LogLine(NamedTuple):
    """A line of a loop's log; object is the handle of what it is about, or 0."""

    time_ms: int
    level: Log
    object: int
    text: str
    number: int
    status: int
    os_error: int


class Busy(NamedTuple):
    """The callback that a loop is in: the EventKind (0: of a hook, or what frees), the handle it
    is called with (or 0), and for how long."""

    kind: int
    object: int
    ms: int


def _on_transition(pointer: Any, number: int) -> None:
    told = ctypes.cast(pointer, ctypes.POINTER(_abi.wc_transition)).contents
    live[number].deliver("hook", Transition(
        told.time_ms, told.object, told.machine.decode(), told.state.decode(),
        told.input.decode(), told.next.decode()))


def _on_line(pointer: Any, number: int) -> None:
    told = ctypes.cast(pointer, ctypes.POINTER(_abi.wc_log_line)).contents
    live[number].deliver("hook", LogLine(
        told.time_ms, Log(told.level), told.object, told.text.decode(), told.number,
        status_of(told.status), told.os_error))


_ON_TRANSITION = _abi.wc_trace_fn(_on_transition)
_ON_LINE = _abi.wc_log_fn(_on_line)
_ON_SLOW = _abi.wc_slow_fn(
    lambda loop, kind, handle, ms, number: live[number].deliver("hook", Busy(kind, handle, ms)))


class Sight(Base):
    """The part of Loop that tells of itself."""

    @property
    def now_ms(self) -> int:
        """Milliseconds since the loop was made, as of the beginning of this turn."""
        now = ctypes.c_uint64()
        check(lib.wc_loop_now(self.handle, ctypes.byref(now)))
        return now.value

    @property
    def fresh_now_ms(self) -> int:
        """The same, as of now: the clock is read."""
        now = ctypes.c_uint64()
        check(lib.wc_loop_now_fresh(self.handle, ctypes.byref(now)))
        return now.value

    @property
    def backend(self) -> str:
        """The backend that waits: one of backends()."""
        name = _abi.wc_str()
        check(lib.wc_loop_backend(self.handle, ctypes.byref(name)))
        return ctypes.string_at(name.ptr, name.len).decode()

    def stats(self) -> Dict[str, int]:
        """The counters of the loop by name."""
        return counters(_abi.wc_loop_stats, lib.wc_loop_get_stats, self.handle)

    def histogram(self, which: int) -> List[int]:
        """Counts: the one at i of what took 2**i nanoseconds up to less than 2**(i + 1).

        Errors: STATE unless the loop was made with measure=True, INVAL.
        """
        counts = (ctypes.c_uint64 * _abi.WC_HISTOGRAM_BUCKETS)()
        check(lib.wc_loop_get_histogram(self.handle, which, counts, len(counts)))
        return list(counts)

    def busy(self) -> Optional[Busy]:
        """Any thread: the callback that the loop is in; None if it is in none.

        Error: STATE unless the loop has a watchdog or measures itself.
        """
        kind, handle, ms = ctypes.c_int32(), ctypes.c_uint64(), ctypes.c_uint64()
        call = lib.wc_loop_busy
        status = check(call(self.handle, *map(ctypes.byref, (kind, handle, ms))))
        return None if status == _abi.WC_NONE else Busy(kind.value, handle.value, ms.value)

    def set_watchdog(self, slow_ms: int, on_slow: Optional[Callable[[Busy], Any]] = None) -> None:
        """Has callbacks that take slow_ms or longer counted, logged, and told; 0: no more."""
        slow = unsigned(slow_ms, 32, "slow_ms")
        self.hook(lib.wc_loop_set_watchdog, slow, hook=_ON_SLOW, call=on_slow)

    def set_trace(self, on_transition: Optional[Callable[[Transition], Any]]) -> None:
        """Has the changes of state of connections, listeners and children told; None: no more."""
        self.hook(lib.wc_loop_set_trace, hook=_ON_TRANSITION, call=on_transition)

    def set_log(self, level: int, on_line: Optional[Callable[[LogLine], Any]]) -> None:
        """Has what the library would want to say told, from that level of Log on; None: no more."""
        self.hook(lib.wc_loop_set_log, level, hook=_ON_LINE, call=on_line)


def backends() -> List[str]:
    """The backends of this machine, the preferred one first."""
    return [lib.wc_backend_name(index).decode() for index in range(lib.wc_backend_count())]


def features(backend: str) -> Feature:
    """What a backend can do; ValueError for one that this machine has not."""
    bits = ctypes.c_uint32()
    check(lib.wc_backend_features(backends().index(backend), ctypes.byref(bits)))
    return Feature(bits.value)
