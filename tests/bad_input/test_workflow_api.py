"""Requests to the workflow API, and sends in workflows, that nobody should make."""

import json
from typing import Any

import pytest

from tailrace.in_memory import InMemoryNotifier
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import FORM

RUN = "/pipelines/p_relay/events"
AN_ID = "write p_ and then 1 to 64 letters, digits, underscores or hyphens"
ODD_KEY = "An Idempotency-Key is 1 to 255 printable characters"


@pytest.fixture
def api() -> Api:
    """The API with a workflow that sends what its body says."""
    api = Api()

    def relay(pd: Pd) -> None:
        body = pd.steps["trigger"]["event"]["body"]
        pd.send.sse(**SENDS[body][0] if isinstance(body, str) else body)

    api.add("p_relay").step(relay)
    return api


def expect_unharmed(api: Api) -> None:
    """Check that the next good run is delivered."""
    assert isinstance(api.notifier, InMemoryNotifier)
    before = len(api.notifier.batches)
    answer = api.gateway().post(RUN, '{"channel": "c", "payload": 1}')

    assert answer.status == 200, answer.body
    assert [batch.events[0].payload for batch in api.notifier.batches[before:]] == ["1"]


PATHS = {
    "id without p_": ("POST", "/pipelines/hello/events", 422, AN_ID),
    "id that is too long": ("POST", f"/pipelines/p_{'a' * 65}/events", 422, AN_ID),
    "id with NUL": ("POST", "/pipelines/p_a%00/events", 422, AN_ID),
    "id with a line break": ("POST", "/pipelines/p_a%0A/events", 422, AN_ID),
    "id of other alphabets": ("POST", "/pipelines/p_%D1%84/events", 422, AN_ID),
    "id that nobody has": ("POST", "/pipelines/p_nobody/events", 404, "There are: p_relay."),
    "no path": ("GET", "/", 404, "GET /pipelines lists the workflows."),
    "path with a slash more": ("POST", f"{RUN}/", 404, "GET /pipelines lists the workflows."),
    "GET of what is posted to": ("GET", RUN, 405, "it takes POST, DELETE."),
    "PATCH": ("PATCH", RUN, 405, "it takes POST, DELETE."),
    "method that nobody knows": ("BREW", RUN, 405, "it takes POST, DELETE."),
}


@pytest.mark.parametrize(("method", "path", "status", "says"), PATHS.values(), ids=PATHS)
def test_path_or_method_is_refused_with_what_to_do(api: Api, method: str, path: str, status: int, says: str) -> None:
    answer = api.gateway().request(method, path)

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json["detail"]
    expect_unharmed(api)


JSON = "application/json"
OF_OURS = "application/vnd.ours+json"
"""JSON that the gateway does not take for text, and hands on as it is."""
BODIES: dict[str, tuple[str | bytes, str, int, str]] = {
    "JSON that is broken": ('{"channel": ', JSON, 400, "Expecting value at line 1, column 13"),
    "JSON with more behind it": ("{} {}", JSON, 400, "Extra data at line 1, column 4"),
    "JSON with NaN": ('{"payload": NaN}', JSON, 400, "NaN is no number that JSON knows"),
    "JSON with a number that is too large": ("1e999", JSON, 400, "the number 1e999 is too large"),
    "JSON that is too deep": ("[" * 100_000, JSON, 400, "nested too deep"),
    "JSON that is not UTF-8": (b'{"a": "\xff"}', OF_OURS, 415, "Send JSON, a form or text; bytes as base64 in JSON."),
    "JSON in UTF-16": (
        '{"a": 1}'.encode("utf-16"),
        OF_OURS,
        415,
        "Send JSON, a form or text; bytes as base64 in JSON.",
    ),
    "JSON in Latin-1 that says so": ("{}", f"{JSON}; charset=latin-1", 415, "Send UTF-8."),
    "form of JSON's looks that is broken": ('{"channel": ', FORM, 400, "The body is not JSON"),
    "form without its boundary": ("--x\r\n", "multipart/form-data", 400, "boundary"),
    "bytes": (b"\x00\xff\xfe", "application/octet-stream", 415, "bytes as base64 in JSON."),
    "too much": (b"x" * (4 * 1024 * 1024 + 1), "text/plain", 413, "Send a link to what is larger."),
}


@pytest.mark.parametrize(("body", "content_type", "status", "says"), BODIES.values(), ids=BODIES)
def test_body_is_refused_with_what_is_wrong(
    api: Api, body: str | bytes, content_type: str, status: int, says: str
) -> None:
    answer = api.gateway().post(RUN, body, content_type=content_type)

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json["detail"]
    expect_unharmed(api)


HEADERS = {
    "no key": ({"authorization": ""}, 401, "Authorization"),
    "key that is wrong": ({"authorization": "Bearer wrong"}, 401, "key"),
    "scheme that is wrong": ({"authorization": "Basic YTpi"}, 401, "Bearer"),
    "idempotency key that is empty": ({"idempotency-key": ""}, 422, ODD_KEY),
    "idempotency key that is too long": ({"idempotency-key": "k" * 256}, 422, ODD_KEY),
    "idempotency key that can't be printed": ({"idempotency-key": "a\tb"}, 422, ODD_KEY),
    "body that is compressed": ({"content-encoding": "gzip"}, 415, "Send it as it is."),
}


@pytest.mark.parametrize(("headers", "status", "says"), HEADERS.values(), ids=HEADERS)
def test_header_is_refused_with_what_to_do(api: Api, headers: dict[str, str], status: int, says: str) -> None:
    answer = api.gateway().request("POST", RUN, body="{}", headers={"content-type": JSON, **headers})

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json["detail"]
    expect_unharmed(api)


A_TEXT = "A channel is a text that is not empty, such as 'orders'"
JSON_ALONE = "Send text, finite numbers, booleans, None, and lists and dicts of them."
BREAKS = "holds a line break or NUL, which would break its frame"
HALF = "holds a lone surrogate, which is no character"
SPLIT = "Send a link to it, or split it into several events."
SENDS: dict[str, tuple[dict[str, Any], str]] = {
    "channel that is missing": ({"payload": 1}, "The channel is missing: pd.send.sse(channel="),
    "payload that is missing": ({"channel": "c"}, "The payload is missing: pd.send.sse(channel="),
    "channel that is empty": ({"channel": "", "payload": 1}, A_TEXT),
    "channel that is no text": ({"channel": 1, "payload": 1}, A_TEXT),
    "channel with a line break": ({"channel": "c\ndata: injected", "payload": 1}, BREAKS),
    "channel with CR": ({"channel": "c\rdata: injected", "payload": 1}, BREAKS),
    "channel with NUL": ({"channel": "c\0", "payload": 1}, BREAKS),
    "channel of ours": ({"channel": "$sync", "payload": 1}, "which is kept for Tailrace: drop the $"),
    "channel with half a character": ({"channel": "\ud800", "payload": 1}, HALF),
    "channel that is too long": ({"channel": "é" * 129, "payload": 1}, "at most 256 fit. Put detail in the payload."),
    "payload that is no JSON": ({"channel": "c", "payload": object()}, JSON_ALONE),
    "payload with NaN": ({"channel": "c", "payload": float("nan")}, JSON_ALONE),
    "payload with an infinity": ({"channel": "c", "payload": [float("-inf")]}, JSON_ALONE),
    "payload of bytes": ({"channel": "c", "payload": b"bytes"}, JSON_ALONE),
    "payload with half a character": ({"channel": "c", "payload": {"\udfff": 1}}, HALF),
    "payload that is too deep": ({"channel": "c", "payload": json.loads("[" * 101 + "]" * 101)}, "flatten it"),
    "payload that is too large": ({"channel": "c", "payload": "x" * (256 * 1024)}, SPLIT),
    "payload that is too large in ASCII": ({"channel": "c", "payload": "\u2028" * 50_000}, SPLIT),
    "option that nobody knows": ({"channel": "c", "payload": 1, "retry": 5}, "unexpected keyword argument 'retry'"),
}


@pytest.mark.parametrize(("name", "says"), [(name, says) for name, (_, says) in SENDS.items()], ids=SENDS)
def test_send_is_refused_in_the_step_that_makes_it(api: Api, name: str, says: str) -> None:
    answer = api.gateway().post(RUN, name, content_type="text/plain")

    assert (answer.status, answer.json["type"]) == (500, "urn:tailrace:problem:step-failed")
    assert answer.json["detail"].startswith("The step 'relay' raised ")
    assert says in answer.json["detail"]
    assert answer.json["run"]["sent"]["count"] == 0
    expect_unharmed(api)
