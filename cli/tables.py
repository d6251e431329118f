"""The system's tables where none deploys them: made in an emulator, as the stacks declare them."""

from typing import TYPE_CHECKING

from lambdas.workflow_api import record_table
from tailrace import attributes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import KeyTypeType, ScalarAttributeTypeType


def create_event_log_table(client: "DynamoDBClient", table_name: str) -> None:
    """Create the log's table where there is none."""
    _create(client, table_name, key={"workflow_id": "S", "position": "N"}, ttl=attributes.TTL_ATTRIBUTE)


def create_idempotency_table(client: "DynamoDBClient", table_name: str) -> None:
    """Create the table of records where there is none."""
    _create(client, table_name, key={"id": "S"}, ttl=record_table.TTL_ATTRIBUTE)


def _create(client: "DynamoDBClient", table_name: str, *, key: "dict[str, ScalarAttributeTypeType]", ttl: str) -> None:
    kinds: tuple[KeyTypeType, ...] = ("HASH", "RANGE")
    try:
        client.create_table(
            TableName=table_name,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, kinds, strict=False)],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": of} for name, of in key.items()],
            BillingMode="PAY_PER_REQUEST",
        )
    except client.exceptions.ResourceInUseException:
        return
    client.get_waiter("table_exists").wait(TableName=table_name, WaiterConfig={"Delay": 1})
    client.update_time_to_live(TableName=table_name, TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl})
