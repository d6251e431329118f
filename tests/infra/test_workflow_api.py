"""What the workflow API's stack promises."""

import json

from lambdas.workflow_api.key_ring import KeyRing
from tests.infra.custom_stage import CUSTOM, SECRET_ARN
from tests.infra.templates import Assembly, as_list

FUNCTION = "AWS::Lambda::Function"
SECRET = "AWS::SecretsManager::Secret"
ROLE = "WorkflowFunctionRunnerRole"
RUNNER = "WorkflowFunctionRunner"
NODE = "WorkflowFunctionNodeSteps"


def test_function_runs_on_arm_with_its_own_log_that_goes_with_the_stack(dev: Assembly) -> None:
    function = dev.workflow_api.only(FUNCTION, containing=RUNNER)

    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    group = dev.workflow_api.resources[function["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["DeletionPolicy"] == "Delete"
    assert group["Properties"]["RetentionInDays"] == 14


def test_http_api_throttles_and_writes_down_who_came_without_query_strings(dev: Assembly) -> None:
    stage = dev.workflow_api.only("AWS::ApiGatewayV2::Stage")

    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["path"] == "$context.path"
    assert not any("query" in variable.lower() for variable in logged.values())


def test_access_log_is_named_so_that_all_apis_of_an_account_share_one_entry_of_its_policy(dev: Assembly) -> None:
    [api] = dev.workflow_api.of_type("AWS::ApiGatewayV2::Api")
    log = dev.workflow_api.only("AWS::Logs::LogGroup", containing="AccessLog")

    assert log["LogGroupName"] == {"Fn::Join": ["", ["/aws/vendedlogs/", {"Ref": api}]]}


def test_function_answers_before_the_http_api_gives_up(dev: Assembly, prod: Assembly) -> None:
    for stage in (dev, prod):
        assert stage.workflow_api.only(FUNCTION, containing=RUNNER)["Timeout"] < 30


def test_a_stage_begins_with_an_empty_ring_of_keys_and_cloudformation_makes_up_none(
    dev: Assembly, prod: Assembly
) -> None:
    for stage in (dev, prod):
        secret = stage.workflow_api.only(SECRET, containing="WorkflowFunctionKey")

        assert KeyRing.of(secret["SecretString"]) == KeyRing()
        assert "GenerateSecretString" not in secret


def test_the_ring_that_a_stage_begins_with_never_changes(dev: Assembly) -> None:
    """CloudFormation would write another one over the keys of every stage."""
    assert dev.workflow_api.only(SECRET, containing="WorkflowFunctionKey")["SecretString"] == "{}"


def test_workflow_function_can_append_but_never_scan_or_change_the_table(dev: Assembly) -> None:
    table = {action for action in dev.workflow_api.actions_of(ROLE) if action.startswith("dynamodb:")}

    assert table == {"dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}


def test_workflow_function_invokes_nothing_but_itself_and_the_one_that_runs_node_steps(dev: Assembly) -> None:
    invoked = [
        as_list(statement["Resource"])
        for statement in dev.workflow_api.statements_of(ROLE)
        if "lambda:InvokeFunction" in statement["Action"]
    ]
    [own] = [{"Fn::GetAtt": [name, "Arn"]} for name in dev.workflow_api.of_type(FUNCTION) if RUNNER in name]
    [node] = [{"Fn::GetAtt": [name, "Arn"]} for name in dev.workflow_api.of_type(FUNCTION) if NODE in name]

    assert invoked == [[node], [own, {"Fn::Join": ["", [own, ":*"]]}]]


def test_asynchronous_runs_are_tried_three_times_and_then_kept(dev: Assembly) -> None:
    settings = dev.workflow_api.only("AWS::Lambda::EventInvokeConfig")
    queue = dev.workflow_api.only("AWS::SQS::Queue")
    [queue_id] = dev.workflow_api.of_type("AWS::SQS::Queue")

    assert settings["MaximumRetryAttempts"] == 2
    assert settings["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [queue_id, "Arn"]}
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert "sqs:SendMessage" in dev.workflow_api.actions_of(ROLE)


def test_people_give_their_workflows_variables_secrets_permissions_and_limits(custom: Assembly) -> None:
    function = custom.workflow_api.only(FUNCTION, containing=RUNNER)
    statements = custom.workflow_api.statements_of(ROLE)

    variables = function["Environment"]["Variables"]
    assert variables["MAIL_FROM"] == "orders@example.org"
    assert variables["MAIL_SECRET_ARN"] == SECRET_ARN
    assert any(statement["Resource"] == SECRET_ARN for statement in statements)
    assert any(statement["Resource"] == "arn:aws:s3:::invoices/*" for statement in statements)
    assert function["MemorySize"] == CUSTOM.workflow_api.memory_mb
    assert function["Timeout"] == CUSTOM.workflow_api.timeout_seconds
    assert function["ReservedConcurrentExecutions"] == CUSTOM.workflow_api.reserved_concurrency


def test_outputs_are_named_for_people(dev: Assembly) -> None:
    assert {"ApiUrl", "StreamUrl", "ApiKeySecret"} <= dev.workflow_api.outputs.keys()
    assert {"EventLogTable", "NoticeTopic"} <= dev.event_log.outputs.keys()


def test_runs_are_traced_by_x_ray_where_the_stage_says_so(dev: Assembly, custom: Assembly) -> None:
    traced = custom.workflow_api.only("AWS::Lambda::Function", containing="Runner")

    assert traced["TracingConfig"] == {"Mode": "Active"}
    assert "xray:PutTraceSegments" in custom.workflow_api.actions_of("WorkflowFunctionRunnerRole")
    assert "TracingConfig" not in dev.workflow_api.only("AWS::Lambda::Function", containing="Runner")
