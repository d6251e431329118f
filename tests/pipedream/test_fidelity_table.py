"""docs/pipedream.md: every ✓ is held by a test that exists."""

import re
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "pipedream.md"
TABLES = "## What is the same, and what is not"
VERDICTS = ("✓", "✗", "differs, because ")


class Row(NamedTuple):
    """A line of a table."""

    behaviour: str
    verdict: str
    test: str


def rows() -> list[Row]:
    lines = DOCUMENT.read_text().partition(TABLES)[2].splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines if line.startswith("| ")]
    return [Row(behaviour, verdict, test.strip("`")) for behaviour, verdict, test in cells if verdict]


def names_of_tests() -> set[str]:
    text = "\n".join(file.read_text() for file in TESTS.rglob("test_*.py"))
    return set(re.findall(r"^(?:async )?def (test_\w+)\(", text, re.MULTILINE))


def test_every_row_says_whether_it_is_the_same() -> None:
    assert len(rows()) > 60
    assert [row for row in rows() if not row.verdict.startswith(VERDICTS)] == []


def test_every_behaviour_that_is_the_same_names_its_test() -> None:
    assert [row.behaviour for row in rows() if row.verdict == "✓" and not row.test] == []


def test_every_test_that_is_named_exists() -> None:
    assert {row.test for row in rows() if row.test} - names_of_tests() == set()


def test_each_behaviour_stands_there_once() -> None:
    behaviours = [row.behaviour for row in rows()]

    assert sorted(set(behaviours)) == sorted(behaviours)
