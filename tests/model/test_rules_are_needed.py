"""Takes the log's rules out, one by one, and sees the model fail; with all of them in, it holds in the same places."""

import os

import pytest

from tailrace import append, flush, tails
from tests.model import places
from tests.model.near import Place
from tests.model.settings import make_everything_tiny
from tests.stream_service import reader_mutations as readers
from tests.support.log import DAY, MINUTE
from tests.tailrace import mutations as writers
from tests.tailrace.mutations import Mutation, setting

MORE_EXAMPLES = os.environ.get("TAILRACE_TEST_EXAMPLES")
PLACES = {name: place for name, place in vars(places).items() if isinstance(place, Place)}

RULES: list[tuple[int, Mutation, Place]] = [
    (1, setting(tails, "MEMORY", DAY), places.YESTERDAY),
    (1, writers.care_for_clocks_that_were_set_back, places.YESTERDAY),
    (1, writers.looking_first, places.EXPIRING),
    (2, writers.one_key_to_race_for, places.RACING),
    (3, setting(append, "LONG_ENOUGH", 45 * MINUTE), places.RUNNING_OUT),
    (3, setting(append, "TOO_SHORT", 0), places.EXPIRING),
    (3, setting(append, "TOO_SHORT", -DAY), places.EXPIRING),
    (3, writers.reading_again_after_a_refused_extension, places.ENDING),
    (3, writers.keeping_the_tail_for_last, places.ENDING),
    (3, writers.the_condition_on("generation"), places.ENDING),
    (3, writers.the_condition_on("expires_at"), places.ENDING),
    (4, writers.short_time_outs, places.LATE),
    (5, writers.the_tails_expiry, places.LOWERED),
    (6, writers.the_notice, places.HEARING),
    (7, writers.knowing_its_own_batch, places.RACING),
    (8, writers.going_on_from_what_is_in_the_way, places.FAR_BEHIND),
    (8, writers.reading_after_the_second_conflict, places.FAR_BEHIND),
    (9, writers.staying_at_the_same_position, places.RACING),
    (10, writers.reading_forward, places.AN_HOUR),
    (10, writers.turning_pages, places.TRYING),
    (10, writers.reading_from_the_beginning, places.NEXT_LIFE),
    (11, writers.the_floor, places.TRYING),
    (12, writers.what_the_log_holds, places.HEARING),
    (13, setting(flush, "MAX_STORED_BYTES", 2**30), places.RACING),
    (13, writers.ordinals, places.RACING),
    (14, writers.the_mark, places.CLEARING),
    (14, writers.emptying_in_place, places.CLEARING),
    (14, writers.emptying_every_page, places.CLEARING),
    (14, writers.emptying_again_after_a_failure, places.CLEARING),
    (14, writers.leaving_all_else, places.CLEARING),
    (14, writers.care_for_the_next_life, places.CLEARED_LATE),
    (15, readers.order, places.READING),
    (15, readers.holding_notices, places.READING),
    (15, readers.one_reading_at_a_time, places.READING),
    (16, readers.settling_after_loading, places.READING),
    (16, readers.the_expired_tail, places.READING),
    (17, readers.generations_of_notices, places.READING),
    (17, readers.holes_before_notices, places.READING),
    (17, readers.emptying_the_ring, places.READING),
    (18, readers.the_containing_batch, places.READING),
    (19, readers.sweeps, places.READING),
    (19, readers.reading_the_tail, places.READING),
    (19, readers.the_generation_of_the_tail, places.READING),
    (20, readers.an_id_to_come_back_with, places.READING),
    (21, readers.waiting_on_an_empty_stream, places.READING),
    (22, readers.asking_the_log, places.READING),
    (22, readers.judging, places.READING),
    (23, readers.the_log, places.READING),
    (23, readers.telling_of_what_expired, places.READING),
    (23, readers.telling_of_what_was_cleared, places.READING),
    (23, readers.the_generation_of_a_page, places.READING),
    (24, readers.trust_in_what_is_gone, places.READING),
    (25, readers.the_id_of_the_last_that_was_lost, places.READING),
    (25, readers.waiting_for_what_follows, places.READING),
    (25, readers.gaps_being_for_cursors, places.READING),
]
"""A rule's number, a part of it taken out, and where the model notices. Of some rules there are more parts than these:
those that no walk of this length notices, and those that only cost something, have a test of their own each."""

SLOWLY_NOTICED: list[tuple[int, Mutation, Place]] = [
    (15, readers.doubting, places.READING),
    (16, readers.registering_before_reading, places.READING),
    (17, readers.dropping_what_was_seen, places.READING),
    (17, readers.reading_for_notices_without_events, places.READING),
    (18, readers.turning_pages, places.READING),
    (22, readers.asking_from_now_on, places.READING),
    (25, readers.remembering_what_was_lost, places.READING),
]
"""Parts for which some hundreds of orders have to be tried: with TAILRACE_TEST_EXAMPLES alone."""


@pytest.mark.parametrize("name", PLACES)
def test_model_holds_where_no_rule_is_taken_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything_tiny(monkeypatch)

    PLACES[name].walk(orders=100)


@pytest.mark.parametrize(
    ("mutation", "place"),
    [
        pytest.param(*where, id=f"rule {number}")
        for number, *where in [*RULES, *(SLOWLY_NOTICED if MORE_EXAMPLES else ())]
    ],
)
def test_model_fails_without(mutation: Mutation, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything_tiny(monkeypatch)
    mutation(monkeypatch)

    with pytest.raises((AssertionError, ValueError)):
        place.walk()


def test_every_rule_is_taken_out() -> None:
    assert {number for number, _, _ in RULES} == set(range(1, 26))
