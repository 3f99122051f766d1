# SPDX-License-Identifier: MIT OR Apache-2.0
"""python3 bindings/python/examples/in_asyncio.py [PORT]: a loop as the guest of asyncio's, whose
coroutines answer requests, until Ctrl-C."""
import asyncio
import sys

from webcore import Loop


class Guest:
    """Runs a loop within asyncio's: where the backend has a descriptor, as epoll and kqueue."""

    def __init__(self, loop):
        self.loop = loop
        self.timer = None
        asyncio.get_running_loop().add_reader(loop.prepare()[0], self.step)
        self.step()

    def step(self):
        """Call it, too, when something outside of the loop's callbacks has used the loop."""
        if self.timer is not None:
            self.timer.cancel()
        self.loop.step(0)
        _, left_ms = self.loop.prepare()
        again = asyncio.get_running_loop().call_later
        self.timer = None if left_ms is None else again(left_ms / 1000, self.step)


async def answer(request):
    await asyncio.sleep(0.01)
    request.respond(200, b"asyncio has slept\n", {"Content-Type": "text/plain"})
    guest.step()


async def main():
    global guest
    guest = Guest(loop)
    print("listening on %s:%d" % listener.address, flush=True)
    await asyncio.get_running_loop().create_future()


tasks = set()  # asyncio itself holds them but weakly


def on_request(request):
    task = asyncio.ensure_future(answer(request))
    tasks.add(task)
    task.add_done_callback(tasks.discard)


with Loop() as loop:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    listener = loop.http_listen(host="127.0.0.1", port=port, on_request=on_request)
    asyncio.run(main())
