"""The code in our documents: every block with its language and its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = "```"
_INDENT = "    "
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code or of another fixed text."""

    document: str
    line: int
    """The number of its first line."""
    language: str
    """What is written behind the fence; empty where the block is indented."""
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks() -> list[Block]:
    """Every block of every document."""
    return [block for path in DOCUMENTS for block in _blocks_of(path)]


def links(path: Path) -> list[str]:
    """Where a document's links lead."""
    return _LINK.findall(path.read_text())


def _blocks_of(path: Path) -> Iterator[Block]:
    document, lines = str(path.relative_to(ROOT)), path.read_text().splitlines()
    number, in_list = 0, False
    while number < len(lines):
        line, blank_before = lines[number], number == 0 or not lines[number - 1].strip()
        if line.startswith(_FENCE):
            body = list(takewhile(lambda each: not each.startswith(_FENCE), lines[number + 1 :]))
            yield Block(document=document, line=number + 2, language=line[len(_FENCE) :], text=_text(body))
            number += len(body) + 2
        elif line.startswith(_INDENT) and blank_before and not in_list:
            body = list(takewhile(lambda each: each.startswith(_INDENT) or not each.strip(), lines[number:]))
            text = _text([each.removeprefix(_INDENT) for each in body]).strip("\n") + "\n"
            yield Block(document=document, line=number + 1, language="", text=text)
            number += len(body)
        else:
            in_list = bool(re.match(r"\s*(?:[-*]|\d+\.) ", line)) or (in_list and (line.startswith(" ") or not line))
            number += 1


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
