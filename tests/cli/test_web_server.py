"""The local API's web server cuts clients that don't finish asking, and nobody else."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from cli.lambda_function import LambdaFunction
from tests.support.http import gateway_in_front_of

SECONDS = 0.4
PATIENCE = 45.0
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
DAWDLERS = {
    "says nothing": (b"", b""),
    "never ends its first line": (b"GET /", b"a"),
    "never ends its headers": (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
    "never ends its body": (POST + b"Content-Length: 1000000\r\n\r\n", b"a"),
    "never ends its chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
}


@pytest.fixture
def url() -> Iterator[str]:
    def answer_late(_event: object, _context: object) -> dict[str, object]:
        time.sleep(3 * SECONDS)  # longer than a request may take to come
        return {"statusCode": 200, "body": "late"}

    with gateway_in_front_of(LambdaFunction(answer_late, name="late"), request_seconds=SECONDS) as url:
        yield url


def connect(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((place.hostname, place.port), timeout=PATIENCE)


def is_cut(client: socket.socket, then: bytes) -> bool:
    """Send a piece more, and see whether somebody still listens."""
    try:
        client.sendall(then)
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(("first", "then"), DAWDLERS.values(), ids=DAWDLERS)
def test_client_that_does_not_come_to_the_end_is_cut(url: str, first: bytes, then: bytes) -> None:
    with connect(url) as client:
        client.sendall(first)
        client.settimeout(SECONDS / 10)
        until = time.monotonic() + PATIENCE

        while not is_cut(client, then):
            assert time.monotonic() < until, "It still listens."


def test_client_whose_answer_takes_longer_than_asking_may_is_answered(url: str) -> None:
    with connect(url) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with client.makefile("rb") as answer:
            assert answer.read().endswith(b"\r\n\r\nlate")
