import itertools
import math

from stream_service.lags import BOUNDS, Lags


def test_bounds_rise_by_about_a_quarter_from_a_millisecond_to_a_hundred_seconds() -> None:
    steps = [after / before for before, after in itertools.pairwise(BOUNDS)]

    assert (BOUNDS[0], BOUNDS[-1]) == (0.001, 100.0)
    assert all(1.2 < step < 1.3 for step in steps)


def test_lag_is_counted_from_a_batchs_place_in_the_log() -> None:
    lags = Lags(now=lambda: 1_000.25)

    lags.delivered(1_000_000)
    lags.heard(1_000_200)

    assert math.isclose(sum_of(lags, "delivery"), 0.25)
    assert math.isclose(sum_of(lags, "notice"), 0.05)


def test_clock_that_is_behind_the_writers_makes_no_lag_below_nothing() -> None:
    lags = Lags(now=lambda: 1_000.0)

    lags.delivered(1_000_500)

    assert sum_of(lags, "delivery") == 0


def sum_of(lags: Lags, what: str) -> float:
    samples = {sample.name: sample.value for family in lags.collect() for sample in family.samples if not sample.labels}
    return samples[f"tailrace_{what}_lag_seconds_sum"]
