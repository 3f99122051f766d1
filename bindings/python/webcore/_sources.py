# SPDX-License-Identifier: MIT OR Apache-2.0
"""Watch, Signal and Post, and the part of Loop that makes them, and timers."""

import ctypes
import datetime
import enum
import functools
import math
from typing import Any, Callable, Dict, Optional, Union

from . import _abi
from ._base import Base
from ._library import check, lib, unsigned
from ._objects import Timer, View, descriptor
from ._options import defaults, put
from ._registry import Registration, given, live
from ._registry import drop as forget
from ._signals import heard, restore_interrupt


class Ready(enum.IntFlag):
    """What a descriptor is watched for (READ to ADOPT), and what is told of it."""

    READ = _abi.WC_READ
    WRITE = _abi.WC_WRITE
    EDGE = _abi.WC_EDGE
    ONCE = _abi.WC_ONCE
    ADOPT = _abi.WC_ADOPT
    HANGUP = _abi.WC_HANGUP
    ERROR = _abi.WC_ERROR


class Repeat(enum.IntEnum):
    """How a timer repeats: at a fixed RATE, or with a fixed DELAY after each callback."""

    RATE = _abi.WC_REPEAT_RATE
    DELAY = _abi.WC_REPEAT_DELAY


class Watch(View):
    """A watcher of a descriptor, by Loop.watch."""

    __slots__ = ()

    def set(self, bits: int) -> None:
        """Asks for something else from now on, or once more after ONCE; 0 pauses it."""
        check(lib.wc_watch_set(self.handle, unsigned(bits, 32, "bits")))

    def stop(self) -> None:
        """Ends it: nothing more is told. An adopted descriptor is closed."""
        check(lib.wc_watch_stop(self.handle))

    def release(self) -> int:
        """Ends it and gives the descriptor, open, also if it was adopted."""
        return descriptor(lib.wc_watch_release, self.handle)

    @property
    def fd(self) -> int:
        """The descriptor; it stays where it was."""
        return descriptor(lib.wc_watch_fd, self.handle)

    def fileno(self) -> int:
        """The same, for what wants a file."""
        return self.fd


class Signal(View):
    """A watcher of a signal, by Loop.signal."""

    __slots__ = ()

    def stop(self) -> None:
        """Ends it. After the last one of its number the signal does again what it did before."""
        check(lib.wc_signal_stop(self.handle))
        heard.pop(self.handle, None)


class Post(View):
    """A call that any thread can have the loop make, by Loop.post_object."""

    __slots__ = ()

    def send(self) -> None:
        """Any thread: has the loop call. What is sent again before that may be one call."""
        check(lib.wc_post_send(self.handle))

    def free(self) -> None:
        """Ends it; it is not called any more, also if it was sent."""
        check(lib.wc_post_free(self.handle))


def _free_signal(number: int) -> None:
    registration = live.get(number)
    if registration is not None:
        heard.pop(registration.held, None)
    forget(number)


def _run(handle: int, number: int) -> None:
    live[number].deliver("run")


ON_FIRE = _abi.wc_timer_fn(_run)
_ON_SENT = _abi.wc_sent_fn(_run)
_ON_READY = _abi.wc_watch_fn(
    lambda watch, ready, number: live[number].deliver("on_ready", Watch(watch), Ready(ready)))
_ON_SIGNAL = _abi.wc_signal_fn(
    lambda handle, which, count, number: live[number].deliver(
        "on_signal", Signal(handle), which, count))
_FREE_SIGNAL = _abi.wc_free_fn(_free_signal)


class Sources(Base):
    """The part of Loop that watches descriptors and signals, and keeps the time."""

    def watch(self, file: Any, bits: int, on_ready: Optional[Callable[[Watch, Ready], Any]] = None,
              *, user: Any = None) -> Watch:
        """Tells when a descriptor is ready: on_ready(watch, ready), ready being Ready's bits.

        file: a number, or what has a fileno(), such as a socket, which is held meanwhile; end the
        watch before it is closed. bits: Ready.READ, WRITE, both or none; EDGE, ONCE; ADOPT: the
        loop closes the number at the end (of a socket take detach()).
        Errors: INUSE, BACKEND (no EDGE there), NOFILES, OS, INVAL, LIMIT.
        """
        bits = unsigned(bits, 32, "bits")
        if bits & Ready.ADOPT and not isinstance(file, int):
            raise TypeError("only a number can be adopted: what it is of would close it, too")
        number = file if isinstance(file, int) else file.fileno()
        unsigned(number, 31, "file")
        registration = Registration(self, given(on_ready=on_ready), user, held=file)
        call = _ON_READY if on_ready else _abi.wc_watch_fn()
        return Watch(self.begin(registration, lib.wc_watch_start, self.handle, number, bits, call))

    def signal(self, number: int, on_signal: Optional[Callable[[Signal, int, int], Any]] = None,
               *, user: Any = None) -> Signal:
        """Tells of a signal in the course of the loop: on_signal(signal, number, count).

        Meanwhile it does nothing else: SIGINT raises no KeyboardInterrupt, and a handler of the
        module signal is not called. Do not set one with that module until the watch has ended.
        Errors: INVAL, NOFILES, LIMIT.
        """
        number = unsigned(number, 31, "number")
        restore_interrupt(number)
        registration = Registration(self, given(on_signal=on_signal), user)
        call = _ON_SIGNAL if on_signal else _abi.wc_signal_fn()
        handle = self.begin(registration, lib.wc_signal_start, self.handle, number, call,
                             free_user=_FREE_SIGNAL)
        registration.held = handle
        heard[handle] = number
        return Signal(handle)

    def post_object(self, call: Optional[Callable[..., Any]] = None, *arguments: Any) -> Post:
        """A call that any thread has the loop make, by send: for the many that may be one.

        It keeps run from ending until it is freed. Error: LIMIT.
        """
        registration = Registration(self, _bound(call, arguments), None)
        sent = _ON_SENT if call else _abi.wc_sent_fn()
        return Post(self.begin(registration, lib.wc_post_new, self.handle, sent))

    # ---- timers

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
        registration = Registration(self, {"run": call}, None)
        start = lib.wc_timer_start
        return Timer(self.begin(registration, start, self.handle, delay, repeat, ON_FIRE))

    def schedule(self, call: Callable[..., Any], *arguments: Any, delay_ms: int = 0,
                 at_ms: int = 0, date: Union[datetime.datetime, float, None] = None,
                 repeat_ms: int = 0, mode: int = Repeat.RATE) -> Timer:
        """Calls it delay_ms from now, at a time of the loop (now_ms), or at a date.

        date: a datetime, or seconds as of time.time(); it follows the wall clock when that is set.
        repeat_ms: and again; at a fixed RATE missed calls are skipped, a fixed DELAY begins when
        the call has returned. Errors: INVAL for more than one of the three, or DELAY with a date;
        LIMIT.
        """
        options = defaults(_abi.wc_timer_options)
        put(options, "delay_ms", delay_ms)
        put(options, "at_ms", at_ms)
        if date is not None:
            seconds = date.timestamp() if isinstance(date, datetime.datetime) else date
            put(options, "unix_ms", math.ceil(seconds * 1000))
        put(options, "repeat_ms", repeat_ms)
        put(options, "repeat_mode", int(mode))
        registration = Registration(self, _bound(call, arguments), None)
        when = ctypes.byref(options)
        start = lib.wc_timer_schedule
        return Timer(self.begin(registration, start, self.handle, when, ON_FIRE))


def _bound(call: Optional[Callable[..., Any]], arguments: Any) -> Dict[str, Callable[..., Any]]:
    if call is None:
        return {}
    return given(run=functools.partial(call, *arguments))
