"""Tables in Markdown, and numbers in few digits."""

from collections.abc import Iterable, Sequence

from benchmarks.spread import Spread

NOTHING = "-"
_THOUSAND = 1_000
_MILLION = 1_000_000


def short(value: float) -> str:
    """A number in three digits or so."""
    if value >= _MILLION:
        return f"{value / _MILLION:.2f} M"
    if value >= 10 * _THOUSAND:
        return f"{value / _THOUSAND:.0f} k"
    if value >= _THOUSAND:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def number(spread: Spread | None) -> str:
    """A median, and the least and the most beside it."""
    if spread is None:
        return NOTHING
    if spread.least == spread.most:
        return short(spread.median)
    return f"{short(spread.median)} ({short(spread.least)}..{short(spread.most)})"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its columns of one width each."""
    table = [list(head), *map(list, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    lines.insert(1, " | ".join("-" * max(width, 3) for width in widths))
    return "".join(f"| {line} |\n" for line in lines)
