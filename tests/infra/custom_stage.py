"""An app whose stage chooses what the stages that come with Tailrace don't; run as a program by tests."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import EventLogConfig, Permission, StageConfig, StreamServiceConfig, WorkflowApiConfig
from infra.scheduled_workflow import ScheduledWorkflow
from infra.stacks import build

SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mail-AbCdEf"

CUSTOM = StageConfig(
    name="custom",
    event_log=EventLogConfig(keep=False, point_in_time_recovery=True, retention_days=7),
    workflow_api=WorkflowApiConfig(
        memory_mb=512,
        timeout_seconds=300,
        reserved_concurrency=10,
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
        availability_zones=("eu-west-1a", "eu-west-1c"),
        detailed_monitoring=False,
    ),
)


def main() -> None:
    """Synthesize, as app.py does, but without the zip."""
    app = App(analytics_reporting=False, context={"aws:cdk:bundling-stacks": []})
    build(
        app,
        CUSTOM,
        schedules=[
            ScheduledWorkflow(workflow_id="p_each_minute", schedule="rate(1 minute)"),
            ScheduledWorkflow(workflow_id="p_mornings", schedule="cron(0 8 * * ? *)", timezone="Europe/Berlin"),
        ],
    )
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
