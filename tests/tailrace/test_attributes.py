from dataclasses import replace
from typing import Any

import pytest

from tailrace.attributes import attributes_of, item_of, key_of
from tailrace.errors import InvalidItem
from tailrace.event import Position, workflow_id
from tailrace.table import Item

ITEM = Item(
    workflow_id=workflow_id("p_stream"),
    position=Position(7),
    generation="m1a2b3c4",
    count=2,
    batch_id="run:0",
    recorded_at=1_800_000_000_000,
    expires_at=1_800_086_400,
    events=b"[]",
)


def stored(item: Item) -> dict[str, Any]:
    """An item's attributes, as DynamoDB gives them back."""
    return {**attributes_of(item)}


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(ITEM, id="of a run"),
        pytest.param(replace(ITEM, traceparent="00-7f-1-01"), id="with a trace"),
        pytest.param(replace(ITEM, events=None, cleared=True), id="cleared"),
    ],
)
def test_item_is_read_as_it_was_written(item: Item) -> None:
    assert item_of(stored(item)) == item


def test_item_that_comes_without_its_events_is_not_taken_for_a_cleared_one() -> None:
    attributes = stored(ITEM)
    del attributes["events"]

    assert item_of(attributes) == replace(ITEM, events=None, cleared=False)


def test_item_is_found_by_stream_and_position() -> None:
    assert key_of(ITEM) == {"workflow_id": {"S": "p_stream"}, "position": {"N": "7"}}


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param({"workflow_id": {"S": "p_stream"}, "something": {"S": "else"}}, id="an item of another table"),
        pytest.param({**stored(ITEM), "count": {"N": "many"}}, id="a count that is no number"),
        pytest.param({**stored(ITEM), "count": {"S": "2"}}, id="a count that is a text"),
    ],
)
def test_strange_item_is_refused_by_its_place(strange: dict[str, Any]) -> None:
    with pytest.raises(InvalidItem, match="At 7"):
        item_of({"position": {"N": "7"}, **strange})
