"""Takes each of the reader's rules out, and sees the test that is named after it fail."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.stream_service import reader_mutations as without
from tests.stream_service import test_reader_rules as rings
from tests.stream_service import test_reader_rules_of_clients as clients
from tests.stream_service.reader_mutations import Mutation
from tests.support.hub import SteppedHub
from tests.support.stream_log import Streams

Test = Callable[..., Any]

RULES: list[tuple[Test, Mutation]] = [
    (rings.test_rule_15_ring_is_one_unbroken_run_in_whatever_order_notices_come, without.order),
    (rings.test_rule_15_notice_that_comes_while_the_log_is_read_is_held, without.holding_notices),
    (
        rings.test_rule_15_sweep_that_comes_while_the_log_is_read_is_made_afterwards,
        without.one_reading_at_a_time,
    ),
    (rings.test_rule_15_sweep_that_comes_while_the_log_is_read_is_made_afterwards, without.doubting),
    (rings.test_rule_15_with_too_many_notices_to_hold_the_log_is_read_once_again, without.doubting),
    (rings.test_rule_16_event_recorded_while_the_ring_is_loaded_comes_once, without.registering_before_reading),
    (rings.test_rule_16_ring_is_loaded_with_the_newest_hundred, without.a_hundred),
    (rings.test_rule_16_client_that_waited_for_the_ring_is_served_when_it_is_loaded, without.settling_after_loading),
    (rings.test_rule_16_ring_of_an_expired_stream_goes_on_behind_its_newest_item, without.the_expired_tail),
    (rings.test_rule_16_empty_answer_changes_nothing, without.patience_with_an_empty_answer),
    (rings.test_rule_17_notice_of_another_life_has_the_ring_loaded_anew, without.generations_of_notices),
    (rings.test_rule_17_notice_of_a_former_life_that_comes_late_changes_nothing, without.generations_of_notices),
    (rings.test_rule_17_notice_that_was_seen_is_dropped, without.dropping_what_was_seen),
    (rings.test_rule_17_hole_before_a_notice_is_read_from_the_log, without.holes_before_notices),
    (rings.test_rule_17_ring_goes_on_behind_what_expired_unread, without.holes_in_the_log),
    (rings.test_rule_17_what_is_cleared_empties_the_ring, without.emptying_the_ring),
    (rings.test_rule_17_of_a_batch_the_part_from_next_on_is_taken, without.taking_only_what_is_next),
    (rings.test_rule_17_notice_without_its_events_is_read_from_the_log, without.reading_for_notices_without_events),
    (rings.test_rule_18_reading_begins_with_the_batch_that_contains_the_position, without.the_containing_batch),
    (rings.test_rule_18_reading_goes_on_page_by_page, without.turning_pages),
    (rings.test_rule_19_sweep_finds_what_no_notice_told_of, without.sweeps),
    (rings.test_rule_19_sweep_finds_a_new_life_that_is_shorter_than_the_former, without.reading_the_tail),
    (rings.test_rule_19_sweep_finds_a_new_life_that_is_longer_than_the_former, without.the_generation_of_the_tail),
    (rings.test_rule_19_sweep_of_a_stream_that_has_not_grown_is_one_reading, without.reading_the_tail),
    (clients.test_rule_20_client_without_a_cursor_is_served_from_the_ring, without.the_ring),
    (clients.test_rule_20_sync_gives_an_id_where_there_is_nothing_to_replay, without.an_id_to_come_back_with),
    (clients.test_rule_21_cursor_is_kept_while_the_stream_is_empty, without.waiting_on_an_empty_stream),
    (clients.test_rule_21_who_came_to_an_empty_stream_gets_all_that_it_ever_had, without.an_id_to_come_back_with),
    (clients.test_rule_22_cursor_that_another_task_gave_is_good_though_this_ring_lags, without.asking_the_log),
    (clients.test_rule_22_head_is_read_in_a_reading_that_begins_now, without.asking_from_now_on),
    (clients.test_rule_22_cursor_of_another_life_gets_the_newest_behind_a_gap, without.judging),
    (clients.test_rule_22_cursor_that_is_ahead_of_the_log_is_unknown, without.judging),
    (
        clients.test_rule_22_unknown_cursor_stays_unknown_though_what_it_gets_instead_is_cleared,
        without.the_reason_of_an_unknown_cursor,
    ),
    (clients.test_rule_22_cursor_is_not_vouched_for_in_the_next_life, without.the_life_that_was_vouched_for),
    (clients.test_rule_22_answer_about_a_former_life_judges_nobody, without.the_life_that_was_asked_about),
    (clients.test_rule_23_cursor_before_the_ring_is_served_from_the_log, without.the_log),
    (clients.test_rule_23_what_expired_behind_the_cursor_is_told, without.telling_of_what_expired),
    (clients.test_rule_23_what_was_cleared_behind_the_cursor_is_told, without.telling_of_what_was_cleared),
    (clients.test_rule_23_new_life_that_begins_while_pages_are_read_is_noticed, without.the_generation_of_a_page),
    (clients.test_rule_24_cursor_just_before_the_first_retained_event_is_good, without.trust_in_what_is_gone),
    (clients.test_rule_25_gap_is_told_once_also_to_who_comes_back, without.the_id_of_the_last_that_was_lost),
    (clients.test_rule_25_losses_in_a_row_are_told_at_once, without.waiting_for_what_follows),
    (clients.test_rule_25_loss_that_is_known_is_told_after_a_pause, without.remembering_what_was_lost),
    (clients.test_rule_25_who_came_without_a_cursor_has_lost_nothing, without.gaps_being_for_cursors),
    (clients.test_rule_25_replay_that_expires_before_it_is_read_is_no_loss, without.knowing_who_has_an_id),
    (clients.test_rule_25_replay_that_begins_in_a_former_life_is_no_loss, without.knowing_who_has_an_id),
    (clients.test_rule_25_page_of_a_former_life_takes_nothing_away_from_the_next, without.lives_of_questions),
]


def perform(test: Test) -> None:
    """Run a test with fixtures of its own."""
    wanted = inspect.signature(test).parameters
    with pytest.MonkeyPatch.context() as patch:
        streams = Streams()
        fixtures = {"streams": streams, "hub": SteppedHub(streams), "monkeypatch": patch}
        test(**{name: fixture for name, fixture in fixtures.items() if name in wanted})


def _name(test: Test) -> str:
    return test.__name__.removeprefix("test_")


@pytest.mark.parametrize(("test", "mutation"), RULES, ids=[_name(test) for test, _ in RULES])
def test_without_its_rule_fails(test: Test, mutation: Mutation) -> None:
    perform(test)  # with its rule, it passes

    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        with pytest.raises((AssertionError, IndexError, ValueError)):
            perform(test)


def test_every_test_of_a_rule_is_seen_to_fail() -> None:
    named = {name for module in (rings, clients) for name in vars(module) if name.startswith("test_rule_")}

    assert named == {test.__name__ for test, _ in RULES}
