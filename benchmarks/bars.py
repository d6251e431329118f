"""Bars in a row each, of parts, as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH = 760
_BAR, _STEP, _HEAD = 18, 26, 34
_LABELS, _NUMBERS = 110, 120
_COLOURS = ("#0a7a5c", "#9aa7b5", "#c98a1b")
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.head { font-weight: 600 }
.mark { stroke: #b3261e; stroke-width: 1.5; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One bar."""

    label: str
    parts: Mapping[str, float]
    note: str


def bars(title: str, rows: Sequence[Row], *, mark: float | None = None) -> str:
    """Draw rows whose parts have the same names, and a line at `mark`."""
    longest = max(sum(row.parts.values()) for row in rows)
    scale = (WIDTH - _LABELS - _NUMBERS) / max(longest, mark or 0)
    height = 2 * _HEAD + _STEP * len(rows)
    drawn = [f'<text class="head" x="0" y="16">{title}</text>', *_legend(list(rows[0].parts))]
    for index, row in enumerate(rows):
        drawn += _row(row, 2 * _HEAD - 8 + index * _STEP, scale)
    if mark is not None:
        x = _LABELS + mark * scale
        drawn.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{2 * _HEAD - 14}" y2="{height - 8}"/>')
    content = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n{content}\n</svg>\n"
    )


def _legend(names: Sequence[str]) -> list[str]:
    drawn, x = [], _LABELS
    for name, colour in zip(names, _COLOURS, strict=False):
        drawn.append(f'<rect x="{x}" y="26" width="12" height="12" fill="{colour}"/>')
        drawn.append(f'<text x="{x + 18}" y="37">{name}</text>')
        x += 40 + 8 * len(name)
    return drawn


def _row(row: Row, y: float, scale: float) -> list[str]:
    drawn = [f'<text x="{_LABELS - 8}" y="{y + 14:.0f}" text-anchor="end">{row.label}</text>']
    x = float(_LABELS)
    for value, colour in zip(row.parts.values(), _COLOURS, strict=False):
        drawn.append(f'<rect x="{x:.1f}" y="{y:.0f}" width="{value * scale:.1f}" height="{_BAR}" fill="{colour}"/>')
        x += value * scale
    return [*drawn, f'<text x="{x + 8:.1f}" y="{y + 14:.0f}">{row.note}</text>']
