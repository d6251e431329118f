"""The workflow API on this machine: its Lambda handler behind an API Gateway of our own, as a process.

    python -m cli.api_server --fd N

The listening socket is whose process starts this one: it stays open when this process is replaced after a change of
workflows, so that requests wait for the next one instead of being refused.
"""

import argparse
import logging
import signal
import socket
import sys
from types import FrameType

from cli.api_function import api_function
from cli.gateway import Gateway
from cli.web_server import web_server
from lambdas.workflow_api.logs import log_as_json
from lambdas.workflow_api.settings import InvalidSettings, Settings

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve on the listening socket that was handed over, until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the descriptor of the listening socket")
    descriptor = parser.parse_args().fd
    log_as_json("INFO")
    for chatty in ("uvicorn", "botocore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
    except InvalidSettings as error:
        sys.exit(str(error))
    function = api_function(settings)
    # uvicorn stops at a signal and then raises it again: without this, runs that were accepted would end with it.
    signal.signal(signal.SIGTERM, _stop)
    logger.info("api_started")
    try:
        web_server(Gateway(function)).run(sockets=[socket.socket(fileno=descriptor)])
    finally:
        function.close()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
