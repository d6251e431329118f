from pathlib import Path

from benchmarks.figures import BEFORE, figures_of, read
from benchmarks.generator import Connected, Measured, Stage
from benchmarks.plan import Kind
from benchmarks.results import Entry, Results

ABOUT = {"began": "2026-01-02T03:04:05+00:00", "machine": {"processor": "a processor"}}


def results_with(*, cpu_us: float, kb: float, notice_us: list[float]) -> Results:
    connected = Connected(
        complete=True, clients=5000, open=5000, closed=0, replay=0, missing=0, doubled=0,
        seconds=1.0, per_second=4321.0, cpu_us_each=100.0, rss_before_kb=1000, rss_kb=3000, kb_each=kb,
    )  # fmt: skip
    stage = Stage(
        sustained=True, rate=4.0, batch=1, seconds=2.0, clients=5000, streams=1, wanted=1, delivered=1, missing=0,
        doubled=0, closed=0, per_second=20000.0, p50_us=1, p99_us=1, max_us=1, events_a_read=1.0, mb_per_second=1.0,
        cpu_percent=1.0, cpu_us_each=cpu_us, generator_idle_percent=1.0, most_posts_waiting=1, posts_refused=0,
        reconnected=0, rss_kb=1,
    )  # fmt: skip
    measured = Measured(connected=connected, stages=(stage,))
    entry = Entry(kind=Kind.SINGLE, server="tailrace", clients=5000, number=1, measured=measured)
    paths = {"Notices in through SQS": {"µs of CPU for one of those": notice_us}}
    return Results(about=ABOUT, entries=[entry], paths=paths)


def test_what_was_measured_is_taken() -> None:
    figures = figures_of(results_with(cpu_us=8.5, kb=1.5, notice_us=[150.0, 170.0, 160.0]))

    assert (figures.write_us, figures.notice_us) == (8.5, 160.0)
    assert (figures.connection_kb, figures.connects_a_second) == (1.5, 4321.0)
    assert figures.source == "`make bench`, 2026-01-02, a processor"


def test_what_was_not_measured_is_from_before_and_the_source_says_so() -> None:
    figures = figures_of(results_with(cpu_us=8.5, kb=1.5, notice_us=[]))

    assert figures.notice_us == BEFORE.notice_us
    assert "notice_us: " in figures.source


def test_tree_without_results_takes_what_was_known_before(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert read(path) is BEFORE

    results_with(cpu_us=7.5, kb=1.0, notice_us=[100.0]).save(path)
    assert read(path).write_us == 7.5
