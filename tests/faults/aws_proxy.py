"""A proxy between one process and AWS that understands the calls, and lets faults answer them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TypeAlias

import h11
import httpx

from cli.ports import HOST
from tests.faults.aws_call import AwsAnswer, AwsCall, AwsFault, Unanswered

Witness: TypeAlias = Callable[[AwsCall, AwsAnswer, float], None]
"""Sees each call that reached AWS, what AWS answered, and when the call was sent, in epoch seconds."""

_PIECE = 64 * 1024
_LONG = 60.0
"""Seconds for AWS's own answer: more than any long poll."""


class AwsProxy:
    """An endpoint for one process's AWS clients. Each fault wraps those that came before it."""

    def __init__(self, upstream: httpx.AsyncClient, witness: Witness) -> None:
        self._upstream = upstream
        self._witness = witness
        self._faults: list[AwsFault] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    def add(self, fault: AwsFault) -> None:
        """Let a fault see every call from now on."""
        self._faults.append(fault)

    def remove(self, fault: AwsFault) -> None:
        """Let calls pass it by again."""
        with suppress(ValueError):
            self._faults.remove(fault)

    @contextmanager
    def suffering(self, fault: AwsFault) -> Iterator[None]:
        """Let a fault see every call until the context ends."""
        self.add(fault)
        try:
            yield
        finally:
            self.remove(fault)

    async def answer(self, call: AwsCall, faults: int | None = None) -> AwsAnswer:
        """Answer a call by the first so many faults, or all; without any, by AWS."""
        depth = len(self._faults) if faults is None else min(faults, len(self._faults))
        if depth == 0:
            return await self._forward(call)
        return await self._faults[depth - 1](call, partial(self.answer, faults=depth - 1))

    async def _forward(self, call: AwsCall) -> AwsAnswer:
        # The host stays the proxy's: AWS names queues by the address that it was asked at.
        sent_at = time.time()
        response = await self._upstream.request(
            call.method,
            call.path,
            headers=[each for each in call.headers if each[0].lower() != "content-length"],
            content=call.body,
        )
        answer = AwsAnswer(status=response.status_code, headers=tuple(response.headers.items()), body=response.content)
        self._witness(call, answer, sent_at)
        return answer

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to serve a connection."""
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        try:
            while (call := await _read(connection, reader, writer)) is not None:
                answer = await self.answer(call)
                writer.write(_encode(connection, answer))
                await writer.drain()
                connection.start_next_cycle()
        except (Unanswered, ConnectionError, httpx.TransportError, h11.ProtocolError):
            pass  # the connection is cut instead of an answer
        finally:
            writer.transport.abort()

    async def close(self) -> None:
        """Cut what is open."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _read(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AwsCall | None:
    """Read the next call; None where the client has gone."""
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            connection.receive_data(await reader.read(_PIECE))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = tuple((name.decode(), value.decode("latin-1")) for name, value in request.headers)
            return AwsCall(method=request.method.decode(), path=request.target.decode(), headers=headers, body=body)
        else:
            return None


def _encode(connection: h11.Connection, answer: AwsAnswer) -> bytes:
    headers = [*answer.kept_headers(), ("Content-Length", str(len(answer.body)))]
    parts = (
        connection.send(h11.Response(status_code=answer.status, headers=headers)),
        connection.send(h11.Data(data=answer.body)),
        connection.send(h11.EndOfMessage()),
    )
    return b"".join(part or b"" for part in parts)


@asynccontextmanager
async def aws_proxy(
    endpoint_url: str, witness: Witness = lambda _call, _answer, _sent_at: None
) -> AsyncIterator[AwsProxy]:
    """Put a proxy before AWS until the context ends."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=16)
    async with httpx.AsyncClient(base_url=endpoint_url, trust_env=False, timeout=_LONG, limits=limits) as upstream:
        proxy = AwsProxy(upstream, witness)
        server = await asyncio.start_server(proxy.accept, HOST, 0, backlog=512)
        proxy.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
        try:
            yield proxy
        finally:
            server.close()
            await proxy.close()
