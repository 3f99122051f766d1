# SPDX-License-Identifier: MIT OR Apache-2.0
"""webcore: an event loop, connections and HTTP/1.1, by the C library of that name.

    import webcore

    with webcore.Loop() as loop:
        loop.http_listen(port=8080, on_request=lambda request: request.respond(200, b"Hello\\n"))
        loop.run()

Loop makes everything; Listener, Conn, Request, Timer, Watch and the like are views of what lives
in it. Refused calls raise WebcoreError. The library is found by the variable WEBCORE_LIBRARY, else
in build/lib of the clone that this package is in, else by the system's loader.
"""

from ._abi import WC_VERSION as __version__
from ._child import Child, File, Stdio, Stream, Usage
from ._event import Event, EventKind
from ._library import Reason, Status, WebcoreError
from ._loop import Loop
from ._objects import Close, Conn, ConnState, Framing, Listener, Order, Timer
from ._parser import Body, End, Head, HttpFault, HttpParser
from ._pool import Done, Job, Pool
from ._request import Request
from ._sight import Busy, Feature, Histogram, Log, LogLine, Transition, backends, features
from ._sources import Post, Ready, Repeat, Signal, Watch

__all__ = [
    "Body", "Busy", "Child", "Close", "Conn", "ConnState", "Done", "End", "Event", "EventKind",
    "Feature", "File", "Framing", "Head", "Histogram", "HttpFault", "HttpParser", "Job", "Listener",
    "Log", "LogLine", "Loop", "Order", "Pool", "Post", "Ready", "Reason", "Repeat", "Request",
    "Signal", "Status", "Stdio", "Stream", "Timer", "Transition", "Usage", "Watch", "WebcoreError",
    "__version__", "backends", "features",
]
