import pytest

from cli.prices import FRONT_FREE_GB, MILLION, PRICES, Price, front_traffic


def test_every_price_says_its_unit_its_source_and_that_ones_date() -> None:
    prices = list(PRICES)

    assert len(prices) > 20
    for price in prices:
        assert price.dollars > 0
        assert price.unit
        assert "20" in price.source or "not checked again" in price.source


def test_price_of_a_million_is_a_millionth_for_each() -> None:
    price = Price(2.0, "requests", "nobody (2026)", MILLION)

    assert price.of(1) == pytest.approx(0.000002)
    assert price.of(3_000_000) == pytest.approx(6)


@pytest.mark.parametrize(
    ("gigabytes", "dollars"),
    [
        (0, 0),
        (FRONT_FREE_GB, 0),
        (2_000, 85),
        (10_000, 9_000 * 0.085),
        (60_000, 9_000 * 0.085 + 40_000 * 0.080 + 10_000 * 0.060),
        (6_000_000, 765 + 3_200 + 6_000 + 14_000 + 15_720 + 102_400 + 880_000 * 0.020),
    ],
)
def test_traffic_is_free_at_first_and_cheaper_the_more_it_is(gigabytes: float, dollars: float) -> None:
    assert front_traffic(gigabytes) == pytest.approx(dollars)
