"""The system's processes: which modules they run, and the environment that each reads its settings from."""

from collections.abc import Callable, Mapping
from pathlib import Path
from socket import socket
from typing import TypeAlias

from cli.local_aws import local_environment
from cli.ports import HOST
from cli.processes import Child
from cli.running_system import RunningSystem

OnLine: TypeAlias = Callable[[str], None]
OnEnd: TypeAlias = Callable[[Child], None]

_DRAIN_SECONDS = 1


def start_emulated_aws(
    listener: socket, *, environment: Mapping[str, str], on_line: OnLine, on_end: OnEnd | None = None
) -> Child:
    """Start emulated AWS on a listening socket."""
    descriptor = listener.fileno()
    return Child(
        "cli.emulated_aws",
        "--fd",
        str(descriptor),
        environment=environment,
        on_line=on_line,
        on_end=on_end,
        descriptors=[descriptor],
    )


def start_api(
    listener: socket,
    *,
    system: RunningSystem,
    workflows: Path,
    environment: Mapping[str, str],
    on_line: OnLine,
    on_end: OnEnd | None = None,
    clock_since: float | None = None,
) -> Child:
    """Start the workflow API on a listening socket; it runs what is due by the clock after `clock_since`, if given."""
    descriptor = listener.fileno()
    clock = () if clock_since is None else ("--clock-since", str(clock_since))
    return Child(
        "cli.api_server",
        "--fd",
        str(descriptor),
        *clock,
        environment=_common(system, environment)
        | {
            "TAILRACE_STREAM_URL": system.stream_url,
            "TAILRACE_IDEMPOTENCY_TABLE": system.idempotency_table,
            "TAILRACE_API_KEY_SECRET_ARN": system.api_key_secret,
            "TAILRACE_TOKEN_SECRET_ARN": system.token_secret,
            "TAILRACE_ONE_HOST": "1",  # cookies know no ports
            "TAILRACE_WORKFLOWS_FOLDER": str(workflows),
            # Cached bytecode is judged by its source's second and size: too coarse for a file that changes under us.
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        on_line=on_line,
        on_end=on_end,
        descriptors=[descriptor],
    )


def start_stream_service(
    port: int,
    *,
    system: RunningSystem,
    environment: Mapping[str, str],
    on_line: OnLine,
    on_end: OnEnd | None = None,
) -> Child:
    """Start the stream service, which takes its port by itself."""
    return Child(
        "stream_service",
        environment={"TAILRACE_DRAIN_SECONDS": str(_DRAIN_SECONDS)}
        | _common(system, environment)
        | {
            "TAILRACE_HOST": HOST,
            "TAILRACE_PORT": str(port),
            "TAILRACE_STREAM_ACCESS": "token" if system.token_secret else "public",
            "TAILRACE_TOKEN_SECRET_ARN": system.token_secret,
        },
        on_line=on_line,
        on_end=on_end,
    )


def _common(system: RunningSystem, environment: Mapping[str, str]) -> dict[str, str]:
    return local_environment(environment, endpoint_url=system.aws_endpoint_url) | {
        "TAILRACE_EVENT_LOG_TABLE": system.event_log_table,
        "TAILRACE_NOTICE_TOPIC_ARN": system.notice_topic_arn,
    }
