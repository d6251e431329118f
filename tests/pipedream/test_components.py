"""Components in Pipedream's style, of our own: each runs as it is, and does what it says."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tailrace import Workflow
from tailrace.node import NodeStep
from tailrace.testing import WorkflowRun, run_workflow

COMPONENTS = Path(__file__).parent / "components"
PARTS = {"chat.app.mjs"}
"""What components import, and is none itself."""


@pytest.fixture
def workflow() -> Workflow:
    return Workflow("p_component")


def add(workflow: Workflow, file: str, **props: object) -> None:
    step = NodeStep(COMPONENTS, file)
    workflow.step(step.__name__, step, **props)


def run_component(file: str, body: object = None, **props: object) -> WorkflowRun:
    workflow = Workflow("p_component")
    add(workflow, file, **props)
    return run_workflow(workflow, body=body)


class Service:
    """A service of somebody else's, on this machine."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.answers: list[tuple[int, object]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply()

            def do_POST(self) -> None:
                self.reply()

            def reply(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.requests.append((self.path, headers, json.loads(content) if content else None))
                status, answer = service.answers.pop(0)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = Thread(target=service.server.serve_forever)
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()
    thread.join()


def test_greet_by_name_greets_by_default_and_by_prop() -> None:
    by_default, by_prop = run_component("greet_by_name.mjs"), run_component("greet_by_name.mjs", firstName="Leia")

    assert by_default.sent == [("greetings", {"text": "Hello Dylan"})]
    assert by_prop.sent == [("greetings", {"text": "Hello Leia"})]
    assert by_prop.steps["greet_by_name"] == {"$summary": "Greeted Leia", "$return_value": "Leia"}


def test_broadcast_message_sends_to_each_room_in_order() -> None:
    run = run_component("broadcast_message.mjs", rooms=["Lobby ", "Bar"], message="Fire", urgent=True)

    payload = {"message": "FIRE", "urgent": True}
    assert run.sent == [("room:lobby", payload), ("room:bar", payload)]
    assert run.steps["broadcast_message"] == {
        "$summary": "Sent to 2 rooms",
        "$return_value": ["room:lobby", "room:bar"],
    }


def test_validate_order_refuses_and_ends_the_workflow_and_price_order_goes_on_with_a_good_one(
    workflow: Workflow,
) -> None:
    add(workflow, "validate_order.mjs")
    add(workflow, "price_order.mjs", discountPercent=10)

    refused = run_workflow(workflow, body={"id": "A"})
    items = [{"sku": "x", "price": 5, "quantity": 2}, {"sku": "y", "price": 10}]
    priced = run_workflow(workflow, body={"id": "A", "items": items})

    assert (refused.status, refused.exit_reason) == ("Exited", "items must not be empty")
    assert refused.response is not None
    assert (refused.response.status, refused.response.body) == (422, {"problems": ["items must not be empty"]})
    assert priced.steps["price_order"] == {
        "lines": [{"sku": "x", "total": 10}, {"sku": "y", "total": 10}],
        "total": 18,
    }
    assert priced.sent == [("orders", {"total": "€18.00"})]


def test_deduplicate_rows_keeps_the_first_of_each() -> None:
    run = run_component("deduplicate_rows.mjs", rows=[{"id": 1, "a": 1}, {"id": 1, "a": 2}, {"id": 2}])

    assert run.steps["deduplicate_rows"]["$return_value"] == [{"id": 1, "a": 1}, {"id": 2}]


def test_verify_signature_tells_a_right_one_from_a_wrong_one() -> None:
    right = hmac.new(b"s3cret", b'{"a":1}', hashlib.sha256).hexdigest()

    good = run_component("verify_signature.mjs", secret="s3cret", signature=right, payload={"a": 1})
    bad = run_component("verify_signature.mjs", secret="s3cret", signature=right, payload={"a": 2})

    assert good.steps["verify_signature"]["$return_value"] == {"verified": True}
    assert bad.error is not None
    assert (bad.error.type, bad.error.message) == ("SignatureError", "The signature does not match")


def test_progress_of_chunks_sends_after_each_chunk() -> None:
    run = run_component("progress_of_chunks.mjs", {"numbers": [1, 2, 3]})

    assert run.sent == [("progress", {"done": 2, "of": 3}), ("progress", {"done": 3, "of": 3})]
    assert run.steps["progress_of_chunks"]["$return_value"] == [1, 4, 9]


def test_retry_request_goes_on_until_the_service_answers(service: Service) -> None:
    service.answers = [(503, {}), (200, {"status": "DONE"})]

    run = run_component("retry_request.mjs", url=service.url)

    assert [event.payload for event in run.sent] == [{"number": 1, "status": 503}, {"number": 2, "status": 200}]
    assert run.steps["retry_request"]["$return_value"] == {"status": "DONE"}
    assert [headers["x-attempt"] for _, headers, _ in service.requests] == ["1", "2"]


def test_retry_request_gives_up_with_the_last_answer(service: Service) -> None:
    service.answers = [(503, {}), (500, {})]

    run = run_component("retry_request.mjs", url=service.url, attempts=2)

    assert run.error is not None
    assert run.error.message == "The service answered 500"
    assert len(run.sent) == 2


def test_fan_out_in_parallel_sends_for_each_word_of_a_python_step(workflow: Workflow) -> None:
    workflow.step("words", lambda _: ["three", "a"])
    add(workflow, "fan_out_in_parallel.mjs")

    run = run_workflow(workflow)

    assert run.sent == [("words", {"word": "three", "length": 5}), ("words", {"word": "a", "length": 1})]
    assert run.steps["fan_out_in_parallel"]["$return_value"] == {"three": 5, "a": 1}


@pytest.mark.parametrize(
    ("date", "status", "exit_reason"),
    [("2026-11-24", "Completed", None), ("2026-11-28", "Exited", "weekend"), ("soon", "Failed", None)],
)
def test_filter_weekends_ends_the_workflow_on_a_weekend(date: str, status: str, exit_reason: str | None) -> None:
    run = run_component("filter_weekends.cjs", date=date)

    assert (run.status, run.exit_reason) == (status, exit_reason)


def test_post_to_chat_posts_with_the_account_that_the_workflow_gives(service: Service) -> None:
    service.answers = [(200, {"id": "m1"})]

    run = run_component(
        "post_to_chat.mjs",
        chat={"$auth": {"oauth_access_token": "token", "base_url": service.url}},
        channel="general",
        text="Hello",
        mentions=["luke"],
    )

    [(path, headers, body)] = service.requests
    assert (path, headers["authorization"], body) == (
        "/messages",
        "Bearer token",
        {"channel": "general", "text": "@luke Hello"},
    )
    assert run.steps["post_to_chat"]["$summary"] == "Posted message m1 to general"
    assert run.sent == [("posted", {"id": "m1", "channel": "general"})]


def test_csv_response_answers_with_a_file() -> None:
    run = run_component("csv_response.mjs", [{"name": 'Luke "Red 5"', "age": None}])

    assert run.response is not None
    assert run.response.content == b'"name","age"\r\n"Luke ""Red 5""",""'
    assert run.response.media_type == "text/csv"


def test_default_response_answers_though_the_step_fails() -> None:
    good, bad = run_component("default_response.mjs", '{"amount": 1.5}'), run_component("default_response.mjs", "{")

    assert good.steps["default_response"]["$return_value"] == "1.50"
    assert bad.error is not None
    assert bad.error.type == "SyntaxError"
    assert [run.response and run.response.body for run in (good, bad)] == [{"ok": True}, {"ok": True}]


def test_sample_events_keeps_the_same_events_each_time() -> None:
    kept = run_component("sample_events.mjs", {"id": "a"}, percent=100)
    left_out = run_component("sample_events.mjs", {"id": "a"}, percent=0)

    bucket = int.from_bytes(hashlib.md5(b"a").digest()[:4]) % 100
    assert kept.steps["sample_events"] == {"bucket": bucket}
    assert (left_out.status, left_out.exit_reason) == ("Exited", "a is left out")


def test_temporary_file_reads_what_it_wrote() -> None:
    run = run_component("temporary_file.mjs", {"a": 1})

    assert run.steps["temporary_file"]["$return_value"] == {"bytes": 7}


def test_every_component_here_has_a_test() -> None:
    files = {path.name for path in COMPONENTS.glob("*.[mc]js")} - PARTS

    assert len(files) >= 12
    assert [file for file in files if f'"{file}"' not in Path(__file__).read_text()] == []
