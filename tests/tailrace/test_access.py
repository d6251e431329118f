"""What a token's claims open, and which claims are none."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.access import EVERYTHING, MAX_NAMES, Access
from tailrace.errors import InvalidToken, TokenExpired
from tests.support.tokens import NOW, claims
from tests.tailrace.strategies import json_values


def access(**changes: Any) -> Access:  # noqa: ANN401 (a claim is any JSON)
    return Access.of_claims(claims(**changes), now=NOW)


def test_claims_say_who_may_follow_what_and_until_when() -> None:
    said = access(streams=["p_a", "p_team_*"], channels=["orders"])

    assert said == Access(
        subscriber="somebody", expires_at=NOW + 3600, streams=("p_a", "p_team_*"), channels=frozenset({"orders"})
    )


@pytest.mark.parametrize(
    ("names", "admitted", "refused"),
    [
        (["p_a"], ["p_a"], ["p_ab", "p_A", "p_b"]),
        (["p_a", "p_b"], ["p_a", "p_b"], ["p_c"]),
        (["p_a*"], ["p_a", "p_ab", "p_a_b"], ["p_b", "p_A"]),
        (["p_*"], ["p_a", "p_b"], []),
        (["*"], ["p_a", "p_b"], []),
    ],
)
def test_streams_are_named_whole_or_by_their_beginning(
    names: list[str], admitted: list[str], refused: list[str]
) -> None:
    said = access(streams=names)

    assert [said.admits(stream) for stream in admitted] == [True] * len(admitted)
    assert [said.admits(stream) for stream in refused] == [False] * len(refused)


@pytest.mark.parametrize(
    ("allowed", "asked", "sent"),
    [
        (None, [], []),
        (None, ["a"], ["a"]),
        (["a", "b"], [], ["a", "b"]),
        (["a", "b"], ["b", "c"], ["b"]),
        (["a", "b"], ["c"], None),
    ],
)
def test_channels_are_those_that_are_allowed_and_asked_for(
    allowed: list[str] | None, asked: list[str], sent: list[str] | None
) -> None:
    narrowed = access(channels=allowed).narrow(frozenset(asked))

    assert narrowed == (None if sent is None else frozenset(sent))


@given(
    allowed=st.frozensets(st.sampled_from("abc")),
    asked=st.frozensets(st.sampled_from("abc")),
    channel=st.sampled_from("abc"),
)
def test_a_channel_is_sent_when_the_token_and_the_client_both_have_it(
    allowed: frozenset[str], asked: frozenset[str], channel: str
) -> None:
    said = Access(subscriber="s", expires_at=NOW, streams=("p_a",), channels=allowed)

    sent = said.narrow(asked)

    may, wants = not allowed or channel in allowed, not asked or channel in asked
    assert (sent is not None and (not sent or channel in sent)) == (may and wants)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "s" * 257}, "sub"),
        ({"exp": None}, "exp"),
        ({"exp": "2099-01-01"}, "exp"),
        ({"exp": "99999999999"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": float("inf")}, "exp"),
        ({"exp": float("nan")}, "exp"),
        ({"nbf": "soon"}, "nbf"),
        ({"streams": None}, "streams"),
        ({"streams": []}, "streams"),
        ({"streams": "p_a"}, "streams"),
        ({"streams": {"p_a": True}}, "streams"),
        ({"streams": ["p_a", "hello"]}, "streams"),
        ({"streams": ["p_*_a"]}, "streams"),
        ({"streams": ["p_a**"]}, "streams"),
        ({"streams": ["p_a\n"]}, "streams"),
        ({"streams": ["p_a"] * (MAX_NAMES + 1)}, "streams"),
        ({"channels": []}, "channels"),
        ({"channels": "orders"}, "channels"),
        ({"channels": ["$sync"]}, "channels"),
        ({"channels": ["a\nb"]}, "channels"),
        ({"channels": ["a"] * (MAX_NAMES + 1)}, "channels"),
    ],
)
def test_claim_that_is_not_what_it_must_be_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidToken, match=f"claim {named}"):
        access(**changes)


def test_token_ends_on_the_second() -> None:
    assert access(exp=NOW + 0.5).expires_at == NOW + 0.5

    with pytest.raises(TokenExpired, match=r"has expired, 0 s ago"):
        access(exp=NOW)
    with pytest.raises(TokenExpired, match=r"has expired, 60 min ago"):
        access(exp=NOW - 3600)


def test_clocks_may_differ_a_little_where_a_token_begins() -> None:
    assert access(nbf=NOW + 9).subscriber == "somebody"

    with pytest.raises(InvalidToken, match="time has not come"):
        access(nbf=NOW + 11)


def test_claims_read_back() -> None:
    said = access(channels=["a", "b"])

    assert Access.of_claims(said.claims, now=NOW) == said


@given(said=st.dictionaries(st.text() | st.sampled_from(["sub", "exp", "nbf", "streams", "channels"]), json_values))
def test_claims_from_strangers_open_nothing(said: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        Access.of_claims(said, now=NOW)


@given(
    said=st.fixed_dictionaries(
        {}, optional={name: json_values | st.just(value) for name, value in claims(channels=["a"], nbf=NOW).items()}
    )
)
def test_claims_that_are_nearly_right_are_read_or_refused(said: dict[str, object]) -> None:
    with suppress(InvalidToken):
        read = Access.of_claims(said, now=NOW)

        assert read.expires_at > NOW
        assert read.streams


def test_everything_is_open_where_streams_are_public() -> None:
    assert EVERYTHING.admits("p_a")
    assert EVERYTHING.narrow(frozenset()) == frozenset()
    assert EVERYTHING.narrow(frozenset("a")) == frozenset("a")
