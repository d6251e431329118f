"""Keys are found in a secret and at an identity provider, while both are changed, and while they are away."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from uuid import uuid4

import pytest

from stream_service.jwks import KeySet
from stream_service.token_keys import KeyUnknownYet, Place, TokenKeys, TokenKeysUnavailable
from tailrace.errors import InvalidToken, InvalidTokenKeys
from tailrace.refreshed import FRESH, IN_DOUBT, MAX_AGE, Refreshed
from tailrace.stored_keys import shared_keys
from tailrace.tokens import SharedKeys, TokenKey
from tests.support.aws import AwsClients
from tests.support.rim import eventually
from tests.support.tokens import FIRST, SECOND, SECRET, Provider, provider, public_keys


class Clock:
    """A time that goes on when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest.fixture
def key_set(login: Provider) -> KeySet:
    return KeySet(login.url, audience="tailrace", issuer=None)


def place_of(read: Callable[[], Mapping[str, TokenKey]], clock: Clock) -> Place:
    return Refreshed(read, name="test", troubles=(InvalidTokenKeys,), now=clock)


# --- an identity provider's keys


def test_keys_of_a_provider_are_for_their_own_algorithm(key_set: KeySet) -> None:
    keys = key_set.read()

    assert {name: (key.id, key.algorithm, key.audience) for name, key in keys.items()} == {
        "rsa": ("rsa", "RS256", "tailrace"),
        "ec": ("ec", "ES256", "tailrace"),
    }


def test_keys_that_are_for_something_else_are_left_aside(login: Provider, key_set: KeySet) -> None:
    rsa = public_keys()["rsa"]
    login.publish(
        rsa,
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "shared", "alg": "HS256"},
        {**rsa, "kid": "encrypts", "use": "enc"},
        {**rsa, "kid": "other", "alg": "PS256"},
        {name: value for name, value in rsa.items() if name != "kid"},
        {"kty": "surprise", "kid": "new"},
    )

    assert set(key_set.read()) == {"rsa"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (404, b""),
        (301, b""),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": []}'),
        (200, b'{"keys": 7}'),
        (200, b'{"keys": [7]}'),
        (200, b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"}]}'),
        (200, b"\xff\xfe"),
        (200, b"[" * 100_000),
    ],
)
def test_answer_that_is_no_key_set_changes_nothing(
    login: Provider, key_set: KeySet, clock: Clock, status: int, body: bytes
) -> None:
    place = place_of(key_set.read, clock)
    place.refresh()
    login.status, login.body = status, body
    clock.now += FRESH

    place.refresh()

    assert set(place.value or {}) == {"rsa", "ec"}
    assert login.asked == 2


def test_provider_that_is_away_is_no_error(clock: Clock) -> None:
    place = place_of(KeySet("http://127.0.0.1:1/jwks.json", audience="tailrace", issuer=None).read, clock)

    place.refresh()

    assert place.value is None


# --- finding keys


async def test_key_is_found_wherever_it_is(key_set: KeySet, clock: Clock) -> None:
    keys = TokenKeys(place_of(lambda: SharedKeys.parse(SECRET).keys, clock), place_of(key_set.read, clock), now=clock)

    found = await asyncio.gather(*[keys.find(name) for name in ("first", "rsa", "second", "ec")])

    assert [key.algorithm for key in found] == ["HS256", "RS256", "HS256", "ES256"]


async def test_thousand_clients_have_the_keys_read_once(login: Provider, key_set: KeySet, clock: Clock) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)

    await asyncio.gather(*[keys.find("rsa") for _ in range(1000)])

    assert login.asked == 1


async def test_unknown_ids_have_the_keys_read_now_and_then(login: Provider, key_set: KeySet, clock: Clock) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)
    for number in range(100):
        with pytest.raises(InvalidToken, match="names no key"):
            await keys.find(f"guess-{number}")
    assert login.asked == 1

    clock.now += IN_DOUBT
    with pytest.raises(InvalidToken):
        await keys.find("guess")
    assert login.asked == 2


async def test_key_that_may_be_newer_than_the_last_reading_is_not_refused_for_good(
    login: Provider, key_set: KeySet, clock: Clock
) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)
    await keys.find("rsa")
    login.publish({**public_keys()["rsa"], "kid": "next"})
    clock.now += IN_DOUBT - 1
    for _ in range(100):
        with pytest.raises(KeyUnknownYet):
            await keys.find("next")

    assert login.asked == 1
    clock.now += 1
    assert (await keys.find("next")).id == "next"


async def test_key_that_a_reading_did_not_bring_is_refused_though_others_ask_for_more(
    login: Provider, key_set: KeySet, clock: Clock
) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)
    await keys.find("rsa")
    clock.now += 1
    with pytest.raises(KeyUnknownYet):
        await keys.find("guess")
    clock.now += IN_DOUBT
    with pytest.raises(InvalidToken):
        await keys.find("another guess")
    clock.now += 1

    with pytest.raises(InvalidToken):
        await keys.find("guess")
    assert login.asked == 2


async def test_key_is_not_refused_by_a_reading_that_began_before_it_was_asked_for(clock: Clock) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def read() -> Mapping[str, TokenKey]:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(60)
        return SharedKeys.parse(SECRET).keys

    keys = TokenKeys(place_of(read, clock), now=clock)
    first = asyncio.ensure_future(keys.find("first"))
    await begun.wait()
    clock.now += 1
    late = asyncio.ensure_future(keys.find("third"))
    go_on.set()

    assert (await first).id == "first"
    with pytest.raises(KeyUnknownYet):
        await late


async def test_key_is_not_refused_while_the_keys_cannot_be_read_again(
    login: Provider, key_set: KeySet, clock: Clock
) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)
    await keys.find("rsa")
    login.status = 503
    clock.now += IN_DOUBT

    with pytest.raises(KeyUnknownYet):
        await keys.find("next")
    assert login.asked == 2


async def test_key_that_was_added_is_found_when_a_token_names_it(
    login: Provider, key_set: KeySet, clock: Clock
) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)
    await keys.find("rsa")
    login.publish({**public_keys()["rsa"], "kid": "next"})
    clock.now += IN_DOUBT

    assert (await keys.find("next")).algorithm == "RS256"
    with pytest.raises(InvalidToken):
        await keys.find("rsa")


async def test_key_that_was_taken_away_opens_nothing_after_a_while(
    login: Provider, key_set: KeySet, clock: Clock
) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)
    await keys.find("ec")
    login.publish(public_keys()["rsa"])
    clock.now += FRESH

    await keys.find("ec")  # what is known serves while it is read anew
    await eventually(lambda: not keys._readings)

    with pytest.raises(InvalidToken):
        await keys.find("ec")


async def test_nobody_who_has_a_known_key_waits_for_a_place_that_hangs(clock: Clock) -> None:
    hang, hangs = threading.Event(), False

    def read() -> Mapping[str, TokenKey]:
        if hangs:
            hang.wait(60)
        return SharedKeys.parse(SECRET).keys

    keys = TokenKeys(place_of(read, clock), now=clock)
    await keys.find("first")
    hangs = True
    clock.now += FRESH
    try:
        async with asyncio.timeout(20):
            assert (await keys.find("first")).id == "first"
        assert keys._readings
    finally:
        hang.set()
    await eventually(lambda: not keys._readings)


async def test_nobody_is_told_that_a_token_is_bad_while_the_keys_cannot_be_read(clock: Clock) -> None:
    def read() -> Mapping[str, TokenKey]:
        raise InvalidTokenKeys("It is away.")

    keys = TokenKeys(place_of(read, clock), place_of(lambda: SharedKeys.parse(SECRET).keys, clock), now=clock)

    with pytest.raises(TokenKeysUnavailable):
        await keys.find("rsa")
    assert (await keys.find("first")).id == "first"


async def test_last_keys_serve_for_an_hour(login: Provider, key_set: KeySet, clock: Clock) -> None:
    keys = TokenKeys(place_of(key_set.read, clock), now=clock)
    await keys.find("rsa")
    login.status = 503

    clock.now += MAX_AGE
    assert (await keys.find("rsa")).id == "rsa"
    await eventually(lambda: not keys._readings)

    clock.now += IN_DOUBT
    with pytest.raises(TokenKeysUnavailable):
        await keys.find("rsa")


# --- the secret


async def test_keys_in_a_secret_change_without_a_restart(aws_clients: AwsClients) -> None:
    clock = Clock()
    write = partial(aws_clients.secretsmanager.put_secret_value)
    arn = aws_clients.secretsmanager.create_secret(Name=f"keys-{uuid4().hex}", SecretString=_secret("a", a=FIRST))[
        "ARN"
    ]
    place = shared_keys(aws_clients.secretsmanager, arn, lambda shared: shared.keys)
    place._now = clock
    keys = TokenKeys(place, now=clock)
    assert (await keys.find("a")).material == FIRST.encode()

    write(SecretId=arn, SecretString=_secret("b", a=FIRST, b=SECOND))
    clock.now += IN_DOUBT
    assert (await keys.find("b")).material == SECOND.encode()
    assert (await keys.find("a")).material == FIRST.encode()

    write(SecretId=arn, SecretString=_secret("b", b=SECOND))
    clock.now += FRESH
    await keys.find("b")
    await eventually(lambda: not keys._readings)
    with pytest.raises(InvalidToken):
        await keys.find("a")


async def test_secret_that_was_spoiled_leaves_the_keys_as_they_were(aws_clients: AwsClients) -> None:
    clock = Clock()
    arn = aws_clients.secretsmanager.create_secret(Name=f"keys-{uuid4().hex}", SecretString=SECRET)["ARN"]
    place = shared_keys(aws_clients.secretsmanager, arn, lambda shared: shared.keys)
    place._now = clock
    keys = TokenKeys(place, now=clock)
    await keys.find("first")

    aws_clients.secretsmanager.put_secret_value(SecretId=arn, SecretString="oops")
    clock.now += FRESH
    await keys.find("first")
    await eventually(lambda: not keys._readings)

    assert (await keys.find("first")).id == "first"


def _secret(sign_with: str, **keys: str) -> str:
    return json.dumps({"sign_with": sign_with, **keys})
