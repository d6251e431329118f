"""The front: what stands between clients and stream services, as a load balancer does, and breaks connections."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from cli.ports import HOST

_PIECE = 64 * 1024
_KEEPALIVE = 32
"""Bytes; what is longer has a frame in it."""
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds: closing resets


class Connection:
    """A client's connection, and the service's behind it."""

    def __init__(self, client: asyncio.StreamWriter, service: asyncio.StreamWriter) -> None:
        self.client = client
        self.service = service
        self._on_cut: Callable[[], None] | None = None
        self._flows = asyncio.Event()
        self._flows.set()

    def cut_in_frame(self, on_cut: Callable[[], None]) -> None:
        """Pass half of what comes next, and reset both sides; it is said when that has happened."""
        self._on_cut = on_cut

    def go_dead(self) -> None:
        """Pass nothing any more, and tell nobody."""
        self._flows.clear()

    def reset_client(self) -> None:
        """Let the client find out: what it sends meets a reset."""
        reset(self.client)

    async def carry_answers(self, reader: asyncio.StreamReader) -> None:
        """Carry what the service says."""
        while data := await reader.read(_PIECE):
            await self._flows.wait()
            if self._on_cut is not None and len(data) > _KEEPALIVE:
                self._on_cut()
                self.client.write(data[: len(data) // 2])
                await self.client.drain()
                reset(self.client)
                reset(self.service)
                return
            self.client.write(data)
            await self.client.drain()
        self.client.close()
        await self.client.wait_closed()

    async def carry_requests(self, reader: asyncio.StreamReader) -> None:
        """Carry what the client says, and end when it has gone; on a dead connection nobody hears of that."""
        with suppress(ConnectionError):
            while data := await reader.read(_PIECE):
                await self._flows.wait()
                self.service.write(data)
                await self.service.drain()
        await self._flows.wait()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by a reset; what waits to be read at the other end may be gone with it."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


class Front:
    """One address for all the stream services that take clients."""

    def __init__(self, chance: random.Random, ports: Callable[[], list[int]]) -> None:
        self._chance = chance
        self._ports = ports
        self.url = ""
        self.open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to serve a client."""
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        service = await self._connect()
        if service is None:
            writer.transport.abort()
            return
        connection = Connection(writer, service[1])
        self.open.add(connection)
        carriers = [
            asyncio.ensure_future(connection.carry_answers(service[0])),
            asyncio.ensure_future(connection.carry_requests(reader)),
        ]
        try:
            await asyncio.wait(carriers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.open.discard(connection)
            for carrier in carriers:
                carrier.cancel()
            await asyncio.gather(*carriers, return_exceptions=True)
            writer.transport.abort()
            connection.service.transport.abort()

    def some(self, chance: random.Random, count: int) -> list[Connection]:
        """Some connections that are open."""
        return chance.sample(sorted(self.open, key=id), min(count, len(self.open)))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Connect to a service that takes connections, whichever does."""
        ports = self._ports()
        for port in self._chance.sample(ports, len(ports)):
            with suppress(OSError):
                return await asyncio.open_connection(HOST, port)
        return None

    async def close(self) -> None:
        """Cut what is open."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def front(chance: random.Random, ports: Callable[[], list[int]]) -> AsyncIterator[Front]:
    """Put a front before the services until the context ends."""
    standing = Front(chance, ports)
    server = await asyncio.start_server(standing.accept, HOST, 0, backlog=1024)
    standing.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield standing
    finally:
        server.close()
        await standing.close()
