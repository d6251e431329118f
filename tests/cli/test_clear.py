"""`tailrace clear` against a running `tailrace dev`, as its user types it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import tailrace
from tests.support.dev import Dev, running_dev
from tests.support.scripted_server import answer, scripted_server


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running_dev(tmp_path_factory.mktemp("project")) as dev:
        yield dev


def kept(dev: Dev) -> list[str]:
    return tailrace("history", "p_hello", folder=dev.folder).out.splitlines()


def test_a_stream_is_cleared_only_by_who_says_yes(dev: Dev, tmp_path: Path) -> None:
    assert tailrace("clear", "p_hello", "--yes", folder=dev.folder).out == "p_hello holds nothing.\n"
    dev.post("p_hello")

    refused = tailrace("clear", "p_hello", folder=dev.folder, given="n\n")
    silent = tailrace("clear", "p_hello", folder=dev.folder)
    assert (refused.code, silent.code) == (1, 1)
    assert "Clear the stream of p_hello at http://127.0.0.1" in refused.err
    assert len(kept(dev)) == 1

    cleared = tailrace("clear", "p_hello", folder=dev.folder, given="y\n")
    assert cleared.code == 0
    assert "p_hello is cleared, up to " in cleared.out
    assert kept(dev) == []
    nowhere = tailrace("clear", "p_hello", "--yes", "--api-url", "http://127.0.0.1:1", "--key", "x", folder=tmp_path)
    assert nowhere.err.startswith("Error: The API at http://127.0.0.1:1 did not answer")


def test_a_stream_that_is_too_long_for_one_request_is_cleared_by_several(tmp_path: Path) -> None:
    unfinished = answer("503 Service Unavailable\r\nRetry-After: 0", b'{"detail": "Send the request again."}')
    with scripted_server([unfinished, unfinished, answer("200 OK", b'{"cleared_to": "m-9"}')]) as server:
        cleared = tailrace("clear", "p_hello", "--yes", "--api-url", server.url, "--key", "x", folder=tmp_path)

    assert (cleared.code, cleared.out) == (0, "p_hello is cleared, up to m-9.\n")
    assert cleared.err.count("going on") == 2
    assert len(server.requests) == 3
