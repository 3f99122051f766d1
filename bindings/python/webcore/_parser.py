# SPDX-License-Identifier: MIT OR Apache-2.0
"""The strict HTTP/1 request parser alone: bytes in, heads and bodies out, no loop and no I/O."""

import ctypes
from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

from . import _abi
from ._library import WebcoreError, as_bytes, check, lib, reason_of, text_of
from ._options import defaults, distribute


class Head(NamedTuple):
    """A request's head."""

    method: str
    target: str
    minor_version: int
    keep_alive: bool
    chunked: bool
    expect_continue: bool
    content_length: Optional[int]
    headers: List[Tuple[str, str]]


class Body(NamedTuple):
    """A piece of the body."""

    data: bytes


class End(NamedTuple):
    """The end of the message; the next head may follow."""


class HttpFault(WebcoreError):
    """The bytes are no HTTP that may be served: `reason` is a Reason, `http_status` the answer
    it asks for, `at` the place in the bytes that were being read."""

    def __init__(self, reason: int, http_status: int, at: int) -> None:
        super().__init__(_abi.WC_E_HTTP)
        self.reason = reason_of(reason)
        self.reason_name: str = lib.wc_http_reason_name(reason).decode()
        self.reason_text: str = lib.wc_http_reason_text(reason).decode()
        self.http_status = http_status
        self.at = at

    def __str__(self) -> str:
        return f"{self.reason_name}: {self.reason_text} (answer {self.http_status})"

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return type(self), (int(self.reason), self.http_status, self.at)


class HttpParser:
    """Any thread, one at a time. Options by name as the HTTP ones of Loop.http_listen."""

    def __init__(self, **options: int) -> None:
        self._parser = ctypes.POINTER(_abi.wc_http_parser)()
        limits = defaults(_abi.wc_http_options)
        distribute(options, limits)
        check(lib.wc_http_parser_new(ctypes.byref(limits), ctypes.byref(self._parser)))
        self._pending = b""
        self._eof = False

    def __del__(self) -> None:
        if getattr(self, "_parser", None):
            lib.wc_http_parser_free(self._parser)

    def feed(self, data: bytes, eof: bool = False) -> Iterator[Union[Head, Body, End]]:
        """Takes more bytes; gives what is complete by now, in order.

        eof: no more will come. Raises HttpFault; WebcoreError with Status.EOF if the end is in
        the middle of a message: that breaks no rule, and there is nobody to answer. The parser is
        of no use after either.
        """
        self._pending += as_bytes(data)
        self._eof = self._eof or eof
        return self._items()

    def _items(self) -> Iterator[Union[Head, Body, End]]:
        used = ctypes.c_size_t()
        item = _abi.wc_http_item(size=ctypes.sizeof(_abi.wc_http_item))
        while True:
            pending = self._pending
            status = lib.wc_http_parser_next(
                self._parser, pending, len(pending), int(self._eof),
                ctypes.byref(used), ctypes.byref(item))
            if status == _abi.WC_E_HTTP:
                raise self._fault()
            check(status)
            # Copied while the bytes it points into stand.
            found = self._item(item) if status == _abi.WC_OK else None
            self._pending = pending[used.value:]
            if found is None:
                return
            yield found

    def _item(self, item: _abi.wc_http_item) -> Union[Head, Body, End]:
        if item.kind == _abi.WC_HTTP_BODY:
            return Body(ctypes.string_at(item.data, item.len))
        return self._head() if item.kind == _abi.WC_HTTP_HEAD else End()

    def _head(self) -> Head:
        head = _abi.wc_http_head(size=ctypes.sizeof(_abi.wc_http_head))
        check(lib.wc_http_parser_head(self._parser, ctypes.byref(head)))
        name, value = _abi.wc_str(), _abi.wc_str()
        headers = []
        for index in range(head.header_count):
            call = lib.wc_http_parser_header_at
            check(call(self._parser, index, ctypes.byref(name), ctypes.byref(value)))
            headers.append((text_of(name), text_of(value)))
        length = None if head.content_length < 0 else head.content_length
        return Head(text_of(head.method), text_of(head.target), head.minor_version,
                    bool(head.keep_alive), bool(head.chunked), bool(head.expect_continue),
                    length, headers)

    def _fault(self) -> HttpFault:
        fault = _abi.wc_http_fault(size=ctypes.sizeof(_abi.wc_http_fault))
        check(lib.wc_http_parser_fault(self._parser, ctypes.byref(fault)))
        return HttpFault(fault.reason, fault.http_status, fault.at)
