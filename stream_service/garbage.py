"""When Python looks for garbage: rarely, since clients are many, live for long, and leave no cycles behind."""

import gc

ALLOCATIONS = 50_000
"""Objects more than before that make the collector look at the youngest; Python's own 700 are a dozen new clients."""


def collect_rarely() -> None:
    """Leave alone what start-up has made, and let thousands of clients come before the next look."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 50)
