"""Tokens are opened by the key that they name, in that key's one way, and by nothing else."""

import json
import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.access import Access
from tailrace.errors import InvalidToken, InvalidTokenKeys, TailraceError
from tailrace.tokens import MAX_TOKEN_CHARACTERS, SharedKeys, TokenKey, key_id, open_token, sign
from tests.support.tokens import (
    FIRST,
    NOW,
    SECOND,
    SECRET,
    assembled,
    by_provider,
    claims,
    ec_key,
    pem_of,
    rsa_key,
    signed,
)
from tests.tailrace.strategies import json_values

KEYS = SharedKeys.parse(SECRET)
ACCESS = Access(subscriber="s", expires_at=NOW + 60, streams=("p_a",))
PUBLIC = {
    "rsa": TokenKey(id="rsa", algorithm="RS256", material=rsa_key().public_key()),
    "ec": TokenKey(id="ec", algorithm="ES256", material=ec_key().public_key()),
}


def opened(token: str) -> Access:
    """What a token says, with every key known."""
    key = {**KEYS.keys, **PUBLIC}.get(key_id(token))
    if key is None:
        raise InvalidToken("no such key")
    return open_token(token, key, now=NOW)


# --- the secret


def test_a_key_signs_and_both_open() -> None:
    token = sign(ACCESS, KEYS.signing)

    assert key_id(token) == "first"
    assert opened(token) == ACCESS
    assert opened(signed(ACCESS.claims, kid="second", secret=SECOND)) == ACCESS


def test_a_secret_with_one_key_is_enough() -> None:
    keys = SharedKeys.parse(json.dumps({"sign_with": "only", "only": FIRST}))

    assert keys.signing.id == "only"
    assert open_token(sign(ACCESS, keys.signing), keys.signing, now=NOW) == ACCESS


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "a-plain-key-as-the-api-key-is-one",
        "[]",
        "null",
        json.dumps({"first": FIRST}),
        json.dumps({"sign_with": "first"}),
        json.dumps({"sign_with": "second", "first": FIRST}),
        json.dumps({"sign_with": ["first"], "first": FIRST}),
        json.dumps({"sign_with": "first", "first": "too-short"}),
        json.dumps({"sign_with": "first", "first": 7}),
        json.dumps({"sign_with": "0", **{str(number): FIRST for number in range(5)}}),
    ],
)
def test_secret_that_holds_no_keys_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(InvalidTokenKeys) as raised:
        SharedKeys.parse(secret)

    assert FIRST not in str(raised.value)
    assert raised.value.__context__ is None or FIRST not in str(raised.value.__context__)


def test_keys_are_not_shown() -> None:
    assert FIRST not in repr(KEYS)


# --- tokens of an identity provider


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_tokens_of_an_identity_provider_are_opened_with_its_public_key(kid: str) -> None:
    assert opened(by_provider(claims(), kid=kid)).subscriber == "somebody"
    assert opened(by_provider(claims(), kid=kid, headers={"typ": "at+JWT"})).subscriber == "somebody"


def test_audience_and_issuer_are_those_of_the_key() -> None:
    key = TokenKey(
        id="ec", algorithm="ES256", material=ec_key().public_key(), audience="tailrace", issuer="https://login.example"
    )
    right = {"aud": ["tailrace", "other"], "iss": "https://login.example"}
    assert open_token(by_provider(claims(**right), kid="ec"), key, now=NOW).subscriber == "somebody"

    for wrong in ({"aud": "other"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None}, {"aud": 7}):
        with pytest.raises(InvalidToken):
            open_token(by_provider(claims(**{**right, **wrong}), kid="ec"), key, now=NOW)


# --- forgeries

FORGED = {
    "unsigned": assembled({"alg": "none", "kid": "first"}, claims()),
    "unsigned, spelled otherwise": assembled({"alg": "nOnE", "kid": "first"}, claims()),
    "signed with a public key as if it were a secret": assembled(
        {"alg": "HS256", "kid": "rsa"}, claims(), secret=pem_of(rsa_key())
    ),
    "signed with HMAC, says RS256": assembled({"alg": "RS256", "kid": "rsa"}, claims(), secret=pem_of(rsa_key())),
    "signed with a private key, names a shared one": by_provider(claims(), kid="rsa", headers={"kid": "first"}),
    "signed with one private key, names another": by_provider(claims(), kid="rsa", headers={"kid": "ec"}),
    "signed with HS512": assembled({"alg": "HS512", "kid": "first"}, claims(), secret=FIRST.encode()),
    "signed with another secret": signed(claims(), secret=FIRST[::-1]),
    "signed with the other key of the two": signed(claims(), secret=SECOND),
    "a key that is not known": signed(claims(), kid="third"),
    "no key at all": signed(claims(), kid=None),
    "a key that is no text": assembled({"alg": "HS256", "kid": 7}, claims(), secret=FIRST.encode()),
    "brings its own key": assembled(
        {"alg": "HS256", "kid": "third", "jwk": {"kty": "oct", "k": "c2VjcmV0"}}, claims(), secret=b"secret"
    ),
    "brings the address of its own keys": assembled(
        {"alg": "HS256", "kid": "third", "jku": "http://evil.example/"}, claims(), secret=b"secret"
    ),
    "a token of another kind": signed(claims(), headers={"typ": "logout+jwt"}),
    "asks for an extension": signed(claims(), headers={"crit": ["exp"], "exp": 1}),
    "claims that are no object": assembled({"alg": "HS256", "kid": "first"}, b"[]", secret=FIRST.encode()),
    "claims that are no JSON": assembled({"alg": "HS256", "kid": "first"}, b"\xff", secret=FIRST.encode()),
    "claims too deep": assembled({"alg": "HS256", "kid": "first"}, b"[" * 2_000, secret=FIRST.encode()),
    "too long": signed(claims(junk="x" * MAX_TOKEN_CHARACTERS)),
    "empty": "",
    "dots": "..",
    "four parts": f"{signed(claims())}.x",
    "a changed claim": ".".join(
        [signed(claims()).split(".")[0], signed(claims(streams=["*"])).split(".")[1], signed(claims()).split(".")[2]]
    ),
    "a signature cut short": signed(claims())[:-4],
    "not ASCII": "é.é.é",
    "NUL": "\0.\0.\0",
    "a lone surrogate": "\ud800.a.b",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_forged_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        opened(token)


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_what_is_said_of_a_forged_token_holds_nothing_of_it(token: str) -> None:
    with pytest.raises(InvalidToken) as raised:
        opened(token)

    assert not any(len(part) > 3 and part in str(raised.value) for part in token.split("."))


# --- whatever comes

_BASE64URL = string.ascii_letters + string.digits + "-_"
parts = st.text(_BASE64URL, max_size=40)
headers = st.fixed_dictionaries(
    {},
    optional={
        "alg": st.sampled_from(["HS256", "none", "RS256", "ES256", "HS512"]) | json_values,
        "kid": st.sampled_from(["first", "second", "rsa", "ec"]) | json_values,
        "typ": st.sampled_from(["JWT", "at+jwt"]) | json_values,
        "crit": json_values,
        "b64": json_values,
        "zip": json_values,
    },
)


@given(token=st.text() | st.builds("{}.{}.{}".format, parts, parts, parts))
def test_no_text_is_anything_but_refused(token: str) -> None:
    with pytest.raises(TailraceError):
        opened(token)


@given(header=headers, said=json_values, secret=st.sampled_from([b"", pem_of(rsa_key()), b"guess"]))
def test_no_header_opens_anything_without_the_key(header: dict[str, object], said: object, secret: bytes) -> None:
    with pytest.raises(InvalidToken):
        opened(assembled(header, json.dumps(said).encode(), secret=secret))


@given(header=headers, said=json_values)
def test_token_with_the_right_key_and_any_claims_is_read_or_refused(header: dict[str, object], said: object) -> None:
    token = assembled({"alg": "HS256", "kid": "first", **header}, json.dumps(said).encode(), secret=FIRST.encode())
    with suppress(InvalidToken):
        assert opened(token).streams
