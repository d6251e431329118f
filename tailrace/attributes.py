"""An item of the log as attributes in DynamoDB."""

from typing import TYPE_CHECKING

from tailrace.errors import InvalidItem
from tailrace.event import Position, WorkflowId
from tailrace.table import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UniversalAttributeValueTypeDef

    Attributes = dict[str, UniversalAttributeValueTypeDef]
    Stored = dict[str, AttributeValueTypeDef]

TTL_ATTRIBUTE = "expires_at"
ALL_BUT_EVENTS = "workflow_id, #position, generation, #count, batch_id, recorded_at, expires_at, cleared, traceparent"
"""A projection; `position` and `count` are words of DynamoDB's own, and need a `#`."""


def key_of(item: Item) -> "Attributes":
    """The attributes by which an item is found."""
    return {"workflow_id": {"S": item.workflow_id}, "position": {"N": str(item.position)}}


def attributes_of(item: Item) -> "Attributes":
    """All of an item's attributes."""
    attributes: Attributes = {
        **key_of(item),
        "generation": {"S": item.generation},
        "count": {"N": str(item.count)},
        "batch_id": {"S": item.batch_id},
        "recorded_at": {"N": str(item.recorded_at)},
        TTL_ATTRIBUTE: {"N": str(item.expires_at)},
    }
    if item.events is not None:
        attributes["events"] = {"B": item.events}
    if item.cleared:
        attributes["cleared"] = {"BOOL": True}
    if item.traceparent is not None:
        attributes["traceparent"] = {"S": item.traceparent}
    return attributes


def item_of(attributes: "Stored") -> Item:
    """Read an item, or one that was asked for without its events.

    Raises:
        InvalidItem: the attributes are none of an event log's item.
    """
    try:
        return _decode(attributes)
    except (KeyError, ValueError) as error:
        place = attributes.get("position", {}).get("N")
        raise InvalidItem(f"At {place} stands no item of an event log: it has {', '.join(attributes)}.") from error


def _decode(attributes: "Stored") -> Item:
    return Item(
        workflow_id=WorkflowId(attributes["workflow_id"]["S"]),
        position=Position(int(attributes["position"]["N"])),
        generation=attributes["generation"]["S"],
        count=int(attributes["count"]["N"]),
        batch_id=attributes["batch_id"]["S"],
        recorded_at=int(attributes["recorded_at"]["N"]),
        expires_at=int(attributes[TTL_ATTRIBUTE]["N"]),
        events=attributes["events"]["B"] if "events" in attributes else None,
        cleared=attributes.get("cleared", {}).get("BOOL", False),
        traceparent=attributes.get("traceparent", {}).get("S"),
    )
