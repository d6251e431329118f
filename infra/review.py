"""Where a construct departs from AWS's checklist (cdk-nag), it says why, on itself."""

from collections.abc import Iterable, Mapping
from typing import cast

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_lambda as lambda_
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
    explain(construct, {f"IAM5[{finding}]": reason for finding in findings if "*" in finding})


def versions_of(function: lambda_.IFunction) -> str:
    """How cdk-nag names the resource "any version of this function"."""
    resource = cast("lambda_.CfnFunction", function.node.default_child)
    return f"<{Stack.of(function).resolve(resource.logical_id)}.Arn>:*"
