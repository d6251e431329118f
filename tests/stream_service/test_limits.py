import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_service.limits import Places, Rate


def test_client_makes_some_requests_at_once_and_then_one_an_interval() -> None:
    rate = Rate(per_second=2, at_once=3)

    assert [rate.wait("a", 10.0) for _ in range(3)] == [0, 0, 0]
    assert rate.wait("a", 10.0) == pytest.approx(0.25)
    assert rate.wait("a", 10.5) == 0
    assert rate.wait("a", 10.5) > 0
    assert rate.refused == 2


def test_client_that_asks_too_often_is_still_served_at_its_rate() -> None:
    rate = Rate(per_second=10, at_once=5)

    served = [hundredth for hundredth in range(1000) if rate.wait("a", hundredth / 100) == 0]

    assert len(served) == 5 + 10 * 10


def test_one_client_takes_nothing_from_another() -> None:
    rate = Rate(per_second=1, at_once=1)
    for _ in range(100):
        rate.wait("greedy", 0.0)

    assert rate.wait("modest", 0.0) == 0


def test_client_that_rested_has_all_its_requests_again() -> None:
    rate = Rate(per_second=1, at_once=4)
    for _ in range(9):
        rate.wait("a", 0.0)

    assert [rate.wait("a", 1000.0) == 0 for _ in range(5)] == [True] * 4 + [False]


def test_more_clients_than_are_remembered_cost_no_memory() -> None:
    rate = Rate(per_second=1, at_once=1, max_clients=100)
    for number in range(10_000):
        rate.wait(number, 0.0)

    assert len(rate._paid_until) == 100


def test_client_that_keeps_asking_is_not_the_one_who_is_forgotten() -> None:
    rate = Rate(per_second=1, at_once=1, max_clients=100)
    rate.wait("greedy", 0.0)
    for number in range(10_000):
        rate.wait(number, 0.0)
        assert rate.wait("greedy", 0.0) > 0


@given(
    at_once=st.integers(1, 50),
    steps=st.lists(st.floats(0, 3, allow_nan=False), min_size=1, max_size=200),
    start=st.floats(0, 1e9),
)
def test_never_more_than_the_rate_admits_whenever_a_client_asks(at_once: int, steps: list[float], start: float) -> None:
    rate, now, served = Rate(per_second=4, at_once=at_once), start, 0
    for step in steps:
        now += step
        served += rate.wait("a", now) == 0

        assert served <= at_once + 4 * (now - start) + 1


def test_client_that_holds_all_it_may_is_full_until_it_gives_one_back() -> None:
    places = Places(2)
    places.take("a")
    assert not places.full("a")
    places.take("a")

    assert (places.full("a"), places.full("b")) == (True, False)
    places.give_back("a")
    assert not places.full("a")


def test_places_of_those_who_left_are_forgotten() -> None:
    places = Places(2)
    for number in range(1000):
        places.take(number)
        places.give_back(number)

    assert places._taken == {}
