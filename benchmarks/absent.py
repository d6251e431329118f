"""What the tables lack, and why: servers that were left out, and cells that gave no number."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from benchmarks.markdown import NOTHING
from benchmarks.plan import Kind
from benchmarks.results import Results
from benchmarks.servers import SERVERS

FAILED = "failed"
NO_REPLAY = "keeps none"
WORDS: Mapping[Kind, str] = {
    Kind.SINGLE: "one event a notice",
    Kind.BATCHED: "ten events a notice",
    Kind.CALM: "latency",
    Kind.ALONE: "latency",
    Kind.REPLAY: "replay",
    Kind.GROWTH: "one stream",
    Kind.STREAMS: "a client to each stream",
}


def word(results: Results, kind: Kind, server: str, clients: int) -> str:
    """What stands where a cell has no number: that it failed, or else that it was not looked at."""
    return FAILED if (kind, server, clients) in _failures(results) else NOTHING


def lines(results: Results) -> Iterator[str]:
    """A sentence for each server that was left out, and for each cell that failed in some pass."""
    for title, why in results.left_out.items():
        yield f"{title}: {why}."
    titles = {server.name: server.title.strip("*") for server in SERVERS}
    passes = max((entry.number for entry in results.entries), default=0)
    for (kind, server, clients), reasons in _failures(results).items():
        where = f"{titles[server]}, {clients:,} client{'s' if clients > 1 else ''}, {WORDS[kind]}"
        yield f"{where}: no result in {len(reasons)} of {passes} passes; the first time, {reasons[0]}."


def _failures(results: Results) -> dict[tuple[Kind, str, int], list[str]]:
    found = defaultdict(list)
    for entry in results.entries:
        if entry.measured is None:
            found[entry.kind, entry.server, entry.clients].append(entry.failure or "for no known reason")
    return found
