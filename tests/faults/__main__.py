"""`make faults`: runs a storm, and prints its table."""

import argparse
import random
import sys

import uvloop
from rich.console import Console

from tests.faults.report import Report
from tests.faults.storm import run_storm
from tests.support.aws import emulated_aws_server

_CROWD = 2000
_SHOWN = 20


def main() -> int:
    """Run a storm; 0 where the promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=None, help="run again what another run has done")
    parser.add_argument("--crowd", type=int, default=_CROWD, help="clients of one stream")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(2**31) if asked.seed is None else asked.seed
    console = Console(width=100)
    again = f"make faults SEED={seed} MINUTES={asked.minutes:g}"
    console.print(f"The storm of seed {seed}; the same again: {again}")
    with emulated_aws_server() as aws:
        report = uvloop.run(run_storm(aws, seed=seed, seconds=asked.minutes * 60, crowd=asked.crowd))
    _show(report, console)
    if not report.good:
        console.print(f"The promise was broken, or a fault was not injected. The same again: {again}")
    return 0 if report.good else 1


def _show(report: Report, console: Console) -> None:
    for table in report.tables():
        console.print(table)
    console.print(f"Who waited longest: {report.delays.worst}", markup=False)
    for complaint in report.verdict.complaints[:_SHOWN]:
        console.print(complaint, markup=False)


if __name__ == "__main__":
    sys.exit(main())
