"""What is printed and written of results; the results themselves are made up."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import docs, table
from benchmarks.generator import Connected, Measured, Stage
from benchmarks.goals import goals
from benchmarks.markdown import number, short
from benchmarks.plan import CLIENTS, Cell, Kind, full_plan
from benchmarks.plot import plot
from benchmarks.results import Entry, Results
from benchmarks.spread import Spread

FAILING = (Kind.SINGLE, "pushpin", 5_000)
RATES = {"tailrace": 500_000.0, "nchan": 100_000.0, "pushpin": 60_000.0, "sse": 20_000.0}


def measured(cell: Cell, *, factor: float = 1.0, missing: int = 0, idle_cpu_us: float = 0.0) -> Measured:
    connected = Connected(
        complete=True, clients=cell.clients, open=cell.clients, closed=0, replay=cell.replay, missing=0, doubled=0,
        seconds=1.0, per_second=1000.0, cpu_us_each=100.0, rss_before_kb=1000, rss_kb=3000, kb_each=2.0,
        idle_cpu_us=idle_cpu_us,
    )  # fmt: skip
    rate = RATES.get(cell.server.name, 400_000.0) * factor
    stages = tuple(
        Stage(
            sustained=cell.server.name == "tailrace",
            rate=load.rate,
            batch=load.batch,
            seconds=load.seconds,
            clients=cell.clients,
            streams=cell.streams,
            wanted=1000,
            delivered=1000 - missing,
            missing=missing,
            doubled=0,
            closed=0,
            per_second=rate,
            p50_us=1000,
            p99_us=2000,
            max_us=3000,
            events_a_read=1.0,
            mb_per_second=1.0,
            cpu_percent=50.0,
            cpu_us_each=8.0,
            generator_idle_percent=50.0,
            most_posts_waiting=1,
            posts_refused=0,
            reconnected=0,
            rss_kb=3000,
        )
        for load in cell.loads
    )
    return Measured(connected=connected, stages=stages)


@pytest.fixture
def results() -> Results:
    found = Results(
        about={
            "began": "2026-01-02T03:04:05+00:00",
            "commit": 40 * "a",
            "changed": False,
            "machine": {"processor": "one", "cores": 2, "memory_gb": 4, "kernel": "6"},
            "versions": {"python": "3.11"},
        },
        left_out={"Mercure": "not built"},
        paths={"Appending": {"calls a flush": [1.0, 1.0]}},
    )
    for pass_number, factor in ((1, 1.0), (2, 1.1), (3, 0.8)):
        found.entries += [Entry.of(cell, pass_number, measured(cell, factor=factor)) for cell in full_plan()]
    return found


def test_results_come_back_as_they_were_written(results: Results, tmp_path: Path) -> None:
    results.entries.append(Entry.of(full_plan()[0], 4, None, "not over after 60 seconds"))

    results.save(tmp_path / "results.json")

    assert Results.read(tmp_path / "results.json") == results


def test_cell_is_done_once_its_pass_has_an_entry(results: Results) -> None:
    assert results.has(full_plan()[0], 3)
    assert not results.has(full_plan()[0], 4)


def test_cells_of_a_pass_have_names_of_their_own() -> None:
    names = [cell.name for cell in full_plan()]

    assert len(names) == len(set(names))


def test_rate_is_the_median_of_the_passes_and_says_which_server_was_saturated(results: Results) -> None:
    rows = table.rates(results).splitlines()

    assert "500 k (400 k..550 k) 50 %" in next(row for row in rows if "Tailrace" in row)
    assert "100 k (80 k..110 k)* 50 %" in next(row for row in rows if "nchan" in row)


def test_goals_are_ratios_of_medians(results: Results) -> None:
    beside_nchan = next(goal for goal in goals(results) if "1,000 clients, beside nginx" in goal.text)

    assert (beside_nchan.reached, beside_nchan.met) == (5.0, True)


def test_goal_that_was_not_measured_is_not_met() -> None:
    assert not any(goal.met for goal in goals(Results()))


def test_missing_events_are_told(results: Results) -> None:
    cell = full_plan()[0]
    results.entries.append(Entry.of(cell, 4, measured(cell, missing=7)))

    row = next(row for row in table.faults(results).splitlines() if "Tailrace" in row)

    assert row.split("|")[2].strip() == "7"


def test_cell_that_gave_nothing_is_no_bare_dash_and_its_reason_is_told(results: Results) -> None:
    failed = [entry for entry in results.entries if (entry.kind, entry.server, entry.clients) == FAILING]
    reason = "4,977 of 5,000 clients connected; client 7 was closed"
    results.entries = [
        replace(entry, measured=None, failure=reason) if entry in failed else entry for entry in results.entries
    ]

    rates, costs = (
        [cell.strip() for cell in next(row for row in part(results).splitlines() if "pushpin" in row).split("|")]
        for part in (table.rates, table.costs)
    )

    assert rates[3] == "failed"
    assert rates[2] != "failed"
    assert costs[5:9] == ["failed", "failed", "failed", "keeps none"]
    told = "pushpin, 5,000 clients, one event a notice: no result in 3 of 3 passes; the first time, "
    assert f"- {told}{reason}.\n" in docs.PARTS["left_out"](results)


def test_growth_leaves_out_what_idle_clients_cost() -> None:
    cell = next(cell for cell in full_plan() if cell.name == "streams/tailrace/10000")
    busy = Measured(
        connected=measured(cell, idle_cpu_us=1000.0).connected,
        stages=tuple(replace(stage, delivered=500) for stage in measured(cell).stages),
    )

    found = table.growth(Results(entries=[Entry.of(cell, 1, busy)])).splitlines()

    # 8 µs for each of 500 deliveries, less 1,000 µs a second for 4 and for 2 seconds
    rows = {cells[1].strip(): cells[-2].strip() for cells in (row.split("|") for row in found if row)}
    assert rows["**Tailrace**, 400 events/s"] == "0"
    assert rows["**Tailrace**, 4,000 events/s"] == "4"
    assert rows["**Tailrace**, none: µs a second"] == "1,000"
    assert rows["nginx + nchan, 400 events/s"] == "-"


def test_page_says_how_often_each_cell_was_measured(results: Results) -> None:
    passes = max(entry.number for entry in results.entries)
    assert f" {passes} passes; " in docs.PARTS["machine"](results)

    results.entries.pop()

    assert f" {passes - 1} to {passes} passes; " in docs.PARTS["machine"](results)


def test_page_is_filled_between_its_markers_alone(results: Results) -> None:
    page = docs.PAGE.read_text()

    filled = docs.fill(page, results)

    assert docs.fill(filled, results) == filled
    assert "Not measured yet" not in filled
    assert "calls a flush" in filled
    assert "## What is not measured" in filled


def test_plot_is_svg_with_a_bar_for_each_server_and_size(results: Results) -> None:
    drawing = ET.fromstring(plot(results))

    servers = {cell.server.name for cell in full_plan() if cell.kind == Kind.SINGLE}
    assert len(drawing.findall("{http://www.w3.org/2000/svg}rect")) == len(servers) * len(CLIENTS)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0321, "0.0321"), (7.25, "7.25"), (1234.0, "1,234"), (98_765.0, "99 k"), (3.94e6, "3.94 M")]
)
def test_number_is_short(value: float, text: str) -> None:
    assert short(value) == text
    assert number(Spread(value, value, value)) == text
