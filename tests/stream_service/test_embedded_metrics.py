import random

from hypothesis import given
from hypothesis import strategies as st

from stream_service.embedded_metrics import MAX_VALUES, Measured, embed, values_for

COUNTS = st.lists(st.integers(0, 500), min_size=1, max_size=60)


def test_line_is_what_the_specification_asks_for() -> None:
    line = embed(
        {"Connections": Measured(3), "Lag": Measured([1.5, 2.0], "Milliseconds")},
        namespace="Tailrace/dev",
        dimensions={"service": "stream-service"},
        milliseconds=1_700_000_000_000,
    )

    assert line == {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Tailrace/dev",
                    "Dimensions": [["service"]],
                    "Metrics": [
                        {"Name": "Connections", "Unit": "Count"},
                        {"Name": "Lag", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
        "service": "stream-service",
        "Connections": 3,
        "Lag": [1.5, 2.0],
    }


@given(COUNTS)
def test_few_observations_are_all_there(counts: list[int]) -> None:
    few = [count % 2 for count in counts]
    bounds = [float(number) for number in range(len(few))]

    assert values_for(few, bounds) == [bound for bound, count in zip(bounds, few, strict=True) for _ in range(count)]


@given(COUNTS)
def test_many_observations_are_a_hundred_values_with_the_same_ends(counts: list[int]) -> None:
    counts[0] += MAX_VALUES
    bounds = [float(number) for number in range(len(counts))]

    values = values_for(counts, bounds)

    assert len(values) == MAX_VALUES
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0.0, max(bound for bound, count in zip(bounds, counts, strict=True) if count))


def test_quantiles_are_those_of_the_observations() -> None:
    chance = random.Random(7)
    bounds = [1.25**power for power in range(40)]
    observed = sorted(chance.lognormvariate(3, 1) for _ in range(20_000))
    counts = [0] * len(bounds)
    for value in observed:
        counts[next(number for number, bound in enumerate(bounds) if value <= bound)] += 1

    values = values_for(counts, bounds)

    for percent in (50, 90, 99):
        true = observed[len(observed) * percent // 100]
        assert true / 1.25 <= values[percent * (MAX_VALUES - 1) // 100] <= true * 1.25 * 1.25
