"""The model, beside sums done by hand and what it must never say."""

from dataclasses import replace

import pytest

from benchmarks.figures import Figures
from benchmarks.scale_model import BUSY, LEAST_TASKS, TASK, System, load_of

FIGURES = Figures(
    write_us=10.0, notice_us=200.0, connection_kb=2.0, connects_a_second=3_000, sweep_us=1_000.0, source="made up"
)
SYSTEM = System(clients=120_000, workflows=60_000, events_a_second=10_000, shards=4)


def test_task_pays_for_its_shards_notices_and_its_own_clients_writes() -> None:
    load = load_of(SYSTEM, FIGURES)

    assert load.tasks_a_shard == 3  # 30,000 clients at 12,000 each
    assert load.notices_a_task == 250
    assert load.notice_share == pytest.approx(250 * 200e-6)
    assert load.write_share == pytest.approx((1_000 * 2 + 120_000 / 15) / 12 * 10e-6)


def test_task_sweeps_each_stream_once_a_minute_where_it_has_thousands() -> None:
    load = load_of(SYSTEM, FIGURES)

    assert load.streams_a_task == 10_000  # 120,000 clients, two of each workflow, on 12 tasks
    assert load.sweeps_a_task == pytest.approx(10_000 / 60)
    assert load.sweep_share == pytest.approx(10_000 / 60 * 1_000e-6)
    assert load.core_share == pytest.approx(load.notice_share + load.write_share + load.sweep_share)
    assert load.reads == pytest.approx(12 * 10_000 / 60 + 1_000)
    assert load.costs["sweeps"] == pytest.approx(12 * 10_000 / 60 * 730 * 3600 * 0.125e-6)


def test_task_with_few_streams_sweeps_them_four_times_a_minute() -> None:
    load = load_of(replace(SYSTEM, clients=4_000, workflows=1_600), FIGURES)

    assert load.streams_a_task == 400
    assert load.sweeps_a_task == pytest.approx(400 / 15)


def test_tasks_are_added_until_writes_leave_room() -> None:
    busy = replace(SYSTEM, clients=48_000, workflows=48, events_a_second=3_200)  # 1,000 clients each

    load = load_of(busy, FIGURES)

    assert load.core_share <= BUSY * TASK.vcpu
    fewer = replace(load, tasks_a_shard=load.tasks_a_shard - 1)
    assert fewer.core_share > BUSY * TASK.vcpu


def test_more_tasks_do_not_help_against_notices_and_more_shards_do() -> None:
    flood = replace(SYSTEM, events_a_second=200_000, shards=1)

    loads = [load_of(replace(flood, shards=shards), FIGURES) for shards in (1, 8, 16)]

    assert (
        loads[0].notice_share == pytest.approx(8 * loads[1].notice_share) == pytest.approx(16 * loads[2].notice_share)
    )


def test_shard_has_a_second_task_when_one_goes() -> None:
    small = System(clients=10, workflows=10, events_a_second=1, shards=2)

    assert load_of(small, FIGURES).tasks == 2 * LEAST_TASKS


@pytest.mark.parametrize("name", ["notices", "log", "running workflows", "balancer and front"])
def test_twice_the_events_cost_more(name: str) -> None:
    once, twice = (load_of(replace(SYSTEM, events_a_second=rate), FIGURES).costs for rate in (10_000, 20_000))

    assert twice[name] > once[name]
