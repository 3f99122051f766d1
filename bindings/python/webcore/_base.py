# SPDX-License-Identifier: MIT OR Apache-2.0
"""Base: what the parts of Loop have in common."""

import ctypes
from typing import Any, Callable, Optional

from . import _abi
from ._library import check, lib
from ._registry import FREE_USER, Registration, drop, register

Start = Callable[..., int]


class Base:
    """A loop's handle, and what its callbacks raised. Loop is made of classes that build on it."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._error: Optional[BaseException] = None
        self._running = False

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

    def _keep(self, number: int, status: int) -> None:
        """Lets a registration go whose object was not made."""
        if status < 0:
            drop(number)
        check(status, self.handle)

    def begin(self, registration: Registration, start: Start, *arguments: Any,
              free_user: Any = FREE_USER) -> int:
        """Calls one of the functions that end with user, free_user and out; gives the handle."""
        number = register(registration)
        out = ctypes.c_uint64()
        self._keep(number, start(*arguments, number, free_user, ctypes.byref(out)))
        return out.value

    def hook(self, put: Start, *arguments: Any, hook: Any,
             call: Optional[Callable[..., Any]]) -> None:
        """Sets one of the loop's hooks; None takes it away."""
        if call is None:
            check(put(self.handle, *arguments, type(hook)(), None, _abi.wc_free_fn()))
            return
        number = register(Registration(self, {"hook": call}, None))
        self._keep(number, put(self.handle, *arguments, hook, number, FREE_USER))
