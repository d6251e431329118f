from concurrent.futures import ThreadPoolExecutor

from cli.tables import create_event_log_table, create_idempotency_table
from tests.support.aws import AwsClients


def test_table_is_created_once_with_its_time_to_live(aws_clients: AwsClients, event_log_table_name: str) -> None:
    create_event_log_table(aws_clients.dynamodb, event_log_table_name)

    table = aws_clients.dynamodb.describe_table(TableName=event_log_table_name)["Table"]
    lifetime = aws_clients.dynamodb.describe_time_to_live(TableName=event_log_table_name)["TimeToLiveDescription"]
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [
        ("workflow_id", "HASH"),
        ("position", "RANGE"),
    ]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert lifetime == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_the_table_of_records_may_be_created_twice_and_by_two_at_once(aws_clients: AwsClients) -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: create_idempotency_table(aws_clients.dynamodb, "made-twice"), range(2)))

    ttl = aws_clients.dynamodb.describe_time_to_live(TableName="made-twice")["TimeToLiveDescription"]
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("expiration", "ENABLED")
