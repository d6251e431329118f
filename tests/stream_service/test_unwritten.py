from stream_service.unwritten import MAX_BATCHES, Unwritten
from tailrace.event import Batch, Event, Position, WorkflowId


def batch(position: int, *, recorded_at: int, cleared: bool = False) -> Batch:
    return Batch(
        workflow_id=WorkflowId("p_a"),
        generation="m1",
        position=Position(position),
        count=2,
        events=() if cleared else (Event("c", "1"), Event("c", "2")),
        batch_id="run:0",
        recorded_at=recorded_at,
        cleared=cleared,
    )


def times(unwritten: Unwritten, position: int) -> list[int]:
    return [batch.recorded_at for batch in unwritten.up_to(Position(position))]


def test_batches_are_told_once_they_have_been_written_to_their_end() -> None:
    unwritten = Unwritten()
    for number in range(3):
        unwritten.add(batch(1 + 2 * number, recorded_at=100 + number))

    half_of_the_second = times(unwritten, 3)
    all_of_it = times(unwritten, 4)
    rest = times(unwritten, 9)

    assert (half_of_the_second, all_of_it, rest) == ([100], [101], [102])


def test_clear_is_nothing_to_be_written() -> None:
    unwritten = Unwritten()

    unwritten.add(batch(1, recorded_at=1, cleared=True))

    assert times(unwritten, 9) == []


def test_there_is_an_end_to_what_is_remembered() -> None:
    unwritten = Unwritten()

    for number in range(2 * MAX_BATCHES):
        unwritten.add(batch(1 + 2 * number, recorded_at=number))

    assert times(unwritten, 10**9) == list(range(MAX_BATCHES))
