"""Where a construct departs from AWS's checklist (cdk-nag), it says why, on itself."""

from collections.abc import Iterable, Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

BASIC_EXECUTION = "Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
"""The finding of a function whose role has AWS's policy for writing logs."""


def explain(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings on a construct and in it, each by its rule and with a reason that can be checked."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason) for rule, reason in reasons.items())
    )


def explain_wildcards(
    construct: IConstruct, reason: str, *, resources: Iterable[str] = (), actions: Iterable[str] = ()
) -> None:
    """Acknowledge each wildcard by itself, so that another one is still found."""
    findings = [*(f"Resource::{resource}" for resource in resources), *(f"Action::{action}" for action in actions)]
    explain(construct, {f"IAM5[{finding}]": reason for finding in findings})
