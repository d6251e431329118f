"""How a client is asked to come later: by a stream that ends at once where it wants a stream, else by a status."""

import random
from collections.abc import Callable

from starlette.responses import Response

from stream_service import sse
from stream_service.response import StreamResponse
from stream_service.stream_path import is_stream

_MILLISECONDS = (15_000, 45_000)


def later() -> bytes:
    """Encode a time to come back that is far enough away to make room, and not the same for all."""
    return sse.retry(random.randint(*_MILLISECONDS))  # noqa: S311 - jitter, not a secret


def come_later(path: str, otherwise: Response, *, turned_away: Callable[[], None] = lambda: None) -> Response:
    """The answer to a request for this path: an EventSource comes back from 200, and never from any other status.

    `turned_away` is told once a client has been given a stream that ends.
    """

    def subscribe(*_: object) -> None:
        turned_away()

    return StreamResponse(first_bytes=later(), subscribe=subscribe) if is_stream(path) else otherwise
