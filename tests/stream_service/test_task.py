import json
import threading
import urllib.error
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from stream_service.task import task_id

VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"
TASK_ARN = "arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c"


class Metadata(BaseHTTPRequestHandler):
    """ECS's task metadata endpoint, as far as it matters here."""

    def do_GET(self) -> None:
        assert self.path == "/v4/abc/task"
        body = json.dumps({"Cluster": "default", "TaskARN": TASK_ARN, "Family": "streams"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
        """Say nothing."""


@pytest.fixture
def metadata_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Metadata) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v4/abc"
        server.shutdown()
        thread.join()


def test_task_in_ecs_has_the_id_that_ecs_gave_it(monkeypatch: pytest.MonkeyPatch, metadata_url: str) -> None:
    monkeypatch.setenv(VARIABLE, metadata_url)

    assert task_id() == "158d1c8083dd49d6b527399fd6414f5c"


def test_task_elsewhere_makes_up_an_id_that_no_other_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    ids = {task_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(len(each) == 32 and each.isalnum() for each in ids)


def test_task_in_ecs_that_cannot_learn_its_id_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:9/v4/abc")

    with pytest.raises(urllib.error.URLError):
        task_id()
