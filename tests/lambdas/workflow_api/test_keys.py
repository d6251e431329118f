"""What a key is, and how a ring of them is written down."""

import json
import traceback
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lambdas.workflow_api.key_ring import MAX_KEYS, KeyNotPossible, KeyRing
from lambdas.workflow_api.keys import ApiKey, InvalidKey, Verb, first_key, hash_of, make_key
from tests.support.keys import ring_of

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
HASH = hash_of(b"a-key")
CI = {"hash": HASH, "workflows": ["p_shop_*"], "verbs": ["run"], "created_at": "2026-11-24T15:00:00+00:00"}


def key_named(name: str) -> ApiKey:
    return make_key(name, workflows=["*"], verbs=[Verb.RUN], created_at=NOW)[1]


def test_a_ring_that_was_written_is_read() -> None:
    _, ci = make_key("ci", workflows=["p_shop_*", "p_hello"], verbs=[Verb.RUN, Verb.CLEAR], created_at=NOW, rate=600)
    ring = ring_of("the-first-key").with_key(ci)

    assert KeyRing.of(ring.text()) == ring
    assert KeyRing.of(KeyRing().text()) == KeyRing()


def test_a_ring_holds_hashes_and_no_key() -> None:
    key, ci = make_key("ci", workflows=["*"], verbs=[Verb.RUN], created_at=NOW)

    text = ring_of("the-first-key").with_key(ci).text()

    assert key not in text
    assert "the-first-key" not in text
    assert json.loads(text)["ci"]["hash"] == hash_of(key.encode())


def test_a_ring_in_which_no_key_has_a_rate_is_one_that_older_releases_read() -> None:
    assert "rate" not in KeyRing((key_named("ci"),)).text()


@pytest.mark.parametrize("rate", [0, -1, 60_001, 1.5])
def test_a_rate_is_a_whole_number_that_can_be_kept(rate: float) -> None:
    with pytest.raises(InvalidKey):
        KeyRing.of(json.dumps({"ci": {**CI, "rate": rate}}))


def test_the_first_key_may_do_everything() -> None:
    key = first_key("the-first-key", created_at=NOW)

    assert (key.name, key.created_at) == ("first", NOW)
    assert all(key.may(verb, "p_anything") for verb in Verb)
    assert KeyRing((key,)).find(b"the-first-key") == key


def test_a_key_that_does_not_say_when_it_was_made_is_one() -> None:
    [key] = KeyRing.of(json.dumps({"ci": {name: value for name, value in CI.items() if name != "created_at"}}))

    assert key.created_at is None


def test_keys_that_are_made_are_long_and_never_the_same() -> None:
    keys = {make_key("ci", workflows=["*"], verbs=[Verb.RUN], created_at=NOW)[0] for _ in range(20)}

    assert len(keys) == 20
    assert all(key.startswith("tailrace_") and len(key) == len("tailrace_") + 43 for key in keys)


def test_each_key_of_a_ring_is_found_and_nothing_else() -> None:
    made = [make_key(name, workflows=["*"], verbs=[Verb.RUN], created_at=NOW) for name in ("a", "b", "c")]
    ring = KeyRing(tuple(kept for _, kept in made))

    assert [ring.find(key.encode()) for key, _ in made] == list(ring)
    assert ring.find(made[0][1].hash.encode()) is None
    assert ring.find(b"") is None


def test_a_key_may_what_it_says_with_the_workflows_that_it_names() -> None:
    _, key = make_key("ci", workflows=["p_shop_*"], verbs=[Verb.RUN], created_at=NOW)

    assert key.may(Verb.RUN, "p_shop_orders")
    assert not key.may(Verb.RUN, "p_hello")
    assert not key.may(Verb.CLEAR, "p_shop_orders")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two words",
        "a-key-by-itself",
        "{",
        '{"ci": 1}',
        json.dumps({"ci": {**CI, "hash": HASH[:-1]}}),
        json.dumps({"ci": {**CI, "hash": "md5:d41d8cd98f00b204e9800998ecf8427e"}}),
        json.dumps({"ci": {**CI, "workflows": []}}),
        json.dumps({"ci": {**CI, "workflows": ["p_*_x"]}}),
        json.dumps({"ci": {**CI, "verbs": ["everything"]}}),
        json.dumps({"ci": {**CI, "verbs": []}}),
        json.dumps({"ci": {**CI, "created_at": "yesterday"}}),
        json.dumps({"ci": {**CI, "expires_at": "2026-12-24T15:00:00+00:00"}}),
        json.dumps({"a name": CI}),
        json.dumps({f"key-{number}": CI for number in range(MAX_KEYS + 1)}),
    ],
)
def test_what_is_no_ring_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        KeyRing.of(text)

    printed = "".join(traceback.format_exception(caught.value))
    assert HASH[:-1] not in printed
    assert not text.strip("{") or text not in printed


def test_a_name_is_given_once_and_a_ring_has_an_end() -> None:
    ring = KeyRing((key_named("ci"),))
    full = KeyRing(tuple(replace(key_named("k"), name=f"k{number}") for number in range(MAX_KEYS)))

    with pytest.raises(KeyNotPossible, match="There is a key 'ci' already"):
        ring.with_key(key_named("ci"))
    with pytest.raises(KeyNotPossible, match="as many as a ring holds"):
        full.with_key(key_named("ci"))


def test_a_key_is_taken_off_by_its_name() -> None:
    ci, other = key_named("ci"), key_named("other")

    assert KeyRing((ci, other)).without("ci") == KeyRing((other,))
    with pytest.raises(KeyNotPossible, match="There is no key 'nobody'"):
        KeyRing((ci, other)).without("nobody")


@pytest.mark.parametrize(
    ("name", "workflows", "message"),
    [
        ("two words", ["*"], "^name: "),
        ("ci", ["orders"], "^workflows: 'orders' names no workflows"),
        ("ci", [], "^work"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_a_sentence(name: str, workflows: list[str], message: str) -> None:
    with pytest.raises(InvalidKey, match=message):
        make_key(name, workflows=workflows, verbs=[Verb.RUN], created_at=NOW)
