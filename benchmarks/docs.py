"""`make bench-docs`: writes the newest results into docs/performance.md, between its markers, and draws the plot."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping

from benchmarks import absent, marked, scale_page, table
from benchmarks.figures import figures_of
from benchmarks.paths.report import tables
from benchmarks.plot import plot
from benchmarks.results import RESULTS, Results
from benchmarks.running import ROOT

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"


def _machine(results: Results) -> str:
    about = results.about
    machine, versions = about["machine"], about["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    changed = " with changes" if about["changed"] else ""
    return (
        f"Measured {about['began'][:10]} at commit `{about['commit'][:12]}`{changed}:"
        f" {_passes(results)} passes; {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB,"
        f" kernel {machine['kernel']}; {listed}.\n"
    )


def _passes(results: Results) -> str:
    """How often each cell was measured: where the time was over within a pass, some have one more than others."""
    counts = Counter((entry.kind, entry.server, entry.clients) for entry in results.entries).values()
    return str(min(counts)) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


PARTS: Mapping[str, Callable[[Results], str]] = {
    "machine": _machine,
    "plot": lambda _: f"![Deliveries a second at 1,000, 5,000 and 10,000 clients]({PLOT.name})\n",
    "reached": table.reached,
    "rates": table.rates,
    "costs": table.costs,
    "faults": table.faults,
    "growth": table.growth,
    "paths": lambda results: tables(results.paths),
    "left_out": lambda results: "".join(f"- {line}\n" for line in absent.lines(results)),
}


def fill(page: str, results: Results) -> str:
    """Put every part between its markers; nothing else of the page changes."""
    return marked.fill(page, "bench", {name: part(results) for name, part in PARTS.items()})


def write(results: Results) -> None:
    """Write page and plot, and what is computed from them elsewhere."""
    PAGE.write_text(fill(PAGE.read_text(), results))
    PLOT.write_text(plot(results))
    scale_page.write(figures_of(results))


def main() -> int:
    """Bring the page up to date."""
    write(Results.read(RESULTS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
