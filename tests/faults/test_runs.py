"""The auditor of runs, on logs that are made up."""

import json

from tests.faults.runs import Run, audit_runs, run_payload
from tests.faults.truth import Recorded, Truth
from tests.faults.verdict import Verdict


def truth(*events: tuple[str, int]) -> dict[str, Truth]:
    """A log that holds these runs' events, by their places in their runs."""
    recorded = {
        position: Recorded(channel="c", payload=json.dumps(run_payload(run, place, "")), recorded_at=0.0, batch_id=run)
        for position, (run, place) in enumerate(events, start=1)
    }
    return {"p_x": Truth(generation="m1", events=recorded, head=len(recorded))}


def run(name: str, events: int, *, accepted: bool = True) -> Run:
    return Run(name=name, stream="p_x", events=events, accepted=accepted)


def counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.lost, verdict.doubled, verdict.reordered, verdict.altered


def test_runs_that_are_in_the_log_once_and_whole_are_good() -> None:
    assert audit_runs([run("a", 2), run("b", 1)], truth(("a", 0), ("a", 1), ("b", 0))).good


def test_accepted_run_that_is_not_in_the_log_is_lost() -> None:
    verdict = audit_runs([run("a", 2)], truth())

    assert (verdict.good, counts(verdict)) == (False, (2, 0, 0, 0))


def test_run_that_nobody_accepted_may_be_in_the_log_or_not() -> None:
    asked = [run("a", 1, accepted=False), run("b", 1, accepted=False)]

    assert audit_runs(asked, truth(("a", 0))).good


def test_run_that_is_in_the_log_twice_is_doubled_even_where_nobody_accepted_it() -> None:
    assert counts(audit_runs([run("a", 1, accepted=False)], truth(("a", 0), ("a", 0)))) == (0, 1, 0, 0)


def test_run_of_which_a_part_is_missing_is_lost_in_part() -> None:
    assert counts(audit_runs([run("a", 3)], truth(("a", 0), ("a", 1)))) == (1, 0, 0, 0)


def test_run_whose_events_do_not_stand_together_is_out_of_order() -> None:
    assert counts(audit_runs([run("a", 2), run("b", 1)], truth(("a", 0), ("b", 0), ("a", 1)))) == (0, 0, 1, 0)


def test_events_that_nobody_sent_are_found() -> None:
    assert counts(audit_runs([], truth(("a", 0)))) == (0, 0, 0, 1)
