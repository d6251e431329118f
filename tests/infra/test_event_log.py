"""What the event log's stack promises."""

from cli.tables import create_event_log_table, create_idempotency_table
from lambdas.workflow_api.record_table import TTL_ATTRIBUTE as RECORDS_TTL_ATTRIBUTE
from tailrace.attributes import TTL_ATTRIBUTE
from tests.infra.templates import Assembly, as_list
from tests.support.aws import AwsClients

TABLE = "AWS::DynamoDB::GlobalTable"


def test_event_log_table_and_topic_keep_their_logical_ids(dev: Assembly, prod: Assembly) -> None:
    for stage in (dev, prod):
        assert list(stage.event_log.of_type(TABLE)) == ["EventLogTable9CC67CCE"]
        assert list(stage.event_log.of_type("AWS::SNS::Topic")) == ["EventLogTopicD6F9D6C8"]


def test_production_keeps_the_table_whatever_becomes_of_its_stack(prod: Assembly) -> None:
    [table] = prod.event_log.of_type(TABLE).values()
    [replica] = table["Properties"]["Replicas"]

    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert replica["DeletionProtectionEnabled"] is True
    assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_a_trial_stage_leaves_nothing_behind(dev: Assembly) -> None:
    for name, template in dev.templates:
        for logical_id, resource in template.resources.items():
            assert resource.get("DeletionPolicy", "Delete") == "Delete", f"{name}: {logical_id}"


def test_production_stacks_are_protected_where_they_hold_state(prod: Assembly, dev: Assembly) -> None:
    assert prod.is_protected("EventLog")
    assert not dev.is_protected("EventLog")


def test_table_bills_by_the_request(dev: Assembly) -> None:
    assert dev.event_log.only(TABLE)["BillingMode"] == "PAY_PER_REQUEST"


def test_nobody_publishes_or_subscribes_without_tls(dev: Assembly) -> None:
    [statement] = dev.event_log.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]

    assert statement["Effect"] == "Deny"
    assert "sns:Publish" in as_list(statement["Action"])
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_development_creates_the_table_that_the_template_declares(dev: Assembly, aws_clients: AwsClients) -> None:
    create_event_log_table(aws_clients.dynamodb, "as-declared")
    made = aws_clients.dynamodb.describe_table(TableName="as-declared")["Table"]
    ttl = aws_clients.dynamodb.describe_time_to_live(TableName="as-declared")["TimeToLiveDescription"]

    declared = dev.event_log.only(TABLE)
    assert made["KeySchema"] == declared["KeySchema"]
    assert made["BillingModeSummary"]["BillingMode"] == declared["BillingMode"]
    assert _by_name(made["AttributeDefinitions"]) == _by_name(declared["AttributeDefinitions"])
    assert declared["TimeToLiveSpecification"] == {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == (TTL_ATTRIBUTE, "ENABLED")


def test_development_creates_the_table_of_runs_that_the_template_declares(
    dev: Assembly, aws_clients: AwsClients
) -> None:
    create_idempotency_table(aws_clients.dynamodb, "runs-as-declared")
    made = aws_clients.dynamodb.describe_table(TableName="runs-as-declared")["Table"]

    declared = dev.workflow_api.only(TABLE)
    assert list(dev.workflow_api.of_type(TABLE)) == ["WorkflowFunctionRunRecordsTableF8907754"]
    assert made["KeySchema"] == declared["KeySchema"]
    assert made["BillingModeSummary"]["BillingMode"] == declared["BillingMode"]
    assert _by_name(made["AttributeDefinitions"]) == _by_name(declared["AttributeDefinitions"])
    assert declared["TimeToLiveSpecification"] == {"AttributeName": RECORDS_TTL_ATTRIBUTE, "Enabled": True}


def test_development_creates_a_topic_of_the_same_kind(dev: Assembly) -> None:
    # Neither ordered nor named: `create_topic(Name=…)` with no attributes makes the same.
    assert set(dev.event_log.only("AWS::SNS::Topic")) <= {"Tags"}


def _by_name(attributes: object) -> list[tuple[str, str]]:
    assert isinstance(attributes, list)
    return sorted((attribute["AttributeName"], attribute["AttributeType"]) for attribute in attributes)
