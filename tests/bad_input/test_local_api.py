"""Requests to the API on this machine that two readers would read differently: none of them runs a workflow."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from cli.lambda_function import LambdaFunction
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import KEY
from tests.support.http import gateway_in_front_of

RUN = b"/pipelines/p_shop/events"
CHUNKED = b"Transfer-Encoding: chunked"
PATIENCE = 45.0


@dataclass(frozen=True, slots=True)
class Shop:
    """A running API, and the bodies that its workflow has seen."""

    url: str
    ran: list[object]
    addresses: list[object]
    """Whom it took its clients for."""

    def answer(self, request: bytes) -> tuple[int, bytes]:
        """Send bytes; read all that is answered."""
        place = urlsplit(self.url)
        with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as client:
            client.sendall(request)
            with client.makefile("rb") as answers:
                head, _, body = answers.read().partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body

    def expect_unharmed(self) -> None:
        """Check that the next good request is run, with its own body."""
        before = len(self.ran)
        status, _ = self.answer(request(b"Content-Type: text/plain", b"Content-Length: 4", body=b"good"))
        assert (status, self.ran[before:]) == (200, ["good"])


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    api, ran, addresses = Api(), list[object](), list[object]()

    def take(pd: Pd) -> None:
        ran.append(pd.steps["trigger"]["event"]["body"])
        addresses.append(pd.steps["trigger"]["event"]["client_ip"])

    api.add("p_shop").step(take)
    with gateway_in_front_of(LambdaFunction(api.function, name="shop")) as url:
        yield Shop(url, ran, addresses)


def request(*headers: bytes, method: bytes = b"POST", version: bytes = b"1.1", body: bytes = b"") -> bytes:
    """A request that would run the workflow, were it not for these headers."""
    first = method + b" " + RUN + b" HTTP/" + version
    return b"\r\n".join([first, b"Host: test", b"Authorization: Bearer " + KEY.encode(), *headers, b"", body])


REFUSED = {
    "header that is folded": request(b"X-A: b\r\n c"),
    "key that is folded": request().replace(b"Bearer ", b"Bearer\r\n "),
    "length that is folded": request(b"Content-Length:\r\n 4", body=b"body"),
    "lines that end in LF alone": request().replace(b"\r\n", b"\n"),
    "header that ends in LF alone": request(b"X: y\nX-Injected: z"),
    "header with CR alone": request(b"X: y\rX-Injected: z"),
    "header with NUL": request(b"X: y\x00z"),
    "header without a name": request(b": y"),
    "name with a space behind it": request(b"Content-Length : 4", body=b"body"),
    "two lengths": request(b"Content-Length: 4", b"Content-Length: 2", body=b"body"),
    "two lengths that agree": request(b"Content-Length: 4", b"Content-Length: 4", body=b"body"),
    "two lengths in a line": request(b"Content-Length: 4, 4", body=b"body"),
    "length with a sign": request(b"Content-Length: +4", body=b"body"),
    "length that no number holds": request(b"Content-Length: %d" % 2**64, body=b"body"),
    "length and chunks": request(b"Content-Length: 4", CHUNKED, body=b"0\r\n\r\n"),
    "chunks and length": request(CHUNKED, b"Content-Length: 4", body=b"0\r\n\r\n"),
    "chunks, twice": request(CHUNKED, CHUNKED, body=b"0\r\n\r\n"),
    "chunks that are not the last": request(CHUNKED + b", identity", body=b"0\r\n\r\n"),
    "chunk without a size": request(CHUNKED, body=b"zz\r\nx\r\n0\r\n\r\n"),
    "chunk that is longer than its size": request(CHUNKED, body=b"1\r\nxy\r\n0\r\n\r\n"),
    "chunks whose lines end in LF alone": request(CHUNKED, body=b"1\nx\n0\n\n"),
    "chunk with a line break in its extension": request(CHUNKED, body=b"1;a\nb\r\nx\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_request_that_can_be_read_in_two_ways_is_refused_and_runs_nothing(shop: Shop, sent: bytes) -> None:
    before = len(shop.ran)

    assert shop.answer(sent) == (400, b"Invalid HTTP request received.")
    assert shop.ran[before:] == []
    shop.expect_unharmed()


def test_two_keys_are_none(shop: Shop) -> None:
    status, body = shop.answer(request(b"Authorization: Bearer another"))

    assert (status, json.loads(body)["type"]) == (401, "urn:tailrace:problem:unauthorized")
    shop.expect_unharmed()


ONCE = {
    "many headers": request(*(b"X-%d: y" % number for number in range(500))),
    "WebSocket": request(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: a"
    ),
    "two hosts": request(b"Host: elsewhere"),
    "chunks with an extension and a trailer": request(CHUNKED, body=b"1;a=b\r\nx\r\n0\r\nX-Key: y\r\n\r\n"),
    "HTTP/1.0": request(version=b"1.0"),
    "another request behind it": request(b"Content-Length: 0") + request(b"Content-Length: 0"),
    "another request in its body": request(b"Content-Length: %d" % len(request()), body=request()),
}


@pytest.mark.parametrize("sent", ONCE.values(), ids=ONCE)
def test_request_that_is_odd_runs_the_workflow_once(shop: Shop, sent: bytes) -> None:
    before = len(shop.ran)

    status, _ = shop.answer(sent)

    assert (status, len(shop.ran) - before) == (200, 1)
    shop.expect_unharmed()


TOO_LARGE = {
    "path that is endless": request().replace(b" HTTP", b"?x=" + b"a" * 200_000 + b" HTTP"),
    "header that is endless": request()[:-2] + b"X: " + b"a" * 400_000,
    "head of a byte too many": request(b"X: " + b"a" * (64 * 1024)),
    "ten thousand headers": request(*(b"X-%d: y" % number for number in range(10_000))),
    "ten thousand headers of nothing": request(*[b"X:"] * 10_000),
}


@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE)
def test_head_that_is_too_large_is_refused_before_anybody_reads_it(shop: Shop, sent: bytes) -> None:
    before = len(shop.ran)

    status, body = shop.answer(sent)

    assert (status, shop.ran[before:]) == (431, [])
    assert body == b"The request's first line and headers are more than 65,536 bytes."
    shop.expect_unharmed()


def test_body_that_lambda_would_not_take_is_refused(shop: Shop) -> None:
    before = len(shop.ran)

    status, body = shop.answer(request(b"Content-Length: 7000000", body=b"a" * 7_000_000))

    assert (status, json.loads(body), shop.ran[before:]) == (413, {"message": "Request Too Long"}, [])
    shop.expect_unharmed()


def test_body_that_is_larger_than_a_head_may_be_is_read(shop: Shop) -> None:
    large = b"a" * 300_000

    status, _ = shop.answer(request(b"Content-Type: text/plain", b"Content-Length: %d" % len(large), body=large))

    assert (status, shop.ran[-1]) == (200, large.decode())


def test_address_that_a_client_makes_up_is_not_its_own(shop: Shop) -> None:
    shop.answer(request(b"X-Forwarded-For: 203.0.113.7", b"Forwarded: for=203.0.113.7"))

    assert shop.addresses[-1] == "127.0.0.1"
