"""The log's table in DynamoDB: conditions to expressions, boto3's errors to ours.

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

from tailrace.attributes import ALL_BUT_EVENTS, attributes_of, item_of, key_of
from tailrace.aws import AWS_TROUBLES, checked, needed
from tailrace.errors import LogRefused, LogUnavailable, OutcomeUnknown
from tailrace.event import WorkflowId
from tailrace.table import Item, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

    from tailrace.attributes import Stored

_Answer = TypeVar("_Answer")

THREADS = 16
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
_LAST_POSITION = 10**16  # beyond every id that `EventId.parse` admits


def dynamodb_client(*, threads: int = THREADS) -> "DynamoDBClient":
    """Make a client whose time-outs keep every put far below the fifteen minutes that the log's rule 4 allows."""
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=threads,
        retries={"total_max_attempts": 2, "mode": "standard"},  # the log's own rules go on from there
    )
    return checked(boto3.client("dynamodb", config=config))


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
            request["ProjectionExpression"] = ALL_BUT_EVENTS
            request["ExpressionAttributeNames"]["#count"] = "count"
        answer, items = await self._call(lambda: self._read(request), LogUnavailable)
        return Page(tuple(item_of(attributes) for attributes in items), more="LastEvaluatedKey" in answer)

    def _read(self, request: dict[str, Any]) -> "tuple[QueryOutputTypeDef, list[Stored]]":
        answer = self._client.query(**request)
        return answer, needed(answer, "Items")

    async def put(self, item: Item) -> Item | None:
        """Store an item where none is; where one is, change nothing and return that one."""
        standing = await self._write(
            lambda: self._client.put_item(
                TableName=self._name,
                Item=attributes_of(item),
                ConditionExpression="attribute_not_exists(workflow_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        )
        return None if standing is None else item_of(standing)

    async def extend(self, item: Item, expires_at: int) -> bool:
        """Keep an item until `expires_at`, if it still has the generation and the expiry that `item` has."""
        refusal = await self._write(
            lambda: self._client.update_item(
                TableName=self._name,
                Key=key_of(item),
                UpdateExpression="SET expires_at = :until",
                ConditionExpression="generation = :generation AND expires_at = :seen",
                ExpressionAttributeValues={
                    ":until": {"N": str(expires_at)},
                    ":generation": {"S": item.generation},
                    ":seen": {"N": str(item.expires_at)},
                },
            )
        )
        return refusal is None

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        """Delete an item, if it still has `item`'s generation and expires by `expiring_by`; one that is gone counts."""
        refusal = await self._write(
            lambda: self._client.delete_item(
                TableName=self._name,
                Key=key_of(item),
                ConditionExpression=(
                    "attribute_not_exists(workflow_id) OR (generation = :generation AND expires_at <= :expiring_by)"
                ),
                ExpressionAttributeValues={
                    ":generation": {"S": item.generation},
                    ":expiring_by": {"N": str(expiring_by)},
                },
            )
        )
        return refusal is None

    async def empty(self, items: Sequence[Item]) -> None:
        """Empty items in place, as many at once as there are threads; each that still has its generation."""
        await asyncio.gather(*(self._write(partial(self._empty, item)) for item in items))

    def _empty(self, item: Item) -> None:
        self._client.update_item(
            TableName=self._name,
            Key=key_of(item),
            UpdateExpression="SET cleared = :yes REMOVE events",
            ConditionExpression="generation = :generation",
            ExpressionAttributeValues={":yes": {"BOOL": True}, ":generation": {"S": item.generation}},
        )

    def close(self) -> None:
        """Let the threads go once their calls have ended."""
        self._threads.shutdown(wait=False)

    async def _write(self, write: Callable[[], object]) -> "Stored | None":
        """Write; where the condition fails, return the item in the way, or no attributes where none was asked for."""

        def unless_refused() -> "Stored | None":
            try:
                write()
            except self._client.exceptions.ConditionalCheckFailedException as refusal:
                return cast("Stored", refusal.response.get("Item", {}))
            return None

        return await self._call(unless_refused)

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
