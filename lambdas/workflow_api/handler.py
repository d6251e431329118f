"""What Lambda loads: makes the objects that the function consists of, once, from the environment."""

from datetime import timedelta

import boto3

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.clearing import Clearing
from lambdas.workflow_api.count_table import DynamoDBRequestCounts
from lambdas.workflow_api.function import Function
from lambdas.workflow_api.invocation import InvokeLater, SelfInvocation
from lambdas.workflow_api.key_source import SecretKeys
from lambdas.workflow_api.limits import Limits
from lambdas.workflow_api.logs import log_as_json
from lambdas.workflow_api.measured_log import MeasuredEventLog
from lambdas.workflow_api.metrics import LoggedMetrics, NoMetrics, RunMetrics
from lambdas.workflow_api.mint import Mint
from lambdas.workflow_api.node_function import NodeFunction, lambda_client
from lambdas.workflow_api.once import Once
from lambdas.workflow_api.record_table import DynamoDBRecordTable
from lambdas.workflow_api.runs import Runs
from lambdas.workflow_api.settings import LambdaEnvironment, Settings
from tailrace.dynamodb import THREADS, DynamoDBTable, dynamodb_client
from tailrace.node import NodeRuntime
from tailrace.node_process import NodeProcesses
from tailrace.sns import SnsNotifier, sns_client
from tailrace.spans import make_spans
from tailrace.stored_keys import QUICK, secrets_client, shared_keys
from tailrace.workflow import load_workflows


def create_handler(
    settings: Settings, *, invoke_later: InvokeLater | None = None, metrics: RunMetrics | None = None
) -> Function:
    """Make the function that serves API Gateway's requests and asynchronous runs, from any thread.

    `invoke_later` is handed the event of an asynchronous run, with which the function shall then be called; without
    one, Lambda is asked to do that, as the Lambda function that this is.
    """
    metrics = metrics or NoMetrics()
    dynamodb = dynamodb_client(threads=2 * THREADS)
    log = MeasuredEventLog(
        table=DynamoDBTable(client=dynamodb, table_name=settings.event_log_table),
        retention=timedelta(days=settings.retention_days),
        metrics=metrics,
    )
    notifier = SnsNotifier(client=sns_client(), topic_arn=settings.notice_topic_arn)
    spans = make_spans(settings.traces, service="tailrace-workflow-api")
    secrets = secrets_client()
    token_secret = settings.token_secret_arn
    return Function(
        registry=load_workflows(settings.workflows_folder),
        runs=Runs(log=log, notifier=notifier, metrics=metrics, node=_node_runtime(settings), spans=spans),
        once=Once(table=DynamoDBRecordTable(client=dynamodb, table_name=settings.idempotency_table), log=log),
        answers=Answers(stream_url=settings.stream_url),
        keys=SecretKeys(client=secrets, arn=settings.api_key_secret_arn),
        limits=Limits(
            counts=DynamoDBRequestCounts(client=dynamodb, table_name=settings.idempotency_table),
            requests_per_address=settings.requests_per_address,
            metrics=metrics,
        ),
        clearing=Clearing(log=log, notifier=notifier),
        mint=Mint(None if token_secret is None else shared_keys(secrets, token_secret, lambda shared: shared)),
        pages=settings.pages,
        spans=spans,
        origin_key=settings.origin_key,
        invoke_later=invoke_later or _self_invocation(LambdaEnvironment()),
    )


def _node_runtime(settings: Settings) -> NodeRuntime:
    if settings.node_function is None:
        return NodeProcesses.shared()
    return NodeFunction(
        client=lambda_client(), function=settings.node_function, workflows_folder=settings.workflows_folder
    )


def _self_invocation(environment: LambdaEnvironment) -> SelfInvocation:
    return SelfInvocation(
        client=boto3.client("lambda", config=QUICK),
        function_name=environment.function_name,
        version=environment.function_version,
    )


def _create_for_lambda(environment: LambdaEnvironment) -> Function:
    log_as_json(environment.log_level)
    settings = Settings.from_environment()
    return create_handler(settings, metrics=LoggedMetrics(namespace=settings.metrics_namespace))


if LambdaEnvironment.is_here():
    handler = _create_for_lambda(LambdaEnvironment())
