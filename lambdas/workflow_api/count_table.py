"""Counts of requests in DynamoDB, in the table of runs' records: one item for each caller and minute."""

import asyncio
from typing import TYPE_CHECKING

from lambdas.workflow_api.limits import MINUTE, NotCounted
from lambdas.workflow_api.record_table import TTL_ATTRIBUTE
from tailrace.aws import AWS_TROUBLES, needed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "requests#"
"""No record of a run begins like that: theirs begin with a workflow's id."""


class DynamoDBRequestCounts:
    """`RequestCounts` in DynamoDB: each request is one update, and a count goes by itself when its minute is over."""

    def __init__(self, *, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._name = table_name

    async def add(self, caller: str, minute: int) -> int:
        """Count one more request in this minute since 1970, and return how many they are now; may raise NotCounted."""

        def update() -> int:
            answer = self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": f"{PREFIX}{caller}#{minute}"}},
                UpdateExpression="SET #expiration = :expiration ADD #requests :one",
                ExpressionAttributeNames={"#expiration": TTL_ATTRIBUTE, "#requests": "requests"},
                ExpressionAttributeValues={
                    ":expiration": {"N": str((minute + 2) * MINUTE)},  # after that minute by all functions' clocks
                    ":one": {"N": "1"},
                },
                ReturnValues="UPDATED_NEW",
            )
            return int(needed(needed(answer, "Attributes"), "requests")["N"])

        try:
            return await asyncio.to_thread(update)
        except AWS_TROUBLES as error:
            raise NotCounted(f"The table {self._name} did not count a request: {error}") from error
