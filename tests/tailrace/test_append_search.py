"""The log's promises in every order of events that a few writers can meet, and rules without which one breaks them."""

import pytest

from tailrace import append
from tests.support.log import DAY, MINUTE, RecordingTable, World
from tests.tailrace import mutations as without
from tests.tailrace.mutations import Mutation, setting
from tests.tailrace.search import Setting, search
from tests.tailrace.test_append_end_of_life import FAST, SLOW, items_with


def two_expired_items() -> World:
    return items_with(0, 2)


def two_items_with_14_minutes() -> World:
    return items_with(14, 2)


def one_item_with_61_minutes() -> World:
    return items_with(61, 1)


def one_item_with_31_minutes() -> World:
    return items_with(31, 1)


def three_items_on_three_pages() -> World:
    world = World(table=RecordingTable(page_bytes=1))
    for number in range(3):
        world.append(f"before {number}")
    return world


COLD = Setting(skews=(0, 0), flushes=2, faults=2)
THREE_COLD = Setting(skews=(0, 0, 0), faults=1)
ONE_EXPIRED = Setting(begin=two_expired_items, skews=(0,), faults=2, deletions=True)
TWO_EXPIRED = Setting(begin=two_expired_items, skews=(0, SLOW + 1), deletions=True)
TRIED_TWICE = Setting(skews=(0, 0, 0), tries=2, faults=2)
TRIED_TWICE_IN_TWO_PARTS = Setting(skews=(0, 0), tries=2, flushes=2, faults=2)
ENDING = Setting(begin=two_items_with_14_minutes, skews=(0, SLOW), faults=1)
BELOW_AN_HOUR = Setting(begin=one_item_with_61_minutes, skews=(0, 0, 0), faults=2, ticks=1)
RUNNING_OUT = Setting(begin=one_item_with_31_minutes, skews=(SLOW, FAST), faults=1, ticks=2, tick=7 * MINUTE)
CLEARED = Setting(begin=three_items_on_three_pages, skews=(0, 0), clears=1, faults=2)
CLEARED_TWICE = Setting(begin=two_items_with_14_minutes, skews=(0, SLOW), clears=2)
EXPIRED_AND_CLEARED = Setting(begin=two_expired_items, skews=(0, 0), clears=1, deletions=True)
CLEARED_ASLEEP = Setting(begin=three_items_on_three_pages, skews=(0, 0), clears=1, ticks=1, tick=2 * DAY)
CLEARED_WHILE_RUNNING_OUT = Setting(begin=one_item_with_31_minutes, skews=(0, 0), clears=1, ticks=2, tick=14 * MINUTE)


@pytest.mark.parametrize(
    ("setting", "at_least"),
    [
        pytest.param(COLD, 10_000, id="two writers of two flushes, two faults"),
        pytest.param(THREE_COLD, 3_000, id="three writers, one fault"),
        pytest.param(ONE_EXPIRED, 1_500, id="expired stream, two faults"),
        pytest.param(TWO_EXPIRED, 4_000, id="expired stream, two clocks"),
        pytest.param(TRIED_TWICE, 4_000, id="a run tried twice and another writer, two faults"),
        pytest.param(TRIED_TWICE_IN_TWO_PARTS, 2_000, id="two batches tried twice, two faults"),
        pytest.param(ENDING, 1_000, id="end of a life, two clocks, a fault"),
        pytest.param(RUNNING_OUT, 50_000, id="tail about to expire, two clocks, a late put"),
        pytest.param(CLEARED, 15_000, id="a clear of three pages and a writer, two faults"),
        pytest.param(CLEARED_TWICE, 500, id="two clears at the end of a life, two clocks"),
        pytest.param(EXPIRED_AND_CLEARED, 10_000, id="a clear and a writer on an expired stream"),
        pytest.param(CLEARED_ASLEEP, 3_000, id="a clear that sleeps while another life begins"),
        pytest.param(CLEARED_WHILE_RUNNING_OUT, 5_000, id="a clear while the tail is about to expire"),
    ],
)
def test_promises_hold_in_every_order_of_events(setting: Setting, at_least: int) -> None:
    found = search(setting)

    assert found.states > at_least
    assert found.ends > 0


@pytest.mark.parametrize(
    ("mutation", "where"),
    [
        pytest.param(without.one_key_to_race_for, Setting(skews=(0, 1)), id="rule 2"),
        pytest.param(setting(append, "LONG_ENOUGH", 45 * MINUTE), RUNNING_OUT, id="rule 3, an hour"),
        pytest.param(setting(append, "TOO_SHORT", 0), TWO_EXPIRED, id="rule 3, a quarter of an hour"),
        pytest.param(setting(append, "TOO_SHORT", -DAY), ONE_EXPIRED, id="rule 3, the end of life"),
        pytest.param(without.keeping_the_tail_for_last, ENDING, id="rule 3, the order"),
        pytest.param(without.the_condition_on("generation"), TWO_EXPIRED, id="rule 3, the generation"),
        pytest.param(without.the_condition_on("expires_at"), ENDING, id="rule 3, the expiry"),
        pytest.param(without.reading_again_after_a_refused_extension, ENDING, id="rule 3, the extension"),
        pytest.param(without.knowing_its_own_batch, Setting(skews=(0,), faults=1), id="rule 7"),
        pytest.param(without.staying_at_the_same_position, COLD, id="rule 9"),
        pytest.param(without.reading_forward, BELOW_AN_HOUR, id="rule 10"),
        pytest.param(without.the_floor, TRIED_TWICE, id="rule 11"),
        pytest.param(without.the_mark, CLEARED, id="rule 14, the mark"),
        pytest.param(without.emptying_in_place, CLEARED, id="rule 14, in place"),
        pytest.param(without.emptying_every_page, CLEARED, id="rule 14, every page"),
        pytest.param(without.care_for_the_next_life, CLEARED_ASLEEP, id="rule 14, the generation"),
    ],
)
def test_search_finds_the_history_that_a_rule_prevents(
    mutation: Mutation, where: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)

    with pytest.raises(AssertionError):
        search(where)
