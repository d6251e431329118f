"""Follows a stream for as long as somebody reads: what a browser's EventSource does, and it says so."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from cli.errors import CommandError
from cli.event_stream import EventStreamParser, Received
from cli.http_client import explain_refusal, http_client
from cli.minting import TOKEN_HINT

SILENCE = 45.0
"""Seconds after which a silent connection is dead: a keepalive comes every 15."""
PAUSE = 3.0
"""Seconds before the next try, until a stream has said how long to wait."""

_CONTENT_TYPE = "text/event-stream"
_ENDED = "The stream ended"
# The API answers so in the stream service's place: a service that is away, or an address that is not its own.
_NEVER_BEGAN = "The stream ended before anything came (is this the stream service's address? See --stream-url)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The stream has begun, or goes on."""

    url: str
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The connection has ended; the next try follows after a pause."""

    reason: str
    pause: float


Heard = Received | Opened | Lost


class _Trouble(Exception):
    """An answer that may be another one next time."""


class _TokenNeeded(Exception):
    """The stream takes a token, and has not got a good one."""

    def __init__(self, refusal: CommandError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class _Over(Exception):
    """There will never be another event."""


def follow(
    url: str,
    *,
    parameters: Sequence[tuple[str, str]] = (),
    cursor: str | None = None,
    token: str | None = None,
    mint: Callable[[], str] | None = None,
    silence: float = SILENCE,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Heard]:
    """Yield a stream's events, each once, and what becomes of the connection; for ever, or until the stream is over.

    Where the stream takes a token, and `token` is none or has expired, `mint` makes another one.

    Raises:
        CommandError: nothing answers at the first try, or what answers is no stream, or it takes a better token.
    """
    known, begun, pause, query = False, False, PAUSE, httpx.QueryParams(tuple(parameters))
    with http_client(url, timeout=httpx.Timeout(10, read=silence)) as client:
        minted = False  # since the last connection that was good
        while True:
            parser, trouble = EventStreamParser(), None
            request = client.build_request("GET", url, params=query, headers=_headers(cursor, token))
            try:
                for heard in _connect(client, request, parser):
                    known, minted = True, False
                    if isinstance(heard, Received):
                        cursor = heard.id or cursor
                    yield heard
            except _Over:
                return
            except _TokenNeeded as needed:
                if mint is None or minted:
                    raise needed.refusal from None
                token, minted = mint(), True
                continue
            except (httpx.TransportError, _Trouble) as error:
                if not known and isinstance(error, httpx.ConnectError):
                    raise _unreachable(url, error) from error
                trouble = _reason(error, silence)
            begun = begun or not parser.silent
            reason = trouble or (_ENDED if begun else _NEVER_BEGAN)
            pause = pause if parser.retry is None else parser.retry
            yield Lost(reason=reason, pause=pause)
            wait(pause)


def _connect(client: httpx.Client, request: httpx.Request, parser: EventStreamParser) -> Iterator[Opened | Received]:
    """Read one connection, until it ends."""
    response = client.send(request, stream=True, follow_redirects=True)
    try:
        _check(response)
        yield Opened(url=str(request.url), cursor=request.headers.get("last-event-id"))
        for piece in response.iter_bytes():
            yield from parser.feed(piece)
    finally:
        response.close()


def _reason(error: Exception, silence: float) -> str:
    if isinstance(error, httpx.ReadTimeout):
        return f"Nothing came for {silence:g} seconds"
    return f"The connection was lost ({error or type(error).__name__})"


def _headers(cursor: str | None, token: str | None) -> Mapping[str, str]:
    headers = {"Accept": _CONTENT_TYPE, "Cache-Control": "no-store"}
    if cursor is not None:
        headers["Last-Event-ID"] = cursor
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _check(response: httpx.Response) -> None:
    if response.status_code == HTTPStatus.NO_CONTENT:
        raise _Over
    if response.is_server_error:
        raise _Trouble(f"{response.status_code} {response.reason_phrase}")
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        response.read()
        raise _TokenNeeded(explain_refusal(response, hint=TOKEN_HINT))
    if response.is_error:
        response.read()
        raise explain_refusal(response)
    if not response.headers.get("content-type", "").startswith(_CONTENT_TYPE):
        raise CommandError(
            f"{response.url} is no event stream.", hint="Give the stream service's address: --stream-url."
        )


def _unreachable(url: str, error: httpx.TransportError) -> CommandError:
    return CommandError(
        f"Nothing answers at {url} ({error}).", hint="Does it still run? See --stream-url, or start `tailrace dev`."
    )
