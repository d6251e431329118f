"""A short soak of the whole system, and the judge that it relies on."""

import json

import pytest

from benchmarks.system_soak.heard import Heard, Sums
from benchmarks.system_soak.report import GROWTH_MB, Report
from benchmarks.system_soak.rolling import Held
from benchmarks.system_soak.soak import ROWS, run_soak
from tests.support.aws import EmulatedAws

SECONDS = 24.0


@pytest.mark.timeout(280)
async def test_nothing_is_lost_or_doubled_while_tasks_are_replaced_again_and_again(emulated_aws: EmulatedAws) -> None:
    report = await run_soak(emulated_aws, seconds=SECONDS, clients=150)

    assert report.failures == [], report.table()
    assert len(report.rows) == ROWS
    assert len(report.replaced) >= 2
    assert report.rows[-1].came_back >= 75
    assert report.audited > 0


def test_client_that_is_told_each_event_once_has_nothing_to_complain_of() -> None:
    heard, sums = _heard()
    heard.hear("$sync", '{"head":"0-0","live":true}', "0-0")

    for position in (1, 2, 3):
        _tell(heard, position)

    assert sums.kept
    assert (sums.delivered, heard.position, heard.last_id) == (3, 3, "g-3")


@pytest.mark.parametrize(
    ("positions", "lost", "doubled"),
    [((1, 3), 1, 0), ((1, 1, 2), 0, 1), ((2, 1), 1, 1), ((1, 2, 6), 3, 0)],
)
def test_what_is_skipped_or_comes_again_is_counted(positions: tuple[int, ...], lost: int, doubled: int) -> None:
    heard, sums = _heard()

    for position in positions:
        _tell(heard, position)

    assert (sums.lost, sums.doubled) == (lost, doubled)
    assert not sums.kept


def test_another_events_payload_a_gap_and_a_head_that_skips_are_counted() -> None:
    heard, sums = _heard()

    heard.hear("tick", json.dumps({"number": 7, "at": 0.0}), "g-1")
    heard.hear("$gap", '{"reason":"expired"}', "g-4")
    heard.hear("$sync", '{"head":"g-6","live":true}', "g-6")

    assert (sums.altered, sums.gaps, sums.lost) == (1, 1, 2)


def test_soak_in_which_something_grew_or_nothing_came_has_failed() -> None:
    small, large = (Held(clients=1, memory_mb=memory, descriptors=20) for memory in (90.0, 91.0 + GROWTH_MB))

    report = Report(replaced=[small, large], complaints=["a stream service ended with 1"])

    assert report.failures == [
        "a stream service ended with 1",
        "nothing was delivered",
        f"a task's memory grew by {GROWTH_MB + 1:.0f} MB, {GROWTH_MB:g} at most are allowed",
    ]


def _heard() -> tuple[Heard, Sums]:
    sums = Sums()
    return Heard(name="client", stream="p_a", sums=sums), sums


def _tell(heard: Heard, position: int) -> None:
    heard.hear("tick", json.dumps({"number": position, "at": 0.0}), f"g-{position}")
