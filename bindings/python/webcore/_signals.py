# SPDX-License-Identifier: MIT OR Apache-2.0
"""Python's signal handlers while the main thread waits inside the library.

Python runs its handlers between two instructions of the main thread, and there is none while a
loop waits. So the bytes that its C handler writes to the wakeup descriptor are read by a thread,
which stops the loop; the call that runs it then goes on, unless a handler has raised or stopped.
"""

import contextlib
import signal
import socket
import threading
from types import FrameType
from typing import Callable, Dict, Iterator, List, Optional


# The signals that the library watches, by the handle of the watch. Their dispositions are not
# Python's meanwhile, and signal.signal() would take them away from the library.
heard: Dict[int, int] = {}


class Waker:
    """The descriptor and the thread of one loop; made at its first wait in the main thread."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._sockets: Optional[List[socket.socket]] = None
        self._woken = threading.Event()
        self._interrupted = False
        self._running = False

    def woken(self) -> bool:
        """Whether a signal came since this was asked last."""
        if not self._woken.is_set():
            return False
        self._woken.clear()
        return True

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """A signal that comes meanwhile stops the loop."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        old = signal.set_wakeup_fd(self._descriptor(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old)

    @contextlib.contextmanager
    def running(self, wakes: bool = True) -> Iterator[None]:
        """Like waiting, for calls that call back: SIGINT becomes KeyboardInterrupt at their end,
        for raised at the entry of a callback it would be lost in ctypes.

        wakes: whether the call waits. Where it does not, the wakeup descriptor stays that of
        another loop, such as asyncio's.
        """
        waiting = self.waiting() if wakes else contextlib.nullcontext()
        if not _interrupts():
            with waiting:
                yield
            return
        self._interrupted = False
        self._running = True
        signal.signal(signal.SIGINT, self._interrupt)
        try:
            with waiting:
                yield
        finally:
            self._running = False
            if signal.getsignal(signal.SIGINT) == self._interrupt and not _watched():
                signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._interrupted:
            raise KeyboardInterrupt

    @property
    def interrupted(self) -> bool:
        """Whether SIGINT came while running."""
        return self._interrupted

    @property
    def is_running(self) -> bool:
        """Whether a call that calls back is under way."""
        return self._running

    def close(self) -> None:
        """Ends the thread."""
        if self._sockets is not None:
            self._sockets[1].close()
            self._sockets = None

    def _interrupt(self, number: int, frame: Optional[FrameType]) -> None:
        if not self._running:
            # It was left in place for a loop of another thread that watches SIGINT.
            signal.default_int_handler(number, frame)
        self._interrupted = True
        self._stop()

    def _descriptor(self) -> int:
        if self._sockets is None:
            self._sockets = list(socket.socketpair())
            self._sockets[1].setblocking(False)
            reader = self._sockets[0]
            threading.Thread(target=self._read, args=(reader,), daemon=True).start()
        return self._sockets[1].fileno()

    def _read(self, reader: socket.socket) -> None:
        with reader:
            while reader.recv(64):
                self._woken.set()
                self._stop()


def _watched() -> bool:
    return signal.SIGINT in heard.values()


def _interrupts() -> bool:
    """Whether SIGINT raises KeyboardInterrupt in this thread as it is."""
    if threading.current_thread() is not threading.main_thread() or _watched():
        return False
    left = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    if isinstance(left, Waker) and not left.is_running:
        # The watch for which it was left in place has ended meanwhile.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


def restore_interrupt(number: int) -> None:
    """Puts Python's own handler of SIGINT back, before the library takes its place."""
    handler = signal.getsignal(signal.SIGINT)
    if number == signal.SIGINT and isinstance(getattr(handler, "__self__", None), Waker):
        if threading.current_thread() is threading.main_thread() and not _watched():
            signal.signal(signal.SIGINT, signal.default_int_handler)
