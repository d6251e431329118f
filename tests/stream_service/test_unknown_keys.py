from stream_service.unknown_keys import MAX_KEYS, MEMORY_SECONDS, UnknownKeys


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_key_is_remembered_from_when_it_was_first_asked_for_and_for_a_while() -> None:
    clock = Clock()
    keys = UnknownKeys(clock)
    first = clock.now

    assert keys.first_asked("a") == first
    clock.now += MEMORY_SECONDS
    assert keys.first_asked("a") == first
    clock.now += 1
    assert keys.first_asked("a") == clock.now


def test_keys_that_are_made_up_without_end_cost_no_memory() -> None:
    clock = Clock()
    keys = UnknownKeys(clock)
    first = keys.first_asked("asked for again and again")
    for number in range(10 * MAX_KEYS):
        clock.now += 0.001
        keys.first_asked(f"guess-{number}")
        assert keys.first_asked("asked for again and again") == first

    assert len(keys._first_asked) == MAX_KEYS
