"""A storm of a minute: every kind of fault at least once, over the real processes. `make faults` runs long ones."""

import io

import pytest
from rich.console import Console

from tests.faults.report import Report
from tests.faults.storm import run_storm
from tests.support.aws import EmulatedAws

SEED = 2026
SECONDS = 60.0
CROWD = 300


@pytest.mark.timeout(900)
async def test_nothing_is_lost_doubled_or_reordered_whatever_fails(emulated_aws: EmulatedAws) -> None:
    report = await run_storm(emulated_aws, seed=SEED, seconds=SECONDS, crowd=CROWD)

    assert report.good, _text(report)
    assert report.verdict.checked > 1000


def _text(report: Report) -> str:
    output = io.StringIO()
    console = Console(file=output, width=100)
    for table in report.tables():
        console.print(table)
    return "\n".join([output.getvalue(), *report.verdict.complaints])
