"""The hub as a state machine: notices, readings, clients, clears and new lives of the stream, in any order."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stream_service.hub_machine import HubMachine, make_everything_tiny

EXAMPLES = int(os.environ.get("TAILRACE_TEST_EXAMPLES", "300"))


def test_every_client_hears_everything_once_in_order_or_that_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything_tiny(monkeypatch)

    run_state_machine_as_test(
        HubMachine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
