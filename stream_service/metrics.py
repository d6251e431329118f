"""The service's numbers: what `/metrics` shows, and what goes to the log once a minute.

They are the parts' own numbers, read when they are asked for, so that counting costs nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from stream_service.feed import Feed
from stream_service.hub import Hub
from stream_service.lags import Lags
from stream_service.pulse import Pulse
from stream_service.reader import Reader
from stream_service.shares import Shares


@dataclass(frozen=True, slots=True)
class Number:
    """A number that only the one who reads it knows."""

    name: str
    text: str
    read: Callable[[], float]


class ServiceMetrics(Collector):
    """Reads the service's parts at each scrape."""

    def __init__(self, *, hub: Hub, reader: Reader, feed: Feed, pulse: Pulse, lags: Lags, shares: Shares) -> None:
        self.hub = hub
        self.lags = lags
        self.gauges = _gauges(hub, reader, pulse)
        self.counters = _counters(hub, reader, feed, shares)
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield every number as it stands."""
        for gauge in self.gauges:
            yield GaugeMetricFamily(f"tailrace_{gauge.name}", gauge.text, value=gauge.read())
        for counter in self.counters:
            yield CounterMetricFamily(f"tailrace_{counter.name}", counter.text, value=counter.read())
        ended = CounterMetricFamily("tailrace_connections_ended", "Clients that follow no more.", labels=["reason"])
        for why, count in self.hub.counts.ended.items():
            ended.add_metric([why], count)
        yield ended
        yield from self.lags.collect()


def _gauges(hub: Hub, reader: Reader, pulse: Pulse) -> tuple[Number, ...]:
    return (
        Number("streams", "Streams that are held because someone watches them.", lambda: hub.streams),
        Number("connections", "Clients that follow a stream.", lambda: hub.connections),
        Number("ring_bytes", "Bytes of encoded events in all rings.", lambda: hub.size),
        Number("log_reads_waiting", "Questions to the log that have no answer yet.", lambda: reader.waiting),
        Number("feed_degraded", "Whether canaries stay away, so streams are swept often.", lambda: int(pulse.degraded)),
    )


def _counters(hub: Hub, reader: Reader, feed: Feed, shares: Shares) -> tuple[Number, ...]:
    counts = hub.counts
    return (
        Number("connections_opened", "Clients that came.", lambda: counts.opened),
        Number("deliveries", "Events written to clients.", lambda: counts.deliveries),
        Number("notices_taken", "Notices whose batch went straight to a ring.", lambda: counts.notices_taken),
        Number("notices_seen", "Notices of what a ring already had.", lambda: counts.notices_seen),
        Number("notices_unwatched", "Notices of streams that nobody watches.", lambda: counts.notices_unwatched),
        Number("notices_invalid", "Messages that were no notices.", lambda: feed.invalid),
        Number("holes_repaired", "Holes that a reading of the log has filled.", lambda: counts.holes_repaired),
        Number("holes_unresolved", "Holes that the log could not fill.", lambda: counts.holes_unresolved),
        Number("rings_shrunk", "Rings halved because all together were too large.", lambda: counts.rings_shrunk),
        Number("requests_refused", "Requests of clients that make too many.", lambda: shares.requests_refused),
        Number("log_read_failures", "Readings that the log did not answer.", lambda: reader.failures),
    )
