from pathlib import Path

import pytest

from tests.support.ministack import ministack
from tests.support.node import NodeSteps

__all__ = ["ministack"]


@pytest.fixture
def node(tmp_path: Path) -> NodeSteps:
    return NodeSteps(tmp_path)
