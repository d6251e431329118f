"""Whose address counts, and what steps see of how a request came."""

import pytest

from tests.lambdas.workflow_api.conftest import Api

ORIGIN_KEY = "the-key-of-this-stages-distribution"
CLIENT, PEER = "198.51.100.10", "203.0.113.7"
EDGE = {"tailrace-viewer-address": CLIENT}
PROOF = {"tailrace-origin-key": ORIGIN_KEY}


def trigger(headers: dict[str, str], *, origin_key: str | None = ORIGIN_KEY) -> dict[str, object]:
    """The trigger's event, as a step sees it."""
    api = Api(origin_key=origin_key)
    api.add("p_echo").step("echo", lambda pd: pd.steps["trigger"]["event"])
    answer = api.gateway().request("POST", "/pipelines/p_echo/events", headers=headers)
    event: dict[str, object] = answer.json["steps"]["echo"]["$return_value"]
    return event


def test_what_cloudfront_tells_is_the_client() -> None:
    assert trigger({**EDGE, **PROOF})["client_ip"] == CLIENT
    assert trigger({"tailrace-viewer-address": "2001:db8::9", **PROOF})["client_ip"] == "2001:db8::9"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        EDGE,
        {**EDGE, "tailrace-origin-key": ""},
        {**EDGE, "tailrace-origin-key": ORIGIN_KEY[:-1]},
        {**EDGE, "tailrace-origin-key": f"{ORIGIN_KEY},{ORIGIN_KEY}"},
        {**EDGE, "tailrace-origin-key": "\xff"},
        PROOF,
        {**PROOF, "tailrace-viewer-address": "unknown"},
        {**PROOF, "x-forwarded-for": CLIENT, "cloudfront-viewer-address": f"{CLIENT}:1"},
    ],
)
def test_else_the_peer_is(headers: dict[str, str]) -> None:
    assert trigger(headers)["client_ip"] == PEER


def test_where_no_cloudfront_is_in_front_nobody_is_believed() -> None:
    assert trigger({**EDGE, "tailrace-origin-key": ""}, origin_key=None)["client_ip"] == PEER
    assert trigger({**EDGE, **PROOF}, origin_key=None)["client_ip"] == PEER


@pytest.mark.parametrize("origin_key", [ORIGIN_KEY, None])
def test_steps_see_neither_the_proof_nor_what_strangers_say_of_their_address(origin_key: str | None) -> None:
    event = trigger({**EDGE, **PROOF}, origin_key=origin_key)

    assert ORIGIN_KEY not in str(event)
    assert CLIENT not in str(event["headers"])
