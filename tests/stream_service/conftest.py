"""The two ways by which bytes reach a client; tests that ask for `path` run on both."""

import pytest

from tests.support import rim


@pytest.fixture(params=[True, False], ids=["taken-over", "asgi"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers give connections away, or not."""
    monkeypatch.setattr(rim, "take_over", request.param)
