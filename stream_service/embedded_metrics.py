"""Numbers as CloudWatch takes them out of a line of the log: the embedded metric format.

Source: "Specification: Embedded metric format" in the Amazon CloudWatch user guide,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

MAX_VALUES = 100
"""Of one metric in one line."""

Unit = Literal["Count", "Milliseconds"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's value, or several of them."""

    value: float | Sequence[float]
    unit: Unit = "Count"


def embed(
    metrics: Mapping[str, Measured], *, namespace: str, dimensions: Mapping[str, str], milliseconds: int
) -> dict[str, object]:
    """The members of a line that holds metrics of one moment, in epoch milliseconds; others may stand beside them."""
    definitions = [{"Name": name, "Unit": metric.unit} for name, metric in metrics.items()]
    directive = {"Namespace": namespace, "Dimensions": [list(dimensions)], "Metrics": definitions}
    return {
        "_aws": {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]},
        **dimensions,
        **{name: metric.value for name, metric in metrics.items()},
    }


def values_for(counts: Sequence[int], bounds: Sequence[float]) -> list[float]:
    """As many values as one line may hold, with a histogram's quantiles: `counts[n]` of it are up to `bounds[n]`."""
    total = sum(counts)
    chosen = min(total, MAX_VALUES)
    up_to = list(accumulate(counts))
    ranks = (round(number * (total - 1) / max(1, chosen - 1)) for number in range(chosen))
    return [bounds[bisect_right(up_to, rank)] for rank in ranks]
