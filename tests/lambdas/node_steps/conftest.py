from pathlib import Path

import pytest

from tests.support.node import NodeSteps


@pytest.fixture
def node(tmp_path: Path) -> NodeSteps:
    return NodeSteps(tmp_path)
