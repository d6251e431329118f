"""In an outage of the streams, no client gets a 429 from what stands in for them: it would never come back."""

import heapq
import math
import random
from dataclasses import replace

import pytest

from infra.stages import stage_config
from infra.stand_in import (
    ACCOUNT_BURST,
    ACCOUNT_RATE,
    AGAIN_AFTER_SECONDS,
    BACK_WITHIN_SECONDS,
    STAND_IN_PATH,
    StandInThrottle,
)
from lambdas.workflow_api import stand_in
from stream_service.settings import Settings
from tests.infra.templates import Assembly

DEV = stage_config("dev").stream_service
assert DEV is not None


def test_route_is_throttled_apart_from_runs(dev: Assembly) -> None:
    stage = dev.workflow_api.only("AWS::ApiGatewayV2::Stage")
    [(name, settings)] = stage["RouteSettings"].items()
    routes = dev.workflow_api.of_type("AWS::ApiGatewayV2::Route")
    [route] = [each for each, made in routes.items() if made["Properties"]["RouteKey"] == name]
    [made] = dev.workflow_api.of_type("AWS::ApiGatewayV2::Stage").values()

    assert name == f"GET {STAND_IN_PATH}"
    assert settings == {"ThrottlingRateLimit": 1_563, "ThrottlingBurstLimit": 5_000}
    assert settings["ThrottlingRateLimit"] > stage["DefaultRouteSettings"]["ThrottlingRateLimit"]
    assert route in made["DependsOn"]


@pytest.mark.parametrize("clients", [100, 2_500, 10_000, 40_000])
def test_every_client_is_admitted_in_its_first_wave_and_ever_after(clients: int) -> None:
    assert DEV is not None
    throttle = StandInThrottle.of(replace(DEV, streams_per_task=clients, max_tasks=1))
    chance = random.Random(1)
    due = [chance.uniform(1.0, 1.0 + BACK_WITHIN_SECONDS) for _ in range(clients)]
    heapq.heapify(due)
    tokens, before = float(throttle.burst), due[0]

    while due[0] < 120.0:
        at = due[0]
        tokens = min(throttle.burst, tokens + (at - before) * throttle.rate) - 1
        assert tokens >= 0
        before = at
        heapq.heapreplace(due, at + chance.uniform(0.5, 1.5) * AGAIN_AFTER_SECONDS)


def test_what_no_account_may_have_is_not_asked_for() -> None:
    assert DEV is not None
    throttle = StandInThrottle.of(replace(DEV, streams_per_task=10_000, max_tasks=100))

    assert throttle == StandInThrottle(ACCOUNT_RATE, ACCOUNT_BURST)


def test_stage_without_cloudfront_has_no_such_route(python_only: Assembly) -> None:
    assert "RouteSettings" not in python_only.workflow_api.only("AWS::ApiGatewayV2::Stage")


def test_arithmetic_has_the_times_that_clients_are_told() -> None:
    fields = Settings.model_fields
    told = fields["retry_from_milliseconds"].default, fields["retry_to_milliseconds"].default

    assert (told[1] - told[0]) / 1000 == BACK_WITHIN_SECONDS
    assert math.isclose((stand_in.FROM_MILLISECONDS + stand_in.TO_MILLISECONDS) / 2_000, AGAIN_AFTER_SECONDS)
    assert stand_in.PATH == STAND_IN_PATH
