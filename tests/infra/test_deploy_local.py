"""The stacks, deployed by the real CDK CLI: what the deployed functions send reaches an EventSource."""

from pathlib import Path

import pytest

from infra.local_deployment import Programs, local_deployment
from tests.infra.once import once, shared_folder
from tests.infra.visit import Visit, visit

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """The `local` stage was deployed into emulated AWS, and used; `make test` installs what it takes."""
    missing = [str(program) for program in (Programs().ministack, Programs().cdk) if not program.exists()]
    assert not missing, f"Run `make test`, which installs {', '.join(missing)}."
    folder = once(shared_folder(tmp_path_factory) / "deployment", _deploy_and_visit)
    return Visit.model_validate_json((folder / "visit.json").read_text())


def _deploy_and_visit(folder: Path) -> None:
    with local_deployment(folder) as deployment:
        (folder / "visit.json").write_text(visit(deployment).model_dump_json())


def test_the_deployed_function_runs_a_workflow_and_its_event_reaches_an_eventsource(visited: Visit) -> None:
    assert visited.hello.answer.status == 200, visited.hello.answer
    [event] = visited.hello.events
    assert visited.hello.answer.body["sent"] == {"count": 1, "first_id": event.id, "last_id": event.id}
    assert (event.event, event.data) == ("events", {"name": "Luke"})


def test_the_deployed_api_asks_for_its_key(visited: Visit) -> None:
    assert visited.without_a_key.status == 401


def test_the_answer_names_the_stream_where_the_event_is(visited: Visit) -> None:
    assert visited.hello.answer.body["stream_url"] == f"{visited.stream_url}/pipelines/p_hello/sse"


def test_an_asynchronous_run_is_carried_out_by_the_deployed_function(visited: Visit) -> None:
    assert visited.later.answer.status == 202, visited.later.answer
    assert [event.event for event in visited.later.events] == ["events"]


def test_a_workflow_of_both_languages_runs_in_both_functions_and_reaches_an_eventsource(visited: Visit) -> None:
    assert visited.mixed.answer.status == 200, visited.mixed.answer
    assert visited.mixed.answer.body == ["Luke, welcome to Endor!", "Leia, welcome to Endor!"]
    events = visited.mixed.events
    assert [event.event for event in events] == ["progress", *["names"] * 4, *["greetings"] * 2, "progress"]
    assert events[-1].data == {"text": "Greeted 2 on Endor", "percent": 100}
