"""The command `tailrace`, and what it says when it cannot go on."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _run() -> None:
    # Loading takes a moment, in which a Ctrl-C shall show no traceback either.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    from cli.commands import app  # noqa: PLC0415
    from cli.errors import CommandError  # noqa: PLC0415
    from cli.readable import readable  # noqa: PLC0415

    try:
        app()
    except CommandError as error:
        console = Console(stderr=True, highlight=False)
        console.print(f"[red]Error:[/] {escape(readable(str(error)))}", soft_wrap=True)
        console.print(f"[dim]Hint:[/]  {escape(error.hint)}", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
