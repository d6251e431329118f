"""What a client is told when its request meets a fault of ours: nothing of what it was, and to come again."""

import logging
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream_service.come_later import come_later
from stream_service.problems import problem

logger = logging.getLogger(__name__)

_DETAIL = "The service failed at something unexpected; its log says more."


class UnexpectedErrors:
    """Middleware that logs an error that nobody expected, and answers it without telling what it was."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            if started:
                raise  # the web server logs it, and cuts the connection
            logger.exception("request_failed")
            failed = problem(HTTPStatus.INTERNAL_SERVER_ERROR, _DETAIL, kind="unexpected-error")
            await come_later(scope["path"], failed)(scope, receive, send)
