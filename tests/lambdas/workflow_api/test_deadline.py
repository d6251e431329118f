"""How long a run may take for which somebody waits behind API Gateway."""

from typing import Any

import pytest

from lambdas.workflow_api.deadline import seconds_for_answer
from tests.lambdas.workflow_api.gateway import LambdaContext

NOW = 1_767_225_600.0


def scope(*, came: float, remaining_milliseconds: int = 900_000) -> dict[str, Any]:
    return {
        "aws.event": {"requestContext": {"timeEpoch": int(came * 1000)}},
        "aws.context": LambdaContext(remaining_milliseconds=remaining_milliseconds),
    }


@pytest.mark.parametrize(("waited", "left"), [(0, 28), (2.5, 25.5), (15, 13), (-1, 28)])
def test_the_time_counts_from_when_the_request_came(waited: float, left: float) -> None:
    assert seconds_for_answer(scope(came=NOW - waited), now=lambda: NOW) == left


@pytest.mark.parametrize("seconds", [15.5, 28, 60, 3_600])
def test_a_request_that_was_long_on_its_way_still_gets_time_to_run(seconds: float) -> None:
    assert seconds_for_answer(scope(came=NOW - seconds), now=lambda: NOW) == 13


def test_the_functions_own_time_counts_too() -> None:
    assert seconds_for_answer(scope(came=NOW, remaining_milliseconds=12_000), now=lambda: NOW) == 10


def test_without_a_gateway_there_are_28_seconds() -> None:
    assert seconds_for_answer({}, now=lambda: NOW) == 28
