"""HTTP as the commands use it, and what they say when it goes wrong."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx

from cli.errors import CommandError

_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_HINTS = {
    404: "`tailrace list` shows the workflows.",
    413: "Send less, or a link to it.",
    422: "The command's --help says what it takes.",
}


def http_client(url: str, *, timeout: httpx.Timeout) -> httpx.Client:
    """Make a client for one address; a proxy that the machine is set up for is none for the machine itself."""
    return httpx.Client(timeout=timeout, trust_env=urlsplit(url).hostname not in _LOCAL)


def explain_refusal(response: httpx.Response, *, hint: str | None = None) -> CommandError:
    """Say in one sentence what an answer that is an error means; without a hint, the one that most often helps."""
    problem = json_of(response)
    detail = problem.get("detail") or problem.get("message") if isinstance(problem, dict) else None
    return CommandError(
        str(detail or f"{response.url} answers {response.status_code} {response.reason_phrase}."),
        hint=hint or _HINTS.get(response.status_code, "The log of what answered says more."),
    )


def json_of(response: httpx.Response) -> Any:  # noqa: ANN401 (whatever JSON the answer is)
    """An answer's body as values; None where it is no JSON."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None
