# SPDX-License-Identifier: MIT OR Apache-2.0
"""Request: the view of an HTTP request that came in, and its answer."""

import ctypes
from typing import Any, Callable, Iterable, List, Mapping, Optional, Tuple, Union

from . import _abi
from ._library import as_bytes, check, lib, reason_of, status_of, text_of
from ._objects import Conn, View, get_user, set_user
from ._options import header_block
from ._registry import CallbackTable

Text = Union[str, bytes]
Headers = Union[Mapping[str, Text], Iterable[Tuple[Text, Text]]]


class Request(View):
    """A request, until it is answered whole or its client has gone (then: Status.GONE).

    Everything it gives is a copy. It may be kept and answered later, from a timer or a post.
    Calls belong to the loop's thread (Status.THREAD from another) unless they say "any thread".
    """

    __slots__ = ()

    def _view(self, call: Callable[..., int]) -> _abi.wc_str:
        view = _abi.wc_str()
        check(call(self.handle, ctypes.byref(view)))
        return view

    @property
    def method(self) -> str:
        """As it came: methods are case-sensitive."""
        return text_of(self._view(lib.wc_request_method))

    @property
    def target(self) -> str:
        """The request target as it came."""
        return text_of(self._view(lib.wc_request_target))

    @property
    def path(self) -> str:
        """The decoded path, dot segments resolved; a byte that is not UTF-8 as a surrogate.

        Error: PATH if it cannot be decoded to one below the root; answer 400.
        """
        view = self._view(lib.wc_request_path)
        return ctypes.string_at(view.ptr, view.len).decode("utf-8", "surrogateescape")

    @property
    def query(self) -> str:
        """What is behind the question mark, as it came; empty if there is none."""
        return text_of(self._view(lib.wc_request_query))

    @property
    def minor_version(self) -> int:
        """1 for HTTP/1.1, 0 for HTTP/1.0."""
        minor = ctypes.c_int32()
        check(lib.wc_request_version(self.handle, ctypes.byref(minor)))
        return minor.value

    def header(self, name: Text) -> Optional[str]:
        """The first field of that name, whatever its case; None if there is none."""
        wanted = name.encode("latin-1") if isinstance(name, str) else as_bytes(name)
        view = _abi.wc_str()
        call = lib.wc_request_header
        status = check(call(self.handle, wanted, len(wanted), ctypes.byref(view)))
        return None if status == _abi.WC_NONE else text_of(view)

    @property
    def headers(self) -> List[Tuple[str, str]]:
        """Every field in its order."""
        count = ctypes.c_size_t()
        check(lib.wc_request_header_count(self.handle, ctypes.byref(count)))
        name, value = _abi.wc_str(), _abi.wc_str()
        found = []
        for index in range(count.value):
            call = lib.wc_request_header_at
            check(call(self.handle, index, ctypes.byref(name), ctypes.byref(value)))
            found.append((text_of(name), text_of(value)))
        return found

    @property
    def body(self) -> bytes:
        """The whole body, in on_request."""
        view = self._view(lib.wc_request_body)
        return ctypes.string_at(view.ptr, view.len)

    @property
    def conn(self) -> Conn:
        """The connection it came on."""
        conn = ctypes.c_uint64()
        check(lib.wc_request_conn(self.handle, ctypes.byref(conn)))
        return Conn(conn.value)

    @property
    def user(self) -> Any:
        """The user's object: one set here, else that of its listener."""
        return get_user(lib.wc_request_user, self.handle)

    @user.setter
    def user(self, user: Any) -> None:
        set_user(lib.wc_request_user, lib.wc_request_set_user, self.handle, user)

    def respond(self, status: int, body: bytes = b"", headers: Headers = ()) -> bool:
        """The whole answer; the length, the date and the connection's fields are the library's.

        False: accepted, but above the high water. Errors: STATE if it is answered already,
        INVAL for a field or a status that HTTP does not allow, LIMIT, GONE.
        """
        body = as_bytes(body)
        array, count, _block = header_block(headers)
        call = lib.wc_request_respond
        return check(call(self.handle, status, array, count, body, len(body))) != _abi.WC_FULL

    def respond_async(self, status: int, body: bytes = b"", headers: Headers = ()) -> None:
        """Any thread: has the loop respond with copies."""
        body = as_bytes(body)
        array, count, _block = header_block(headers)
        call = lib.wc_request_respond_async
        check(call(self.handle, status, array, count, body, len(body)))

    def begin(self, status: int, headers: Headers = (), length: Optional[int] = None) -> None:
        """The head of a streamed answer; write and finish follow. length None: not known."""
        array, count, _block = header_block(headers)
        known = _abi.WC_LENGTH_UNKNOWN if length is None else length
        if not -1 <= known < 1 << 63:
            raise ValueError(f"length={length} is out of range")
        check(lib.wc_request_begin(self.handle, status, array, count, known))

    def write(self, data: bytes) -> bool:
        """More of the body. False: accepted, but above the high water: one on_drain follows."""
        data = as_bytes(data)
        return check(lib.wc_request_write(self.handle, data, len(data))) != _abi.WC_FULL

    def finish(self) -> None:
        """The end of a streamed answer. Error: STATE if less came than begin promised."""
        check(lib.wc_request_finish(self.handle))

    def abort(self) -> None:
        """Ends the connection without (the rest of) an answer."""
        check(lib.wc_request_abort(self.handle))


def _alone(request: int) -> Tuple[Request]:
    return (Request(request),)


HTTP_TABLE = CallbackTable(_abi.wc_http_callbacks, {
    "on_request": _alone,
    "on_head": _alone,
    "on_body": lambda request, data, size: (Request(request), ctypes.string_at(data, size)),
    "on_end": _alone,
    "on_drain": _alone,
    "on_close": lambda request, why: (Request(request), status_of(why)),
    "on_reject": lambda conn, why, http_status: (Conn(conn), reason_of(why), http_status),
})
