"""The auditor, on histories that are made up: whoever finds nothing must be able to find something."""

import json
import math
from collections.abc import Collection
from dataclasses import replace

import pytest

from tests.faults.auditor import audit, caught_up
from tests.faults.history import NO_CHANNELS, History
from tests.faults.truth import Recorded, Truth
from tests.faults.verdict import Verdict

GENERATION = "m1"
CHANNELS = {1: "a", 2: "b", 3: "a", 4: "b", 5: "a", 6: "a"}
TRUTH = Truth(
    generation=GENERATION,
    events={
        position: Recorded(channel=channel, payload=str(position), recorded_at=0.0, batch_id="x")
        for position, channel in CHANNELS.items()
    },
    head=6,
)


def client(*, asked: str | None = None, channels: frozenset[str] = NO_CHANNELS, at: float = 100.0) -> History:
    """A client that hears everything at one time."""
    return History(name="client", stream="p_x", asked=asked, channels=channels, now=lambda: at)


def hear(history: History, *positions: int) -> History:
    for position in positions:
        history.hear(CHANNELS[position], str(position), f"{GENERATION}-{position}")
    return history


def sync(history: History, position: int) -> History:
    place = f"{GENERATION}-{position}" if position else "0-0"
    history.hear("$sync", json.dumps({"head": place, "live": True}), place)
    return history


def gap(
    history: History, reason: str, requested: str, end: int, *, missed: int | None = None, generation: str = GENERATION
) -> History:
    said = {"reason": reason, "requested": requested, "next": f"{generation}-{end + 1}", "missed": missed}
    history.hear("$gap", json.dumps(said), f"{generation}-{end}")
    return history


def found(verdict: Verdict) -> dict[str, int]:
    names = ("lost", "doubled", "reordered", "altered", "stale", "unjustified")
    return {name: count for name in names if (count := getattr(verdict, name))}


def test_client_that_heard_everything_from_its_first_id_on_is_content() -> None:
    verdict = audit(hear(client(), 3, 4, 5, 6), TRUTH)

    assert verdict.good
    assert (verdict.checked, found(verdict)) == (4, {})


def test_lost_event_is_found() -> None:
    verdict = audit(hear(client(), 2, 3, 5, 6), TRUTH)

    assert found(verdict) == {"lost": 1}
    assert "never heard 4" in verdict.complaints[0]


def test_events_that_are_lost_at_the_end_are_found() -> None:
    assert found(audit(hear(client(), 2, 3), TRUTH)) == {"lost": 3}


def test_event_that_is_lost_behind_the_first_head_is_found() -> None:
    assert found(audit(hear(sync(client(), 2), 4, 5, 6), TRUTH)) == {"lost": 1}


def test_everything_is_owed_to_who_was_told_that_the_stream_is_empty() -> None:
    assert found(audit(hear(sync(client(), 0), 3, 4, 5, 6), TRUTH)) == {"lost": 2}


def test_everything_is_owed_to_who_asked_for_everything() -> None:
    assert found(audit(hear(client(asked="0-0"), 2, 3, 4, 5, 6), TRUTH)) == {"lost": 1}
    assert found(audit(client(asked=f"{GENERATION}-4"), TRUTH)) == {"lost": 2}


def test_nothing_is_owed_to_who_was_never_given_an_id() -> None:
    assert audit(client(), TRUTH).good


def test_head_that_jumps_over_an_event_loses_it() -> None:
    history = sync(hear(client(), 1, 2), 4)

    assert found(audit(hear(history, 5, 6), TRUTH)) == {"lost": 2}


def test_doubled_event_is_found() -> None:
    assert found(audit(hear(client(), 1, 2, 3, 3, 4, 5, 6), TRUTH)) == {"doubled": 1}
    assert found(audit(hear(client(), 1, 2, 3, 4, 5, 6, 4, 5, 6), TRUTH)) == {"doubled": 3}


def test_event_that_comes_late_is_found() -> None:
    assert found(audit(hear(client(), 1, 3, 2, 4, 5, 6), TRUTH)) == {"reordered": 1}


def test_event_with_other_words_is_found() -> None:
    history = hear(client(), 1, 2)
    history.hear("a", "33", f"{GENERATION}-3")

    assert found(audit(hear(history, 4, 5, 6), TRUTH)) == {"altered": 1, "lost": 1}


def test_event_of_another_life_is_found() -> None:
    history = hear(client(), 1, 2, 3, 4, 5, 6)
    history.hear("a", "7", "m2-7")

    assert found(audit(history, TRUTH)) == {"altered": 1}


def test_client_of_one_channel_is_owed_that_channel_alone() -> None:
    only_b = frozenset({"b"})

    assert audit(hear(client(channels=only_b), 2, 4), TRUTH).good
    assert found(audit(hear(client(channels=only_b), 2), TRUTH)) == {"lost": 1}
    assert found(audit(hear(client(channels=only_b), 2, 3, 4), TRUTH)) == {"altered": 1}


def test_gap_over_events_that_the_log_holds_is_unjustified() -> None:
    history = gap(hear(client(), 1, 2), "expired", f"{GENERATION}-2", 4, missed=2)

    assert found(audit(hear(history, 5, 6), TRUTH)) == {"unjustified": 1}


def lost(*, expired: Collection[int] = (), cleared: Collection[int] = (), mark: int | None = None) -> Truth:
    """The same events, some of which were taken away at second 50, and in the place of one a mark of second 40."""
    events = {
        position: replace(
            event,
            expired_at=50.0 if position in expired else math.inf,
            cleared_at=50.0 if position in cleared else math.inf,
        )
        for position, event in TRUTH.events.items()
        if position != mark
    }
    return replace(TRUTH, events=events, marks={mark: 40.0} if mark else {})


EXPIRED = lost(expired=(1, 2, 3, 4))
CLEARED = lost(cleared=(1, 2, 3), mark=4)


def test_gap_over_events_that_have_expired_is_justified() -> None:
    history = gap(client(asked=f"{GENERATION}-2"), "expired", f"{GENERATION}-2", 4, missed=2)
    verdict = audit(hear(history, 5, 6), EXPIRED)

    assert (verdict.good, verdict.gaps) == (True, {"expired": 1})


def test_gap_over_events_that_were_cleared_and_their_mark_is_justified() -> None:
    verdict = audit(hear(gap(hear(client(), 1), "cleared", f"{GENERATION}-1", 4, missed=3), 5, 6), CLEARED)

    assert (verdict.good, verdict.gaps) == (True, {"cleared": 1})


@pytest.mark.parametrize(("truth", "reason"), [(EXPIRED, "expired"), (CLEARED, "cleared")])
def test_gap_that_is_told_before_the_events_went_is_unjustified(truth: Truth, reason: str) -> None:
    history = client(asked=f"{GENERATION}-2", at=49.0)

    assert found(audit(hear(gap(history, reason, f"{GENERATION}-2", 4), 5, 6), truth)) == {"unjustified": 1}


def test_gap_that_reaches_further_than_what_went_is_unjustified() -> None:
    history = gap(client(asked=f"{GENERATION}-2"), "expired", f"{GENERATION}-2", 5)

    assert found(audit(hear(history, 6), EXPIRED)) == {"unjustified": 1}


@pytest.mark.parametrize(("truth", "reason"), [(EXPIRED, "cleared"), (CLEARED, "expired")])
def test_gap_that_tells_the_wrong_reason_is_unjustified(truth: Truth, reason: str) -> None:
    history = gap(client(asked=f"{GENERATION}-2"), reason, f"{GENERATION}-2", 4)

    assert found(audit(hear(history, 5, 6), truth)) == {"unjustified": 1}


def test_gap_over_what_has_expired_and_what_was_cleared_behind_it_is_cleared() -> None:
    truth = lost(expired=(1, 2), cleared=(3,), mark=4)

    def told(reason: str) -> Verdict:
        return audit(hear(gap(client(asked="0-0"), reason, "0-0", 4, missed=4), 5, 6), truth)

    assert told("cleared").good
    assert found(told("expired")) == {"unjustified": 1}


def test_clear_that_a_client_was_never_told_of_is_lost() -> None:
    assert found(audit(hear(client(), 1, 2, 3, 5, 6), CLEARED)) == {"lost": 1}


def test_clear_is_told_also_to_a_client_of_a_channel_that_was_empty() -> None:
    only_a = frozenset({"a"})

    assert found(audit(hear(client(channels=only_a), 1, 3, 5, 6), CLEARED)) == {"lost": 1}
    assert audit(hear(gap(hear(client(channels=only_a), 1, 3), "cleared", f"{GENERATION}-3", 4), 5, 6), CLEARED).good


@pytest.mark.parametrize(("requested", "unjustified"), [(4, 0), (1, 1)])
def test_client_of_one_channel_may_stand_further_on_than_its_last_id_and_not_further_back(
    requested: int, unjustified: int
) -> None:
    history = hear(client(channels=frozenset({"b"})), 2, 4)
    told = gap(history, "expired", f"{GENERATION}-{requested + 1}", 6)

    assert audit(told, lost(expired=(1, 2, 3, 4, 5, 6))).unjustified == unjustified


@pytest.mark.parametrize(
    ("missed", "wrong"), [(1, {}), (2, {"unjustified": 1}), (0, {"unjustified": 2}), (9, {"unjustified": 2})]
)
def test_gap_of_a_client_of_one_channel_does_not_count_what_it_was_not_to_get(
    missed: int, wrong: dict[str, int]
) -> None:
    only_a = client(channels=frozenset({"a"}), asked=f"{GENERATION}-1")
    truth = lost(mark=3)  # 2 is of another channel, and the log holds it

    history = gap(only_a, "cleared", f"{GENERATION}-1", 3, missed=missed)

    assert found(audit(hear(history, 5, 6), truth)) == wrong


def test_what_was_taken_away_and_neither_heard_nor_told_is_lost() -> None:
    assert found(audit(hear(client(), 1, 5, 6), EXPIRED)) == {"lost": 3}


@pytest.mark.parametrize(("began", "newcomer", "stale"), [(100.0, False, 0), (111.0, False, 1), (51.0, True, 1)])
def test_cleared_event_is_stale_where_the_connection_began_long_after_or_when_all_was_calm(
    began: float, newcomer: bool, stale: int
) -> None:
    history = client(asked=f"{GENERATION}-2", at=began)
    history.newcomer = newcomer
    history.connect()

    verdict = audit(hear(gap(hear(history, 3), "cleared", f"{GENERATION}-3", 4), 5, 6), CLEARED)

    assert found(verdict) == ({"stale": stale} if stale else {})


def test_gap_that_miscounts_is_unjustified() -> None:
    history = gap(client(asked=f"{GENERATION}-2"), "expired", f"{GENERATION}-2", 4, missed=3)

    assert found(audit(hear(history, 5, 6), EXPIRED)) == {"unjustified": 1}


def test_unknown_is_what_the_log_does_not_know() -> None:
    stranger = gap(client(asked="m0-17"), "unknown", "m0-17", 3)
    known = gap(client(asked=f"{GENERATION}-2"), "unknown", f"{GENERATION}-2", 3)

    assert audit(hear(stranger, 4, 5, 6), TRUTH).good
    assert found(audit(hear(known, 4, 5, 6), TRUTH)) == {"unjustified": 1}


@pytest.mark.parametrize("cursor", ["m0-17", "not an id"])
def test_stranger_who_came_while_the_stream_was_empty_is_told_later(cursor: str) -> None:
    history = client(asked=cursor)
    history.hear("$sync", json.dumps({"head": "0-0", "live": True}), cursor if "-" in cursor else "0-0")

    told = audit(hear(gap(history, "unknown", cursor, 0), 1, 2, 3, 4, 5, 6), TRUTH)

    assert (told.good, told.gaps) == (True, {"unknown": 1})


def test_everything_is_owed_to_a_stranger_who_came_while_the_stream_was_empty() -> None:
    history = client(asked="m0-5")
    history.hear("$sync", json.dumps({"head": "0-0", "live": True}), "m0-5")

    assert found(audit(hear(gap(history, "unknown", "m0-5", 0), 3, 4, 5, 6), TRUTH)) == {"lost": 2}


def test_gap_must_name_the_cursor_that_the_client_stands_at() -> None:
    stranger = gap(client(asked="m0-17"), "unknown", "m0-18", 3)

    assert found(audit(hear(stranger, 4, 5, 6), TRUTH)) == {"unjustified": 1}


def test_head_that_the_log_does_not_know_is_unjustified() -> None:
    assert found(audit(sync(hear(client(), 6), 9), TRUTH)) == {"unjustified": 1}


@pytest.mark.parametrize(("position", "up"), [(5, False), (6, True)])
def test_client_has_caught_up_when_it_has_heard_the_last_event(position: int, up: bool) -> None:
    assert caught_up(hear(client(), position), TRUTH) is up


def test_client_of_one_channel_has_caught_up_with_the_last_event_of_that() -> None:
    assert caught_up(hear(client(channels=frozenset({"b"})), 4), TRUTH)
