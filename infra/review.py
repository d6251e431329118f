"""Where a construct departs from AWS's checklist (cdk-nag), it says why, on itself."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import Construct


def explain(construct: Construct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings on a construct: each by its rule, or `Rule[finding]`, with a reason that can be checked."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason) for rule, reason in reasons.items())
    )
