import urllib.error
from collections.abc import Iterator

import pytest

from cli.ports import HOST
from stream_service.task import NotInEcs, task_address, task_id
from tests.support.target_group import TargetGroup, target_group

VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"


@pytest.fixture
def in_ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[TargetGroup]:
    with target_group() as group:
        monkeypatch.setenv(VARIABLE, group.environment[VARIABLE])
        yield group


def test_task_in_ecs_has_the_id_that_ecs_gave_it(in_ecs: TargetGroup) -> None:
    assert task_id() == in_ecs.task_id


@pytest.mark.usefixtures("in_ecs")
def test_task_in_ecs_has_the_address_of_its_network_interface() -> None:
    assert task_address() == HOST


def test_task_elsewhere_makes_up_an_id_that_no_other_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    ids = {task_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(len(each) == 32 and each.isalnum() for each in ids)


def test_task_elsewhere_has_no_address_that_a_load_balancer_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    with pytest.raises(NotInEcs, match=VARIABLE):
        task_address()


def test_task_in_ecs_that_cannot_learn_its_id_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:9/v4/abc")

    with pytest.raises(urllib.error.URLError):
        task_id()
