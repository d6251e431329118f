"""What `tailrace dev` says when everything runs: where things are, and commands to paste."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.running_system import RunningSystem

_EXAMPLE = "p_hello"
_BODY = '{"name": "Luke Skywalker"}'


def print_banner(console: Console, system: RunningSystem, *, workflows: Sequence[str], folder: Path) -> None:
    """Print the addresses, the key and the first two commands, each on one line however narrow the screen is."""
    example = _EXAMPLE if _EXAMPLE in workflows else next(iter(workflows), _EXAMPLE)
    pipeline = f"/pipelines/{example}"
    authorization = f'-H "Authorization: Bearer {system.api_key}"'
    lines = [
        Text(),
        Text("Tailrace is ready. Ctrl-C stops it.", style="bold green"),
        Text(),
        _named("API", system.api_url),
        _named("Streams", system.stream_url),
        _named("Key", system.api_key),
        _named("AWS", f"{system.aws_endpoint_url} (emulated)"),
        _named("Workflows", f"{', '.join(workflows) or 'none yet'} (in {folder}/; a change is taken up at once)"),
        Text(),
        Text("Run a workflow, in another terminal:", style="dim"),
        Text(f"  curl -X POST {system.api_url}{pipeline}/events {authorization} -d '{_BODY}'"),
        Text(),
        Text("Watch its stream, in a browser or there:", style="dim"),
        Text(f"  {system.stream_url}/streams/{example}"),
        Text(f"  curl -N {system.stream_url}{pipeline}/sse"),
        Text(),
    ]
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def _named(name: str, value: str) -> Text:
    return Text.assemble("  ", (name.ljust(10), "dim"), value)
