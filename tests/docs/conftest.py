"""A running `tailrace dev` with our own workflows, for the blocks that talk to one."""

from collections.abc import Iterator

import pytest

from tests.support.dev import Dev, running_dev
from tests.support.markdown import ROOT


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running_dev(tmp_path_factory.mktemp("project"), workflows=ROOT / "workflows") as dev:
        yield dev
