"""Measures every path as often as asked, and writes what came out as tables."""

import sys
from collections.abc import Callable, Mapping

from benchmarks.markdown import markdown, number
from benchmarks.paths import Numbers, append, intake, stages, storm, through_sqs
from benchmarks.spread import Spread

PASSES = 3
PATHS: Mapping[str, Callable[[], Numbers]] = {
    "Notices in": intake.measure,
    "Notices in through SQS": through_sqs.measure,
    "Clients back at once": storm.measure,
    "Appending": append.measure,
    "From a run to a socket": stages.measure,
}


def measure_paths(passes: int = PASSES) -> dict[str, Numbers]:
    """Measure all paths, in turns."""
    found: dict[str, Numbers] = {title: {} for title in PATHS}
    for _ in range(passes):
        for title, measure in PATHS.items():
            for label, values in measure().items():
                found[title].setdefault(label, []).extend(values)
            sys.stdout.write(f"{title}: measured\n")
            sys.stdout.flush()
    return found


def tables(paths: Mapping[str, Numbers]) -> str:
    """A table for each path."""
    return "\n".join(
        markdown(
            [title, "median (least..most)"], ([label, number(Spread.of(values))] for label, values in path.items())
        )
        for title, path in paths.items()
    )


if __name__ == "__main__":
    sys.stdout.write("\n" + tables(measure_paths(1)))
