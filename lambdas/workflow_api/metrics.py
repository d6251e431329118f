"""Numbers about runs, as CloudWatch reads them out of the function's log (embedded metric format)."""

from typing import Protocol

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from lambdas.workflow_api.logs import SERVICE
from tailrace.runner import RunResult


class RunMetrics(Protocol):
    """Counts runs."""

    def run_finished(self, result: RunResult, *, seconds: float) -> None:
        """A run has ended, and what it sent is in the log."""

    def appended(self, *, seconds: float, conflicts: int) -> None:
        """The log has taken a flush, after so many tries at places that other writers had taken."""

    def append_failed(self) -> None:
        """The log did not take a flush."""

    def caller_refused(self, kind: str) -> None:
        """A caller, an `address` or a `key`, has made more requests in this minute than it may."""


class NoMetrics:
    """`RunMetrics` that nobody reads."""

    def run_finished(self, result: RunResult, *, seconds: float) -> None:
        """Do nothing."""

    def appended(self, *, seconds: float, conflicts: int) -> None:
        """Do nothing."""

    def append_failed(self) -> None:
        """Do nothing."""

    def caller_refused(self, kind: str) -> None:
        """Do nothing."""


class LoggedMetrics:
    """`RunMetrics` that are written to standard output, from where CloudWatch takes them."""

    def __init__(self, *, namespace: str) -> None:
        self._namespace = namespace

    def run_finished(self, result: RunResult, *, seconds: float) -> None:
        """Write what a run did, over all runs and by the status that they ended with."""
        metrics = self._metrics()
        metrics.add_dimensions(service=SERVICE, status=result.status.value)
        metrics.add_metadata("workflow_id", result.workflow_id)
        metrics.add_metadata("run_id", result.run_id)
        metrics.add_metric("Runs", MetricUnit.Count, 1)
        metrics.add_metric("RunDuration", MetricUnit.Milliseconds, seconds * 1000)
        metrics.add_metric("EventsAppended", MetricUnit.Count, sum(batch.count for batch in result.batches))
        metrics.add_metric("NoticesFailed", MetricUnit.Count, int(not result.announced))
        metrics.flush_metrics()

    def appended(self, *, seconds: float, conflicts: int) -> None:
        """Write how long it took."""
        metrics = self._metrics()
        metrics.add_metric("AppendConflicts", MetricUnit.Count, conflicts)
        metrics.add_metric("AppendLatency", MetricUnit.Milliseconds, seconds * 1000)
        metrics.add_metric("AppendFailures", MetricUnit.Count, 0)
        metrics.flush_metrics()

    def append_failed(self) -> None:
        """Write that it failed."""
        metrics = self._metrics()
        metrics.add_metric("AppendFailures", MetricUnit.Count, 1)
        metrics.flush_metrics()

    def caller_refused(self, kind: str) -> None:
        """Write that one more was refused, but not who: addresses stand in no log of ours."""
        metrics = self._metrics()
        metrics.add_metadata("kind", kind)
        metrics.add_metric("CallersRefused", MetricUnit.Count, 1)
        metrics.flush_metrics()

    def _metrics(self) -> EphemeralMetrics:
        return EphemeralMetrics(namespace=self._namespace, service=SERVICE)
