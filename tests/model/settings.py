"""How large things are in the model, and how slow: a handful of events is many items, pages, slices and replays."""

from functools import cache

import pytest

from stream_service import ring, slices, stream, subscription
from stream_service.bounds import Bounds
from tailrace import dynamodb, flush, let_out, log_reader
from tests.support.log import MINUTE

BOUNDS = Bounds(ring_events=5, ring_bytes=300, all_rings_bytes=200, linger=30, patience=60)
PAGE_BYTES = 150
"""Of the table's pages, where DynamoDB has 1 MB."""
ITEM_BYTES = 170
"""Of an item's events, where DynamoDB takes 400 KB: five events, and not six."""
LATE = 15 * MINUTE
"""By how much a write may be late though nobody waits for it any more: then its signature has grown too old."""


def make_everything_tiny(patch: pytest.MonkeyPatch) -> None:
    """Let a handful of events be many items, pages, slices and replays."""
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    patch.setattr(let_out.logger, "disabled", True)  # thousands of lost notices are what it is about
    patch.setattr(log_reader, "READING_BYTES", 20)
    patch.setattr(log_reader, "LOOK_BACK_PAGES", 3)
    patch.setattr(flush, "MAX_STORED_BYTES", 140)
    patch.setattr(stream, "MAX_HELD", 2)
    for module in (stream, subscription):
        patch.setattr(module, "DEFAULT_REPLAY", 5)
    for module in (ring, slices):
        patch.setattr(module, "SLICE_BYTES", 120)
    patch.setattr(ring, "MAX_SLICES", 2)


def lateness() -> float:
    """How late a write may land: as said, or as long as the product's own client goes on with it."""
    return max(LATE, _longest_request(vars(dynamodb)["Config"]))


@cache
def _longest_request(_config: type) -> float:
    settings = vars(dynamodb.dynamodb_client().meta.config)["_user_provided_options"]
    seconds: float = settings["connect_timeout"] + settings["read_timeout"]
    return seconds * float(settings["retries"]["total_max_attempts"])
