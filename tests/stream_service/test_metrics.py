from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from stream_service.pulse import READY_AFTER
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tests.support.rim import Rim, eventually, some_settings


class Client:
    """A connection that forgets."""

    def write(self, data: bytes) -> None:
        """Forget."""

    def end(self) -> None:
        """Nothing."""

    def abort(self) -> None:
        """Nothing."""


def numbers(rim: Rim) -> dict[str, float]:
    """Every sample of a scrape, as Prometheus reads it."""
    families = text_string_to_metric_families(generate_latest(rim.metrics.registry).decode())
    return {
        sample.name.removeprefix("tailrace_"): sample.value
        for family in families
        for sample in family.samples
        if not sample.labels
    }


def ended(rim: Rim) -> dict[str, float]:
    """How many clients' streams ended, by the reason."""
    families = text_string_to_metric_families(generate_latest(rim.metrics.registry).decode())
    [family] = [family for family in families if family.name == "tailrace_connections_ended"]
    return {sample.labels["reason"]: sample.value for sample in family.samples}


async def test_idle_service_shows_zeros() -> None:
    shown = numbers(Rim())

    assert {name for name, value in shown.items() if value} == {"feed_degraded"} | {
        name for name in shown if name.endswith("_created")
    }
    assert {
        "streams", "connections", "ring_bytes", "log_reads_waiting", "deliveries_total", "notices_taken_total",
        "notices_seen_total", "notices_unwatched_total", "notices_invalid_total", "holes_repaired_total",
        "holes_unresolved_total", "rings_shrunk_total", "log_read_failures_total", "notice_lag_seconds_count",
        "connections_opened_total", "delivery_lag_seconds_count", "canary_lag_seconds_count",
    } <= set(shown)  # fmt: skip


async def test_streams_clients_and_deliveries_are_counted() -> None:
    rim = Rim()
    for stream in ("p_a", "p_a", "p_b"):
        rim.hub.subscribe(WorkflowId(stream), Client(), Wish())
    await eventually(lambda: rim.reader.waiting == 0)
    batches = await rim.publish("p_a", *range(10))
    await rim.publish("p_c", 1)
    await eventually(lambda: rim.reader.waiting == 0)

    shown = numbers(rim)

    assert (shown["streams"], shown["connections"]) == (2, 3)
    assert shown["deliveries_total"] == 20
    assert shown["notices_unwatched_total"] == 1
    assert shown["ring_bytes"] == rim.hub.size > 0
    assert len(batches) == 1


async def test_notices_are_told_apart() -> None:
    rim = Rim()
    await rim.publish("p_a", 0)
    rim.hub.subscribe(WorkflowId("p_a"), Client(), Wish())
    await eventually(lambda: rim.reader.waiting == 0)
    await rim.publish("p_a", 1)

    hub, rim.hub = rim.hub, Rim().hub  # a notice that gets lost
    await rim.publish("p_a", 2)
    rim.hub = hub
    await rim.publish("p_a", 3)
    await eventually(lambda: rim.reader.waiting == 0)

    shown = numbers(rim)
    assert shown["notices_taken_total"] == 1
    assert shown["holes_repaired_total"] == 1
    assert shown["deliveries_total"] == 4


async def test_slow_clients_that_were_closed_are_counted() -> None:
    rim = Rim(settings=some_settings(slow_client_seconds=10))
    subscription = rim.hub.subscribe(WorkflowId("p_a"), Client(), Wish())
    subscription.pause()

    rim.hub.tick(0)
    rim.hub.tick(11)

    assert ended(rim)["slow"] == 1


async def test_degraded_feed_is_shown() -> None:
    rim = Rim()
    for _ in range(READY_AFTER):
        rim.pulse.came_back(rim.pulse.next_number())
    healthy = numbers(rim)["feed_degraded"]

    for _ in range(5):
        rim.pulse.next_number()

    assert (healthy, numbers(rim)["feed_degraded"]) == (0, 1)


async def test_lag_of_notices_is_a_histogram() -> None:
    rim = Rim()
    for seconds in (0.003, 0.02, 0.2, 30, 900):
        rim.lags.notice.observe(seconds)

    text = generate_latest(rim.metrics.registry).decode()

    assert 'tailrace_notice_lag_seconds_bucket{le="0.025"} 2.0' in text
    assert 'tailrace_notice_lag_seconds_bucket{le="100.0"} 4.0' in text
    assert "tailrace_notice_lag_seconds_count 5.0" in text


async def test_services_in_one_process_do_not_share_numbers() -> None:
    one, other = Rim(), Rim()
    one.hub.counts.deliveries = 5

    assert numbers(one)["deliveries_total"] == 5
    assert numbers(other)["deliveries_total"] == 0
