"""A request that meets a fault of ours: the fault is logged, and the answer tells nothing of it."""

import logging
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)


def _nothing(_scope: Scope) -> Mapping[str, object]:
    return {}


class UnexpectedErrors:
    """Middleware that answers in an application's place where that raises what nobody expected."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        answer: Callable[[Scope], ASGIApp],
        fields: Callable[[Scope], Mapping[str, object]] = _nothing,
    ) -> None:
        """`fields` of a request go with the log's line, for who looks for it."""
        self._app = app
        self._answer = answer
        self._fields = fields

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
            logger.exception("request_failed", extra=self._fields(scope))
            if started:
                raise  # there can be no other answer any more: the web server ends this one
            await self._answer(scope)(scope, receive, send)
