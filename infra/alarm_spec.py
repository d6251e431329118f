"""An alarm as a value."""

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSpec:
    """When an alarm goes off, and what to do then."""

    id: str
    metric: cloudwatch.IMetric
    at_least: float | None = None
    """The value from which on it goes off; exactly one of this and `below` is set."""
    below: float | None = None
    periods: int = 1
    """So many of the metric's periods in a row."""
    advice: str
