"""A plot of deliveries a second, as SVG: bars for each server, in groups of so many clients."""

from benchmarks import summary
from benchmarks.markdown import short
from benchmarks.plan import CLIENTS, Kind
from benchmarks.results import Results
from benchmarks.servers import SERVERS, TAILRACE
from benchmarks.summary import Climb

WIDTH = 780
_BAR = 18
_STEP = 24
_GROUP_HEAD = 30
_LABELS = 210
_NUMBERS = 110
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.head { font-weight: 600 }
.bar { fill: #9aa7b5 }
.ours { fill: #0a7a5c }
.spread { stroke: #333; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .bar { fill: #66727f } .ours { fill: #23b58c } .spread { stroke: #ddd }
}
"""


def plot(results: Results) -> str:
    """Draw one event a notice, at every number of clients; longer is better."""
    climbs = {
        (clients, server.name): climbed
        for clients in CLIENTS
        for server in SERVERS
        if (climbed := summary.climb(results, Kind.SINGLE, server.name, clients)) is not None
    }
    longest = max(climbed.per_second.most for climbed in climbs.values())
    parts: list[str] = []
    y = 0
    for clients in CLIENTS:
        y += _GROUP_HEAD
        parts.append(f'<text class="head" x="0" y="{y - 8}">{clients:,} clients: deliveries a second, one core</text>')
        for server in SERVERS:
            if (climbed := climbs.get((clients, server.name))) is not None:
                title = server.title.strip("*").replace("&", "&amp;")
                parts.append(_bar(y, title, climbed, longest, ours=server is TAILRACE))
                y += _STEP
    return _document("\n".join(parts), y + 10)


def _bar(y: int, title: str, climbed: Climb, longest: float, *, ours: bool) -> str:
    scale = (WIDTH - _LABELS - _NUMBERS) / longest
    rate = climbed.per_second
    end = _LABELS + scale * rate.median
    middle = y + _BAR / 2
    note = "" if climbed.saturated else f" at {climbed.cpu_percent.median:.0f} %"
    least, most = (_LABELS + scale * value for value in (rate.least, rate.most))
    kind = "ours" if ours else "bar"
    return (
        f'<text x="{_LABELS - 8}" y="{middle + 5:.0f}" text-anchor="end">{title}</text>\n'
        f'<rect class="{kind}" x="{_LABELS}" y="{y}" width="{end - _LABELS:.1f}" height="{_BAR}"/>\n'
        f'<line class="spread" x1="{least:.1f}" x2="{most:.1f}" y1="{middle}" y2="{middle}"/>\n'
        f'<text x="{most + 8:.1f}" y="{middle + 5:.0f}">{short(rate.median)}{note}</text>'
    )


def _document(content: str, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">\n'
        f"<title>Deliveries a second on one core</title>\n<style>{_STYLE}</style>\n{content}\n</svg>\n"
    )
