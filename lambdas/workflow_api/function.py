"""The function: tells API Gateway's requests from its own asynchronous invocations, and serves both."""

import json
import logging
from base64 import b64encode
from typing import Any

from mangum import Mangum

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.api import create_app
from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.clearing import Clearing
from lambdas.workflow_api.deadline import ASYNCHRONOUS, LambdaContext, seconds_for_run, seconds_of_lease
from lambdas.workflow_api.event_loop import EventLoops
from lambdas.workflow_api.invocation import InvokeLater, LaterRun
from lambdas.workflow_api.key_source import Keys
from lambdas.workflow_api.limits import Limits
from lambdas.workflow_api.mint import Mint
from lambdas.workflow_api.once import Asked, Once
from lambdas.workflow_api.repeats import Repeats
from lambdas.workflow_api.runs import Identity, Runs
from lambdas.workflow_api.settings import Pages
from tailrace.spans import NoSpans, Spans
from tailrace.workflow import Registry

logger = logging.getLogger(__name__)

_TEXT_TYPES = ["text/", "application/json", "+json", "application/xml", "application/javascript"]
"""What API Gateway gets as text; it turns anything else back from base64."""
_MAX_TEXT_BYTES = 5 * 1024 * 1024


class Function:
    """What Lambda calls, from any thread that runs no event loop."""

    def __init__(
        self,
        *,
        registry: Registry,
        runs: Runs,
        once: Once,
        answers: Answers,
        keys: Keys,
        limits: Limits,
        clearing: Clearing,
        mint: Mint,
        pages: Pages,
        invoke_later: InvokeLater,
        origin_key: str | None = None,
        spans: Spans | None = None,
    ) -> None:
        """`origin_key` is what CloudFront proves itself with; None where there is none in front."""
        self.registry = registry
        """The workflows that it runs."""
        self._runs = runs
        self._once = once
        self._answers = answers
        self._spans = spans or NoSpans()
        self._loops = EventLoops()
        self._loops.current()  # Mangum looks for one
        app = create_app(
            registry=registry,
            runs=runs,
            repeats=Repeats(once=once),
            answers=answers,
            access=Access(keys, limits),
            clearing=clearing,
            mint=mint,
            pages=pages,
            invoke_later=invoke_later,
            origin_key=origin_key,
        )
        self._http = Mangum(app, lifespan="off", text_mime_types=_TEXT_TYPES)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Serve an invocation.

        Raises:
            LogUnavailable, LogRefused, RecordsUnavailable, RunInProgress: of an asynchronous run, which Lambda then
                tries again.
        """
        loop = self._loops.current()
        later = LaterRun.from_event(event)
        try:
            if later is None:
                return _fit(self._http(event, context))  # type: ignore[arg-type] # it asks for more than it uses
            return loop.run_until_complete(self._run(later, context))
        finally:
            self._spans.flush()

    async def _run(self, later: LaterRun, context: LambdaContext) -> dict[str, Any]:
        workflow = self.registry.workflows.get(later.workflow_id)
        if workflow is None:  # it was there when the run was accepted: another try would not find it either
            fields = {"trace_id": later.trace_id, "workflow_id": later.workflow_id}
            logger.error("run_dropped", extra={**fields, "reason": "There is no such workflow any more."})
            return {"trace_id": later.trace_id, "status": "Dropped"}
        lease = seconds_of_lease(context, run=ASYNCHRONOUS)
        record = await self._once.begin(_asked(later, context), seconds=lease)
        if record.finished:  # Lambda and EventBridge promise to invoke at least once
            logger.info("run_already_finished", extra={"trace_id": later.trace_id})
            return {"trace_id": later.trace_id, "status": "AlreadyFinished"}
        async with self._once.in_hand(record):
            identity = Identity(trace_id=record.trace_id, floor=record.floor)
            seconds = seconds_for_run(context, at_most=ASYNCHRONOUS)
            result = await self._runs.run(workflow, later.trigger_event, identity=identity, seconds=seconds)
        await self._once.finish(record, None)
        return {**self._answers.summary(result), "steps": {}}  # nobody reads them


def _asked(later: LaterRun, context: LambdaContext) -> Asked:
    return Asked(
        record_id=f"{later.workflow_id}#run#{later.trace_id}",
        workflow_id=later.workflow_id,
        trace_id=later.trace_id,
        floor=later.floor,
        try_id=context.aws_request_id,  # the same at each of Lambda's own tries, which follow one another
    )


def _fit(answer: dict[str, Any]) -> dict[str, Any]:
    """Send a text as base64 where that is shorter: in Lambda's answer, text is JSON, which doubles every quote."""
    text: str = answer["body"]
    if answer["isBase64Encoded"] or len(text) * 6 <= _MAX_TEXT_BYTES or len(json.dumps(text)) <= _MAX_TEXT_BYTES:
        return answer
    return {**answer, "body": b64encode(text.encode()).decode(), "isBase64Encoded": True}
