"""The workflow API as a function on this machine: it can invoke itself, and tells why where it cannot be loaded."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cli.lambda_function import Handler, LambdaFunction, TooManyInvocations
from lambdas.workflow_api.function import Function
from lambdas.workflow_api.handler import create_handler
from lambdas.workflow_api.invocation import InvokeLater, NotAccepted
from lambdas.workflow_api.settings import Settings
from tailrace.errors import TailraceError
from tailrace.event import WorkflowId
from tailrace.schedule import Schedule

logger = logging.getLogger(__name__)

FUNCTION_NAME = "workflow-api"


@dataclass(frozen=True, slots=True)
class ApiFunction:
    """The function, and the schedules of the workflows that it runs."""

    function: LambdaFunction
    schedules: Mapping[WorkflowId, Schedule]


def api_function(settings: Settings) -> ApiFunction:
    """Make the function whose handler and asynchronous invocations know each other, as in AWS."""

    def invoke_later(event: Mapping[str, Any]) -> None:
        try:
            itself.invoke_later(event)
        except TooManyInvocations as error:
            raise NotAccepted(str(error)) from error

    handler = _handler(settings, invoke_later)
    itself = LambdaFunction(handler, name=FUNCTION_NAME)
    workflows = handler.registry.workflows if isinstance(handler, Function) else {}
    schedules = {name: workflow.schedule for name, workflow in workflows.items() if workflow.schedule is not None}
    return ApiFunction(itself, schedules)


def _handler(settings: Settings, invoke_later: InvokeLater) -> Handler:
    """The API's handler. Where workflows being edited prevent it, one that says so: the next change may mend it."""
    try:
        return create_handler(settings, invoke_later=invoke_later)
    except TailraceError as error:
        logger.error("workflows_not_loaded", extra={"reason": str(error)})  # noqa: TRY400 (the message says it all)
        return _explanation(str(error))
    except (Exception, SystemExit) as error:  # what modules do when they are imported is their own
        logger.exception("workflows_not_loaded")
        return _explanation(repr(error))


def _explanation(reason: str) -> Handler:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    problem = {"title": "The workflows could not be loaded", "status": status.value, "detail": reason}

    def explain(_event: dict[str, Any], _context: object) -> dict[str, Any]:
        return {
            "statusCode": status.value,
            "headers": {"content-type": "application/problem+json"},
            "body": json.dumps(problem),
        }

    return explain
