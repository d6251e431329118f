"""Requests to the stream service that nobody should send."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.support import rim as rim_module
from tests.support.rim import Rim, eventually, serving
from tests.support.streams import StreamClient, stream_url

pytestmark = pytest.mark.asyncio(loop_scope="module")

SSE = b"/pipelines/p_a/sse"
AN_ID = "write p_ and then 1 to 64 letters, digits, underscores or hyphens"
WHERE = "A stream is at /pipelines/{workflow id}/sse."
TOO_LARGE = "The request's first line and headers are more than 65,536 bytes."
NO_HTTP = "Invalid HTTP request received."


@dataclass(slots=True)
class Served:
    """A running service, and a client that was there before."""

    rim: Rim
    url: str
    witness: StreamClient
    sent: list[int] = field(default_factory=list)

    async def answer(self, request: bytes) -> tuple[int, bytes]:
        """Send bytes; read the answer's status, and its body as far as it comes at once."""
        place = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(request)
        try:
            async with asyncio.timeout(20):
                head = await reader.readuntil(b"\r\n\r\n")
                is_stream = b"text/event-stream" in head
                body = await reader.readuntil(b"\nid: ") if is_stream else await reader.read()
        finally:
            writer.transport.abort()
        return int(head.split(b" ")[1]), body

    async def expect_unharmed(self) -> None:
        """Check that the client that was there before gets the next event, and that no other is left."""
        self.sent.append(len(self.sent))
        await self.rim.publish("p_witness", self.sent[-1])
        await self.witness.until(len(self.sent))
        assert self.witness.payloads == self.sent
        await eventually(lambda: self.rim.hub.connections == 1)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[True, False], ids=["taken-over", "asgi"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """One service for all cases, on each of the two ways by which bytes reach a client."""
    rim = Rim()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rim_module, "take_over", request.param)
        async with serving(rim.app) as (url, _):
            witness = await StreamClient.open(stream_url(url, "p_witness"))
            await witness.next()
            yield Served(rim, url, witness)
            witness.cut()


def request(
    target: bytes, *headers: bytes, method: bytes = b"GET", version: bytes = b"1.1", body: bytes = b""
) -> bytes:
    """A request as bytes, with whatever is wrong in it."""
    lines = [method + b" " + target + b" HTTP/" + version, b"Host: test", *headers]
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


REFUSED = {
    # ids
    "id without p_": (request(b"/pipelines/hello/sse"), 422, AN_ID),
    "id that is empty behind p_": (request(b"/pipelines/p_/sse"), 422, AN_ID),
    "id that is too long": (request(b"/pipelines/p_" + b"a" * 65 + b"/sse"), 422, AN_ID),
    "id of a million characters' kind": (request(b"/pipelines/p_" + b"a" * 50_000 + b"/sse"), 422, AN_ID),
    "id with NUL": (request(b"/pipelines/p_a%00/sse"), 422, AN_ID),
    "id with a line break": (request(b"/pipelines/p_a%0A/sse"), 422, AN_ID),
    "id with letters of other alphabets": (request(b"/pipelines/p_%D1%84/sse"), 422, AN_ID),
    "id that is not UTF-8": (request(b"/pipelines/p_%FF/sse"), 422, AN_ID),
    "id with a slash": (request(b"/pipelines/p_a%2Fb/sse"), 404, WHERE),
    "page of a malformed id": (request(b"/streams/hello"), 422, AN_ID),
    # paths
    "no path": (request(b"/"), 404, WHERE),
    "path upwards": (request(b"/pipelines/../healthz"), 404, WHERE),
    "path upwards, from what fronts hand on": (request(b"/streams/../metrics"), 404, WHERE),
    "path upwards, encoded": (request(b"/streams/..%2Fmetrics"), 404, WHERE),
    "path with a slash more": (request(SSE + b"/"), 404, WHERE),
    "asset upwards": (request(b"/streams/assets/..%2F__init__.py"), 404, WHERE),
    # queries
    "replay that is no number": (request(SSE + b"?replay=many"), 422, "replay: Input should be a valid integer"),
    "replay that is empty": (request(SSE + b"?replay="), 422, "replay: Input should be a valid integer"),
    "replay that is negative": (
        request(SSE + b"?replay=-1"),
        422,
        "replay: Input should be greater than or equal to 0",
    ),
    "replay that is too large": (request(SSE + b"?replay=1001"), 422, "less than or equal to 1000"),
    "replay of many digits": (request(SSE + b"?replay=" + b"9" * 5000), 422, "replay: "),
    "replay in other digits": (request(SSE + b"?replay=%D9%A1"), 422, "replay: "),
    "control that is neither": (request(SSE + b"?control=maybe"), 422, "control: Input should be 0 or 1"),
    "channel that is empty": (request(SSE + b"?channel="), 422, "channel.0: String should have at least 1 character"),
    "channel that is too long": (request(SSE + b"?channel=" + b"a" * 257), 422, "at most 256 characters"),
    "too many channels": (request(SSE + b"?" + b"&".join([b"channel=a"] * 65)), 422, "at most 64 items"),
    "everything wrong": (request(b"/pipelines/x/sse?replay=x&control=x"), 422, "stream_id: 'x' is not a workflow id"),
    "the whole query wrong": (request(SSE + b"?replay=x&control=x"), 422, "replay: Input should be a valid integer"),
    "the query's other half": (request(SSE + b"?replay=x&control=x"), 422, "; control: Input should be 0 or 1"),
    # methods
    "POST": (request(SSE, method=b"POST"), 405, "it takes GET, HEAD, OPTIONS"),
    "POST of a body that never comes": (
        request(SSE, b"Content-Length: 1000000000", method=b"POST"),
        405,
        "it takes GET, HEAD, OPTIONS",
    ),
    "DELETE": (request(SSE, method=b"DELETE"), 405, "it takes GET, HEAD, OPTIONS"),
    "CONNECT": (request(SSE, method=b"CONNECT"), 405, "it takes GET, HEAD, OPTIONS"),
    "POST to the page": (request(b"/streams/p_a", method=b"POST"), 405, "it takes GET, HEAD"),
    "POST to metrics": (request(b"/metrics", method=b"POST"), 405, "it takes GET"),
    # what is no HTTP
    "method that nobody knows": (request(SSE, method=b"BREW"), 400, NO_HTTP),
    "method in small letters": (request(SSE, method=b"get"), 400, NO_HTTP),
    "garbage": (b"garbage\r\n\r\n", 400, NO_HTTP),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, NO_HTTP),
    "HTTP/2 without a word before": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, NO_HTTP),
    "path of raw bytes": (request(b"/pipelines/p_\xff/sse"), 400, NO_HTTP),
    # what is too large
    "path that is endless": (request(SSE + b"?x=" + b"a" * 200_000), 431, TOO_LARGE),
    "header that is endless": (b"GET / HTTP/1.1\r\nX: " + b"a" * 400_000, 431, TOO_LARGE),
    "head of a byte too many": (request(SSE, b"X: " + b"a" * (64 * 1024)), 431, TOO_LARGE),
    "headers that are endless": (request(SSE, *[b"X-X: yyyy"] * 20_000), 431, TOO_LARGE),
    "header with a control character": (request(SSE, b"Last-Event-ID: a\x01b"), 400, NO_HTTP),
    "length that is negative": (request(SSE, b"Content-Length: -1"), 400, NO_HTTP),
    "two lengths": (request(SSE, b"Content-Length: 1", b"Content-Length: 2"), 400, NO_HTTP),
    "length and chunks": (request(SSE, b"Transfer-Encoding: chunked", b"Content-Length: 4"), 400, NO_HTTP),
    "chunk without a size": (request(SSE, b"Transfer-Encoding: chunked", method=b"POST", body=b"zz\r\n"), 400, NO_HTTP),
}

SERVED = {
    "cursor that is no id": request(SSE, b"Last-Event-ID: nonsense"),
    "cursor of raw bytes": request(SSE, b"Last-Event-ID: \xff\xfe"),
    "cursor that is endless": request(SSE, b"Last-Event-ID: " + b"9" * 60_000),
    "cursor with half a character": request(SSE + b"?lastEventId=%ED%A0%80"),
    "two cursors": request(SSE, b"Last-Event-ID: a-1", b"Last-Event-ID: b-2"),
    "parameter that nobody knows": request(SSE + b"?what=ever&[]=%00"),
    "parameter that comes twice": request(SSE + b"?replay=x&replay=1"),
    "query that is broken": request(SSE + b"?&&==&%&%zz&replay=5"),
    "channel with line breaks": request(SSE + b"?channel=a%0D%0Adata:%20b"),
    "channel of control events": request(SSE + b"?channel=%24sync"),
    "channel with half a character": request(SSE + b"?channel=%ED%A0%80"),
    "many headers": request(SSE, *(b"X-%d: y" % number for number in range(500))),
    "origin that is none": request(SSE, b"Origin: null\xff"),
    "type that we don't send": request(SSE, b"Accept: image/png"),
    "expectation that nobody can meet": request(SSE, b"Expect: nonsense"),
    "WebSocket": request(SSE, b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: a"),
    "address with another host": request(b"http://elsewhere" + SSE),
    "GET with a body": request(SSE, b"Content-Length: 4", body=b"body"),
    "GET with half a body": request(SSE, b"Content-Length: 400", body=b"body"),
    "HTTP/1.0": request(SSE, version=b"1.0"),
    "another request behind it": request(SSE) + request(b"/nothing") * 50,
}


@pytest.mark.parametrize(("sent", "status", "says"), REFUSED.values(), ids=REFUSED)
async def test_request_is_refused_with_what_to_do(served: Served, sent: bytes, status: int, says: str) -> None:
    got, body = await served.answer(sent)

    assert got == status
    assert says in (body.decode() if status in (400, 431) else json.loads(body)["detail"])
    await served.expect_unharmed()


@pytest.mark.parametrize("sent", SERVED.values(), ids=SERVED)
async def test_request_that_is_odd_gets_a_stream_all_the_same(served: Served, sent: bytes) -> None:
    status, body = await served.answer(sent)

    assert status == 200
    assert b"retry: " in body
    assert b"event: $sync\n" in body
    await served.expect_unharmed()


@pytest.mark.parametrize("sent", [b"", b"G", request(SSE)[:30], request(SSE)[:-2], b"\r\n" * 1000])
async def test_request_that_stops_in_the_middle_harms_nobody(served: Served, sent: bytes) -> None:
    place = urlsplit(served.url)
    _, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(sent)
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    await served.expect_unharmed()
