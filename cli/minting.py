"""Asks the API for a subscriber's token."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from cli.errors import CommandError
from cli.http_client import explain_refusal, http_client, json_of
from cli.target import Api
from tailrace.event import WorkflowId

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
        raise explain_refusal(response)
    return Minted(
        token=str(made["token"]),
        expires_at=str(made["expires_at"]),
        stream_url=str(made["stream_url"]),
        answer=response.text,
    )


def seconds_of(text: str) -> int:
    """Read a time such as 90s, 15m, 1h or 7d; a bare number is seconds.

    Raises:
        CommandError: it is none.
    """
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        raise CommandError(f"{text!r} is no time.", hint="Write one such as 90s, 15m, 1h or 7d.")
    return int(match[1]) * _SECONDS[match[2]]
