"""The model, walked in any order. A test run always tries the same few hundred.

TAILRACE_TEST_EXAMPLES=20000 tries so many that nobody has tried.
"""

import os

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.model import Model
from tests.model.near import ANYWHERE
from tests.model.settings import make_everything_tiny

MORE_EXAMPLES = os.environ.get("TAILRACE_TEST_EXAMPLES")
AT_ONCE = 1000
"""Hypothesis remembers every order that it has tried in one go."""


@pytest.mark.timeout(0 if MORE_EXAMPLES else 300)
def test_promises_hold_in_whatever_order_things_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything_tiny(monkeypatch)

    if MORE_EXAMPLES is None:
        run_state_machine_as_test(Model, settings=settings(ANYWHERE, max_examples=300, derandomize=True))
    for _ in range(0, int(MORE_EXAMPLES or 0), AT_ONCE):
        run_state_machine_as_test(Model, settings=settings(ANYWHERE, max_examples=AT_ONCE))
