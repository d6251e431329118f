"""`tailrace history`: what was sent to a workflow's stream, as far as it is kept."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.text import Text

from cli.errors import CommandError
from cli.http_client import explain_refusal, http_client, json_of
from cli.minting import TOKEN_HINT, Bearer, Token, bearer
from cli.readable import readable, readable_json
from cli.tail import WorkflowArgument, known_id
from cli.tail_view import colour_of, explain_gap
from cli.target import ApiUrl, Key, Stage, StreamUrl, find_streams
from stream_service.history import MAX_EVENTS

Page = Mapping[str, Any]


def history(
    workflow: WorkflowArgument,
    *,
    after: Annotated[
        str | None, typer.Option(help="Begin behind this event's id; 0-0 is the beginning of what is kept.")
    ] = None,
    before: Annotated[str | None, typer.Option(help="End in front of this event's id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many events at most.")] = 100,
    channel: Annotated[list[str] | None, typer.Option(help="This channel alone; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")] = False,
    token: Token = None,
    stream_url: StreamUrl = None,
    api_url: ApiUrl = None,
    key: Key = None,
    stage: Stage = None,
) -> None:
    """Show a workflow's newest events, those behind an id or those in front of one; the oldest first."""
    workflow_id = known_id(workflow)
    path = f"/streams/{workflow_id}/events"
    parameters = [(name, value) for name, value in (("after", after), ("before", before)) if value is not None]
    parameters += [("channel", name) for name in channel or ()]
    streams = find_streams(url=stream_url, stage=stage)
    with http_client(streams, timeout=httpx.Timeout(30)) as client:
        pages = _Pages(client, streams, bearer(workflow_id, token=token, api_url=api_url, key=key, stage=stage))
        first = pages.read(path, [*parameters, ("limit", str(min(limit, MAX_EVENTS)))])
        _show(pages.back_from(first, limit) if after is None else pages.on_from(first, limit), as_json=as_json)


class _Pages:
    """A stream's past, from page to page."""

    def __init__(self, client: httpx.Client, streams: str, shown: Bearer) -> None:
        self._client = client
        self._streams = streams
        self._token = shown.token
        self._mint = shown.mint

    def read(self, path: str, parameters: Sequence[tuple[str, str]] = ()) -> Page:
        url = f"{self._streams}{path}"
        try:
            response = self._get(url, parameters)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(
                f"Nothing answers at {self._streams} ({error or type(error).__name__}).",
                hint="Does it still run? See --stream-url, or start `tailrace dev`.",
            ) from error
        if response.is_error:
            refused = response.status_code == HTTPStatus.UNAUTHORIZED
            raise explain_refusal(response, hint=TOKEN_HINT if refused else None)
        page = json_of(response)
        if not isinstance(page, dict) or "events" not in page:
            raise CommandError(f"{url} is no history.", hint="Give the stream service's address: --stream-url.")
        return page

    def _get(self, url: str, parameters: Sequence[tuple[str, str]]) -> httpx.Response:
        """Ask once, and again where a token is needed and can be made."""
        query = httpx.QueryParams(tuple(parameters)) if parameters else None
        response = self._client.get(url, params=query, headers=self._headers)
        if response.status_code == HTTPStatus.UNAUTHORIZED and self._mint is not None:
            self._token = self._mint()
            response = self._client.get(url, params=query, headers=self._headers)
        return response

    @property
    def _headers(self) -> Mapping[str, str]:
        return {} if self._token is None else {"Authorization": f"Bearer {self._token}"}

    def on_from(self, page: Page, limit: int) -> Iterator[Page]:
        """Pages one behind the other, of so many events together."""
        while True:
            yield {**page, "events": page["events"][:limit]}
            limit -= len(page["events"])
            if limit <= 0 or not page["next"]:
                return
            page = self.read(page["next"])

    def back_from(self, page: Page, limit: int) -> list[Page]:
        """Pages up to the one that is given, of so many events together."""
        pages: list[Page] = []
        while True:
            pages.insert(0, {**page, "events": page["events"][-limit:]})
            limit -= len(page["events"])
            if limit <= 0 or not page["previous"]:
                return pages
            page = self.read(page["previous"])


def _show(pages: Iterable[Page], *, as_json: bool) -> None:
    console, notes = Console(highlight=False), Console(stderr=True, highlight=False)
    shown = 0
    for page in pages:
        if page["gap"]:
            notes.print(Text(explain_gap(json.dumps(page["gap"])), style="bold yellow"), soft_wrap=True)
        for event in page["events"]:
            shown += 1
            if as_json:
                sys.stdout.write(f"{json.dumps(event, separators=(',', ':'))}\n")
            else:
                console.print(_line(event), soft_wrap=True)
    if not shown:
        notes.print("Nothing was sent there that is still kept.", style="dim")


def _line(event: Mapping[str, Any]) -> Text:
    at = str(event["recorded_at"])[:19].replace("T", " ")
    return Text.assemble(
        (readable(at), "dim"),
        " ",
        (readable(str(event["id"])), "dim"),
        " ",
        (readable(str(event["channel"])), colour_of(str(event["channel"]))),
        " ",
        readable_json(json.dumps(event["payload"], separators=(",", ":"))),
    )
