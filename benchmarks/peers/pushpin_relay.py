"""Hands posts to pushpin by ZeroMQ: its own HTTP door takes one connection a post, and would be what is measured.

`python -m benchmarks.peers.pushpin_relay POSTS_PORT ZMQ_ADDRESS`; runs on the generator's core.
"""

import asyncio
import json
import sys
from itertools import count

import zmq

from benchmarks.posts import take_posts


async def relay(posts_port: int, address: str) -> None:
    """Relay until killed."""
    pushpin = zmq.Context().socket(zmq.PUSH)
    pushpin.setsockopt(zmq.SNDHWM, 0)
    pushpin.setsockopt(zmq.LINGER, 0)
    pushpin.connect(address)
    numbers = count(1)

    def publish(stream: str, payloads: list[str]) -> None:
        for payload in payloads:
            content = f"id: {next(numbers)}\ndata: {payload}\n\n"
            item = {"channel": stream, "formats": {"http-stream": {"content": content}}}
            pushpin.send(b"J" + json.dumps(item).encode())

    server = await take_posts(posts_port, publish)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(relay(int(sys.argv[1]), sys.argv[2]))
