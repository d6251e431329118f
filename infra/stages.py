"""The stages: what each decides. Edit this file for your own account; infra/config.py has all that can be decided."""

import platform
import sys

from infra.config import Architecture, EventLogConfig, StageConfig, StreamServiceConfig, WorkflowApiConfig


def _this_machine() -> Architecture:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _local() -> StageConfig:
    """Emulated AWS, which runs functions with this machine's own Python, and no containers."""
    version = sys.version_info
    return StageConfig(
        name="local",
        event_log=EventLogConfig(keep=False, point_in_time_recovery=False),
        workflow_api=WorkflowApiConfig(
            architecture=_this_machine(), python=f"{version.major}.{version.minor}", wheels_for="this machine"
        ),
        stream_service=None,
        stream_url="http://127.0.0.1:8701",
        monitoring=None,
        stream_access="public",
    )


def _dev() -> StageConfig:
    """Your own account, to try things: everything goes when the stacks go."""
    return StageConfig(
        name="dev",
        event_log=EventLogConfig(keep=False, point_in_time_recovery=False),
        workflow_api=WorkflowApiConfig(),
        stream_service=StreamServiceConfig(detailed_monitoring=False),
        stream_access="public",
    )


def _prod() -> StageConfig:
    """What others rely on: the events outlive mistakes, and there is room for more streams."""
    return StageConfig(
        name="prod",
        event_log=EventLogConfig(keep=True, point_in_time_recovery=True),
        workflow_api=WorkflowApiConfig(requests_per_second=200, request_burst=400, log_days=30),
        stream_service=StreamServiceConfig(
            max_tasks=10,
            cpu=512,
            memory_mb=1024,
            streams_per_task=10_000,
            open_files=65_536,
            detailed_monitoring=True,
            log_days=30,
        ),
        stream_access="token",
        termination_protection=True,
    )


_STAGES = {"local": _local, "dev": _dev, "prod": _prod}


def stage_config(name: str) -> StageConfig:
    """The configuration of a stage by its name.

    Raises:
        ValueError: there is no such stage.
    """
    if name not in _STAGES:
        raise ValueError(f"There is no stage {name!r}; there are: {', '.join(_STAGES)}.")
    return _STAGES[name]()
