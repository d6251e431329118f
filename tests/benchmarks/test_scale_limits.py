from dataclasses import replace

import pytest

from benchmarks.scale_limits import first_limit, limits_of, quotas_to_raise
from benchmarks.scale_model import System, load_of
from tests.benchmarks.test_scale_model import FIGURES, SYSTEM


def test_shards_make_room_where_notices_are_more_than_a_task_takes() -> None:
    flood = replace(SYSTEM, events_a_second=200_000)

    one, many = (load_of(replace(flood, shards=shards), FIGURES) for shards in (1, 16))

    assert first_limit(one).share > 1
    assert first_limit(many).share < 1


def test_quotas_are_named_where_they_must_be_raised() -> None:
    calm, busy = (load_of(replace(SYSTEM, events_a_second=rate), FIGURES) for rate in (1_000, 400_000))

    assert quotas_to_raise(calm) == ()
    assert "SNS publishes a second" in {limit.name for limit in quotas_to_raise(busy)}
    assert all(limit.share > 1 for limit in quotas_to_raise(busy))


def test_one_workflow_that_writes_too_much_is_a_limit() -> None:
    single = System(clients=100, workflows=1, events_a_second=5_000)

    shares = {limit.name: limit.share for limit in limits_of(load_of(single, FIGURES))}

    assert shares["one workflow's writes a second"] == pytest.approx(500 * 4 / 1_000)
