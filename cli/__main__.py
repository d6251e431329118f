"""The command `tailrace`: one module a command; this one only brings them together and says what went wrong."""

import sys

import typer
from rich.console import Console

from cli.dev import dev
from cli.errors import CommandError

app = typer.Typer(
    name="tailrace",
    help="Server-sent events from workflows: nothing lost, nothing twice, nothing out of order.",
    epilog="Example: tailrace dev",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command(epilog="Example: tailrace dev --port 9000")(dev)


@app.callback()
def _commands() -> None:
    """Keep `tailrace` a group, also while it has one command."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except CommandError as error:
        console = Console(stderr=True, highlight=False)
        console.print(f"[red]Error:[/] {_plain(error)}", soft_wrap=True)
        console.print(f"[dim]Hint:[/]  {_plain(error.hint)}", soft_wrap=True)
        sys.exit(1)


def _plain(text: object) -> str:
    return str(text).replace("[", r"\[")


if __name__ == "__main__":
    main()
