"""`python -m stream_service`: runs the stream service with the settings that the environment holds."""

import signal
import sys

import uvloop
from botocore.exceptions import BotoCoreError
from pydantic import ValidationError

from stream_service import logs
from stream_service.garbage import collect_rarely
from stream_service.service import make_service
from stream_service.settings import Settings
from stream_service.task import NotInEcs, task_address, task_id


def main() -> int:
    """Run until a signal; 0 after a drain, 2 where the environment is not as it must be."""
    try:
        settings = Settings()
    except ValidationError as error:
        for wrong in error.errors():
            sys.stderr.write(f"TAILRACE_{'.'.join(map(str, wrong['loc'])).upper()}: {wrong['msg']}\n")
        return 2
    logs.configure(settings.log_level)
    try:
        uvloop.run(_serve(settings))
    except BotoCoreError as error:  # while the clients are made; whatever fails later is in a group
        sys.stderr.write(f"AWS: {error}\n")
        return 2
    except NotInEcs as error:
        sys.stderr.write(f"TAILRACE_TARGET_GROUP_ARN: {error}\n")
        return 2
    return 0


async def _serve(settings: Settings) -> None:
    address = task_address() if settings.target_group_arn else None
    service = make_service(settings, task=task_id(), address=address)
    # What uvicorn puts back once it has stopped: a further signal must not keep the queue from being removed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    collect_rarely()
    await service.run()


if __name__ == "__main__":
    sys.exit(main())
