"""The numbers that Tailrace itself writes to its logs, as metrics of CloudWatch's."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

STREAM_SERVICE = "stream-service"
WORKFLOW_API = "workflow-api"


def metrics_namespace(stage: str) -> str:
    """The namespace of a stage: two in one account don't add to the same metrics."""
    return f"Tailrace/{stage}"


@dataclass(frozen=True, slots=True)
class Measures:
    """Metrics of one stage, by what it measures."""

    namespace: str

    def streams(self, name: str, statistic: str = "Sum", *, minutes: int = 1, label: str = "") -> cloudwatch.Metric:
        """A metric of the stream service's tasks, each of which writes one value a minute."""
        return self._metric(STREAM_SERVICE, name, statistic, minutes, label)

    def runs(self, name: str, statistic: str = "Sum", *, minutes: int = 1, label: str = "") -> cloudwatch.Metric:
        """A metric of the workflow function."""
        return self._metric(WORKFLOW_API, name, statistic, minutes, label)

    def lines(self, name: str, *, minutes: int = 1) -> cloudwatch.Metric:
        """How many lines of this kind function and tasks have written, together."""
        return self._metric(None, name, "Sum", minutes, "")

    def _metric(self, service: str | None, name: str, statistic: str, minutes: int, label: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            dimensions_map=None if service is None else {"service": service},
            statistic=statistic,
            period=Duration.minutes(minutes),
            label=label or name,
        )
