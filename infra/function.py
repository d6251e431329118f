"""A function on Lambda, with a log of its own and a role that may do nothing but write it."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_destinations import SqsDestination
from constructs import Construct

from infra.config import Architecture, LogDays
from infra.log_group import log_group
from infra.review import explain, explain_wildcards

_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


class Function(Construct):
    """A function; whoever it needs grants to its role."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        handler: str,
        code: lambda_.Code,
        runtime: lambda_.Runtime,
        architecture: Architecture,
        memory_mb: int,
        timeout_seconds: int,
        environment: Mapping[str, str],
        log_days: LogDays,
        failures: sqs.IQueue | None = None,
        reserved_concurrency: int | None = None,
        xray: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self.log = logs = log_group(self, "Log", days=log_days)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        # Not AWS's managed policy: that may create log groups, and would bring this one back after its stack is gone.
        logs.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            handler=handler,
            code=code,
            runtime=runtime,
            architecture=_ARCHITECTURES[architecture],
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            environment=dict(environment),
            log_group=logs,
            role=self.role,
            reserved_concurrent_executions=reserved_concurrency,
            on_failure=SqsDestination(failures) if failures else None,
            max_event_age=Duration.hours(1) if failures else None,
            retry_attempts=2 if failures else None,
            tracing=lambda_.Tracing.ACTIVE if xray else lambda_.Tracing.DISABLED,
        )
        if xray:
            explain_wildcards(self.role, "IAM knows no resources for what X-Ray is told.", resources=["*"])
        if runtime.family == lambda_.RuntimeFamily.PYTHON:
            explain(
                self.function,
                {"L1": "One Python for every wheel in the lock; this one is supported by Lambda until June 2029."},
            )


def python_runtime(version: str) -> lambda_.Runtime:
    """Lambda's runtime of a Python such as 3.13."""
    return lambda_.Runtime(f"python{version}", lambda_.RuntimeFamily.PYTHON)
