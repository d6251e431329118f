"""The auditor's other question: is what writers were told about their runs what the log holds?"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.faults.truth import Truth
from tests.faults.verdict import Verdict


@dataclass(slots=True, kw_only=True)
class Run:
    """A run that somebody asked for, under a name that its events carry."""

    name: str
    stream: str
    events: int
    accepted: bool = False
    """Whether it was ever said to have succeeded."""


def run_payload(name: str, place: int, fill: str) -> dict[str, object]:
    """The payload of a run's event."""
    return {"run": name, "place": place, "fill": fill}


def audit_runs(runs: Iterable[Run], truths: Mapping[str, Truth]) -> Verdict:
    """Judge that each accepted run is in the log once, whole and in order; any other at most once."""
    verdict = Verdict()
    found = {stream: _positions(truth) for stream, truth in truths.items()}
    known = set()
    for run in runs:
        known.add((run.stream, run.name))
        _judge(run, found[run.stream].get(run.name, []), verdict)
    for stream, names in found.items():
        for name in names:
            if (stream, name) not in known:
                verdict.altered += 1
                verdict.complaints.append(f"The log has events of {name} on {stream}, which nobody asked for.")
    return verdict


def _judge(run: Run, places: list[tuple[int, int]], verdict: Verdict) -> None:
    who = f"run {run.name} on {run.stream}"
    if not places:
        if run.accepted:
            verdict.lost += run.events
            verdict.complaints.append(f"{who}: accepted, and not in the log")
        return
    first = places[0][0]
    whole = [(first + place, place) for place in range(run.events)]
    if places == whole:
        return
    if len(places) > run.events:
        verdict.doubled += len(places) - run.events
    elif len(places) < run.events:
        verdict.lost += run.events - len(places)
    else:
        verdict.reordered += 1
    verdict.complaints.append(f"{who}: {run.events} events were sent, and the log holds {places}")


def _positions(truth: Truth) -> Mapping[str, list[tuple[int, int]]]:
    """Where each run's events stand: positions, and the places that they had in their run."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for position, event in truth.events.items():
        payload = json.loads(event.payload)
        found[payload["run"]].append((position, payload["place"]))
    return found
