"""`tailrace clear`: takes all that was sent out of a workflow's stream."""

import sys
import time
from http import HTTPStatus
from typing import Annotated

import httpx
import typer
from rich.console import Console

from cli.errors import CommandError
from cli.http_client import http_client, json_of
from cli.tail import WorkflowArgument, known_id
from cli.target import Api, ApiUrl, Key, Stage, find_api

_TIMEOUT = httpx.Timeout(60, connect=10)
_TRIES = 100
_PAUSE = 5
"""Seconds, where the answer names none."""


def clear(
    workflow: WorkflowArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    api_url: ApiUrl = None,
    key: Key = None,
    stage: Stage = None,
) -> None:
    """Clear a workflow's stream: what was sent until now is gone, for everybody and for good.

    Who follows the stream stays connected, and is told by a $gap.
    """
    workflow_id = known_id(workflow)
    api = find_api(url=api_url, key=key, stage=stage)
    if not yes:
        typer.confirm(f"Clear the stream of {workflow_id} at {api.url}, for good?", abort=True, err=True)
    response = _clear(api, f"/pipelines/{workflow_id}/events")
    if response.is_error:
        raise api.explain(response)
    answer = json_of(response)
    if not isinstance(answer, dict) or "cleared_to" not in answer:
        raise CommandError(f"{response.url} is not Tailrace's API.", hint="Give the API's address: --api-url.")
    up_to = answer["cleared_to"]
    told = f"{workflow_id} is cleared, up to {up_to}." if up_to else f"{workflow_id} holds nothing."
    Console(highlight=False).print(told, soft_wrap=True)


def _clear(api: Api, path: str) -> httpx.Response:
    """Ask again while there is more to clear: a request has half a minute, and a stream may be long."""
    for _ in range(_TRIES - 1):
        response = _delete(api, path)
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            return response
        sys.stderr.write("Not everything is cleared so far; going on …\n")
        time.sleep(float(response.headers.get("retry-after", _PAUSE)))
    return _delete(api, path)


def _delete(api: Api, path: str) -> httpx.Response:
    try:
        with http_client(api.url, timeout=_TIMEOUT) as client:
            return client.delete(f"{api.url}{path}", headers={"authorization": f"Bearer {api.key}"})
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CommandError(
            f"The API at {api.url} did not answer ({error or type(error).__name__}).",
            hint="Does it still run? To clear a stream twice does no harm.",
        ) from error
