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
from typing import Callable, Iterator, List, Optional


class Waker:
    """The descriptor and the thread of one loop; made at its first wait in the main thread."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._sockets: Optional[List[socket.socket]] = None
        self._woken = threading.Event()
        self._interrupted = False

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
    def running(self) -> Iterator[None]:
        """Like waiting, for calls that call back: SIGINT becomes KeyboardInterrupt at their end,
        for raised at the entry of a callback it would be lost in ctypes."""
        main = threading.current_thread() is threading.main_thread()
        if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            with self.waiting():
                yield
            return
        self._interrupted = False
        signal.signal(signal.SIGINT, self._interrupt)
        try:
            with self.waiting():
                yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._interrupted:
            raise KeyboardInterrupt

    @property
    def interrupted(self) -> bool:
        """Whether SIGINT came while running."""
        return self._interrupted

    def close(self) -> None:
        """Ends the thread."""
        if self._sockets is not None:
            self._sockets[1].close()
            self._sockets = None

    def _interrupt(self, number: int, frame: Optional[FrameType]) -> None:
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
