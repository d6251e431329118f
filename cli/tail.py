"""`tailrace tail`: a workflow's events in the terminal, as they come."""

from typing import Annotated, TypeAlias

import typer

from cli.errors import CommandError
from cli.follow import follow
from cli.minting import Token, bearer
from cli.tail_view import JsonEvents, TailView, TextEvents
from cli.target import ApiUrl, Key, Stage, StreamUrl, find_streams
from stream_service.wish import MAX_REPLAY
from tailrace.errors import InvalidWorkflowId
from tailrace.event import WorkflowId, workflow_id

WorkflowArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="The workflow's id, such as p_hello.", show_default=False)
]


def tail(
    workflow: WorkflowArgument,
    *,
    channel: Annotated[list[str] | None, typer.Option(help="This channel alone; may be repeated.")] = None,
    replay: Annotated[
        int | None,
        typer.Option(min=0, max=MAX_REPLAY, help="Begin with the newest N events.", show_default="100"),
    ] = None,
    last_event_id: Annotated[
        str | None, typer.Option(help="Go on behind this event; 0-0 shows everything that is kept.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")] = False,
    token: Token = None,
    stream_url: StreamUrl = None,
    api_url: ApiUrl = None,
    key: Key = None,
    stage: Stage = None,
) -> None:
    """Show a workflow's events: what was sent lately, then what is sent, until Ctrl-C.

    A connection that ends is made anew, and goes on behind the last event: nothing is lost, and nothing comes twice.
    Where streams take a token, one is made with the API's key, and another when that has expired.
    """
    if replay is not None and last_event_id is not None:
        raise CommandError("--replay and --last-event-id are two beginnings.", hint="Give one of them.")
    streams = find_streams(url=stream_url, stage=stage)
    parameters = [("channel", name) for name in channel or ()]
    if replay is not None:
        parameters.append(("replay", str(replay)))
    view = TailView(JsonEvents() if as_json else TextEvents())
    workflow_id = known_id(workflow)

    shown = bearer(workflow_id, token=token, api_url=api_url, key=key, stage=stage)
    url = f"{streams}/pipelines/{workflow_id}/sse"
    heard = follow(url, parameters=parameters, cursor=last_event_id, token=shown.token, mint=shown.mint)
    for each in heard:
        view.show(each)


def known_id(text: str) -> WorkflowId:
    """Read a workflow's id from the command line.

    Raises:
        CommandError: it is none.
    """
    try:
        return workflow_id(text)
    except InvalidWorkflowId as error:
        raise CommandError(str(error), hint="`tailrace list` shows the workflows that there are.") from error
