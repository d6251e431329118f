"""Asks the API for a subscriber's token."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, TypeAlias

import httpx
import typer

from cli.errors import CommandError
from cli.http_client import http_client, json_of
from cli.target import Api, find_api
from tailrace.event import WorkflowId

Token: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Where streams take one.", show_default="$TAILRACE_TOKEN, or made with the API's key"),
]

TOKEN_HINT = "Give a token with --token; `tailrace token` makes one with the API's key."  # noqa: S105 - a sentence
_PUBLIC_HINT = "Follow them without one; `tailrace dev --stream-access token` has streams that take one."
_HOUR = 60 * 60
_TIMEOUT = httpx.Timeout(30, connect=10)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
_TIME = re.compile(r"([0-9]{1,9}) ?([smhd]?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """What the API made."""

    token: str
    expires_at: str
    stream_url: str
    """Ready to use: it holds the token."""
    answer: str
    """The API's, as it came."""


def mint(
    api: Api, workflow_id: WorkflowId, *, seconds: int, channels: Iterable[str] = (), subscriber: str | None = None
) -> Minted:
    """Have a token made for one stream.

    Raises:
        CommandError: the API does not answer, or refuses.
    """
    wish: dict[str, object] = {"ttl": seconds}
    if names := list(channels):
        wish["channels"] = names
    if subscriber is not None:
        wish["sub"] = subscriber
    try:
        with http_client(api.url, timeout=_TIMEOUT) as client:
            response = client.post(
                f"{api.url}/pipelines/{workflow_id}/tokens",
                json=wish,
                headers={"authorization": f"Bearer {api.key}"},
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CommandError(
            f"Nothing answers at {api.url} ({error or type(error).__name__}).",
            hint="Does it still run? Start it with `tailrace dev`.",
        ) from error
    made = json_of(response)
    if not response.is_success or not isinstance(made, dict):
        public = response.status_code == HTTPStatus.CONFLICT
        raise api.explain(response, hint=_PUBLIC_HINT if public else None)
    return Minted(
        token=str(made["token"]),
        expires_at=str(made["expires_at"]),
        stream_url=str(made["stream_url"]),
        answer=response.text,
    )


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a command shows to a stream that takes a token: one that was given, or one made when it is asked for."""

    token: str | None
    mint: Callable[[], str] | None


def bearer(
    workflow_id: WorkflowId, *, token: str | None, api_url: str | None, key: str | None, stage: str | None
) -> Bearer:
    """The token that was given, or that the environment holds; else a way to make one, with the API's key."""
    given = token or os.environ.get("TAILRACE_TOKEN")

    def make() -> str:
        return mint(find_api(url=api_url, key=key, stage=stage), workflow_id, seconds=_HOUR).token

    return Bearer(given, None if given else make)


def seconds_of(text: str) -> int:
    """Read a time such as 90s, 15m, 1h or 7d; a bare number is seconds.

    Raises:
        CommandError: it is none.
    """
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        raise CommandError(f"{text!r} is no time.", hint="Write one such as 90s, 15m, 1h or 7d.")
    return int(match[1]) * _SECONDS[match[2]]
