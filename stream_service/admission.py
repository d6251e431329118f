"""Who is let in, and how often: whom the guard admits, as long as its subscriber does not ask too much."""

from fastapi import Request

from stream_service.guard import Guard, StreamId
from stream_service.shares import Shares, TooManyRequests
from tailrace.access import Access


class Admission:
    """Judges requests to streams; `admit` is the dependency of every route that shows anything of one."""

    def __init__(self, guard: Guard, shares: Shares) -> None:
        self._guard = guard
        self._shares = shares

    async def admit(self, request: Request, workflow_id: StreamId) -> Access:
        """What the request may see of the stream.

        Raises:
            Problem: 401 where it has no good token, 403 where its token is for other streams.
            TokenKeysUnavailable: nobody can say.
            TooManyRequests: its token's subscriber makes too many.
        """
        access = await self._guard.admit(request, workflow_id)
        seconds = self._shares.wait_of(access.subscriber)
        if seconds > 0:
            raise TooManyRequests("with tokens for this subscriber", seconds)
        return access

    def seconds_left(self, access: Access) -> float:
        """How long what was admitted may last from now on."""
        return self._guard.seconds_left(access)
