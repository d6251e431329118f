"""The functions at the edge, run by Node.js as CloudFront runs them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.front import VIEWER_ADDRESS, VIEWER_ADDRESS_HEADER, VIEWER_REQUEST
from tailrace.node_executable import find_node

EVENT = {"version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {"ip": "198.51.100.10"}}
CALL = """
const events = JSON.parse(require("fs").readFileSync(0, "utf8"));
const handler = new Function(require("fs").readFileSync(process.argv[1], "utf8") + "; return handler;")();
process.stdout.write(JSON.stringify(events.map((event) => handler(event))));
"""


def request(
    *, query: dict[str, str | list[str]] | None = None, headers: dict[str, str] | None = None, cookie: str | None = None
) -> dict[str, Any]:
    """A request as CloudFront shows it to functions: values that come several times are listed."""

    def value(given: str | list[str]) -> dict[str, Any]:
        if isinstance(given, str):
            return {"value": given}
        return {"value": given[0], "multiValue": [{"value": each} for each in given]}

    return {
        "method": "GET",
        "uri": "/pipelines/p_a/sse",
        "querystring": {name: value(given) for name, given in (query or {}).items()},
        "headers": {name: {"value": text} for name, text in (headers or {}).items()},
        "cookies": {} if cookie is None else {"tailrace_token": {"value": cookie}},
    }


def at_the_edge(sent: dict[str, Any], *, function: Path = VIEWER_REQUEST) -> dict[str, Any]:
    """What CloudFront goes on with."""
    ended = subprocess.run(
        [find_node(), "-e", CALL, str(function)],
        input=json.dumps([EVENT | {"request": sent}]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (answer,) = json.loads(ended.stdout)
    assert isinstance(answer, dict)
    return answer


def bearer(answer: dict[str, Any]) -> str | None:
    header = answer["headers"].get("authorization")
    return None if header is None else header["value"]


@pytest.mark.parametrize("function", [VIEWER_REQUEST, VIEWER_ADDRESS], ids=lambda path: path.stem)
@pytest.mark.parametrize("headers", [{}, {"tailrace-viewer-address": "203.0.113.1", "accept": "text/event-stream"}])
def test_clients_address_stands_in_place_of_what_the_client_wrote(headers: dict[str, str], function: Path) -> None:
    answer = at_the_edge(request(headers=headers), function=function)

    told = {name: header["value"] for name, header in answer["headers"].items()}
    assert told == headers | {VIEWER_ADDRESS_HEADER.lower(): "198.51.100.10"}


def test_what_is_sent_to_the_api_is_its_own() -> None:
    sent = request(query={"token": "of the hook's sender", "a": ["1", "2"]}, headers={"host": "d1.example"}, cookie="k")

    answer = at_the_edge(sent, function=VIEWER_ADDRESS)

    del answer["headers"][VIEWER_ADDRESS_HEADER.lower()]
    assert answer == sent


def test_token_goes_from_the_query_to_the_header_and_the_rest_stays() -> None:
    sent = request(query={"channel": ["a", "b"], "token": "aa.bb-_.cc", "replay": "5"}, headers={"host": "d1.example"})

    answer = at_the_edge(sent)

    assert bearer(answer) == "Bearer aa.bb-_.cc"
    assert answer["querystring"] == request(query={"channel": ["a", "b"], "replay": "5"})["querystring"]
    assert answer["headers"]["host"] == {"value": "d1.example"}
    assert answer["uri"] == sent["uri"]


def test_request_without_a_token_is_left_as_it_is() -> None:
    sent = request(query={"replay": "5"}, headers={"authorization": "Bearer x.y.z"}, cookie="k")

    answer = at_the_edge(sent)

    del answer["headers"][VIEWER_ADDRESS_HEADER.lower()]
    assert answer == sent


@pytest.mark.parametrize(
    ("headers", "cookie", "goes_on_with"),
    [
        ({"authorization": "Bearer first"}, None, "Bearer first"),
        ({"authorization": "bearer  first"}, None, "bearer  first"),
        ({"authorization": "Basic YTpi"}, None, "Bearer third"),
        ({"authorization": "Bearer "}, None, "Bearer third"),
        ({}, "second", None),
        ({}, "", "Bearer third"),
    ],
)
def test_what_counts_more_stays_and_the_query_loses_its_token_always(
    headers: dict[str, str], cookie: str | None, goes_on_with: str | None
) -> None:
    answer = at_the_edge(request(query={"token": "third"}, headers=headers, cookie=cookie))

    assert bearer(answer) == goes_on_with
    assert answer["querystring"] == {}


def test_of_several_tokens_the_last_counts_as_in_the_service() -> None:
    answer = at_the_edge(request(query={"token": ["one", "two"]}))

    assert bearer(answer) == "Bearer two"
    assert answer["querystring"] == {}


@pytest.mark.parametrize("token", ["", "a b", "a\r\nx: y", 'a"b', "<script>", "é", "x" * 8193])
def test_what_can_be_no_token_goes_nowhere(token: str) -> None:
    answer = at_the_edge(request(query={"token": token}))

    assert bearer(answer) is None
    assert answer["querystring"] == {}


@pytest.mark.parametrize("function", [VIEWER_REQUEST, VIEWER_ADDRESS], ids=lambda path: path.stem)
def test_function_needs_nothing_but_ecmascript_5(function: Path) -> None:
    source = re.sub(r"//.*", "", function.read_text())

    assert not re.search(r"=>|\b(let|const|class|async|await|import|require)\b|`|\?\.|\?\?|\.\.\.", source)
