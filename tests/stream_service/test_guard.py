"""What becomes of clients while nobody can say whether their tokens are good, and where none is needed."""

import json
from collections.abc import Mapping

import pytest

from stream_service.guard import Guard
from stream_service.token_keys import TokenKeys
from tailrace.errors import InvalidTokenKeys
from tailrace.refreshed import Refreshed
from tailrace.tokens import SharedKeys, TokenKey
from tests.security.streams import Request, answer, guarded
from tests.support.rim import Rim, serving
from tests.support.streams import follow
from tests.support.tokens import FIRST, SECOND, claims, signed

HEADERS = {"Authorization": f"Bearer {signed(claims())}"}

pytestmark = pytest.mark.usefixtures("path")


def unreadable_keys() -> TokenKeys:
    def read() -> Mapping[str, TokenKey]:
        raise InvalidTokenKeys("They are away.")

    return TokenKeys(Refreshed(read, name="test", troubles=(InvalidTokenKeys,)))


async def test_client_is_asked_to_come_again_while_the_keys_cannot_be_read() -> None:
    rim = guarded(keys=unreadable_keys())
    async with serving(rim.app) as (url, _), follow(url, "p_a", headers=HEADERS) as client:
        await client.until_end()

        assert client.status == 200
        assert client.raw == f"retry: {client.parser.retry}\n".encode()
        assert client.ended
        assert rim.hub.streams == 0


async def test_page_says_that_the_keys_cannot_be_read() -> None:
    async with serving(guarded(keys=unreadable_keys()).app) as (url, _):
        refusal = await answer(url, Request("/streams/p_a", headers=HEADERS))

    assert refusal.status_code == 503
    assert refusal.headers["retry-after"] == "15"
    assert refusal.json()["type"] == "urn:tailrace:problem:keys-unreadable"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_client_whose_key_may_be_newer_than_the_last_reading_comes_again_until_it_is_known() -> None:
    clock, secret = Clock(), {"sign_with": "first", "first": FIRST}

    def read() -> Mapping[str, TokenKey]:
        return SharedKeys.parse(json.dumps(secret)).keys

    rim = guarded(keys=TokenKeys(Refreshed(read, name="test", troubles=(), now=clock), now=clock))
    rotated = {"Authorization": f"Bearer {signed(claims(), kid='second', secret=SECOND)}"}
    async with serving(rim.app) as (url, _):
        async with follow(url, "p_a", headers=HEADERS) as client:
            await client.next()
        secret |= {"sign_with": "second", "second": SECOND}
        clock.now += 1
        async with follow(url, "p_a", headers=rotated) as client:
            await client.until_end()
            assert (client.status, client.ended) == (200, True)
            assert client.parser.retry is not None
            assert client.parser.retry >= 15_000
        page = await answer(url, Request("/streams/p_a", headers=rotated))

        clock.now += client.parser.retry / 1000
        async with follow(url, "p_a", headers=rotated) as client:
            assert (await client.next()).event == "$sync"

    assert (page.status_code, page.headers["retry-after"]) == (503, "15")
    assert page.json()["type"] == "urn:tailrace:problem:key-unknown-yet"


async def test_client_without_a_token_is_refused_even_then() -> None:
    async with serving(guarded(keys=unreadable_keys()).app) as (url, _):
        assert (await answer(url, Request())).status_code == 401


@pytest.mark.parametrize("token", ["", "nonsense", signed(claims(streams=["p_b"], channels=["none"]))])
async def test_token_is_not_looked_at_where_streams_are_public(token: str) -> None:
    rim = Rim(guard=Guard(None))
    async with serving(rim.app) as (url, _), follow(url, "p_a", query={"token": token}) as client:
        await rim.publish("p_a", 1)
        await client.until(1)

        assert client.payloads == [1]
