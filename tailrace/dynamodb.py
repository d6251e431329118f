"""The log's table in DynamoDB: items to attributes, conditions to expressions, boto3's errors to ours.

boto3 is synchronous; its calls run in threads of this module's own, so that they belong to no event loop.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tailrace.aws import AWS_TROUBLES, checked, needed
from tailrace.errors import InvalidItem, LogRefused, LogUnavailable, OutcomeUnknown
from tailrace.event import Position, WorkflowId
from tailrace.table import Item, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryOutputTypeDef,
        UniversalAttributeValueTypeDef,
    )

    Attributes = dict[str, UniversalAttributeValueTypeDef]

_Answer = TypeVar("_Answer")

THREADS = 16
TTL_ATTRIBUTE = "expires_at"
_TRANSIENT = frozenset(
    {
        "InternalServerError",
        "ItemCollectionSizeLimitExceededException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
_SERVER_ERROR = 500


def dynamodb_client(*, threads: int = THREADS) -> "DynamoDBClient":
    """Make a client whose time-outs keep every put far below the fifteen minutes that the log's rule 4 allows."""
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=threads,
        retries={"total_max_attempts": 2, "mode": "standard"},  # the log's own rules go on from there
    )
    return checked(boto3.client("dynamodb", config=config))


def create_table(client: "DynamoDBClient", table_name: str) -> None:
    """Create the log's table where there is none, as the deployed stack declares it."""
    try:
        client.create_table(
            TableName=table_name,
            KeySchema=[
                {"AttributeName": "workflow_id", "KeyType": "HASH"},
                {"AttributeName": "position", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "workflow_id", "AttributeType": "S"},
                {"AttributeName": "position", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    except client.exceptions.ResourceInUseException:
        return
    client.get_waiter("table_exists").wait(TableName=table_name, WaiterConfig={"Delay": 1})
    client.update_time_to_live(
        TableName=table_name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
    )


class DynamoDBTable:
    """A `Table` in DynamoDB."""

    def __init__(self, *, client: "DynamoDBClient", table_name: str, threads: int = THREADS) -> None:
        self._client = client
        self._name = table_name
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="dynamodb")

    async def query(
        self,
        workflow_id: WorkflowId,
        *,
        first: int | None = None,
        last: int | None = None,
        descending: bool = False,
        limit: int | None = None,
        without_events: bool = False,
    ) -> Page:
        """Read a workflow's items whose own position lies within `first` and `last`, consistently."""
        condition = "workflow_id = :workflow_id AND #position BETWEEN :first AND :last"
        request: dict[str, Any] = {
            "TableName": self._name,
            "ConsistentRead": True,
            "ScanIndexForward": not descending,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {"#position": "position"},
            "ExpressionAttributeValues": {
                ":workflow_id": {"S": workflow_id},
                ":first": {"N": str(1 if first is None else first)},
                ":last": {"N": str(_LAST_POSITION if last is None else last)},
            },
        }
        if last is not None and last < (first or 1):
            return Page((), more=False)  # DynamoDB refuses a BETWEEN whose ends are crossed
        if limit is not None:
            request["Limit"] = limit
        if without_events:  # it is charged as a whole all the same; what is saved is the way, and decoding
            request["ProjectionExpression"] = _ALL_BUT_EVENTS
            request["ExpressionAttributeNames"]["#count"] = "count"
        answer, items = await self._call(lambda: self._read(request), LogUnavailable)
        return Page(tuple(_item(attributes) for attributes in items), more="LastEvaluatedKey" in answer)

    def _read(self, request: dict[str, Any]) -> "tuple[QueryOutputTypeDef, list[dict[str, AttributeValueTypeDef]]]":
        answer = self._client.query(**request)
        return answer, needed(answer, "Items")

    async def put(self, item: Item) -> Item | None:
        """Store an item where none is; where one is, change nothing and return that one."""
        standing = await self._call(
            lambda: self._unless_refused(
                lambda: self._client.put_item(
                    TableName=self._name,
                    Item=_attributes(item),
                    ConditionExpression="attribute_not_exists(workflow_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            )
        )
        return None if standing is None else _item(standing)

    async def extend(self, item: Item, expires_at: int) -> bool:
        """Keep an item until `expires_at`, if it still has the generation and the expiry that `item` has."""
        refusal = await self._call(
            lambda: self._unless_refused(
                lambda: self._client.update_item(
                    TableName=self._name,
                    Key=_key(item),
                    UpdateExpression="SET expires_at = :until",
                    ConditionExpression="generation = :generation AND expires_at = :seen",
                    ExpressionAttributeValues={
                        ":until": {"N": str(expires_at)},
                        ":generation": {"S": item.generation},
                        ":seen": {"N": str(item.expires_at)},
                    },
                )
            )
        )
        return refusal is None

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        """Delete an item, if it still has `item`'s generation and expires by `expiring_by`; one that is gone counts."""
        refusal = await self._call(
            lambda: self._unless_refused(
                lambda: self._client.delete_item(
                    TableName=self._name,
                    Key=_key(item),
                    ConditionExpression=(
                        "attribute_not_exists(workflow_id) OR (generation = :generation AND expires_at <= :expiring_by)"
                    ),
                    ExpressionAttributeValues={
                        ":generation": {"S": item.generation},
                        ":expiring_by": {"N": str(expiring_by)},
                    },
                )
            )
        )
        return refusal is None

    async def empty(self, items: Sequence[Item]) -> None:
        """Empty items in place, as many at once as there are threads; each that still has its generation."""
        await asyncio.gather(*(self._call(partial(self._unless_refused, partial(self._empty, item))) for item in items))

    def _empty(self, item: Item) -> None:
        self._client.update_item(
            TableName=self._name,
            Key=_key(item),
            UpdateExpression="SET cleared = :yes REMOVE events",
            ConditionExpression="generation = :generation",
            ExpressionAttributeValues={":yes": {"BOOL": True}, ":generation": {"S": item.generation}},
        )

    def close(self) -> None:
        """Let the threads go once their calls have ended."""
        self._threads.shutdown(wait=False)

    def _unless_refused(self, write: Callable[[], object]) -> "dict[str, AttributeValueTypeDef] | None":
        """Write; where the condition fails, return the item in the way, or no attributes where none was asked for."""
        try:
            write()
        except self._client.exceptions.ConditionalCheckFailedException as refusal:
            return cast("dict[str, AttributeValueTypeDef]", refusal.response.get("Item", {}))
        return None

    async def _call(self, request: Callable[[], _Answer], unanswered: type[LogUnavailable] = OutcomeUnknown) -> _Answer:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, request)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status >= _SERVER_ERROR or code in _TRANSIENT:
                raise unanswered(f"The table {self._name} answered {code}.") from error
            raise LogRefused(f"The table {self._name} refused the request: {error}") from error
        except AWS_TROUBLES as error:
            raise unanswered(f"The table {self._name} did not answer: {error}") from error


_ALL_BUT_EVENTS = "workflow_id, #position, generation, #count, batch_id, recorded_at, expires_at, cleared, traceparent"
_LAST_POSITION = 10**16  # beyond every id that `EventId.parse` admits


def _key(item: Item) -> "Attributes":
    return {"workflow_id": {"S": item.workflow_id}, "position": {"N": str(item.position)}}


def _attributes(item: Item) -> "Attributes":
    attributes: Attributes = {
        **_key(item),
        "generation": {"S": item.generation},
        "count": {"N": str(item.count)},
        "batch_id": {"S": item.batch_id},
        "recorded_at": {"N": str(item.recorded_at)},
        "expires_at": {"N": str(item.expires_at)},
    }
    if item.events is not None:
        attributes["events"] = {"B": item.events}
    if item.cleared:
        attributes["cleared"] = {"BOOL": True}
    if item.traceparent is not None:
        attributes["traceparent"] = {"S": item.traceparent}
    return attributes


def _item(attributes: "dict[str, AttributeValueTypeDef]") -> Item:
    try:
        return _decode(attributes)
    except (KeyError, ValueError) as error:
        place = attributes.get("position", {}).get("N")
        raise InvalidItem(f"At {place} stands no item of an event log: it has {', '.join(attributes)}.") from error


def _decode(attributes: "dict[str, AttributeValueTypeDef]") -> Item:
    return Item(
        workflow_id=WorkflowId(attributes["workflow_id"]["S"]),
        position=Position(int(attributes["position"]["N"])),
        generation=attributes["generation"]["S"],
        count=int(attributes["count"]["N"]),
        batch_id=attributes["batch_id"]["S"],
        recorded_at=int(attributes["recorded_at"]["N"]),
        expires_at=int(attributes["expires_at"]["N"]),
        events=attributes["events"]["B"] if "events" in attributes else None,
        cleared=attributes.get("cleared", {}).get("BOOL", False),
        traceparent=attributes.get("traceparent", {}).get("S"),
    )
