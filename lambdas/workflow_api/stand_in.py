"""Answers in the stream service's place while that is away: an EventSource never comes back from a 5xx.

CloudFront asks the API when the stream service's answer is 502, 503 or 504, and no key comes with that.
"""

import random
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/pipelines/{workflow_id}/sse"
FROM_MILLISECONDS, TO_MILLISECONDS = 15_000, 45_000
"""Long, so that all clients of a stage together don't ask for more than the API may be asked."""


def stand_in(*, chance: Callable[[float, float], float] = random.uniform) -> Route:
    """The route: 200, when to come back, and the end; each client at another time, so that they don't come at once."""

    async def come_back_later(_request: Request) -> Response:
        retry = round(chance(FROM_MILLISECONDS, TO_MILLISECONDS))
        headers = {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store, no-transform",
            "X-Accel-Buffering": "no",
        }
        return Response(f"retry: {retry}\n", headers=headers)

    return Route(PATH, come_back_later, methods=["GET"])
