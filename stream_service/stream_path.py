"""The one path at which an EventSource listens, for the route and for those who answer in front of it."""

from starlette.routing import compile_path

STREAM_PATH = "/pipelines/{workflow_id}/sse"

_PATTERN = compile_path(STREAM_PATH)[0]


def is_stream(path: str) -> bool:
    """Whether a request for this path wants a stream, be its id well-formed or not."""
    return _PATTERN.match(path) is not None
