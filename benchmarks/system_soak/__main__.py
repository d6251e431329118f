"""`make soak`: an hour of the whole system on this machine, ending in one table."""

import argparse
import sys

import uvloop

from benchmarks.system_soak.soak import run_soak
from tests.support.aws import emulated_aws_server


def main() -> int:
    """Soak, and say how it went; 0 where nothing was lost, doubled or leaked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.system_soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=2_000)
    asked = parser.parse_args()
    with emulated_aws_server() as aws:
        report = uvloop.run(run_soak(aws, seconds=60 * asked.minutes, clients=asked.clients))
    sys.stdout.write(report.table())
    good = f"Nothing lost, nothing doubled; {report.audited:,} deliveries compared with the log, event by event.\n"
    sys.stdout.write("".join(f"Failed: {failure}.\n" for failure in report.failures) or good)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
