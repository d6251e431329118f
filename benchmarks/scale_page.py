"""`make scale`: computes the tables and plots of docs/scale.md, and the tables of docs/cost.md."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks import cost_page, marked
from benchmarks.bars import Row, bars
from benchmarks.figures import SWEEP_SOURCE, Figures, read
from benchmarks.markdown import markdown, short
from benchmarks.results import RESULTS
from benchmarks.running import ROOT
from benchmarks.scale_limits import first_limit, limits_of, quotas_to_raise
from benchmarks.scale_model import BUSY, Load, System, load_of

DOCS = ROOT / "docs"
PAGE = DOCS / "scale.md"
STAGES: Mapping[str, System] = {
    "S0": System(clients=2_000, workflows=1_000, events_a_second=500),
    "S1": System(clients=50_000, workflows=25_000, events_a_second=3_000),
    "S2": System(clients=250_000, workflows=125_000, events_a_second=30_000, shards=8),
    "S3": System(clients=1_000_000, workflows=1_000_000, events_a_second=100_000, shards=16),
}
TARGET = STAGES["S3"]
SHARDS = (1, 2, 4, 8, 16, 32, 64)
"""Divisors of the 64 characters that an id may end with, so that shards are alike."""


def written(figures: Figures) -> dict[Path, str]:
    """Every file that is computed, with what stands in it."""
    split = [load_of(replace(TARGET, shards=shards), figures) for shards in SHARDS]
    parts = {
        "figures": _figures(figures),
        "stages": _stages(figures),
        "shards": _shards(split),
        "pieces": _pieces(load_of(TARGET, figures)),
        "costs": _costs([load_of(system, figures) for system in STAGES.values()]),
    }
    return {
        PAGE: marked.fill(PAGE.read_text(), "scale", parts),
        DOCS / "scale-core.svg": _core_plot(split),
        DOCS / "scale-cost.svg": _cost_plot(split),
        cost_page.PAGE: cost_page.filled(cost_page.PAGE.read_text()),
    }


def _figures(figures: Figures) -> str:
    rows = [
        ["a write to a client (an event, a batch, a keepalive)", f"{figures.write_us:.1f} µs of a core"],
        ["a notice, from SQS's client to the hub", f"{figures.notice_us:.0f} µs of a core"],
        ["a sweep: comparing a stream with the log", f"{figures.sweep_us:,.0f} µs of a core"],
        ["an open stream, without its ring", f"{figures.connection_kb:.1f} KB"],
        ["clients that a core accepts", f"{figures.connects_a_second:,.0f} a second"],
    ]
    return markdown(["measured", ""], rows) + f"\nSource: {figures.source}.\n\nA sweep was not {SWEEP_SOURCE}.\n"


def _stages(figures: Figures) -> str:
    rows = []
    for name, system in STAGES.items():
        load = load_of(system, figures)
        rows.append(
            [
                name,
                f"{system.clients:,}",
                f"{system.events_a_second:,.0f}",
                f"{system.shards}",
                f"{load.tasks}",
                f"{100 * load.core_share:.0f} %",
                _first(load),
                ", ".join(limit.name for limit in quotas_to_raise(load)) or "none",
            ]
        )
    head = ["stage", "clients", "events/s", "shards", "tasks", "a task's core", "full first", "quotas to raise"]
    return markdown(head, rows)


def _shards(loads: list[Load]) -> str:
    head = ["shards", "tasks", "notices/s into a task", "its core", "full first", "notices, $", "tasks, $"]
    rows = [
        [
            f"{load.system.shards}",
            f"{load.tasks}",
            f"{load.notices_a_task:,.0f}",
            f"{100 * load.core_share:.0f} %",
            _first(load),
            f"{load.costs['notices']:,.0f}",
            f"{load.costs['tasks']:,.0f}",
        ]
        for load in loads
    ]
    return markdown(head, rows)


def _first(load: Load) -> str:
    limit = first_limit(load)
    return f"{limit.name}: {100 * limit.share:.0f} %"


def _pieces(load: Load) -> str:
    rows = [
        [limit.name, short(limit.load), short(limit.most), f"{100 * limit.share:.0f} %", _help(limit.quota)]
        for limit in sorted(limits_of(load), key=lambda limit: -limit.share)
    ]
    return markdown(["piece", "load", "most", "used", "beyond that"], rows)


def _help(quota: bool) -> str:
    return "ask AWS for more" if quota else "more shards, more tasks or larger ones"


def _costs(loads: list[Load]) -> str:
    names = list(loads[0].costs)
    rows = [
        [stage, *(f"{load.costs[name]:,.0f}" for name in names), f"**{sum(load.costs.values()):,.0f}**"]
        for stage, load in zip(STAGES, loads, strict=True)
    ]
    return markdown(["dollars a month", *names, "together"], rows)


def _core_plot(loads: list[Load]) -> str:
    rows = [
        Row(
            f"{load.system.shards} shards",
            {
                "notices in": 100 * load.notice_share,
                "writes to clients": 100 * load.write_share,
                "sweeps": 100 * load.sweep_share,
            },
            f"{100 * load.core_share:.0f} %",
        )
        for load in loads
    ]
    title = f"{TARGET.clients:,} clients, {TARGET.events_a_second:,.0f} events/s: how busy a task's core is, in percent"
    return bars(title, rows, mark=100 * BUSY)


def _cost_plot(loads: list[Load]) -> str:
    rows = [
        Row(
            f"{load.system.shards} shards",
            {"notices (SNS, SQS)": load.costs["notices"], "tasks": load.costs["tasks"]},
            f"${load.costs['notices'] + load.costs['tasks']:,.0f}",
        )
        for load in loads
    ]
    return bars("The same: dollars a month for notices and tasks", rows)


def write(figures: Figures) -> None:
    """Write every file that is computed."""
    for path, text in written(figures).items():
        path.write_text(text)


def main() -> int:
    """Bring the pages up to date."""
    write(read(RESULTS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
