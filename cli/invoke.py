"""`tailrace invoke`: runs a workflow, and shows what came of it."""

import sys
import time
from typing import Annotated

import httpx
import typer

from cli.errors import CommandError
from cli.http_client import http_client
from cli.invoke_view import show_answer
from cli.request_data import RequestData, read_data, read_headers, read_query
from cli.run_answer import RunAnswer
from cli.tail import WorkflowArgument, known_id
from cli.target import Api, ApiUrl, Key, Stage, find_api

_TIMEOUT = httpx.Timeout(60, connect=10)


def invoke(
    workflow: WorkflowArgument,
    *,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="The body: JSON or text, @file, or - for standard input.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help='As "Name: value"; may be repeated.')
    ] = None,
    query: Annotated[list[str] | None, typer.Option(help="As name=value; may be repeated.")] = None,
    run_async: Annotated[bool, typer.Option("--async", help="Don't wait until the run has ended.")] = False,
    idempotency_key: Annotated[str | None, typer.Option(help="Run once, however often this is sent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
    api_url: ApiUrl = None,
    key: Key = None,
    stage: Stage = None,
) -> None:
    """Run a workflow, and show its steps, what it sent, and what went wrong.

    The exit code is 1 where the run failed.
    """
    workflow_id = known_id(workflow)
    body = None if data is None else read_data(data)
    headers = _headers(body, read_headers(header or ()), run_async=run_async, idempotency_key=idempotency_key)
    parameters = read_query(query or ())
    api = find_api(url=api_url, key=key, stage=stage)
    begun = time.perf_counter()
    response = _send(api, f"/pipelines/{workflow_id}/events", body, headers, parameters)
    answer = RunAnswer.of(response)
    if answer is None and not as_json:
        raise api.explain(response)
    if as_json:
        sys.stdout.write(response.text if response.text.endswith("\n") else f"{response.text}\n")
    elif answer is not None:
        show_answer(answer, seconds=time.perf_counter() - begun)
    raise typer.Exit(1 if answer is None or answer.failed else 0)


def _headers(
    body: RequestData | None, given: dict[str, str], *, run_async: bool, idempotency_key: str | None
) -> dict[str, str]:
    headers: dict[str, str] = {} if body is None else {"content-type": body.content_type}
    if run_async:
        headers["prefer"] = "respond-async"
    if idempotency_key is not None:
        headers["idempotency-key"] = idempotency_key
    return headers | {name.lower(): value for name, value in given.items()}


def _send(
    api: Api, path: str, body: RequestData | None, headers: dict[str, str], parameters: list[tuple[str, str]]
) -> httpx.Response:
    try:
        with http_client(api.url, timeout=_TIMEOUT) as client:
            return client.post(
                f"{api.url}{path}",
                content=b"" if body is None else body.body,
                headers={**headers, "authorization": f"Bearer {api.key}"},
                params=httpx.QueryParams(tuple(parameters)),
            )
    except httpx.ConnectError as error:
        raise CommandError(
            f"Nothing answers at {api.url} ({error}).", hint="Does it still run? Start it with `tailrace dev`."
        ) from error
    except (httpx.TimeoutException, httpx.TransportError) as error:
        raise CommandError(
            f"The API did not answer ({error or type(error).__name__}); the run may go on.",
            hint="For a long run, add --async and follow it with `tailrace tail`.",
        ) from error
    except (ValueError, httpx.InvalidURL) as error:
        raise CommandError(f"The request can't be made: {error}.", hint="See --api-url, --key and --header.") from error
