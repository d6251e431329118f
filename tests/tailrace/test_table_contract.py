"""What every `Table` does: conditions, order and pages."""

from dataclasses import replace

import pytest

from tailrace.event import Position, WorkflowId, workflow_id
from tailrace.table import Item, Table

STREAM = workflow_id("p_stream")
OTHER = workflow_id("p_other")


def item(position: int, *, stream: WorkflowId = STREAM, count: int = 1, events: bytes | None = b"[]") -> Item:
    return Item(
        workflow_id=stream,
        position=Position(position),
        generation="m1a2b3c4",
        count=count,
        batch_id=f"run:{position}",
        recorded_at=1_800_000_000_000,
        expires_at=1_800_086_400,
        events=events,
        cleared=events is None,
    )


async def filled(table: Table, *positions: int, size: int = 2) -> None:
    for position in positions:
        assert await table.put(item(position, events=bytes(size))) is None


async def positions(table: Table, **asked: int | bool) -> list[int]:
    page = await table.query(STREAM, **asked)  # type: ignore[arg-type]  # flags and numbers alike
    return [each.position for each in page.items]


@pytest.mark.parametrize("events", [b"[]", bytes(range(256)), None], ids=["json", "bytes", "cleared"])
async def test_item_comes_back_as_it_was_put(table: Table, events: bytes | None) -> None:
    put = item(7, count=3, events=events)

    assert await table.put(put) is None

    assert (await table.query(STREAM)).items == (put,)


async def test_trace_comes_back_with_its_item(table: Table) -> None:
    put = replace(item(7), traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

    assert await table.put(put) is None

    assert (await table.query(STREAM)).items == (put,)


async def test_items_are_read_without_their_events(table: Table) -> None:
    put = replace(item(7, count=3), traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    await table.put(put)

    page = await table.query(STREAM, descending=True, limit=1, without_events=True)

    assert page.items == (replace(put, events=None),)


async def test_put_where_an_item_stands_changes_nothing_and_returns_that_item(table: Table) -> None:
    first, second = item(1), replace(item(1), batch_id="another", generation="other", events=b"[1]")
    await table.put(first)

    assert await table.put(second) == first
    assert await table.put(first) == first
    assert (await table.query(STREAM)).items == (first,)


async def test_largest_events_that_the_log_stores_fit_into_an_item(table: Table) -> None:
    put = item(1, events=bytes(300 * 1024))

    assert await table.put(put) is None

    assert (await table.query(STREAM)).items == (put,)


async def test_query_of_an_empty_stream_is_an_empty_page(table: Table) -> None:
    page = await table.query(STREAM)

    assert (page.items, page.more) == ((), False)


async def test_query_reads_one_stream_alone(table: Table) -> None:
    await table.put(item(1))
    await table.put(item(1, stream=OTHER))

    page = await table.query(OTHER)

    assert [each.workflow_id for each in page.items] == [OTHER]


async def test_query_is_in_the_order_of_numbers(table: Table) -> None:
    await filled(table, 10, 9, 100, 1, 11, 2)

    assert await positions(table) == [1, 2, 9, 10, 11, 100]
    assert await positions(table, descending=True) == [100, 11, 10, 9, 2, 1]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (2, 9, [2, 9]),
        (3, 8, []),
        (1, 1, [1]),
        (9, 2, []),
        (0, 0, []),
        (-5, 2, [1, 2]),
        (10, 9_999_999_999_999_999, [10]),
    ],
)
async def test_query_includes_both_ends(table: Table, first: int, last: int, found: list[int]) -> None:
    await filled(table, 1, 2, 9, 10)

    assert await positions(table, first=first, last=last) == found
    assert await positions(table, first=first, last=last, descending=True) == found[::-1]


async def test_query_from_one_end_alone(table: Table) -> None:
    await filled(table, 1, 2, 9, 10)

    assert await positions(table, first=2) == [2, 9, 10]
    assert await positions(table, last=9) == [1, 2, 9]
    assert await positions(table, last=0) == []


async def test_query_with_a_limit_reads_so_many_and_says_that_there_are_more(table: Table) -> None:
    await filled(table, 1, 2, 3)

    page = await table.query(STREAM, descending=True, limit=2)

    assert [each.position for each in page.items] == [3, 2]
    assert page.more
    assert not (await table.query(STREAM, limit=4)).more


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_of_a_megabyte_that_follow_one_another_hold_every_item(table: Table, *, descending: bool) -> None:
    await filled(table, *range(1, 11), size=300_000)

    pages = []
    first, last, more = 1, 10, True
    while more:
        page = await table.query(STREAM, first=first, last=last, descending=descending)
        pages.append([each.position for each in page.items])
        more = page.more
        if descending and page.items:
            last = page.items[-1].position - 1
        elif page.items:
            first = page.items[-1].position + 1

    assert len(pages) >= 3
    assert [position for page in pages for position in page] == sorted(range(1, 11), reverse=descending)


async def test_extend_keeps_an_item_that_is_as_it_was_seen(table: Table) -> None:
    await table.put(item(1))

    assert await table.extend(item(1), 1_900_000_000)

    assert (await table.query(STREAM)).items == (replace(item(1), expires_at=1_900_000_000),)


@pytest.mark.parametrize("seen", [replace(item(1), generation="other"), replace(item(1), expires_at=1), item(2)])
async def test_extend_of_an_item_that_is_not_as_it_was_seen_changes_nothing(table: Table, seen: Item) -> None:
    await table.put(item(1))

    assert not await table.extend(seen, 1_900_000_000)

    assert (await table.query(STREAM)).items == (item(1),)


async def test_delete_takes_an_item_that_expires_in_time(table: Table) -> None:
    await table.put(item(1))
    await table.put(item(2))

    assert await table.delete(item(1), expiring_by=item(1).expires_at)

    assert await positions(table) == [2]


async def test_delete_of_an_item_that_is_gone_counts(table: Table) -> None:
    assert await table.delete(item(1), expiring_by=1)


@pytest.mark.parametrize(
    ("seen", "expiring_by"), [(replace(item(1), generation="other"), 2_000_000_000), (item(1), item(1).expires_at - 1)]
)
async def test_delete_of_an_item_that_is_kept_for_longer_or_of_another_life_changes_nothing(
    table: Table, seen: Item, expiring_by: int
) -> None:
    await table.put(item(1))

    assert not await table.delete(seen, expiring_by=expiring_by)

    assert await positions(table) == [1]


async def test_empty_takes_the_events_of_items_and_leaves_all_else(table: Table) -> None:
    for position in (1, 2, 3):
        await table.put(item(position))

    await table.empty([item(1), item(3)])

    assert (await table.query(STREAM)).items == (item(1, events=None), item(2), item(3, events=None))


async def test_empty_of_an_item_that_is_empty_already_changes_nothing(table: Table) -> None:
    await table.put(item(1, events=None))

    await table.empty([item(1)])

    assert (await table.query(STREAM)).items == (item(1, events=None),)


async def test_empty_leaves_items_of_another_life_and_brings_back_none_that_is_gone(table: Table) -> None:
    await table.put(item(1))

    await table.empty([replace(item(1), generation="other"), item(2)])

    assert (await table.query(STREAM)).items == (item(1),)
