"""The bill, beside sums done by hand, and its assumptions, beside the code that they are about."""

from datetime import timedelta

import pytest

from cli import bill
from cli.bill import Fleet, Front, Use, by_use, delivering, idle, running
from cli.other_bills import ably, api_gateway, appsync_events
from infra.config import StreamServiceConfig
from infra.cost import fleet
from infra.stages import stage_config
from infra.stream_service import FULL_ENOUGH
from infra.task_bounds import SWEEPS_A_VCPU
from stream_service.queue import LONG_POLL_SECONDS
from stream_service.settings import Settings
from stream_service.sweeper import LONGEST_SECONDS
from tests.support.rim import some_settings

TEN_MILLION = Use(events=10_000_000, clients=1_000, followers=5)


def test_what_the_system_does_by_itself_is_what_its_code_says() -> None:
    settings: Settings = some_settings()

    assert settings.receivers == bill.RECEIVERS
    assert settings.canary_seconds == bill.CANARY_SECONDS
    assert settings.keepalive_seconds == bill.KEEPALIVE_SECONDS
    assert settings.max_stream_age_seconds == bill.STREAM_AGE_SECONDS
    assert settings.sweep_seconds == bill.SWEEP_SECONDS
    assert LONGEST_SECONDS == bill.LONGEST_SWEEP_SECONDS
    assert bill.SWEEPS_A_VCPU == SWEEPS_A_VCPU
    assert settings.retention == timedelta(days=bill.RETENTION_DAYS)
    assert bill.FULL_ENOUGH == FULL_ENOUGH
    assert LONG_POLL_SECONDS == bill.POLL_SECONDS


def test_fleet_that_is_assumed_is_the_stage_devs() -> None:
    config = stage_config("dev").stream_service
    assert isinstance(config, StreamServiceConfig)

    assert fleet(config) == Fleet()


def test_idle_bill_is_the_sum_of_what_stands() -> None:
    lines = idle(Fleet())

    polls, canaries = 2 * 3 * 730 * 3600 / 5, 2 * 730 * 3600 / 30
    assert list(lines.values()) == pytest.approx(
        [
            730 * 0.0225,
            2 * 730 * (0.25 * 0.03238 + 0.5 * 0.00356),
            2 * 730 * 0.005,
            0.40,
            0.40,
            (polls + 2 * 2 * canaries) * 0.4e-6 + canaries * 0.5e-6,
            28 * 0.10 + 3 * 0.30 + 3.00,
        ]
    )
    assert "2 tasks on Fargate" in lines
    assert list(idle(Fleet(), monitored=False)) == list(lines)[:-1]


@pytest.mark.parametrize(
    ("front", "more"), [("vpc-origin", 0), ("public-origin", 7.30 + 0.40), ("own-domain", 7.30 - 0.40)]
)
def test_load_balancer_in_the_internet_pays_for_its_addresses_and_cloudfronts_key(front: Front, more: float) -> None:
    lines = idle(Fleet(front=front))

    assert sum(lines.values()) - sum(idle(Fleet()).values()) == pytest.approx(more)
    assert f"{2 if front == 'vpc-origin' else 4} public IPv4 addresses" in lines


def test_tasks_in_a_network_of_ones_own_may_have_no_address_to_pay_for() -> None:
    assert "2 public IPv4 addresses" in idle(Fleet(public=False, front="own-domain"))
    assert not [what for what in idle(Fleet(public=False)) if "address" in what]


def test_traffic_without_cloudfront_is_paid_for_from_the_first_gigabyte() -> None:
    lines = by_use(TEN_MILLION, Fleet(front="own-domain"))

    gigabytes = (50_000_000 * 365 + 1_000 * 730 * 3600 / 15 * 90) / 1e9
    assert lines["Traffic (AWS)"] == pytest.approx(gigabytes * 0.09)


def test_use_is_paid_for_by_log_notices_balancer_and_traffic() -> None:
    lines = by_use(TEN_MILLION, Fleet())

    gigabytes = (50_000_000 * 365 + 1_000 * 730 * 3600 / 15 * 90) / 1e9
    assert list(lines.values()) == pytest.approx(
        [
            1_000_000 * (4 * 0.625e-6 + 0.125e-6) + 1_000_000 * 3_550 * 720 / 730 / 1e9 * 0.25,
            2 * 200 / 20 * 730 * 3600 * 0.125e-6,
            1_000_000 * 0.5e-6 + 1_000_000 * 2 * 2 * 0.4e-6,
            max(1_000 / 3_000, gigabytes / 730) * 730 * 0.008,
            0.0,
        ]
    )


@pytest.mark.parametrize(
    ("clients", "followers", "sweeps_a_second"),
    [
        (100, 1, 2 * 50 / 15),  # a stream each, shared by two tasks
        (100, 100, 2 * 1 / 15),  # one stream, which both tasks watch
        (600, 1, 2 * 10),  # 300 streams each: all that a quarter of a vCPU is given
        (3_000, 1, 2 * 1_500 / 60),  # once a minute, at the least
        (100, 0, 2 * 50 / 15),
        (0, 0, 0),
    ],
)
def test_sweeps_are_paid_for_by_the_streams_that_each_task_watches(
    clients: int, followers: int, sweeps_a_second: float
) -> None:
    use = Use(events=0, clients=clients, followers=followers)

    assert bill.sweeps(use, Fleet()) == pytest.approx(sweeps_a_second * 730 * 3600 * 0.125e-6)


def test_read_of_a_large_item_costs_more_units() -> None:
    assert (bill.read_units(1), bill.read_units(4_096), bill.read_units(4_097)) == (1, 1, 2)


def test_traffic_beyond_the_free_terabyte_is_paid_for() -> None:
    lines = by_use(Use(events=10_000_000, clients=1_000, followers=1_000), Fleet())

    gigabytes = (10e9 * 365 + 1_000 * 730 * 3600 / 15 * 90) / 1e9
    assert lines["Traffic and requests (CloudFront)"] == pytest.approx((gigabytes - 1_000) * 0.085)


def test_more_clients_need_more_tasks_and_fewer_none_less() -> None:
    assert Fleet().holding(3_000) == Fleet()
    assert Fleet().holding(3_001).tasks == 3
    many = Use(events=0, clients=15_000, followers=0)
    assert delivering(many, Fleet()) == pytest.approx(
        sum(idle(Fleet(tasks=10)).values()) + sum(by_use(many, Fleet(tasks=10)).values())
    )


def test_canaries_grow_with_the_square_of_the_tasks() -> None:
    one, ten, twenty = (
        idle(Fleet(tasks=tasks))["Waiting for notices, and canaries (SQS, SNS)"] for tasks in (1, 10, 20)
    )

    assert twenty - 2 * ten > 10 * (ten - 10 * one) / 9


def test_large_notices_and_payloads_count_by_what_a_request_carries() -> None:
    small, large = (Use(events=1_000, clients=1, followers=1, payload_bytes=size) for size in (300, 20_000))

    assert bill.notices(large, 1) - bill.notices(small, 1) == pytest.approx(100 * 3 * 0.5e-6)
    assert bill.log(large) > 40 * bill.log(small)
    assert appsync_events(large) - appsync_events(small) > 2_000 * 3 * 1e-6


def test_running_costs_requests_and_time() -> None:
    assert running(TEN_MILLION) == pytest.approx(1_000_000 * (1.0e-6 + 0.2e-6 + 0.5 * 0.0000133334))


def test_others_charge_for_each_delivery_and_each_minute() -> None:
    minutes, gigabytes = 1_000 * 43_800, 50_000_000 * 365 / 1e9

    assert appsync_events(TEN_MILLION) == pytest.approx(60.0 + minutes * 0.08e-6 + gigabytes * 0.09)
    assert api_gateway(TEN_MILLION) == pytest.approx(50.0 + minutes * 0.25e-6 + gigabytes * 0.09)
    assert ably(TEN_MILLION) == pytest.approx(29 + 60 * 2.5 + minutes * 1e-6 + 200 * 43_800 * 1e-6)


def test_nobody_who_follows_costs_no_delivery() -> None:
    quiet = Use(events=0, clients=10, followers=0)

    assert appsync_events(quiet) == pytest.approx(10 * 43_800 * 0.08e-6)
    assert ably(quiet) == pytest.approx(29 + 2 * 10 * 43_800 * 1e-6)
