"""A queue that is never empty: answers as SQS does, at once, so that what is measured is the task that asks.

`python -m benchmarks.paths.full_queue PORT NUMBER`; the emulated SQS takes longer for an answer than the task does.
"""

import asyncio
import json
import sys
from itertools import count

from benchmarks.paths.notices import batch_at
from benchmarks.posts import HOST
from tailrace.notice import encode_notice

STREAMS = 100
"""Notices take turns over these, so that receivers who overtake each other leave no hole."""
AT_ONCE = 10
NAME = "full"


def stream_name(index: int) -> str:
    """A stream of which notices come."""
    return f"p_full_{index}"


class FullQueue(asyncio.Protocol):
    """One connection of SQS's JSON protocol: receives messages, and admits that they are deleted."""

    def __init__(self, messages: list[str]) -> None:
        self._messages = messages
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio gives to a stream's protocol
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer; the client waits for each answer, so at most one request is here."""
        self._rest += data
        head, blank, body = self._rest.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        if not blank or len(body) < int(fields.get(b"content-length", b"0")):
            return
        self._rest = b""
        target = fields.get(b"x-amz-target", b"").rpartition(b".")[2]
        self._answer(self._batch() if target == b"receivemessage" else {"Successful": [], "Failed": []})

    def _batch(self) -> dict[str, list[dict[str, str]]]:
        taken, self._messages[-AT_ONCE:] = self._messages[-AT_ONCE:][::-1], []
        return {
            "Messages": [
                {"MessageId": str(index), "ReceiptHandle": str(index), "MD5OfBody": "", "Body": body}
                for index, body in enumerate(taken)
            ]
        }

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        if self._transport is not None:
            self._transport.write(head.encode() + body)


async def serve(port: int, number: int) -> None:
    """Serve until killed; the newest message stands first in the list, and is taken last."""
    positions = ((index % STREAMS, 1 + index // STREAMS) for index in count())
    messages = [
        encode_notice(batch_at(position, workflow_id=stream_name(stream)))
        for stream, position in (next(positions) for _ in range(number))
    ][::-1]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: FullQueue(messages), HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
