"""The hub as a state machine: notices, readings, clients, clears and new lives of the stream, in any order.

A test run always tries the same few hundred orders. TAILRACE_TEST_EXAMPLES=20000 tries so many that nobody has tried.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stream_service import reader_mutations as without
from tests.stream_service.hub_machine import HubMachine
from tests.stream_service.log_machine import make_everything_tiny
from tests.stream_service.reader_mutations import Mutation

MORE_EXAMPLES = os.environ.get("TAILRACE_TEST_EXAMPLES")
ORDERS = settings(
    max_examples=int(MORE_EXAMPLES or 300),
    stateful_step_count=60,
    derandomize=MORE_EXAMPLES is None,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(0 if MORE_EXAMPLES else 120)
def test_every_client_hears_everything_once_in_order_or_that_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything_tiny(monkeypatch)

    run_state_machine_as_test(HubMachine, settings=ORDERS)


SLOWLY_NOTICED = [
    "asking_from_now_on",
    "lives_of_questions",
    "remembering_what_was_lost",
    "the_life_that_was_asked_about",
    "the_life_that_was_vouched_for",
    "the_ring",
    "waiting_for_what_follows",
    "waiting_on_an_empty_stream",
]
"""Those for which some hundreds of orders have to be tried: with TAILRACE_TEST_EXAMPLES alone."""
NOTICED = [
    "an_id_to_come_back_with",
    "asking_the_log",
    "doubting",
    "dropping_what_was_seen",
    "emptying_the_ring",
    "gaps_being_for_cursors",
    "generations_of_notices",
    "holes_before_notices",
    "judging",
    "knowing_who_has_an_id",
    "order",
    "reading_for_notices_without_events",
    "reading_the_tail",
    "registering_before_reading",
    "settling_after_loading",
    "sweeps",
    "telling_of_what_expired",
    "telling_of_what_was_cleared",
    "the_containing_batch",
    "the_expired_tail",
    "the_generation_of_a_page",
    "the_generation_of_the_tail",
    "the_id_of_the_last_that_was_lost",
    "the_log",
    "trust_in_what_is_gone",
    "turning_pages",
]
"""Of each of the rules 15 to 25 one at least."""


@pytest.mark.parametrize("rule", [*NOTICED, *(SLOWLY_NOTICED if MORE_EXAMPLES else ())])
def test_machine_notices_that_a_rule_is_taken_out(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything_tiny(monkeypatch)
    mutation: Mutation = getattr(without, rule)
    mutation(monkeypatch)

    with pytest.raises((AssertionError, ValueError)):
        run_state_machine_as_test(
            HubMachine,
            settings=settings(ORDERS, max_examples=1000, derandomize=True, phases=[Phase.generate]),
        )
