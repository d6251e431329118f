"""The table of records in DynamoDB, with the key, the time to live and the names that powertools' utility uses."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from lambdas.workflow_api.records import Record, RecordsUnavailable
from tailrace.aws import AWS_TROUBLES, needed
from tailrace.event import BEGINNING, EventId

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UniversalAttributeValueTypeDef

    Attributes = dict[str, UniversalAttributeValueTypeDef]
    Standing = Mapping[str, AttributeValueTypeDef]

logger = logging.getLogger(__name__)

TTL_ATTRIBUTE = "expiration"
_IN_PROGRESS, _COMPLETED = "INPROGRESS", "COMPLETED"


class DynamoDBRecordTable:
    """A `RecordTable` in DynamoDB: each change is one conditional put of the whole record."""

    def __init__(self, *, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._name = table_name

    async def create(self, record: Record, *, now: float) -> Record | None:
        """Keep a record where none is, or one that has expired; where one is, change nothing and return that one."""
        return await self._put(
            record,
            ConditionExpression="attribute_not_exists(id) OR expiration <= :now",  # TTL deletes late
            ExpressionAttributeValues={":now": {"N": str(int(now))}},
        )

    async def change(self, record: Record, *, seen: Record) -> Record | None:
        """Put a record in the place of `seen`, if that run is still unfinished and in hand of the same try."""
        return await self._put(
            record,
            ConditionExpression="attribute_not_exists(id) OR (#status = :in_progress AND try_id = :seen)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":in_progress": {"S": _IN_PROGRESS}, ":seen": {"S": seen.try_id}},
        )

    async def _put(self, record: Record, **condition: Any) -> Record | None:  # noqa: ANN401 (boto3 has no type for a part of a request)
        def put() -> "Standing | None":
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=_attributes(record),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition,
                )
            except self._client.exceptions.ConditionalCheckFailedException as refusal:
                return cast("Standing", needed(refusal.response, "Item"))
            return None

        standing = await self._call(put)
        return None if standing is None else _record(standing)

    async def _call(self, request: "Callable[[], Standing | None]") -> "Standing | None":
        try:
            return await asyncio.to_thread(request)
        except AWS_TROUBLES as error:
            logger.error("records_unavailable", extra={"table": self._name, "error": str(error)})  # noqa: TRY400 (the cause stays)
            raise RecordsUnavailable(f"The table {self._name} did not take a record: {error}") from error


def _attributes(record: Record) -> "Attributes":
    attributes: Attributes = {
        "id": {"S": record.id},
        "status": {"S": _COMPLETED if record.finished else _IN_PROGRESS},
        "expiration": {"N": str(record.expires_at)},
        "in_progress_expiration": {"N": str(record.leased_until)},
        "validation": {"S": record.fingerprint},
        "trace_id": {"S": record.trace_id},
        "floor": {"S": str(record.floor)},
        "try_id": {"S": record.try_id},
    }
    if record.answer is not None:
        attributes["data"] = {"B": record.answer}
    return attributes


def _record(attributes: "Standing") -> Record:
    return Record(
        id=attributes["id"]["S"],
        trace_id=attributes["trace_id"]["S"],
        floor=EventId.parse(attributes["floor"]["S"]) or BEGINNING,  # the beginning is a floor for every run
        fingerprint=attributes["validation"]["S"],
        try_id=attributes["try_id"]["S"],
        leased_until=int(attributes["in_progress_expiration"]["N"]),
        expires_at=int(attributes["expiration"]["N"]),
        finished=attributes["status"]["S"] == _COMPLETED,
        answer=attributes["data"]["B"] if "data" in attributes else None,
    )
