"""`make bench`: measures every server in turn, pass upon pass; goes on where an earlier run was stopped."""

import argparse
import sys
import time
from collections.abc import Sequence

from benchmarks import docs, table
from benchmarks.generator import Failed, measure
from benchmarks.paths.report import measure_paths
from benchmarks.plan import Cell, full_plan, light_plan, quick_plan
from benchmarks.processes import NotStarted
from benchmarks.results import RESULTS, Entry, Results, about
from benchmarks.running import BUILD
from benchmarks.servers import SERVERS

PROGRESS = BUILD / "progress.json"
PASSES = 3
MINUTES = 40.0
MERCURE = "Go's module proxy does not hand out its module here, so it was not built, and not measured"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and keep a full run's results."""
    options = _options(arguments)
    name, plan, passes = _plan(options)
    kept = name == "full"
    results = _begin(name, resume=kept and not options.fresh)
    complete = _measure_all(plan, results, passes=passes, until=time.monotonic() + 60 * options.minutes, keep=kept)
    if kept and complete and not results.paths:
        results.paths = measure_paths()
        results.save(PROGRESS)
    sys.stdout.write(table.everything(results))
    if kept and complete:
        results.save(RESULTS)
        docs.write(results)
        PROGRESS.unlink()
    elif kept:
        sys.stdout.write("\nNot all passes are made: `make bench` goes on from here.\n")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one pass of few cells; nothing is kept")
    parser.add_argument("--light", action="store_true", help="one pass of every cell with little load; nothing is kept")
    parser.add_argument("--fresh", action="store_true", help="forget the passes of a run that was stopped")
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="stop between two cells after this time")
    return parser.parse_args(arguments)


def _plan(options: argparse.Namespace) -> tuple[str, tuple[Cell, ...], int]:
    if options.quick:
        return "quick", quick_plan(), 1
    if options.light:
        return "light", light_plan(), 1
    return "full", full_plan(), options.passes


def _begin(name: str, *, resume: bool) -> Results:
    now = about(name)
    if resume and PROGRESS.exists():
        results = Results.read(PROGRESS)
        if results.about["commit"] == now["commit"]:
            _say(f"Going on behind {len(results.entries)} cells.")
            return results
    left_out = {server.title: why for server in SERVERS if (why := server.missing()) is not None}
    return Results(about=now, left_out={**left_out, "Mercure": MERCURE})


def _measure_all(plan: Sequence[Cell], results: Results, *, passes: int, until: float, keep: bool) -> bool:
    """Measure what is not measured yet; False where the time was over before."""
    for number in range(1, passes + 1):
        for cell in plan:
            if cell.server.title in results.left_out or results.has(cell, number):
                continue
            if time.monotonic() > until:
                return False
            results.entries.append(_measure(cell, number))
            if keep:
                results.save(PROGRESS)
    return True


def _measure(cell: Cell, number: int) -> Entry:
    began = time.monotonic()
    try:
        with cell.server.running() as server:
            measured = measure(
                server,
                cell.loads,
                clients=cell.clients,
                streams=cell.streams,
                replay=cell.replay,
                idle_seconds=cell.idle_seconds,
                options=cell.server.options,
            )
    except (Failed, NotStarted) as failure:
        _say(f"pass {number}  {cell.name:24}  failed: {failure}")
        return Entry.of(cell, number, None, str(failure) if isinstance(failure, Failed) else "it did not start")
    entry = Entry.of(cell, number, measured)
    _say(f"pass {number}  {cell.name:24}  {time.monotonic() - began:4.0f} s  {table.brief(measured)}")
    return entry


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
