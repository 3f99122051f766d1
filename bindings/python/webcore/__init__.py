# SPDX-License-Identifier: MIT OR Apache-2.0
"""webcore: an event loop, connections and HTTP/1.1, by the C library of that name.

    import webcore

    with webcore.Loop() as loop:
        loop.http_listen(port=8080, on_request=lambda request: request.respond(200, b"Hello\\n"))
        loop.run()

Loop makes everything; Listener, Conn, Request and Timer are views of what lives in it. Refused
calls raise WebcoreError. The library is found by the variable WEBCORE_LIBRARY, else in build/lib
of the clone that this package is in, else by the system's loader.
"""

from ._abi import WC_VERSION as __version__
from ._library import Reason, Status, WebcoreError
from ._loop import Event, EventKind, Loop, backends
from ._objects import Close, Conn, ConnState, Framing, Listener, Order, Timer
from ._parser import Body, End, Head, HttpFault, HttpParser
from ._request import Request

__all__ = [
    "Body", "Close", "Conn", "ConnState", "End", "Event", "EventKind", "Framing", "Head",
    "HttpFault", "HttpParser", "Listener", "Loop", "Order", "Reason", "Request", "Status",
    "Timer", "WebcoreError", "__version__", "backends",
]
