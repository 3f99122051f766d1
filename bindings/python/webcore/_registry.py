# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the library calls back, and what must live until it has called for the last time.

The pointers that the library gets are the few C callbacks of this file's makers, made once and
never collected; `void *user` is a number under which `live` holds the Python callables and the
user's object. The library's free_user takes the number out of `live`: not before, not twice.
"""

import ctypes
import itertools
from typing import Any, Callable, Dict, Mapping, Optional, Protocol, Tuple, Type

from . import _abi


class Recorder(Protocol):
    """Who takes an exception that may not cross C: the loop."""

    def record(self, error: BaseException) -> None:
        """Keeps it for the call that runs the loop."""


class Registration:
    """The callables of one object and the user's object that belongs to them.

    `held`: what has to live as long, such as the socket whose number is watched.
    """

    __slots__ = ("loop", "callbacks", "user", "held")

    def __init__(self, loop: Recorder, callbacks: Mapping[str, Callable[..., Any]], user: Any,
                 held: Any = None):
        self.loop = loop
        self.callbacks = callbacks
        self.user = user
        self.held = held

    def deliver(self, name: str, *arguments: Any) -> None:
        """Calls one of them; what it raises goes to the loop."""
        try:
            self.callbacks[name](*arguments)
        except BaseException as error:  # ctypes would print it and go on
            self.loop.record(error)


live: Dict[int, Registration] = {}
_numbers = itertools.count(1)


def register(registration: Registration) -> int:
    """Holds a registration and gives the number that stands for it; numbers are never reused."""
    number = next(_numbers)
    live[number] = registration
    return number


def drop(number: Optional[int]) -> None:
    """Lets a registration go whose creation failed, or whose last callback has run."""
    live.pop(number or 0, None)


def user_of(number: Optional[int]) -> Any:
    """The user's object under a number; None once it has been freed."""
    registration = live.get(number or 0)
    return None if registration is None else registration.user


FREE_USER = _abi.wc_free_fn(drop)

Adapter = Callable[..., Tuple[Any, ...]]


class CallbackTable:
    """One callbacks struct of the API: its C callbacks and how their arguments become Python's."""

    def __init__(self, struct: Type[ctypes.Structure], adapters: Mapping[str, Adapter],
                 renamed: Optional[Mapping[str, str]] = None) -> None:
        self.struct = struct
        self.members: Dict[str, str] = {}
        self.made: Dict[str, Any] = {}
        types = {field[0]: field[1] for field in struct._fields_}
        for member, adapter in adapters.items():
            name = (renamed or {}).get(member, member)
            self.members[name] = member
            self.made[name] = types[member](self._entry(name, adapter))

    @staticmethod
    def _entry(name: str, adapter: Adapter) -> Callable[..., None]:
        def entry(*arguments: Any) -> None:
            live[arguments[-1]].deliver(name, *adapter(*arguments[:-1]))

        return entry

    def fill(self, callbacks: Mapping[str, Callable[..., Any]]) -> ctypes.Structure:
        """The struct with those members set for which there is a callable."""
        table = self.struct(size=ctypes.sizeof(self.struct))
        for name in callbacks:
            if name in self.members:
                setattr(table, self.members[name], self.made[name])
        return table


def given(**callbacks: Optional[Callable[..., Any]]) -> Dict[str, Callable[..., Any]]:
    """Those that are not None, each of which has to be callable."""
    for name, value in callbacks.items():
        if value is not None and not callable(value):
            raise TypeError(f"{name} is not callable")
    return {name: value for name, value in callbacks.items() if value is not None}
