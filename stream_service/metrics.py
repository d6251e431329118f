"""What `/metrics` shows: the hub's own numbers, read when they are asked for, so that counting costs nothing."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from stream_service.feed import Feed
from stream_service.hub import Hub
from stream_service.pulse import Pulse
from stream_service.reader import Reader

_LAG_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)


class ServiceMetrics(Collector):
    """Reads the service's parts at each scrape."""

    def __init__(self, *, hub: Hub, reader: Reader, feed: Feed, pulse: Pulse) -> None:
        self._hub = hub
        self._reader = reader
        self._feed = feed
        self._pulse = pulse
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self.notice_lag = Histogram(
            "tailrace_notice_lag_seconds",
            "From a batch's place in the log to its notice in the hub.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        """Observed for each notice."""

    def collect(self) -> Iterator[Metric]:
        """Yield every number as it stands."""
        for name, text, value in self._gauges():
            yield GaugeMetricFamily(f"tailrace_{name}", text, value=value)
        for name, text, value in self._counters():
            yield CounterMetricFamily(f"tailrace_{name}", text, value=value)

    def _gauges(self) -> Iterator[tuple[str, str, float]]:
        yield "streams", "Streams that are held because someone watches them.", self._hub.streams
        yield "connections", "Clients that follow a stream.", self._hub.connections
        yield "ring_bytes", "Bytes of encoded events in all rings.", self._hub.size
        yield "log_reads_waiting", "Questions to the log that have no answer yet.", self._reader.waiting
        yield "feed_degraded", "Whether canaries stay away, so that streams are re-read often.", self._pulse.degraded

    def _counters(self) -> Iterator[tuple[str, str, float]]:
        counts = self._hub.counts
        yield "deliveries", "Events written to clients.", counts.deliveries
        yield "notices_taken", "Notices whose batch went straight to a ring.", counts.notices_taken
        yield "notices_seen", "Notices of what a ring already had.", counts.notices_seen
        yield "notices_unwatched", "Notices of streams that nobody watches.", counts.notices_unwatched
        yield "notices_invalid", "Messages that were no notices.", self._feed.invalid
        yield "holes_repaired", "Holes before a notice or a tail that a reading of the log has filled.", counts.holes
        yield "slow_clients_closed", "Clients cut because they did not read.", counts.slow_clients
        yield "rings_shrunk", "Rings halved because all together were too large.", counts.rings_shrunk
        yield "log_read_failures", "Readings that the log did not answer.", self._reader.failures
