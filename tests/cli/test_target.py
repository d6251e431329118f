"""Commands find their system: the one that was named, a stage, the environment's, or the one that runs here."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from cli.errors import CommandError
from cli.running_system import DEV_FILE
from cli.target import GIVE_KEY, KEY_REVOKED, MAKE_FIRST, Api, find_api, find_streams
from tests.cli.test_running_system import SYSTEM

HERE = Api(url=SYSTEM.api_url, key=SYSTEM.api_key, key_hint=KEY_REVOKED)
NOTHING: Mapping[str, str] = {}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def running(project: Path) -> Path:
    SYSTEM.write(project / DEV_FILE)
    return project


@pytest.mark.usefixtures("running")
def test_system_that_runs_here_is_found() -> None:
    assert find_api(url=None, key=None, stage=None, environment=NOTHING) == HERE
    assert find_streams(url=None, stage=None, environment=NOTHING) == SYSTEM.stream_url


def test_system_that_runs_in_a_folder_above_is_found(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = running / "workflows" / "steps"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert find_api(url=None, key=None, stage=None, environment=NOTHING) == HERE


@pytest.mark.usefixtures("running")
def test_environment_counts_before_what_runs_here_and_options_before_both() -> None:
    environment = {
        "TAILRACE_API_URL": "https://x.example/",
        "TAILRACE_STREAM_URL": "https://s.example/",
        "TAILRACE_API_KEY": "of the environment",
    }

    assert find_api(url=None, key=None, stage=None, environment=environment) == Api(
        url="https://x.example", key="of the environment"
    )
    assert find_api(url="http://y", key="mine", stage=None, environment=environment) == Api(url="http://y", key="mine")
    assert find_streams(url=None, stage=None, environment=environment) == "https://s.example"
    assert find_streams(url="http://y/", stage=None, environment=environment) == "http://y"


@pytest.mark.usefixtures("running")
def test_key_of_what_runs_here_is_sent_nowhere_else() -> None:
    with pytest.raises(CommandError, match=r"The key to https://x\.example is not known"):
        find_api(url="https://x.example", key=None, stage=None, environment=NOTHING)


@pytest.mark.usefixtures("project")
def test_nothing_that_runs_is_one_sentence_and_a_hint() -> None:
    with pytest.raises(CommandError, match="No running system was found") as error:
        find_streams(url=None, stage=None, environment=NOTHING)
    assert "tailrace dev" in error.value.hint
    assert "--stream-url" in error.value.hint


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8700", "ftp://x", "http://", "http://x?a=1", "http://[x", "http://x:99999", "http://x:y"]
)
def test_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CommandError, match="is no address"):
        find_streams(url=url, stage=None, environment=NOTHING)


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [(401, "no-keys", MAKE_FIRST), (401, "unauthorized", GIVE_KEY), (404, "no-keys", "`tailrace list`")],
)
def test_where_there_are_no_keys_nobody_is_told_to_give_one(status: int, kind: str, hint: str) -> None:
    problem = {"type": f"urn:tailrace:problem:{kind}", "detail": "No."}

    error = Api(url="https://x.example", key="mine").explain(httpx.Response(status, json=problem))

    assert str(error) == "No."
    assert error.hint.startswith(hint)
    if status == 401:
        assert HERE.explain(httpx.Response(status, json=problem)).hint == KEY_REVOKED


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>"])
def test_a_401_that_is_none_of_the_apis_is_explained_all_the_same(body: bytes) -> None:
    request = httpx.Request("GET", "https://x.example/pipelines")

    assert Api(url="https://x.example", key="mine").explain(
        httpx.Response(401, content=body, request=request)
    ).hint == (GIVE_KEY)
