"""`tailrace keys`: who may use the API: lists, adds and revokes its keys."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.errors import CommandError
from cli.key_secret import find_keys
from cli.target import Stage
from lambdas.workflow_api.keys import MAX_RATE, ApiKey, InvalidKey, Verb, make_key
from tailrace.id_pattern import EVERY

_USUAL = (Verb.RUN, Verb.READ)

keys = typer.Typer(
    help="The API's keys: who may do what with which workflows.",
    epilog="Example: tailrace keys add shop --workflow 'p_shop_*' --verb run",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The key's name, such as ci.", show_default=False)]


@keys.command("list", epilog="Example: tailrace keys list --stage dev")
def list_keys(
    *, as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False, stage: Stage = None
) -> None:
    """List the keys: their names, what they may do, and with which workflows."""
    ring = find_keys(stage).read()
    if as_json:
        sys.stdout.write(f"{json.dumps([_described(key) for key in ring], indent=2)}\n")
        return
    console = Console(highlight=False)
    if not ring.keys:
        console.print("There are no keys; `tailrace keys first` makes one.")
    width = max((len(key.name) for key in ring), default=0)
    for key in ring:
        console.print(_line(key, width), soft_wrap=True)


@keys.command(epilog="Example: tailrace keys add shop --stage dev --workflow 'p_shop_*' --verb run")
def add(
    name: Name,
    *,
    workflow: Annotated[
        list[str] | None,
        typer.Option(help="For this id, or for all that begin as p_shop_*; may be repeated.", show_default="all"),
    ] = None,
    verb: Annotated[
        list[Verb] | None, typer.Option(help="What it may do; may be repeated.", show_default="run, read")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, max=MAX_RATE, help="Requests a minute, at most.", show_default="no limit")
    ] = None,
    stage: Stage = None,
) -> None:
    """Make a key, and print it: this once, since only its hash is kept."""
    made = datetime.now(UTC)
    try:
        key, kept = make_key(name, workflows=workflow or (EVERY,), verbs=verb or _USUAL, created_at=made, rate=rate)
    except InvalidKey as error:
        raise CommandError(str(error), hint="`tailrace keys add --help` shows what fits.") from error
    find_keys(stage).change(lambda ring: ring.with_key(kept))
    Console(stderr=True, highlight=False).print(_line(kept, len(name)), soft_wrap=True)
    _show(key)


@keys.command(epilog="Example: tailrace keys first --stage dev")
def first(*, stage: Stage = None) -> None:
    """Make the first key, which may do everything, where there are none yet, and print it, this once."""
    key = find_keys(stage).make_first(datetime.now(UTC))
    if key is None:
        raise CommandError(
            "There are keys already.", hint="`tailrace keys list` shows them; `tailrace keys add NAME` makes one more."
        )
    _show(key)


@keys.command(epilog="Example: tailrace keys revoke shop --stage dev")
def revoke(name: Name, *, stage: Stage = None) -> None:
    """Take a key back: within a minute nobody can use it any more."""
    left = find_keys(stage).change(lambda ring: ring.without(name))
    notes = Console(stderr=True, highlight=False)
    notes.print(f"The key {name!r} is revoked; within a minute it is refused everywhere.", soft_wrap=True)
    if not left.keys:
        notes.print("It was the last one: nobody can use the API until you add another.", style="red", soft_wrap=True)


def _show(key: str) -> None:
    notes = Console(stderr=True, highlight=False)
    notes.print(Text("This is the key, which can't be shown again. It is admitted within seconds.", style="dim"))
    sys.stdout.write(f"{key}\n")


def _line(key: ApiKey, width: int) -> Text:
    verbs = ", ".join(verb for verb in Verb if verb in key.verbs)
    made = "" if key.created_at is None else f"  {key.created_at:%Y-%m-%d %H:%M} UTC"
    rate = "" if key.rate is None else f"  {key.rate:,} a minute"
    return Text.assemble(
        (key.name.ljust(width), "cyan"),
        f"  {verbs}",
        (f"  {', '.join(key.workflows)}", "green"),
        rate,
        (made, "dim"),
    )


def _described(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "verbs": [verb for verb in Verb if verb in key.verbs],
        "workflows": list(key.workflows),
        "rate": key.rate,
        "created_at": key.created_at.isoformat() if key.created_at else None,
    }
