"""A value that is kept elsewhere: how often it is read, and for how long it serves."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tailrace.refreshed import FRESH, IN_DOUBT, MAX_AGE, Refreshed


@dataclass(slots=True)
class Place:
    """Where the value is kept."""

    now: float = 1_000_000.0
    value: str | None = "one"
    reads: int = 0

    def read(self) -> str:
        self.reads += 1
        if self.value is None:
            raise OSError("It is away.")
        return self.value


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def refreshed(place: Place) -> Refreshed[str]:
    return Refreshed(place.read, name="thing", troubles=(OSError,), now=lambda: place.now)


def test_value_is_read_when_it_is_first_wanted(place: Place, refreshed: Refreshed[str]) -> None:
    assert (refreshed.value, refreshed.is_due(), place.reads) == (None, True, 0)

    refreshed.refresh()

    assert (refreshed.value, refreshed.is_due(), place.reads) == ("one", False, 1)


def test_fresh_value_is_not_read_again(place: Place, refreshed: Refreshed[str]) -> None:
    refreshed.refresh()
    place.now += FRESH - 1

    refreshed.refresh()

    assert place.reads == 1


def test_value_that_has_grown_old_is_read_again(place: Place, refreshed: Refreshed[str]) -> None:
    refreshed.refresh()
    place.value = "two"
    place.now += FRESH

    refreshed.refresh()

    assert (refreshed.value, place.reads) == ("two", 2)


def test_value_in_doubt_is_read_sooner_but_not_for_every_doubt(place: Place, refreshed: Refreshed[str]) -> None:
    refreshed.refresh()
    place.value = "two"
    refreshed.refresh(IN_DOUBT)
    assert refreshed.value == "one"

    place.now += IN_DOUBT
    for _ in range(100):
        refreshed.refresh(IN_DOUBT)

    assert (refreshed.value, place.reads) == ("two", 2)


def test_place_that_is_away_is_asked_now_and_then_and_the_last_value_serves_for_an_hour(
    place: Place, refreshed: Refreshed[str], caplog: pytest.LogCaptureFixture
) -> None:
    refreshed.refresh()
    place.value = None
    place.now += FRESH
    with caplog.at_level(logging.ERROR):
        for _ in range(100):
            refreshed.refresh()

    assert (refreshed.value, place.reads) == ("one", 2)
    assert [record.getMessage() for record in caplog.records] == ["value_not_read"]

    place.now += MAX_AGE
    assert refreshed.value is None
    place.value = "two"
    refreshed.refresh()
    assert refreshed.value == "two"


def test_place_that_is_away_from_the_beginning_is_asked_now_and_then(place: Place, refreshed: Refreshed[str]) -> None:
    place.value = None
    for _ in range(100):
        refreshed.refresh(IN_DOUBT)
    assert (refreshed.value, place.reads) == (None, 1)

    place.value = "one"
    place.now += IN_DOUBT
    refreshed.refresh(IN_DOUBT)

    assert refreshed.value == "one"


def test_what_is_no_trouble_is_raised(place: Place) -> None:
    refreshed: Refreshed[str] = Refreshed(place.read, name="thing", troubles=(ValueError,))
    place.value = None

    with pytest.raises(OSError, match="away"):
        refreshed.refresh()


def test_value_is_as_of_when_its_reading_began(place: Place) -> None:
    def read() -> str:
        place.now += 5  # it takes its time
        return place.read()

    refreshed = Refreshed(read, name="thing", troubles=(OSError,), now=lambda: place.now)
    assert refreshed.as_of < 0
    refreshed.refresh()
    began = place.now - 5
    assert refreshed.as_of == began

    place.value = None
    place.now += FRESH
    refreshed.refresh()

    assert refreshed.as_of == began


def test_who_comes_while_the_value_is_read_for_the_first_time_waits_for_it(place: Place) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def read() -> str:
        begun.set()
        assert go_on.wait(45)
        return place.read()

    refreshed = Refreshed(read, name="thing", troubles=(OSError,), now=lambda: place.now)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(refreshed.refresh)
        assert begun.wait(45)
        assert refreshed.is_due()
        second = threads.submit(refreshed.refresh)
        go_on.set()
        first.result()
        second.result()

    assert (refreshed.value, refreshed.is_due(), place.reads) == ("one", False, 1)
