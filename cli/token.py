"""`tailrace token`: makes what a subscriber shows to follow a stream."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.minting import mint, seconds_of
from cli.tail import WorkflowArgument, known_id
from cli.target import ApiUrl, Key, Stage, find_api


def token(
    workflow: WorkflowArgument,
    *,
    ttl: Annotated[str, typer.Option(help="How long it lasts: 90s, 15m, 1h, 7d.")] = "1h",
    channel: Annotated[
        list[str] | None, typer.Option(help="For this channel alone; may be repeated.", show_default="all")
    ] = None,
    sub: Annotated[str | None, typer.Option(help="Who it is for.", show_default="a name made up")] = None,
    as_url: Annotated[bool, typer.Option("--url", help="Print the stream's address with the token in it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")] = False,
    api_url: ApiUrl = None,
    key: Key = None,
    stage: Stage = None,
) -> None:
    """Make a token with which somebody may follow a workflow's stream for a while.

    The token alone goes to standard output: TOKEN=$(tailrace token p_hello).
    """
    workflow_id, seconds = known_id(workflow), seconds_of(ttl)
    minted = mint(
        find_api(url=api_url, key=key, stage=stage),
        workflow_id,
        seconds=seconds,
        channels=channel or (),
        subscriber=sub,
    )
    if as_json:
        sys.stdout.write(f"{minted.answer}\n")
        return
    sys.stdout.write(f"{minted.stream_url if as_url else minted.token}\n")
    note = f"For {workflow_id}, until {minted.expires_at}. A stream that is followed with it ends then."
    Console(stderr=True, highlight=False).print(Text(note, style="dim"), soft_wrap=True)
