"""An app of four stages that choose what the stages that come with Tailrace don't."""

from dataclasses import replace
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import (
    EventLogConfig,
    MonitoringConfig,
    Permission,
    StageConfig,
    StreamServiceConfig,
    Traces,
    WorkflowApiConfig,
)
from infra.fronts import ExistingNetwork, OwnDomain, PublicOrigin
from infra.scheduled_workflow import ScheduledWorkflow
from infra.stacks import build

CERTIFICATE_ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mail-AbCdEf"

CUSTOM = StageConfig(
    name="custom",
    event_log=EventLogConfig(keep=False, point_in_time_recovery=True, retention_days=7),
    workflow_api=WorkflowApiConfig(
        memory_mb=512,
        timeout_seconds=300,
        reserved_concurrency=10,
        requests_per_address=50,
        xray=True,
        environment={"MAIL_FROM": "orders@example.org"},
        secrets={"MAIL_SECRET_ARN": SECRET_ARN},
        permissions=(
            Permission(
                actions=("s3:GetObject",),
                resources=("arn:aws:s3:::invoices/*",),
                reason="Workflows read every invoice.",
            ),
        ),
    ),
    stream_service=StreamServiceConfig(
        image="docker",
        architecture="x86_64",
        tasks=3,
        max_tasks=6,
        streams_per_address=1_000,
        streams_per_subscriber=8,
        requests_per_second=0.5,
        max_stream_connections=500,
        availability_zones=("eu-west-1a", "eu-west-1c"),
        detailed_monitoring=False,
    ),
    monitoring=MonitoringConfig(alarm_email="operators@example.org"),
    stream_access="token",
    jwks_url="https://login.example.org/jwks.json",
    jwks_audience="tailrace",
    jwks_issuer="https://login.example.org",
    traces=Traces(endpoint="https://collector.example.org", sampled=0.05),
    cors_origins=("https://app.example.org", "https://admin.example.org"),
)

PUBLIC_ORIGIN = replace(
    CUSTOM,
    name="public-origin",
    stream_service=StreamServiceConfig(front=PublicOrigin(), detailed_monitoring=False),
)
"""CloudFront before a load balancer in the internet."""

OWN_DOMAIN = replace(
    CUSTOM,
    name="own-domain",
    stream_service=StreamServiceConfig(
        front=OwnDomain(domain_name="streams.example.org", certificate_arn=CERTIFICATE_ARN),
        network=ExistingNetwork(
            vpc_id="vpc-0123456789abcdef0",
            availability_zones=("eu-west-1a", "eu-west-1b"),
            task_subnets=("subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"),
            balancer_subnets=("subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb2"),
        ),
        detailed_monitoring=True,
    ),
)
"""No CloudFront, and a network that was there before."""

PYTHON_ONLY = replace(CUSTOM, name="python-only", stream_service=None, stream_url="https://streams.example.org")
"""Its workflows have no steps in Node.js, and its stream service runs elsewhere."""


def main(folder: Path) -> None:
    """Synthesize, as app.py does, but without the zips."""
    app = App(analytics_reporting=False, outdir=str(folder), context={"aws:cdk:bundling-stacks": []})
    build(
        app,
        CUSTOM,
        node_steps=True,
        schedules=[
            ScheduledWorkflow(workflow_id="p_each_minute", schedule="rate(1 minute)"),
            ScheduledWorkflow(workflow_id="p_mornings", schedule="cron(0 8 * * ? *)", timezone="Europe/Berlin"),
        ],
    )
    for stage in (PUBLIC_ORIGIN, OWN_DOMAIN, PYTHON_ONLY):
        build(app, stage, node_steps=False)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
