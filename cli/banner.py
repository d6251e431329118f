"""What `tailrace dev` says when everything runs: where things are, and commands to paste."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.minting import mint
from cli.running_system import RunningSystem
from cli.target import Api
from tailrace.event import workflow_id

_EXAMPLE = "p_hello"
_DAY = 24 * 60 * 60
_BODY = '{"name": "Luke Skywalker"}'


def first_token(system: RunningSystem, workflows: Sequence[str]) -> str | None:
    """Make the token for the stream that is shown first; None where streams are public, or there is no workflow yet."""
    if not system.token_secret or not workflows:
        return None
    api = Api(url=system.api_url, key=system.api_key)
    return mint(api, workflow_id(_example_of(workflows)), seconds=_DAY).token


def _example_of(workflows: Sequence[str]) -> str:
    return _EXAMPLE if _EXAMPLE in workflows else next(iter(workflows), _EXAMPLE)


def print_banner(
    console: Console, system: RunningSystem, *, workflows: Sequence[str], token: str | None, folder: Path
) -> None:
    """Print the addresses, the key and the first two commands, each on one line however narrow the screen is."""
    example = _example_of(workflows)
    query = f"?token={token}" if token else ""
    pipeline = f"/pipelines/{example}"
    stream = f"{system.stream_url}{pipeline}/sse"
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
        Text(f"  {system.stream_url}/streams/{example}{query}"),
        Text(f"  curl -N '{stream}{query}'" if query else f"  curl -N {stream}"),
        Text(),
    ]
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def _named(name: str, value: str) -> Text:
    return Text.assemble("  ", (name.ljust(10), "dim"), value)
