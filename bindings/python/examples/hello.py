# SPDX-License-Identifier: MIT OR Apache-2.0
"""python3 bindings/python/examples/hello.py [PORT]: answers GET / until Ctrl-C."""
import sys

from webcore import Loop


def answer(request):
    if request.method == "GET" and request.path == "/":
        request.respond(200, b"Hello, World!\n", {"Content-Type": "text/plain"})
    else:
        request.respond(404, b"Not here.\n", {"Content-Type": "text/plain"})


with Loop() as loop:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    listener = loop.http_listen(host="127.0.0.1", port=port, on_request=answer)
    print("listening on %s:%d" % listener.address, flush=True)
    loop.run()
