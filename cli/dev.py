"""`tailrace dev`: the whole system on this machine, with one command."""

import os
import signal
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from cli.dev_plan import Plan
from cli.dev_system import DevSystem
from cli.errors import CommandError
from cli.local_aws import local_environment
from cli.ports import HOST, find_port, listen, port_of
from lambdas.workflow_api.keys import fits_a_header, new_key

API_PORT = 8700


class StreamAccess(StrEnum):
    """Who may follow streams."""

    TOKEN = "token"  # noqa: S105 - a word
    PUBLIC = "public"


def dev(
    *,
    port: Annotated[int, typer.Option(min=0, max=65533, help="The API's port; 0 takes free ports.")] = API_PORT,
    stream_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The stream service's port.", show_default="--port + 1")
    ] = None,
    aws_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The emulated AWS's port.", show_default="--port + 2")
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(help="Use this AWS emulator, such as http://127.0.0.1:4566, instead of the own one.")
    ] = None,
    workflows: Annotated[Path, typer.Option(help="The folder of the workflows.")] = Path("workflows"),
    stream_access: Annotated[
        StreamAccess, typer.Option(help="Whether following a stream takes a token, as it does in prod.")
    ] = StreamAccess.PUBLIC,
) -> None:
    """Run the whole system on this machine: API, stream service and an emulated AWS.

    It needs no AWS account and no network. A changed workflow is taken up at once; Ctrl-C stops everything. The API's
    key is $TAILRACE_API_KEY, or one made up.
    """
    if not workflows.is_dir():
        raise CommandError(
            f"There is no folder {workflows} here.",
            hint="Change to your project's folder, or name it with --workflows.",
        )
    if not fits_a_header(api_key := os.environ.get("TAILRACE_API_KEY") or new_key()):
        raise CommandError(
            "$TAILRACE_API_KEY is no key.", hint="Write ASCII without spaces, or unset it: a key is then made up."
        )
    with ExitStack() as sockets:
        plan = _plan(
            port=port,
            stream_port=stream_port,
            aws_port=aws_port,
            endpoint_url=endpoint_url,
            api_key=api_key,
            workflows=workflows,
            takes_tokens=stream_access is StreamAccess.TOKEN,
            sockets=sockets,
        )
        _use_only(plan)
        system = DevSystem(plan, console=Console(highlight=False))
        _stop_on_signals(system)
        code = system.run()
    raise typer.Exit(code)


def _plan(
    *,
    port: int,
    stream_port: int | None,
    aws_port: int | None,
    endpoint_url: str | None,
    api_key: str,
    workflows: Path,
    takes_tokens: bool,
    sockets: ExitStack,
) -> Plan:
    """Take the ports before anything is started, so that a taken one is said at once."""
    following = port + 1 if port else 0
    elsewhere = f"tailrace dev --port {API_PORT + 1000}"
    api = sockets.enter_context(listen(port, purpose="the API", option=elsewhere))
    stream = find_port(
        following if stream_port is None else stream_port,
        purpose="the stream service",
        option=elsewhere if stream_port is None else "--stream-port",
    )
    aws = None
    if endpoint_url is None:
        aws = sockets.enter_context(
            listen(
                (following and following + 1) if aws_port is None else aws_port,
                purpose="the emulated AWS",
                option=elsewhere if aws_port is None else "--aws-port",
            )
        )
        endpoint_url = f"http://{HOST}:{port_of(aws)}"
    return Plan(
        api_listener=api,
        stream_port=stream,
        aws_listener=aws,
        aws_endpoint_url=endpoint_url,
        api_key=api_key,
        workflows=workflows,
        takes_tokens=takes_tokens,
        environment=local_environment(os.environ, endpoint_url=endpoint_url),
    )


def _use_only(plan: Plan) -> None:
    """Keep this process's own AWS clients, too, off whatever the machine is set up for."""
    os.environ.clear()
    os.environ.update(plan.environment)


def _stop_on_signals(system: DevSystem) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        system.signal()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
