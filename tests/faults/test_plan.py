"""One seed decides what happens when; every kind of fault is certain to come."""

from collections import Counter

from tests.faults.plan import ROUND, Kind, make_plan


def test_one_seed_makes_one_plan() -> None:
    assert make_plan(7, 300) == make_plan(7, 300)
    assert make_plan(7, 300) != make_plan(8, 300)


def test_choices_of_a_planned_fault_are_its_own() -> None:
    first, second = make_plan(7, 60)[:2]

    assert first.chance.random() == first.chance.random()
    assert first.chance.random() != second.chance.random()


def test_short_storm_has_every_fault_once() -> None:
    assert Counter(planned.kind for planned in make_plan(7, 60)) == Counter(Kind)


def test_long_storm_has_every_fault_once_a_round() -> None:
    counts = Counter(planned.kind for planned in make_plan(7, 10 * ROUND))

    assert set(counts.values()) == {10}
    assert set(counts) == set(Kind)


def test_faults_come_in_order_and_within_the_storm() -> None:
    times = [planned.at for planned in make_plan(7, 600)]

    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] < 600
