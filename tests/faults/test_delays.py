"""Delays are those of clients who were there, and who read."""

from array import array

from tests.faults.delays import Delays
from tests.faults.history import History
from tests.faults.truth import Recorded, Truth

TRUTH = {
    "p_x": Truth(
        generation="m1",
        events={
            position: Recorded(channel="c", payload="1", recorded_at=float(position), batch_id="x")
            for position in range(1, 5)
        },
        head=4,
    )
}


def client(*heard: tuple[int, float], began: float = 0.0, dawdled: bool = False) -> History:
    """A client that heard positions at times."""
    times = iter([at for _, at in heard])
    history = History(name="client", stream="p_x", began=began, dawdled=dawdled, now=lambda: next(times))
    for position, _ in heard:
        history.hear("c", "1", f"m1-{position}")
    return history


def test_delay_is_from_the_log_to_the_client() -> None:
    delays = Delays.of([client((1, 1.5), (2, 2.25)), client((1, 4.0))], TRUTH)

    assert delays.seconds == array("d", [0.25, 0.5, 3.0])
    assert (delays.within(0.5), delays.within(1.0)) == (0.5, 3.0)
    assert delays.worst == "client on p_x, for m1-1: 3.00 s"


def test_replay_is_no_delay() -> None:
    assert Delays.of([client((1, 9.0), (4, 9.5), began=3.5)], TRUTH).seconds == array("d", [5.5])


def test_client_that_dawdled_has_no_delay_of_ours() -> None:
    assert Delays.of([client((1, 9.0), dawdled=True)], TRUTH).within(1.0) == 0.0
