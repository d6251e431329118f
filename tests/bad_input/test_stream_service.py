"""Requests to the stream service that nobody should send."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.support import rim as rim_module
from tests.support.rim import PATIENCE, Rim, eventually, serving
from tests.support.streams import StreamClient, stream_url

pytestmark = pytest.mark.asyncio(loop_scope="module")

SSE = b"/pipelines/p_a/sse"
AN_ID = "write p_ and then 1 to 64 letters, digits, underscores or hyphens"
WHERE = "A stream is at /pipelines/{workflow id}/sse."
TOO_LARGE = "The request's first line and headers are more than 65,536 bytes."
NO_HTTP = "Invalid HTTP request received."
CHUNKED = b"Transfer-Encoding: chunked"


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
            async with asyncio.timeout(PATIENCE):
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


def chunked(body: bytes) -> bytes:
    """A request whose body is not what it must be: POST, since a GET is answered before its body is read."""
    return request(SSE, CHUNKED, method=b"POST", body=body)


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
    "everything wrong": (request(b"/pipelines/x/sse?replay=x&control=x"), 422, "workflow_id: 'x' is not a workflow id"),
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
    "ten thousand headers": (request(SSE, *(b"X-%d: y" % number for number in range(10_000))), 431, TOO_LARGE),
    "ten thousand headers of nothing": (request(SSE, *[b"X:"] * 10_000), 431, TOO_LARGE),
    # headers that two readers would read differently
    "header that is folded": (request(SSE, b"X-A: b\r\n c"), 400, NO_HTTP),
    "header that is folded by a tab": (request(SSE, b"X-A: b\r\n\tc"), 400, NO_HTTP),
    "cursor that is folded": (request(SSE, b"Last-Event-ID: 0-\r\n 0"), 400, NO_HTTP),
    "length that is folded": (request(SSE, b"Content-Length:\r\n 4", body=b"body"), 400, NO_HTTP),
    "first header that is folded": (b"GET %b HTTP/1.1\r\n Host: test\r\n\r\n" % SSE, 400, NO_HTTP),
    "lines that end in LF alone": (request(SSE).replace(b"\r\n", b"\n"), 400, NO_HTTP),
    "first line that ends in LF alone": (request(SSE).replace(b"\r\n", b"\n", 1), 400, NO_HTTP),
    "header that ends in LF alone": (request(SSE, b"X: y\nX-Injected: z"), 400, NO_HTTP),
    "header with CR alone": (request(SSE, b"X: y\rX-Injected: z"), 400, NO_HTTP),
    "header with NUL": (request(SSE, b"X: y\x00z"), 400, NO_HTTP),
    "header without a name": (request(SSE, b": y"), 400, NO_HTTP),
    "header without a colon": (request(SSE, b"nonsense"), 400, NO_HTTP),
    "name with a space behind it": (request(SSE, b"Content-Length : 0"), 400, NO_HTTP),
    "name with a space inside": (request(SSE, b"Last Event-ID: 0-0"), 400, NO_HTTP),
    "header with a control character": (request(SSE, b"Last-Event-ID: a\x01b"), 400, NO_HTTP),
    "length that is negative": (request(SSE, b"Content-Length: -1"), 400, NO_HTTP),
    "two lengths": (request(SSE, b"Content-Length: 1", b"Content-Length: 2"), 400, NO_HTTP),
    "two lengths that agree": (request(SSE, b"Content-Length: 4", b"Content-Length: 4", body=b"body"), 400, NO_HTTP),
    "two lengths in a line": (request(SSE, b"Content-Length: 4, 4", body=b"body"), 400, NO_HTTP),
    "length with a sign": (request(SSE, b"Content-Length: +4", body=b"body"), 400, NO_HTTP),
    "length in other digits": (request(SSE, b"Content-Length: 0x4", body=b"body"), 400, NO_HTTP),
    "length that no number holds": (request(SSE, b"Content-Length: %d" % 2**64), 400, NO_HTTP),
    "length and chunks": (request(SSE, CHUNKED, b"Content-Length: 4"), 400, NO_HTTP),
    "chunks and length": (request(SSE, b"Content-Length: 4", CHUNKED, body=b"0\r\n\r\n"), 400, NO_HTTP),
    "chunks, twice": (request(SSE, CHUNKED, CHUNKED, body=b"0\r\n\r\n"), 400, NO_HTTP),
    "chunks of another kind": (request(SSE, b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), 400, NO_HTTP),
    "chunks that are not the last": (request(SSE, CHUNKED + b", identity", body=b"0\r\n\r\n"), 400, NO_HTTP),
    "chunks behind a control character": (request(SSE, b"Transfer-Encoding: \x0bchunked"), 400, NO_HTTP),
    "chunk without a size": (chunked(b"zz\r\n"), 400, NO_HTTP),
    "chunk whose size is negative": (chunked(b"-1\r\nx\r\n"), 400, NO_HTTP),
    "chunk whose size no number holds": (chunked(b"f" * 17 + b"\r\nx\r\n"), 400, NO_HTTP),
    "chunk that is longer than its size": (chunked(b"1\r\nxy\r\n"), 400, NO_HTTP),
    "chunks whose lines end in LF alone": (chunked(b"1\nx\n0\n\n"), 400, NO_HTTP),
    "chunk with a line break in its extension": (chunked(b"1;a\nb\r\nx\r\n"), 400, NO_HTTP),
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
    "GET with chunks, a trailer and what it says": request(SSE, CHUNKED, body=b"1;a=b\r\nx\r\n0\r\nHost: b\r\n\r\n"),
    "two hosts": request(SSE, b"Host: elsewhere"),
    "no host": request(SSE).replace(b"Host: test\r\n", b""),
    "HTTP/1.0": request(SSE, version=b"1.0"),
    "HTTP/2.0, in HTTP/1.1's words": request(SSE, version=b"2.0"),
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


IN_PIECES = {
    "cursor": (request(SSE, b"Last-Event-ID: nonsense"), b"sense", b'"requested":"nonsense"'),
    "fold": (REFUSED["cursor that is folded"][0], b" 0\r\n", NO_HTTP.encode()),
    "second length": (REFUSED["two lengths"][0], b"2\r\n", NO_HTTP.encode()),
    "length behind chunks": (REFUSED["length and chunks"][0], b"Length: 4", NO_HTTP.encode()),
    "LF": (REFUSED["header that ends in LF alone"][0], b"\nX-Injected", NO_HTTP.encode()),
}


@pytest.mark.parametrize(("sent", "last", "says"), IN_PIECES.values(), ids=IN_PIECES)
async def test_request_that_comes_in_pieces_is_read_as_if_it_came_at_once(
    served: Served, sent: bytes, last: bytes, says: bytes
) -> None:
    await served.rim.publish("p_a", 1)
    place = urlsplit(served.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    begin = sent.index(last)
    for at in range(begin):
        writer.write(sent[at : at + 1])
        await asyncio.sleep(0)
    writer.write(sent[begin:])
    async with asyncio.timeout(PATIENCE):
        answer = await reader.readuntil(says)
    writer.transport.abort()

    assert answer.startswith(b"HTTP/1.1 200 OK" if says != NO_HTTP.encode() else b"HTTP/1.1 400 Bad Request")
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
