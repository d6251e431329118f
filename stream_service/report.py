"""Once a minute the service writes its numbers to the log, from where CloudWatch makes graphs and alarms of them."""

import asyncio
import logging
import time
from collections.abc import Callable
from itertools import pairwise

from prometheus_client import Histogram

from stream_service.embedded_metrics import Measured, embed, values_for
from stream_service.lags import BOUNDS
from stream_service.metrics import ServiceMetrics

logger = logging.getLogger(__name__)

SERVICE = "stream-service"
GAUGES = frozenset({"connections", "feed_degraded"})
COUNTERS = frozenset(
    {
        "connections_opened",
        "deliveries",
        "notices_invalid",
        "holes_repaired",
        "holes_unresolved",
        "log_read_failures",
        "requests_refused",
    }
)
"""What becomes a metric of CloudWatch's, which costs; other numbers are fields of the line alone."""


class Report:
    """Lines of numbers: gauges as they stand, counters by what came since the last line."""

    def __init__(
        self, metrics: ServiceMetrics, *, namespace: str, task: str, now: Callable[[], float] = time.time
    ) -> None:
        self._metrics = metrics
        self._namespace = namespace
        self._task = task
        self._now = now
        self._former: dict[str, float] = {}
        self._lags = {"DeliveryLag": _NewLags(metrics.lags.delivery), "CanaryLag": _NewLags(metrics.lags.canary)}

    async def run(self, *, every: float) -> None:
        """Write lines for ever."""
        while True:
            await asyncio.sleep(every)
            self.write()

    def write(self) -> None:
        """Write a line of what came since the last one."""
        logger.info("measured", extra=self.line())

    def line(self) -> dict[str, object]:
        """A line's fields; the next line begins where this one ends."""
        gauges = {number.name: number.read() for number in self._metrics.gauges}
        added = self._added()
        chosen = {name: Measured(gauges[name]) for name in GAUGES}
        # One that has not moved is left out: CloudWatch's price of a metric is for the hours in which it is written.
        chosen |= {name: Measured(value) for name, value in added.items() if value and _is_metric(name)}
        metrics = {_in_cloudwatch(name): measured for name, measured in chosen.items()}
        metrics |= {
            name: Measured(values, "Milliseconds") for name, lags in self._lags.items() if (values := lags.take())
        }
        others = {name: value for name, value in (gauges | added).items() if name not in chosen}
        dimensions = {"service": SERVICE}
        embedded = embed(
            metrics, namespace=self._namespace, dimensions=dimensions, milliseconds=int(self._now() * 1000)
        )
        return {**others, "task": self._task, **embedded}

    def _added(self) -> dict[str, float]:
        totals = {number.name: number.read() for number in self._metrics.counters}
        totals |= {f"connections_ended_{why}": count for why, count in self._metrics.hub.counts.ended.items()}
        former, self._former = self._former, totals
        return {name: total - former.get(name, 0) for name, total in totals.items()}


class _NewLags:
    """What a histogram has counted since it was last asked."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._former = [0] * (len(BOUNDS) + 1)

    def take(self) -> list[float]:
        """Values in milliseconds that have the quantiles of what is new."""
        [family] = self._histogram.collect()
        up_to = [int(sample.value) for sample in family.samples if sample.name.endswith("_bucket")]
        totals = [after - before for before, after in pairwise([0, *up_to])]
        added = [total - former for total, former in zip(totals, self._former, strict=True)]
        self._former = totals
        return [round(1000 * seconds, 2) for seconds in values_for(added, (*BOUNDS, BOUNDS[-1]))]


def _is_metric(name: str) -> bool:
    return name in COUNTERS or name.startswith("connections_ended_")


def _in_cloudwatch(name: str) -> str:
    return name.title().replace("_", "")
