"""What a client is told when its request meets a fault of ours: nothing of what it was, and to come again."""

from http import HTTPStatus

from starlette.types import ASGIApp, Scope

from stream_service.come_later import come_later
from stream_service.problems import problem

_DETAIL = "The service failed at something unexpected; its log says more."


def answer_fault(scope: Scope) -> ASGIApp:
    """The answer to a request that nobody expected to fail."""
    failed = problem(HTTPStatus.INTERNAL_SERVER_ERROR, _DETAIL, kind="unexpected-error")
    return come_later(scope["path"], failed)
