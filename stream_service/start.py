"""The start of the process: from its environment to a service that runs, or a word about what is wrong."""

import sys

import uvloop
from botocore.exceptions import BotoCoreError
from pydantic import ValidationError

from stream_service import logs
from stream_service.garbage import collect_rarely
from stream_service.service import make_service
from stream_service.settings import Settings
from stream_service.stop_signals import StopSignals
from stream_service.task import NotInEcs, task_address, task_id
from tailrace.environment import complaints


def start(stop_signals: StopSignals) -> int:
    """Run until a signal; 0 after a drain, 2 where the environment is not as it must be."""
    try:
        settings = Settings()
    except ValidationError as error:
        for complaint in complaints(error):
            sys.stderr.write(f"{complaint}\n")
        return 2
    logs.configure(settings.log_level)
    try:
        uvloop.run(_serve(settings, stop_signals))
    except BotoCoreError as error:  # while the clients are made; whatever fails later is in a group
        sys.stderr.write(f"AWS: {error}\n")
        return 2
    except NotInEcs as error:
        sys.stderr.write(f"TAILRACE_TARGET_GROUP_ARN: {error}\n")
        return 2
    return 0


async def _serve(settings: Settings, stop_signals: StopSignals) -> None:
    address = task_address() if settings.target_group_arn else None
    service = make_service(settings, task=task_id(), address=address)
    collect_rarely()
    try:
        await service.run(stop_signals)
    finally:
        stop_signals.ignore()
