# SPDX-License-Identifier: MIT OR Apache-2.0
"""Finds and loads the shared library, once, and turns its codes into Status and WebcoreError."""

import ctypes
import enum
import os
import sys
from pathlib import Path
from typing import Optional, Union

from . import _abi

Status = enum.IntEnum(  # type: ignore[misc]
    "Status",
    {
        name[len("WC_E_"):] if name.startswith("WC_E_") else name[len("WC_"):]: value
        for name, value in vars(_abi).items()
        if name in ("WC_OK", "WC_FULL", "WC_NONE", "WC_STOPPED") or name.startswith("WC_E_")
    },
)
Status.__doc__ = """The codes of the C API without their WC_ or WC_E_: Status.GONE is WC_E_GONE."""

Reason = enum.IntEnum(  # type: ignore[misc]
    "Reason",
    {
        name[len("WC_H_"):]: value
        for name, value in vars(_abi).items()
        if name.startswith("WC_H_")
    },
)
Reason.__doc__ = """Why HTTP was refused: Reason.BARE_LF is WC_H_BARE_LF."""


def _file_name() -> str:
    return "libwebcore.0.dylib" if sys.platform == "darwin" else "libwebcore.so.0"


def _load() -> ctypes.CDLL:
    """The library: WEBCORE_LIBRARY, else that of the clone this file is in, else the loader's."""
    named = os.environ.get("WEBCORE_LIBRARY")
    built = Path(__file__).resolve().parents[3] / "build" / "lib" / _file_name()
    path = named or (str(built) if built.exists() else _file_name())
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"webcore: cannot load {path}: {error}; build it, or set WEBCORE_LIBRARY to its path"
        ) from error
    try:
        _abi.declare(library)
    except AttributeError as error:
        raise ImportError(f"webcore: {path} is another version: {error}") from error
    loaded = library.wc_version().decode()
    if loaded.split(".")[:2] != _abi.WC_VERSION.split(".")[:2]:
        raise ImportError(f"webcore: {path} is {loaded}, this package is {_abi.WC_VERSION}")
    return library


lib = _load()


def status_of(code: int) -> int:
    """The Status of a code, or the code itself if a newer library made it."""
    try:
        return Status(code)
    except ValueError:
        return code


def reason_of(code: int) -> int:
    """The Reason of a code, or the code itself if a newer library made it."""
    try:
        return Reason(code)
    except ValueError:
        return code


class WebcoreError(Exception):
    """A call was refused: `status` says why, `name` and `text` say it for people.

    `os_error` is the number of the operating system behind it, or 0 where there is none.
    """

    def __init__(self, status: int, os_error: int = 0) -> None:
        self.status = status_of(status)
        self.name: str = lib.wc_status_name(status).decode()
        self.text: str = lib.wc_status_text(status).decode()
        self.os_error = os_error
        tail = f" ({os.strerror(os_error)})" if os_error else ""
        super().__init__(f"{self.name}: {self.text}{tail}")

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return type(self), (int(self.status), self.os_error)


def check(status: int, loop: Optional[int] = None) -> int:
    """The status, or WebcoreError if it is one; the loop's handle gives the system's number."""
    if status >= 0:
        return status
    number = ctypes.c_int32(0)
    if loop is not None and -79 <= status <= -50:
        lib.wc_loop_os_error(loop, ctypes.byref(number))
    raise WebcoreError(status, number.value)


def as_bytes(data: Union[bytes, bytearray, memoryview]) -> bytes:
    """Bytes to hand to the library; text is refused, for ctypes would pass its wide characters."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"bytes expected, not {type(data).__name__}")


def unsigned(value: int, bits: int, name: str) -> int:
    """The value, or ValueError where ctypes would cut it to its low bits in silence."""
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name}={value} is not from 0 to {(1 << bits) - 1}")
    return value


def text_of(view: _abi.wc_str) -> str:
    """A copy of a view, each byte one character, as HTTP's fields are read."""
    return ctypes.string_at(view.ptr, view.len).decode("latin-1")
