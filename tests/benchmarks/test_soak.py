"""A short soak: the whole of `make soak-alone`, for some seconds."""

import pytest

from benchmarks.running import BUILD
from benchmarks.soak import ROWS, soak

SECONDS = 18


@pytest.mark.skipif(not (BUILD / "sseload").exists(), reason="needs a C compiler: make build/bench/sseload")
def test_nothing_is_lost_or_doubled_and_memory_stays_flat_while_clients_come_and_go() -> None:
    done = soak(SECONDS)

    assert done.failures == [], done.table()
    assert len(done.stages) == ROWS
    assert sum(stage.reconnected for stage in done.stages) > 0
