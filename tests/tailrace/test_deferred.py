from concurrent.futures import ThreadPoolExecutor

import pytest

from tailrace.deferred import MAX_BYTES, MAX_EVENTS, Deferred
from tailrace.errors import RunFinished, TooManySends
from tailrace.event import Event

TICK = Event("ticks", "1")


def test_sends_are_handed_over_in_the_order_of_the_calls() -> None:
    deferred = Deferred()
    events = tuple(Event.of("numbers", number) for number in range(5))

    for event in events:
        deferred.hold(event)

    assert deferred.close() == events


def test_run_may_send_ten_thousand_events_and_no_more() -> None:
    deferred = Deferred()
    for _ in range(MAX_EVENTS):
        deferred.hold(TICK)

    with pytest.raises(TooManySends, match="has sent 10,000 events, the most that one run may"):
        deferred.hold(TICK)

    assert len(deferred.close()) == 10_000


def test_run_may_send_32_mib_and_no_more() -> None:
    deferred = Deferred()
    large = Event.of("c", "x" * (256 * 1024 - 3))  # with quotes and channel 256 KiB
    for _ in range(128):
        deferred.hold(large)

    with pytest.raises(TooManySends, match="one run may send 33,554,432"):
        deferred.hold(Event("c", ""))

    assert MAX_BYTES == 32 * 1024 * 1024
    assert len(deferred.close()) == 128


def test_send_that_is_too_large_leaves_room_for_a_smaller_one() -> None:
    deferred = Deferred(max_bytes=12)

    with pytest.raises(TooManySends):
        deferred.hold(Event("ticks", "12345678"))
    deferred.hold(Event("ticks", "1234567"))

    assert len(deferred.close()) == 1


def test_channel_counts_by_its_bytes() -> None:
    deferred = Deferred(max_bytes=4)

    with pytest.raises(TooManySends, match="5 bytes"):
        deferred.hold(Event("öö", "1"))


def test_send_after_the_end_is_refused() -> None:
    deferred = Deferred()
    deferred.close()

    with pytest.raises(RunFinished, match="nothing can be sent any more"):
        deferred.hold(TICK)


def test_threads_may_send_at_once_and_none_is_lost() -> None:
    deferred = Deferred(max_events=1000)

    def send(_: int) -> int:
        try:
            deferred.hold(TICK)
        except TooManySends:
            return 0
        return 1

    with ThreadPoolExecutor(8) as threads:
        held = sum(threads.map(send, range(2000)))

    assert held == 1000
    assert len(deferred.close()) == 1000
