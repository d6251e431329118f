import subprocess
import sys

SCRIPT = """
import gc
from stream_service.garbage import ALLOCATIONS, collect_rarely

gc.set_debug(0)
collect_rarely()
assert gc.get_freeze_count() > 1000
assert gc.get_threshold()[0] == ALLOCATIONS

collections = gc.get_stats()[0]["collections"]
kept = [[] for _ in range(ALLOCATIONS // 2)]
assert gc.get_stats()[0]["collections"] == collections, "A few thousand clients would be looked through."
kept += [[] for _ in range(ALLOCATIONS)]
assert gc.get_stats()[0]["collections"] > collections, "Garbage would never be found."
"""


def test_garbage_is_looked_for_rarely_and_not_among_what_start_up_has_made() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
