"""Logs are kept for as long as the stage says, and go with their stack."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import LogDays

_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


def log_group(scope: Construct, id: str, *, days: LogDays, name: str | None = None) -> logs.LogGroup:  # noqa: A002 - CDK's own name
    """A log group that is deleted with its stack; `name` is for one whose name a service of AWS's chooses."""
    return logs.LogGroup(
        scope, id, log_group_name=name, retention=_RETENTION[days], removal_policy=RemovalPolicy.DESTROY
    )
