"""The workflow function as a construct: it runs people's workflows, on request, later, and by schedule."""

from dataclasses import replace

from aws_cdk import Duration, SecretValue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Permission, Traces, WorkflowApiConfig
from infra.event_log import EventLog
from infra.function import Function, python_runtime
from infra.function_code import FunctionSource, function_code
from infra.keys_not_read import count_keys_not_read
from infra.measures import Measures
from infra.node_function import NodeFunction
from infra.packages import Platform
from infra.review import explain, explain_wildcards, versions_of
from infra.run_records import RunRecords
from infra.stream_access import StreamAccess
from infra.traces import environment_of, requirements_of

SOURCE = FunctionSource(
    entry="lambdas/workflow_api",
    modules=("lambdas/__init__.py", "lambdas/workflow_api", "tailrace", "workflows"),
    requirements=("requirements/workflow-api.txt",),
)


class WorkflowFunction(Construct):
    """The function, the keys that it asks for, and the queue of runs that failed for good."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        config: WorkflowApiConfig,
        event_log: EventLog,
        access: StreamAccess,
        stream_url: str,
        measures: Measures,
        one_host: bool,
        origin_key: str | None,
        node_steps: bool,
        traces: Traces | None,
    ) -> None:
        """`origin_key` is what CloudFront shows; None where there is none in front."""
        super().__init__(scope, id)
        self.keys = self._make_keys()
        self.failures = self._make_failure_queue()
        records = RunRecords(self, "RunRecords")
        node = NodeFunction(self, "NodeSteps", config=config, platform=platform(config)) if node_steps else None
        made = Function(
            self,
            "Runner",
            handler="lambdas.workflow_api.handler.handler",
            code=function_code(_source(traces), platform=platform(config)),
            runtime=python_runtime(config.python),
            architecture=config.architecture,
            memory_mb=config.memory_mb,
            timeout_seconds=config.timeout_seconds,
            environment={
                **config.environment,
                **config.secrets,
                "TAILRACE_EVENT_LOG_TABLE": event_log.table_name,
                "TAILRACE_NOTICE_TOPIC_ARN": event_log.topic_arn,
                "TAILRACE_IDEMPOTENCY_TABLE": records.table_name,
                "TAILRACE_RETENTION_DAYS": str(event_log.retention_days),
                "TAILRACE_STREAM_URL": stream_url,
                "TAILRACE_METRICS_NAMESPACE": measures.namespace,
                "TAILRACE_API_KEY_SECRET_ARN": self.keys.secret_arn,
                "TAILRACE_WORKFLOWS_FOLDER": "workflows",
                "TAILRACE_REQUESTS_PER_ADDRESS": str(config.requests_per_address),
                **access.environment_of_api,
                **environment_of(traces),
                **({"TAILRACE_ONE_HOST": "1"} if one_host else {}),
                **({"TAILRACE_ORIGIN_KEY": origin_key} if origin_key else {}),
                **({"TAILRACE_NODE_FUNCTION": node.name} if node else {}),
            },
            log_days=config.log_days,
            failures=self.failures,
            reserved_concurrency=config.reserved_concurrency,
            xray=config.xray,
        )
        count_keys_not_read(made.log, measures, told_as="message")
        self._role = made.role
        self._roles: list[iam.IRole] = [made.role]
        self.function: lambda_.IFunction = made.function
        event_log.grant_append(self._role)
        event_log.grant_clear(self._role)
        records.grant_keep(self._role)
        self.keys.grant_read(self._role)
        access.grant_keys(self._role)
        self._let_it_invoke_itself()
        if node is not None:
            node.grant_run(self._role)
            self._roles.append(node.role)
        self._let_workflows(config)

    def _make_keys(self) -> secretsmanager.Secret:
        keys = secretsmanager.Secret(
            self,
            "Key",
            description="The keys that Tailrace's workflow API asks for, as hashes",
            # An empty ring: a key that CloudFormation makes up would stand there as it is, and stay in older versions.
            # Another text here would be written over the keys of every deployed stage.
            secret_string_value=SecretValue.unsafe_plain_text("{}"),
        )
        explain(
            keys,
            {"SMG4": "It holds hashes; people change their keys when they choose (docs/api-keys.md)."},
        )
        return keys

    def _make_failure_queue(self) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "Failures",
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=Duration.days(14),
        )
        explain(queue, {"SQS3": "This is where asynchronous runs end that failed three times; nothing consumes it."})
        return queue

    def _let_it_invoke_itself(self) -> None:
        # A policy of its own: the function waits for its role's default policy, which so may not name the function.
        policy = iam.Policy(
            self,
            "InvokeLater",
            roles=[self._role],
            statements=[
                iam.PolicyStatement(
                    actions=["lambda:InvokeFunction"],
                    resources=[self.function.function_arn, f"{self.function.function_arn}:*"],
                )
            ],
        )
        explain_wildcards(
            policy,
            "The function's own versions: a run that was accepted by one version is run by it.",
            resources=[versions_of(self.function)],
        )

    def _let_workflows(self, config: WorkflowApiConfig) -> None:
        for name, arn in config.secrets.items():
            secretsmanager.Secret.from_secret_complete_arn(self, name, arn).grant_read(self._role)
        for number, permission in enumerate(config.permissions, start=1):
            self._permit(permission, f"Permission{number}")

    def _permit(self, permission: Permission, id: str) -> None:  # noqa: A002 - CDK's own name
        policy = iam.Policy(
            self,
            id,
            roles=self._roles,
            statements=[iam.PolicyStatement(actions=list(permission.actions), resources=list(permission.resources))],
        )
        explain_wildcards(policy, permission.reason, resources=permission.resources, actions=permission.actions)


def _source(traces: Traces | None) -> FunctionSource:
    return replace(SOURCE, requirements=(*SOURCE.requirements, *requirements_of(traces)))


def platform(config: WorkflowApiConfig) -> Platform:
    """Where the function's packages will run."""
    return Platform(
        python=config.python,
        architecture=config.architecture,
        this_machine=config.wheels_for == "this machine",
    )
