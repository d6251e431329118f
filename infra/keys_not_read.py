"""Keys that could not be read, counted: function and tasks say so in their logs, one line each time."""

from aws_cdk import aws_logs as logs

from infra.measures import Measures

EVENT = "value_not_read"
METRIC = "KeysNotRead"


def count_keys_not_read(group: logs.LogGroup, measures: Measures, *, told_as: str) -> None:
    """Make a metric of such lines, in which the field `told_as` has the event."""
    group.add_metric_filter(
        METRIC,
        filter_pattern=logs.FilterPattern.string_value(f"$.{told_as}", "=", EVENT),
        metric_namespace=measures.namespace,
        metric_name=METRIC,
        metric_value="1",
    )
