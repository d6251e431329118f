"""The workflow API on this machine: its Lambda handler behind an API Gateway of our own, as a process.

    python -m cli.api_server --fd N [--clock-since SECONDS]

The listening socket is whose process starts this one: it stays open when this process is replaced after a change of
workflows, so that requests wait for the next one instead of being refused.
"""

import argparse
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from types import FrameType

from cli.api_function import ApiFunction, api_function
from cli.clock import Clock
from cli.gateway import Gateway
from cli.web_server import web_server
from lambdas.workflow_api.logs import log_as_json
from lambdas.workflow_api.settings import InvalidSettings, Settings
from tailrace.safe_headers import SafeHeaders

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve on the listening socket that was handed over, until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the descriptor of the listening socket")
    parser.add_argument("--clock-since", type=float, help="run workflows by the clock that are due after this time")
    arguments = parser.parse_args()
    log_as_json("INFO")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
    except InvalidSettings as error:
        sys.exit(str(error))
    api = api_function(settings)
    since = None if arguments.clock_since is None else datetime.fromtimestamp(arguments.clock_since, UTC)
    # uvicorn stops at a signal and then raises it again: without this, runs that were accepted would end with it.
    signal.signal(signal.SIGTERM, _stop)
    logger.info("api_started")
    with closing(api.function), _clock(api, since):
        web_server(SafeHeaders(Gateway(api.function))).run(sockets=[socket.socket(fileno=arguments.fd)])


@contextmanager
def _clock(api: ApiFunction, since: datetime | None) -> Iterator[None]:
    """Run workflows by the clock meanwhile; without a time to begin with, not."""
    schedules = {} if since is None else api.schedules
    clock = Clock(schedules, invoke=api.function.invoke_later, since=since or datetime.now(UTC))
    clock.start()
    try:
        yield
    finally:
        clock.close()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # told again, it would break off the wait for what was accepted
    sys.exit(0)


if __name__ == "__main__":
    main()
