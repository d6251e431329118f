"""A system whose streams take tokens, as `tailrace dev --stream-access token` runs it: made, used and refused."""

import json
from collections.abc import Iterator

import httpx
import pytest

from cli.errors import CommandError
from cli.minting import seconds_of
from tests.support.command import following, tailrace
from tests.support.dev import Dev, running_dev


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running_dev(tmp_path_factory.mktemp("guarded"), "--stream-access", "token") as dev:
        yield dev


def status_of(dev: Dev, path: str, *, token: str | None = None) -> int:
    """What a stream's address answers, without its body."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(trust_env=False, timeout=30) as client,
        client.stream("GET", f"{dev.system.stream_url}{path}", headers=headers) as response,
    ):
        return response.status_code


def test_stream_is_closed_to_those_who_have_no_token(dev: Dev) -> None:
    assert status_of(dev, "/pipelines/p_hello/sse") == 401
    assert status_of(dev, "/streams/p_hello") == 401


def test_token_alone_is_printed_and_opens_its_stream(dev: Dev) -> None:
    made = tailrace("token", "p_hello", "--ttl", "10m", folder=dev.folder)

    assert made.code == 0
    assert "p_hello" in made.err
    (token,) = made.out.splitlines()
    assert status_of(dev, "/pipelines/p_hello/sse", token=token) == 200
    assert status_of(dev, "/pipelines/p_other/sse", token=token) == 403


def test_address_that_is_ready_is_printed_on_request(dev: Dev) -> None:
    made = tailrace("token", "p_hello", "--url", folder=dev.folder)

    url = made.out.strip()
    assert url.startswith(f"{dev.system.stream_url}/pipelines/p_hello/sse?token=")
    assert status_of(dev, url.removeprefix(dev.system.stream_url)) == 200


def test_answer_is_printed_as_it_came_on_request(dev: Dev) -> None:
    made = tailrace("token", "p_hello", "--json", "--channel", "greetings", "--sub", "luke", folder=dev.folder)

    answer = json.loads(made.out)
    assert set(answer) == {"token", "expires_at", "stream_url"}
    assert status_of(dev, "/pipelines/p_hello/sse?channel=greetings", token=answer["token"]) == 200
    assert status_of(dev, "/pipelines/p_hello/sse?channel=others", token=answer["token"]) == 403


def test_tail_makes_a_token_by_itself(dev: Dev) -> None:
    dev.post("p_hello")

    with following("tail", "p_hello", "--json", folder=dev.folder) as tail:
        tail.expect(lambda: tail.lines)

    assert json.loads(tail.lines[0])["channel"] == "greetings"


def test_history_makes_a_token_by_itself(dev: Dev) -> None:
    dev.post("p_hello")

    shown = tailrace("history", "p_hello", "--json", "--limit", "1", folder=dev.folder)

    assert shown.code == 0
    assert json.loads(shown.out)["channel"] == "greetings"


def test_history_with_a_token_for_another_stream_says_so(dev: Dev) -> None:
    token = tailrace("token", "p_hello", folder=dev.folder).out.strip()

    ended = tailrace("history", "p_other", "--token", token, folder=dev.folder)

    assert ended.code == 1
    assert "not for this stream" in ended.err


def test_tail_with_a_token_that_is_none_says_what_to_do(dev: Dev) -> None:
    ended = tailrace("tail", "p_hello", "--token", "nonsense", folder=dev.folder)

    assert ended.code == 1
    assert "no token" in ended.err
    assert "tailrace token" in ended.err


def test_what_is_printed_at_the_start_is_ready_to_paste(dev: Dev) -> None:
    (page,) = [line.strip() for line in dev.lines if "/streams/p_hello?token=" in line]
    (curl,) = [line.strip() for line in dev.lines if line.strip().startswith("curl -N")]

    assert status_of(dev, page.removeprefix(dev.system.stream_url)) == 200
    assert status_of(dev, curl.removeprefix("curl -N '").removesuffix("'").removeprefix(dev.system.stream_url)) == 200


def test_secrets_are_in_no_line_that_the_services_log(dev: Dev) -> None:
    token = tailrace("token", "p_hello", folder=dev.folder).out.strip()
    status_of(dev, f"/pipelines/p_hello/sse?token={token}")
    status_of(dev, f"/pipelines/p_other/sse?token={token}")
    status_of(dev, f"/streams/p_hello?token={token}")

    signature = token.rpartition(".")[2]
    assert not [line for line in dev.lines if signature in line]


def test_token_that_would_live_too_long_is_refused_with_what_helps(dev: Dev) -> None:
    ended = tailrace("token", "p_hello", "--ttl", "40d", folder=dev.folder)

    assert ended.code == 1
    assert "ttl: Input should be less than or equal to 2592000" in ended.err
    assert "--help says what it takes" in ended.err


def test_unknown_workflow_is_told(dev: Dev) -> None:
    ended = tailrace("token", "p_nothing", folder=dev.folder)

    assert ended.code == 1
    assert "There is no workflow p_nothing" in ended.err


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600), ("2 h", 7200), ("7D", 604_800)]
)
def test_times_are_read_as_people_write_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1.5h", "-1h", "1w", "1h30m", "٣h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="no time"):
        seconds_of(text)
