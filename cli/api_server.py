"""The workflow API on this machine: its Lambda handler behind an API Gateway of our own, as a process.

    python -m cli.api_server --fd N

The listening socket is whose process starts this one: it stays open when this process is replaced after a change of
workflows, so that requests wait for the next one instead of being refused.
"""

import argparse
import logging
import socket
import sys
from collections.abc import Mapping

from cli.gateway import Gateway
from cli.lambda_function import LambdaFunction, TooManyInvocations
from cli.web_server import web_server
from lambdas.workflow_api.handler import create_handler
from lambdas.workflow_api.invocation import NotAccepted
from lambdas.workflow_api.logs import log_as_json
from lambdas.workflow_api.settings import InvalidSettings, Settings

logger = logging.getLogger(__name__)

FUNCTION_NAME = "workflow-api"


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

    def invoke_later(event: Mapping[str, object]) -> None:
        # Function and handler know each other, as in AWS.
        try:
            workflow_api.invoke_later(event)
        except TooManyInvocations as error:
            raise NotAccepted(str(error)) from error

    workflow_api = LambdaFunction(create_handler(settings, invoke_later=invoke_later), name=FUNCTION_NAME)
    logger.info("api_started")
    try:
        web_server(Gateway(workflow_api)).run(sockets=[socket.socket(fileno=descriptor)])
    finally:
        workflow_api.close()


if __name__ == "__main__":
    main()
