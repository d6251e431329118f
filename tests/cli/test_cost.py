from pathlib import Path

import pytest
import typer

from cli.bill import Fleet, Use
from cli.cost import count, report
from tests.support.command import tailrace


@pytest.mark.parametrize(
    ("text", "number"), [("50", 50), ("10M", 1e7), ("1.5k", 1500), ("2b", 2e9), ("1,000,000", 1e6), ("1_000", 1000)]
)
def test_counts_are_written_as_people_write_them(text: str, number: float) -> None:
    assert count(text) == number


@pytest.mark.parametrize("text", ["", "M", "ten", "-5", "1e6", "1MM", "5 5"])
def test_what_is_no_count_is_said(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no number such as"):
        count(text)


def test_report_adds_up() -> None:
    lines = report(Use(events=1e7, clients=1_000, followers=5), Fleet())

    amounts = {line[14:]: float(line[:12].replace(",", "")) for line in lines if line[:12].strip()[-3:-2] == "."}
    assert amounts["together"] == pytest.approx(amounts["idle"] + amounts["by use"], abs=0.02)
    assert amounts["Tailrace"] == pytest.approx(
        amounts["together"] - amounts["Running workflows (HTTP API, Lambda)"], abs=0.02
    )
    assert {"AppSync Events", "API Gateway WebSockets", "Ably"} <= amounts.keys()


def test_command_computes_a_month_and_more_clients_cost_more(tmp_path: Path) -> None:
    few = tailrace("cost", "--events", "10M", "--clients", "50", folder=tmp_path)
    many = tailrace("cost", "--events", "10M", "--clients", "50k", "--followers", "50", folder=tmp_path)

    assert (few.code, many.code) == (0, 0)
    assert "10,000,000 events of 300 bytes, 10 a run" in few.out
    assert "2 tasks on Fargate" in few.out
    assert "34 tasks on Fargate" in many.out


def test_command_counts_what_the_front_costs(tmp_path: Path) -> None:
    month = ("cost", "--events", "10M", "--clients", "50", "--front")
    plain, wrong = (tailrace(*month, front, folder=tmp_path) for front in ("own-domain", "a-garden-gate"))

    assert "4 public IPv4 addresses" in plain.out
    assert "Traffic (AWS)" in plain.out
    assert wrong.code == 2


def test_command_says_which_count_it_cannot_read(tmp_path: Path) -> None:
    result = tailrace("cost", "--events", "many", "--clients", "50", folder=tmp_path)

    assert result.code == 2
    assert "'many' is no number such as" in result.err
