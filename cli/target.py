"""Which running system a command talks to: the one that was named, a deployed stage, or what `tailrace dev` runs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

import httpx
import typer

from cli.deployment import find_deployment
from cli.errors import CommandError
from cli.http_client import explain_refusal, json_of
from cli.running_system import DEV_FILE, RunningSystem

GIVE_KEY = "Give the API's key with --key, or set TAILRACE_API_KEY."
KEY_REVOKED = (
    "The key of the system that runs here was revoked: make another with `tailrace keys add NAME`, "
    "and set TAILRACE_API_KEY to it."
)
MAKE_FIRST = (
    "Make one with `tailrace keys first`, for a deployed stage with --stage and your AWS credentials, "
    "and set TAILRACE_API_KEY to it."
)
_NO_KEYS = "urn:tailrace:problem:no-keys"
_START = "Start one with `tailrace dev`, here or in a folder above"

ApiUrl: TypeAlias = Annotated[
    str | None, typer.Option(help="The API's address.", show_default="$TAILRACE_API_URL, or what runs here")
]
StreamUrl: TypeAlias = Annotated[
    str | None, typer.Option(help="The streams' address.", show_default="$TAILRACE_STREAM_URL, or what runs here")
]
Key: TypeAlias = Annotated[
    str | None, typer.Option(help="The API's key.", show_default="$TAILRACE_API_KEY, or that of what runs here")
]
Stage: TypeAlias = Annotated[
    str | None, typer.Option(help="Use what was deployed as this stage, such as dev, with your AWS credentials.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where the API is, and its key."""

    url: str
    key: str
    key_hint: str | None = None
    """What helps where it does not know the key; None: what its answer suggests."""

    def explain(self, response: httpx.Response, *, hint: str | None = None) -> CommandError:
        """Say what an answer of its that is an error means, and what helps: the hint, or what most often does."""
        return explain_refusal(response, hint=hint or self._key_hint_for(response))

    def _key_hint_for(self, response: httpx.Response) -> str | None:
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return None
        problem = json_of(response)
        has_none = isinstance(problem, dict) and problem.get("type") == _NO_KEYS
        return self.key_hint or (MAKE_FIRST if has_none else GIVE_KEY)


def find_api(
    *, url: str | None, key: str | None, stage: str | None, environment: Mapping[str, str] = os.environ
) -> Api:
    """Find the API to talk to. What is named counts first, then a stage, the environment, and what runs here.

    A key goes with its own address: that of the system which runs here is not sent to another one, and the
    environment's not to a stage that is not where the environment's address is.

    Raises:
        CommandError: there is none, or its key is not known.
    """
    if stage is not None:
        return _api_of(stage, _base(url or find_deployment(stage).api_url), key, environment)
    url, key = url or environment.get("TAILRACE_API_URL"), key or environment.get("TAILRACE_API_KEY")
    if url is None:
        system = running_here("--api-url or --stage")
        if key is None:
            return Api(url=system.api_url, key=system.api_key, key_hint=KEY_REVOKED)
        return Api(url=system.api_url, key=key)
    if key is None:
        raise CommandError(f"The key to {url} is not known.", hint="Give it with --key, or set TAILRACE_API_KEY.")
    return Api(url=_base(url), key=key)


def find_streams(*, url: str | None, stage: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Find the address of the stream service, as `find_api` does.

    Raises:
        CommandError: there is none.
    """
    if url is None and stage is not None:
        return _base(find_deployment(stage).stream_url)
    url = url or environment.get("TAILRACE_STREAM_URL")
    return running_here("--stream-url or --stage").stream_url if url is None else _base(url)


def running_here(options: str) -> RunningSystem:
    """Find what `tailrace dev` runs, here or in a folder above; `options` would name another system.

    Raises:
        CommandError: nothing runs.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if system := RunningSystem.find(folder / DEV_FILE):
            return system
    raise CommandError("No running system was found.", hint=f"{_START}, or name one with {options}.")


def _api_of(stage: str, url: str, key: str | None, environment: Mapping[str, str]) -> Api:
    """What AWS keeps of a stage's keys are hashes, so one must be given."""
    elsewhere = environment.get("TAILRACE_API_URL")
    if key is None and (elsewhere is None or _base(elsewhere) == url):
        key = environment.get("TAILRACE_API_KEY")
    if not key:
        raise CommandError(
            f"The key to the stage {stage} is not known; AWS keeps its hash alone.",
            hint=f"Give it with --key, or set TAILRACE_API_KEY; `tailrace keys add NAME --stage {stage}` makes one.",
        )
    return Api(url=url, key=key)


def _base(url: str) -> str:
    if not _is_base(url):
        raise CommandError(f"{url!r} is no address.", hint="Write one such as https://d111.cloudfront.net.")
    return url.rstrip("/")


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # it is read only now, and may be none
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not parts.query and not parts.fragment
