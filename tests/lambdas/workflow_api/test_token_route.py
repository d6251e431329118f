"""Making tokens: what may be asked for, what comes, and who may ask."""

import json
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import Verb, make_key
from lambdas.workflow_api.settings import Pages
from tailrace.access import Access
from tailrace.errors import InvalidTokenKeys
from tailrace.refreshed import FRESH, IN_DOUBT, Refreshed
from tailrace.stored_keys import shared_keys
from tailrace.tokens import SharedKeys, key_id, open_token
from tests.lambdas.workflow_api.conftest import STREAM_URL, Api
from tests.lambdas.workflow_api.gateway import Answer, Gateway
from tests.support.aws import AwsClients
from tests.support.tokens import FIRST, SECOND, SECRET

PATH = "/pipelines/p_hello/tokens"


def api_with(secret: str = SECRET, *, one_host: bool = False) -> Api:
    """An API whose streams take tokens, with one workflow."""
    api = Api(
        token_keys=Refreshed(lambda: SharedKeys.parse(secret), name="test", troubles=(InvalidTokenKeys,)),
        pages=Pages(any_origin=False, one_host=one_host),
    )
    api.add("p_hello")
    return api


@pytest.fixture
def api() -> Api:
    return api_with()


@pytest.fixture
def gateway(api: Api) -> Gateway:
    return api.gateway()


def opened(answer: Answer, *, now: float) -> Access:
    """What the token of an answer says."""
    token = answer.json["token"]
    return open_token(token, SharedKeys.parse(SECRET).keys[key_id(token)], now=now)


# --- what comes


def test_token_is_for_the_stream_for_as_long_and_for_the_channels_as_asked(api: Api, gateway: Gateway) -> None:
    answer = gateway.post(PATH, json.dumps({"ttl": 60, "channels": ["news", "orders"], "sub": "luke"}))

    assert answer.status == 201
    assert opened(answer, now=api.now) == Access(
        subscriber="luke", expires_at=api.now + 60, streams=("p_hello",), channels=frozenset({"news", "orders"})
    )


def test_answer_names_the_end_and_an_address_that_is_ready(api: Api, gateway: Gateway) -> None:
    answer = gateway.post(PATH, json.dumps({"ttl": 90}))

    assert answer.headers["cache-control"] == "no-store"
    assert datetime.fromisoformat(answer.json["expires_at"]) == datetime.fromtimestamp(api.now + 90, UTC)
    address = urlsplit(answer.json["stream_url"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{STREAM_URL}/pipelines/p_hello/sse"
    assert parse_qs(address.query) == {"token": [answer.json["token"]]}


def test_without_wishes_it_is_an_hour_and_every_channel_for_somebody_of_their_own(api: Api, gateway: Gateway) -> None:
    said = [opened(gateway.post(PATH, body), now=api.now) for body in ("", "{}")]

    assert [each.expires_at for each in said] == [api.now + 3600] * 2
    assert [each.channels for each in said] == [frozenset()] * 2
    assert said[0].subscriber != said[1].subscriber


def test_curl_may_send_it_as_it_does(gateway: Gateway) -> None:
    answer = gateway.post(PATH, '{"ttl": 60}', "application/x-www-form-urlencoded")

    assert answer.status == 201


def test_number_may_be_written_with_a_point(api: Api, gateway: Gateway) -> None:
    answer = gateway.post(PATH, '{"ttl": 60.0}')

    assert answer.status == 201
    assert opened(answer, now=api.now).expires_at == api.now + 60


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"ttl": 0}', "ttl"),
        ('{"ttl": 2592001}', "ttl"),
        ('{"ttl": "1h"}', "ttl"),
        ('{"ttl": true}', "ttl"),
        ('{"ttl": 1e9}', "ttl"),
        ('{"ttl": 60.5}', "ttl"),
        ('{"channels": "news"}', "channels"),
        ('{"channels": []}', "channels"),
        ('{"channels": ["$sync"]}', "channels.0"),
        ('{"channels": ["a", ""]}', "channels.1"),
        (json.dumps({"channels": ["a"] * 65}), "channels"),
        ('{"sub": ""}', "sub"),
        ('{"streams": ["*"]}', "streams"),
        ('{"exp": 9999999999}', "exp"),
        ("[]", "body"),
        ("null", "body"),
    ],
)
def test_wish_that_cannot_be_is_named(gateway: Gateway, body: str, named: str) -> None:
    answer = gateway.post(PATH, body)

    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {wrong["where"] for wrong in answer.json["errors"]} == {named}


def test_body_that_is_no_json_is_refused(gateway: Gateway) -> None:
    assert gateway.post(PATH, "ttl=60").status == 400


# --- who may ask


def test_key_must_be_one_that_mints() -> None:
    text, key = make_key("reader", workflows=["*"], verbs=[Verb.RUN, Verb.READ], created_at=datetime.now(UTC))
    api = api_with()
    api.ring = KeyRing((key,))
    api.__post_init__()

    assert api.gateway(key=text).post(PATH).status == 403


def test_key_must_reach_the_workflow() -> None:
    text, key = make_key("shop", workflows=["p_shop_*"], verbs=[Verb.MINT], created_at=datetime.now(UTC))
    api = api_with()
    api.add("p_shop_orders")
    api.ring = KeyRing((key,))
    api.__post_init__()
    gateway = api.gateway(key=text)

    assert gateway.post(PATH).status == 403
    assert gateway.post("/pipelines/p_shop_orders/tokens").status == 201


def test_without_a_key_nobody_gets_a_token_not_even_with_a_token(api: Api, gateway: Gateway) -> None:
    token = gateway.post(PATH).json["token"]

    assert api.gateway(key=None).post(PATH).status == 401
    assert api.gateway(key=token).post(PATH).status == 401


def test_token_is_for_a_workflow_that_there_is(gateway: Gateway) -> None:
    assert gateway.post("/pipelines/p_other/tokens").status == 404
    assert gateway.post("/pipelines/other/tokens").status in {403, 422}


def test_public_streams_have_no_tokens() -> None:
    api = Api()
    api.add("p_hello")

    answer = api.gateway().post(PATH)

    assert answer.status == 409
    assert answer.json["type"] == "urn:tailrace:problem:streams-are-public"


# --- the cookie


def test_cookie_goes_to_the_stream_its_page_and_its_history_and_nowhere_else() -> None:
    answer = api_with(one_host=True).gateway().post(PATH, json.dumps({"ttl": 60}))

    cookies = [SimpleCookie(text)["tailrace_token"] for text in answer.cookies]
    assert {cookie["path"] for cookie in cookies} == {"/pipelines/p_hello/sse", "/streams/p_hello"}
    for cookie in cookies:
        assert cookie.value == answer.json["token"]
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "lax")
        assert (cookie["max-age"], cookie["domain"]) == ("60", "")


def test_no_cookie_where_streams_have_a_host_of_their_own(gateway: Gateway) -> None:
    assert gateway.post(PATH).cookies == ()


def test_steps_never_see_a_subscribers_cookie(api: Api) -> None:
    seen: list[object] = []
    workflow = api.add("p_seen")

    @workflow.step
    def look(pd):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (as people write it)
        seen.append(pd.steps["trigger"]["event"]["headers"].get("cookie"))

    for cookie in (
        "tailrace_token=a.b.c",
        "theme=dark; tailrace_token=a.b.c; size=3",
        "tailrace_token=a; theme=dark",
        "theme=dark;\t tailrace_token =a.b.c",
        "theme=dark, tailrace_token=a.b.c",
        "theme=dark; tailrace_token=a; tailrace_token=b",
    ):
        api.gateway().post("/pipelines/p_seen/events", cookie=cookie)

    assert seen == ["", "theme=dark; size=3", "theme=dark", "theme=dark", "theme=dark", "theme=dark"]


# --- the keys


def test_key_that_signs_is_changed_without_a_restart(aws_clients: AwsClients) -> None:
    arn = aws_clients.secretsmanager.create_secret(
        Name="mint", SecretString=json.dumps({"sign_with": "a", "a": FIRST})
    )["ARN"]
    api = Api(token_keys=shared_keys(aws_clients.secretsmanager, arn, lambda shared: shared))
    api.add("p_hello")
    assert api.token_keys is not None
    api.token_keys._now = lambda: api.now
    assert key_id(api.gateway().post(PATH).json["token"]) == "a"

    aws_clients.secretsmanager.put_secret_value(
        SecretId=arn, SecretString=json.dumps({"sign_with": "b", "a": FIRST, "b": SECOND})
    )
    assert key_id(api.gateway().post(PATH).json["token"]) == "a"
    api.now += FRESH

    assert key_id(api.gateway().post(PATH).json["token"]) == "b"


def test_api_says_so_while_it_cannot_read_the_keys() -> None:
    secret = ["oops"]
    api = Api(token_keys=Refreshed(lambda: SharedKeys.parse(secret[0]), name="test", troubles=(InvalidTokenKeys,)))
    api.add("p_hello")
    assert api.token_keys is not None
    api.token_keys._now = lambda: api.now

    refusal = api.gateway().post(PATH)
    secret[0] = SECRET
    api.now += IN_DOUBT

    assert (refusal.status, refusal.headers["retry-after"]) == (503, "15")
    assert api.gateway().post(PATH).status == 201
