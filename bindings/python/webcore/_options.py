# SPDX-License-Identifier: MIT OR Apache-2.0
"""Option structs from keyword arguments: the library's defaults, then what is named."""

import ctypes
import os
from typing import Any, Callable, Dict, List, Optional, Type, TypeVar, Union

from . import _abi
from ._library import check, lib

# Set by parameters of their own, or by this package.
_NOT_BY_NAME = {
    "size", "host", "port", "events", "backend", "reserved", "program", "argv", "env", "directory",
    "input", "output", "error", "flags",
}
Path = Union[str, bytes, "os.PathLike[str]"]
Struct = TypeVar("Struct", bound=ctypes.Structure)


def defaults(struct: Type[Struct]) -> Struct:
    """An options struct as its _init function leaves it."""
    options = struct()
    init = getattr(lib, f"{struct.__name__}_init")
    check(init(ctypes.byref(options), ctypes.sizeof(struct)))
    return options


def put(options: ctypes.Structure, name: str, value: Any) -> None:
    """Sets a field; ValueError where ctypes would cut the value in silence."""
    setattr(options, name, value)
    if getattr(options, name) != value:
        raise ValueError(f"{name}={value!r} is out of range")


def distribute(named: Dict[str, int], *structs: ctypes.Structure) -> None:
    """Sets each named option in the one struct that has it; TypeError if none has."""
    places: Dict[str, ctypes.Structure] = {}
    for options in structs:
        for field in options._fields_:
            if field[0] not in _NOT_BY_NAME:
                places.setdefault(field[0], options)
    for name, value in named.items():
        if name not in places:
            raise TypeError(f"there is no option {name!r}; there are {', '.join(sorted(places))}")
        put(places[name], name, int(value))


def encode_host(host: Optional[str]) -> Optional[bytes]:
    """The text of an address for C; a NUL in it would hide what follows."""
    if host is None:
        return None
    if "\0" in host:
        raise ValueError("a NUL in the host")
    return host.encode()


def encode_path(path: Path) -> bytes:
    """A path or another text of the system for C; a NUL in it would hide what follows."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("a NUL in a text of the system")
    return encoded


def counters(struct: Type[ctypes.Structure], call: Callable[..., int],
             handle: int) -> Dict[str, int]:
    """A struct of counters by name."""
    counted = struct(size=ctypes.sizeof(struct))
    check(call(handle, ctypes.byref(counted)))
    names = [field[0] for field in struct._fields_ if field[0] not in ("size", "reserved")]
    return {name: getattr(counted, name) for name in names}


def header_block(headers: Any) -> Any:
    """(array, count, what it points to) for an answer's headers: a mapping, or pairs.

    Names and values are str (one byte a character) or bytes.
    """
    pairs = list(headers.items() if hasattr(headers, "items") else headers)
    flat: List[bytes] = [
        part.encode("latin-1") if isinstance(part, str) else bytes(part)
        for pair in pairs for part in pair
    ]
    if len(flat) != 2 * len(pairs):
        raise ValueError("headers are pairs of a name and a value")
    block = ctypes.create_string_buffer(b"".join(flat))
    array = (_abi.wc_header * len(pairs))()
    at = ctypes.addressof(block)
    for index in range(len(pairs)):
        name, value = flat[2 * index:2 * index + 2]
        array[index] = _abi.wc_header(at, len(name), at + len(name), len(value))
        at += len(name) + len(value)
    return array, len(pairs), block
