# SPDX-License-Identifier: MIT OR Apache-2.0
"""Places and small helpers that the tests share."""

import http.client
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
PACKAGE = TOOLS / "webcore"
ROOT = TOOLS.parents[1]
HEADER = ROOT / "include" / "webcore.h"
HOST = "127.0.0.1"
# For what takes milliseconds: only a test that fails ever waits so long.
SECONDS = 20

if str(TOOLS) not in sys.path:
    sys.path.insert(0, str(TOOLS))


def serve(loop, client):
    """Runs the loop in this thread and client() in another, stops it after that, and gives what
    the client returned. What a callback or the client raises is raised."""

    def talk():
        try:
            return client()
        finally:
            loop.post(loop.stop)

    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(talk)
        try:
            loop.run()
        except BaseException:
            loop.close()
            raise
        return outcome.result(SECONDS)


def in_thread(call, *arguments):
    """What call(*arguments) gives in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *arguments).result(SECONDS)


def dial(port):
    """A blocking connection to a port of this machine."""
    return socket.create_connection((HOST, port), timeout=SECONDS)


def receive(peer, count):
    """Exactly so many bytes."""
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        assert more, f"the connection ended after {data!r}"
        data += more
    return data


def until_end(peer):
    """Every byte up to the end of the connection."""
    pieces = []
    while True:
        piece = peer.recv(65536)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def browse(port, *requests):
    """(status, body, headers) of each (method, path, body), all on one connection."""
    browser = http.client.HTTPConnection(HOST, port, timeout=SECONDS)
    try:
        found = []
        for method, path, body in requests:
            browser.request(method, path, body)
            answer = browser.getresponse()
            found.append((answer.status, answer.read(), answer.headers))
        return found
    finally:
        browser.close()
