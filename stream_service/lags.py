"""How long things took on their way, as histograms: observed once for a notice, a canary or a batch that was written.

However many clients a batch goes to, it is measured once, when the pass that writes it has come to the last of them.
"""

import time
from collections.abc import Callable, Iterator

from prometheus_client import Histogram
from prometheus_client.metrics_core import Metric

_PREFERRED = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)
BOUNDS = (*(round(step * 10.0**power, 7) for power in range(-3, 2) for step in _PREFERRED), 100.0)
"""From 1 ms to 100 s, each a quarter above the last (ISO 3's series R10), so that quantiles are good to a quarter."""


class Lags:
    """Three ways, in seconds."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.delivery = _lag("delivery", "From a batch's place in the log to all who follow it live.")
        self.notice = _lag("notice", "From a batch's place in the log to its notice in the hub.")
        self.canary = _lag("canary", "From a canary's sending, by way of the topic, to its return.")

    def heard(self, recorded_at: int) -> None:
        """Hear of a notice, by its batch's time."""
        self.notice.observe(self._since(recorded_at))

    def delivered(self, recorded_at: int) -> float:
        """Hear that a batch has been written, by its time; returns the seconds since."""
        seconds = self._since(recorded_at)
        self.delivery.observe(seconds)
        return seconds

    def canary_returned(self, seconds: float) -> None:
        """Hear how long a canary took."""
        self.canary.observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """Yield the histograms as they stand."""
        for histogram in (self.delivery, self.notice, self.canary):
            yield from histogram.collect()

    def _since(self, recorded_at: int) -> float:
        return max(0.0, self._now() - recorded_at / 1000)  # two machines' clocks


def _lag(what: str, text: str) -> Histogram:
    return Histogram(f"tailrace_{what}_lag_seconds", text, buckets=BOUNDS, registry=None)
