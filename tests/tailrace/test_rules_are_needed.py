"""Takes each rule of the log out, and sees the test that is named after it fail."""

import asyncio
import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tailrace import append, codec, flush, log_reader, tails
from tailrace.errors import InvalidItem
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tests.support.log import DAY, MINUTE
from tests.tailrace import mutations as without
from tests.tailrace import test_append as appending
from tests.tailrace import test_append_end_of_life as ending
from tests.tailrace import test_append_retries as retrying
from tests.tailrace import test_clear as clearing
from tests.tailrace import test_event_log_flush as flushing
from tests.tailrace import test_log_reader as reading
from tests.tailrace.mutations import Mutation, setting

Test = Callable[..., Any]

RULES: list[tuple[Test, Mutation]] = [
    (
        appending.test_rule_01_remembered_tail_is_relied_on_for_five_minutes_by_the_wall_clock,
        setting(tails, "MEMORY", DAY),
    ),
    (
        appending.test_rule_01_remembered_tail_is_relied_on_for_five_minutes_by_the_wall_clock,
        without.care_for_clocks_that_were_set_back,
    ),
    (
        appending.test_rule_01_process_that_was_frozen_for_a_day_does_not_extend_a_tail_of_yesterday,
        setting(tails, "MEMORY", DAY),
    ),
    (
        appending.test_rule_01_own_batch_that_a_retry_finds_is_not_taken_for_the_tail,
        without.forgetting_what_was_only_found,
    ),
    (appending.test_rule_01_that_a_stream_is_empty_is_never_taken_for_granted, without.looking_first),
    (appending.test_rule_02_two_cold_writers_on_an_empty_stream_begin_one_generation, without.one_key_to_race_for),
    (
        partial(ending.test_rule_03_what_the_tail_has_left_to_live_decides, 59, ["query", "extend", "put"]),
        setting(append, "EXTENSION", 45 * MINUTE),
    ),
    (
        ending.test_rule_03_tail_with_46_minutes_is_extended_since_a_put_may_land_late_and_clocks_differ,
        setting(append, "LONG_ENOUGH", 45 * MINUTE),
    ),
    (
        ending.test_rule_03_tail_with_46_minutes_is_extended_since_a_put_may_land_late_and_clocks_differ,
        setting(append, "LONG_ENOUGH", 0),
    ),
    (ending.test_rule_03_extension_that_is_refused_is_no_leave_to_put, without.reading_again_after_a_refused_extension),
    (ending.test_rule_03_expired_stream_whose_tail_is_deleted_first_is_ended, setting(append, "TOO_SHORT", -DAY)),
    (ending.test_rule_03_stream_that_expires_by_a_clock_that_is_ahead_is_ended_too, setting(append, "TOO_SHORT", 0)),
    (ending.test_rule_03_items_are_deleted_in_ascending_order_the_tail_last, without.keeping_the_tail_for_last),
    (ending.test_rule_03_tail_that_was_extended_meanwhile_is_not_deleted, without.the_condition_on("expires_at")),
    (ending.test_rule_03_new_life_is_not_deleted_with_the_old_one, without.the_condition_on("generation")),
    (
        ending.test_rule_03_stream_is_left_whole_where_its_tail_was_extended_since_it_was_seen,
        without.a_look_before_the_end,
    ),
    (ending.test_rule_03_events_of_an_extended_item_do_not_become_visible_again, without.an_age_for_events),
    (ending.test_rule_04_request_has_ended_long_before_a_quarter_of_an_hour, without.short_time_outs),
    (ending.test_rule_04_retention_is_a_day_at_least, setting(log_reader, "MIN_RETENTION", timedelta(0))),
    (appending.test_rule_05_item_behind_one_that_is_kept_for_longer_is_kept_as_long, without.the_tails_expiry),
    (appending.test_rule_05_time_of_recording_never_runs_backwards_along_a_stream, without.the_tails_time),
    (appending.test_rule_06_warm_append_is_one_put, without.memory),
    (appending.test_rule_07_own_batch_in_the_way_is_an_earlier_success, without.knowing_its_own_batch),
    (appending.test_rule_07_what_the_log_holds_is_what_is_returned, without.knowing_its_own_batch),
    (appending.test_rule_08_item_in_the_way_is_the_tail, without.using_what_is_in_the_way),
    (
        appending.test_rule_08_writer_that_is_far_behind_reads_forward_instead_of_walking,
        without.reading_after_the_second_conflict,
    ),
    (
        appending.test_rule_09_put_whose_answer_was_lost_is_tried_at_the_same_position,
        without.staying_at_the_same_position,
    ),
    (appending.test_rule_09_append_that_meets_only_failures_gives_up_when_patience_ends, without.an_end_to_patience),
    (
        appending.test_rule_10_batch_whose_put_may_have_landed_is_looked_for_from_where_the_put_stood,
        without.reading_forward,
    ),
    (appending.test_rule_10_forward_read_turns_every_page, without.turning_pages),
    (
        appending.test_rule_10_forward_read_begins_at_the_beginning_where_the_generation_is_another,
        without.reading_from_the_beginning,
    ),
    (retrying.test_rule_11_retry_finds_its_batch_behind_those_of_others, without.the_floor),
    (retrying.test_rule_11_process_that_tries_again_does_not_go_behind_its_own_batch, without.the_floor),
    (retrying.test_rule_11_slow_first_try_finds_what_the_retry_has_appended_meanwhile, without.the_floor),
    (retrying.test_rule_11_warm_first_try_begins_from_the_floor_too, without.the_floor),
    (retrying.test_rule_11_crashed_first_try_of_several_items_is_completed, without.the_floor),
    (retrying.test_rule_12_events_in_the_log_win_over_those_of_a_retry, without.the_floor),
    (
        flushing.test_rule_13_flush_of_5_mb_is_several_items_with_ordinals_in_order,
        setting(flush, "MAX_STORED_BYTES", 2**30),
    ),
    (flushing.test_rule_13_flush_of_5_mb_is_several_items_with_ordinals_in_order, without.ordinals),
    (
        flushing.test_rule_13_events_that_compress_well_need_one_item_for_a_megabyte,
        setting(codec, "COMPRESS_FROM_BYTES", 2**30),
    ),
    (
        flushing.test_rule_13_no_item_holds_more_json_than_a_reader_has_to_hold,
        setting(flush, "MAX_BATCH_BYTES", 2**30),
    ),
    (clearing.test_rule_14_mark_is_a_batch_of_one_position_behind_all_that_there_is, without.the_mark),
    (clearing.test_rule_14_what_stands_before_the_mark_loses_its_events_and_nothing_else, without.leaving_all_else),
    (clearing.test_rule_14_late_put_and_cold_writer_use_no_position_again, without.emptying_in_place),
    (clearing.test_rule_14_emptying_turns_every_page, without.emptying_every_page),
    (clearing.test_rule_14_emptying_whose_answer_is_lost_is_done_again, without.emptying_again_after_a_failure),
    (
        clearing.test_rule_14_clear_that_was_interrupted_is_finished_by_the_next_under_the_same_mark,
        without.a_look_before_the_mark,
    ),
    (clearing.test_rule_14_clear_of_a_stream_that_holds_nothing_appends_nothing, without.a_look_before_the_mark),
    (clearing.test_rule_14_clear_that_slept_empties_nothing_of_the_next_life, without.care_for_the_next_life),
    (
        clearing.test_rule_14_clear_that_was_read_before_a_life_ended_empties_nothing_of_the_next,
        without.care_for_a_life_that_began_before_the_page_was_read,
    ),
    (
        partial(reading.test_rule_16_newest_reads_backwards_until_enough_is_there, count=1, begins=[9], whole=False),
        without.counting,
    ),
    (reading.test_rule_16_newest_stops_at_a_cleared_item, without.stopping),
    (reading.test_rule_16_newest_stops_at_a_hole, without.stopping),
    (reading.test_rule_16_newest_stops_at_another_generation, without.stopping),
    (reading.test_rule_16_newest_stops_at_what_has_expired, without.stopping),
    (
        partial(
            reading.test_rule_18_read_begins_with_the_item_that_contains_the_position, position=2, begins=[1, 4, 9]
        ),
        without.looking_before_the_position,
    ),
]


def perform(test: Test) -> None:
    """Run a test with fixtures of its own."""
    wanted = inspect.signature(test).parameters
    with pytest.MonkeyPatch.context() as patch:
        clock, table = reading.Clock(), InMemoryTable()
        log = EventLog(table=table, retention=timedelta(days=1), now=clock)
        fixtures = {"clock": clock, "table": table, "log": log, "monkeypatch": patch}
        ended = test(**{name: fixture for name, fixture in fixtures.items() if name in wanted})
        if ended is not None:
            asyncio.run(ended)


def _name(test: Test) -> str:
    function = test.func if isinstance(test, partial) else test
    return function.__name__.removeprefix("test_")


@pytest.mark.parametrize(("test", "mutation"), RULES, ids=[_name(test) for test, _ in RULES])
def test_without_its_rule_fails(test: Test, mutation: Mutation) -> None:
    perform(test)  # with its rule, it passes

    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        with pytest.raises((AssertionError, pytest.fail.Exception, InvalidItem)):
            perform(test)
