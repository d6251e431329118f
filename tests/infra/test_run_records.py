"""The table of run records, as the stack declares it and as development makes it."""

from lambdas.workflow_api.record_table import TTL_ATTRIBUTE, create_idempotency_table

from tests.infra.templates import Assembly
from tests.support.aws import AwsClients

TABLE = "AWS::DynamoDB::GlobalTable"


def test_development_creates_the_table_that_the_template_declares(dev: Assembly, aws_clients: AwsClients) -> None:
    create_idempotency_table(aws_clients.dynamodb, "records-as-declared")
    made = aws_clients.dynamodb.describe_table(TableName="records-as-declared")["Table"]
    ttl = aws_clients.dynamodb.describe_time_to_live(TableName="records-as-declared")["TimeToLiveDescription"]

    declared = dev.workflow_api.only(TABLE)
    assert made["KeySchema"] == declared["KeySchema"]
    assert made["AttributeDefinitions"] == declared["AttributeDefinitions"]
    assert made["BillingModeSummary"]["BillingMode"] == declared["BillingMode"]
    assert declared["TimeToLiveSpecification"] == {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == (TTL_ATTRIBUTE, "ENABLED")


def test_records_keep_their_logical_id_and_go_with_their_stack(dev: Assembly, prod: Assembly) -> None:
    for stage in (dev, prod):
        [(logical_id, table)] = stage.workflow_api.of_type(TABLE).items()
        assert logical_id == "WorkflowFunctionRunRecordsTable"
        assert table["DeletionPolicy"] == "Delete"


def test_workflow_function_puts_records_and_reads_no_others(dev: Assembly) -> None:
    [table] = dev.workflow_api.of_type(TABLE)

    actions = [
        statement["Action"]
        for statement in dev.workflow_api.statements_of("WorkflowFunctionRunnerRole")
        if table in str(statement["Resource"])
    ]
    assert actions == ["dynamodb:PutItem"]
