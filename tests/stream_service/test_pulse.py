from stream_service.pulse import DEGRADED_AFTER, READY_AFTER, Pulse


def pulse_that_is_ready() -> Pulse:
    pulse = Pulse()
    for _ in range(READY_AFTER):
        pulse.came_back(pulse.next_number())
    return pulse


def test_service_is_not_ready_and_degraded_until_canaries_have_come_back() -> None:
    pulse = Pulse()

    assert not pulse.ready
    assert pulse.degraded


def test_service_is_ready_after_a_few_canaries_in_a_row() -> None:
    pulse = Pulse()
    readiness = []
    for _ in range(READY_AFTER):
        pulse.came_back(pulse.next_number())
        readiness.append(pulse.ready)

    assert readiness == [False] * (READY_AFTER - 1) + [True]
    assert not pulse.degraded


def test_canary_that_is_lost_begins_the_row_anew() -> None:
    pulse = Pulse()
    for _ in range(READY_AFTER - 1):
        pulse.came_back(pulse.next_number())
    pulse.next_number()

    pulse.came_back(pulse.next_number())
    assert not pulse.ready

    for _ in range(READY_AFTER - 1):
        pulse.came_back(pulse.next_number())
    assert pulse.ready


def test_slow_canaries_make_the_service_ready_too() -> None:
    pulse = Pulse()
    numbers = [pulse.next_number() for _ in range(10)]

    for number in numbers[:READY_AFTER]:
        pulse.came_back(number)

    assert pulse.ready


def test_doubled_canary_counts_once() -> None:
    pulse = Pulse()
    number = pulse.next_number()

    for _ in range(READY_AFTER):
        pulse.came_back(number)

    assert not pulse.ready


def test_canary_that_was_never_sent_counts_for_nothing() -> None:
    pulse = Pulse()

    for number in range(1, 10):
        pulse.came_back(number)

    assert not pulse.ready


def test_ready_service_is_degraded_when_canaries_stay_away() -> None:
    pulse = pulse_that_is_ready()
    degraded = []
    for _ in range(DEGRADED_AFTER + 2):
        pulse.next_number()
        degraded.append(pulse.degraded)

    assert degraded == [False] * DEGRADED_AFTER + [True] * 2
    assert pulse.missed == DEGRADED_AFTER + 1


def test_service_stays_ready_whatever_is_missed() -> None:
    pulse = pulse_that_is_ready()

    for _ in range(100):
        pulse.next_number()

    assert pulse.ready


def test_service_is_well_again_with_the_first_canary_that_comes_back() -> None:
    pulse = pulse_that_is_ready()
    for _ in range(10):
        pulse.next_number()

    pulse.came_back(pulse.next_number())

    assert not pulse.degraded
    assert pulse.missed == 0


def test_canary_that_is_one_late_counts_as_come_back() -> None:
    pulse = pulse_that_is_ready()
    for _ in range(20):
        late = pulse.next_number()
        pulse.next_number()
        pulse.came_back(late)

        assert not pulse.degraded


def test_canary_from_long_ago_does_not_make_it_well() -> None:
    pulse = pulse_that_is_ready()
    old = pulse.next_number()
    for _ in range(10):
        pulse.next_number()

    pulse.came_back(old)

    assert pulse.degraded


def test_service_that_takes_clients_without_a_feed_stays_degraded_until_canaries_have_come_back() -> None:
    pulse = Pulse()
    pulse.do_without()
    states = [(pulse.ready, pulse.degraded)]
    for _ in range(READY_AFTER):
        pulse.came_back(pulse.next_number())
        states.append((pulse.ready, pulse.degraded))

    assert states == [(True, True)] * READY_AFTER + [(True, False)]
