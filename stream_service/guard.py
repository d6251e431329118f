"""Who is let in: everybody where streams are public, else those who bring a token for this very stream.

What is answered depends on the token and the id alone. Whether anything was ever sent to a stream is not looked at.
"""

import time
from collections.abc import Callable
from typing import Annotated, NoReturn

from fastapi import Path, Request
from pydantic import AfterValidator

from stream_service.problems import Problem
from stream_service.token_keys import TokenKeys
from tailrace.access import COOKIE, EVERYTHING, Access
from tailrace.errors import InvalidToken, TokenExpired
from tailrace.event import WORKFLOW_ID_PATTERN, WorkflowId, workflow_id
from tailrace.tokens import key_id, open_token

PARAMETER = "token"
_NO_STORE = {"Cache-Control": "no-store"}
_MISSING = (
    f"This stream needs a token: as `Authorization: Bearer <token>`, as the cookie {COOKIE}, or as ?{PARAMETER}=. "
    "POST /pipelines/{workflow id}/tokens of the API makes one."
)


def _stream_id(text: str) -> WorkflowId:
    return workflow_id(text)


StreamId = Annotated[
    WorkflowId,
    AfterValidator(_stream_id),
    Path(
        description="A workflow's id, such as p_hello.",
        json_schema_extra={"pattern": f"^{WORKFLOW_ID_PATTERN}$"},
    ),
]


class Guard:
    """Tells requests apart by their tokens."""

    def __init__(self, keys: TokenKeys | None, *, now: Callable[[], float] = time.time) -> None:
        """`keys` is None where streams are public."""
        self._keys = keys
        self._now = now

    async def admit(self, request: Request, workflow_id: StreamId) -> Access:
        """What the request may see of the stream.

        Raises:
            Problem: 401 where it has no good token, 403 where its token is for other streams.
            TokenKeysUnavailable: nobody can say.
        """
        if self._keys is None:
            return EVERYTHING
        token = _token_of(request)
        if not token:
            raise Problem(401, "token-missing", _MISSING, headers={**_NO_STORE, "WWW-Authenticate": "Bearer"})
        try:
            access = open_token(token, await self._keys.find(key_id(token)), now=self._now())
        except InvalidToken as error:
            _refuse(error)
        if not access.admits(workflow_id):
            raise Problem(
                403,
                "other-stream",
                f"The token is good, but not for this stream: its claim `streams` does not cover {workflow_id}.",
                headers=_NO_STORE,
            )
        return access

    def seconds_left(self, access: Access) -> float:
        """How long what was admitted may last from now on."""
        return access.expires_at - self._now()


def _token_of(request: Request) -> str | None:
    """The token as a header, as a cookie, or in the query, where an EventSource of a page elsewhere must put it."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip()
    return request.cookies.get(COOKIE) or request.query_params.get(PARAMETER)


def channels_for(access: Access, asked: frozenset[str]) -> frozenset[str]:
    """The channels to send to one who asked for these; empty stands for all, both ways.

    Raises:
        Problem: 403 where none of those that were asked for is allowed.
    """
    channels = access.narrow(asked)
    if channels is None:
        detail = "The token is good, but for none of these channels: see its claim `channels`."
        raise Problem(403, "other-channels", detail, headers=_NO_STORE)
    return channels


def _refuse(error: InvalidToken) -> NoReturn:
    kind = "token-expired" if isinstance(error, TokenExpired) else "token-invalid"
    headers = {**_NO_STORE, "WWW-Authenticate": 'Bearer error="invalid_token"'}
    raise Problem(401, kind, str(error), headers=headers) from error
