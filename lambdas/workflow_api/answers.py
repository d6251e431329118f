"""What the API answers once a run has ended: a summary, or what `pd.respond` said, or a problem with the summary."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lambdas.workflow_api.problems import Problem
from tailrace import response as pd_response
from tailrace.event import Batch, encode_json
from tailrace.runner import RunResult, RunStatus

MAX_STEPS_BYTES = 4 * 1024 * 1024
"""Of steps' exports in an answer, as JSON; Lambda's limit for an answer is 6 MB."""
MAX_EXIT_REASON = 4_000
"""Characters of an exit's reason in a brief summary."""


class Answers:
    """Makes answers of results; knows where streams are."""

    def __init__(self, *, stream_url: str) -> None:
        self._stream_url = stream_url

    def stream_url(self, workflow_id: str) -> str:
        """Where a workflow's stream is followed."""
        return f"{self._stream_url}/pipelines/{workflow_id}/sse"

    def answer(self, result: RunResult, *, brief: bool = False) -> Response:
        """The response to a run that has ended; brief, without what steps exported and `pd.respond` said.

        It is 500 where a step failed, 504 where the time was up, whatever `pd.respond` had said before.
        """
        headers = {"Tailrace-Run-Id": result.run_id, "Tailrace-Trace-Id": result.trace_id}
        summary = self.brief_summary(result) if brief else self.summary(result)
        if result.status in PROBLEMS:
            problem, kind = PROBLEMS[result.status]
            return Problem(problem, kind, _explain(result), headers=headers, members={"run": summary}).response
        if result.response is not None and not brief:
            return respond(result.response, headers)
        status = HTTPStatus.OK if result.response is None else result.response.status
        return Response(encode_json(summary), status, headers=headers, media_type="application/json")

    def accepted(self, workflow_id: str, trace_id: str) -> Response:
        """The response to a run that will be."""
        document = {
            "trace_id": trace_id,
            "workflow_id": workflow_id,
            "status": "Accepted",
            "stream_url": self.stream_url(workflow_id),
        }
        headers = {"Preference-Applied": "respond-async", "Tailrace-Trace-Id": trace_id}
        return Response(encode_json(document), HTTPStatus.ACCEPTED, headers=headers, media_type="application/json")

    def summary(self, result: RunResult) -> dict[str, Any]:
        """A run as JSON: who it was, how it ended, what was sent and what its steps exported."""
        summary = self._who_and_how(result)
        size = len(encode_json(result.steps))
        if size > MAX_STEPS_BYTES:
            return summary | {"steps": {}, "steps_omitted": f"They are {size:,} bytes of JSON, too many for an answer."}
        return summary | {"steps": result.steps}

    def brief_summary(self, result: RunResult) -> dict[str, Any]:
        """A run as JSON of some kilobytes: without what is as long as steps please."""
        summary = self._who_and_how(result) | {"steps": {}, "steps_omitted": _TOO_LONG}
        if result.exit_reason is not None:
            summary["exit_reason"] = result.exit_reason[:MAX_EXIT_REASON]
        return summary if result.response is None else summary | {"response_omitted": _TOO_LONG}

    def _who_and_how(self, result: RunResult) -> dict[str, Any]:
        summary: dict[str, Any] = {
            "run_id": result.run_id,
            "trace_id": result.trace_id,
            "workflow_id": result.workflow_id,
            "status": result.status.value,
            "sent": _sent(result.batches),
            "stream_url": self.stream_url(result.workflow_id),
        }
        if result.exit_reason is not None:
            summary["exit_reason"] = result.exit_reason
        if result.error is not None:
            error = result.error
            summary["error"] = {"step": error.step, "type": error.type, "message": error.message}
        return summary


_TOO_LONG = "The first answer was too long to be kept for those that follow."
PROBLEMS = {
    RunStatus.FAILED: (HTTPStatus.INTERNAL_SERVER_ERROR, "step-failed"),
    RunStatus.TIMED_OUT: (HTTPStatus.GATEWAY_TIMEOUT, "run-timed-out"),
}
"""How runs are answered that did not get through."""


_POLICY = b"content-security-policy"
_FOR_PAGES = (
    b"sandbox allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-scripts; "
    b"frame-ancestors 'none'"
)
"""Lets a workflow's own page run its scripts, but as nobody's: streams and their cookies are at the same host."""


def respond(response: pd_response.Response, headers: Mapping[str, str]) -> Response:
    """What `pd.respond` said, as a response; our own headers count before its."""
    answer = Response(response.content, response.status, headers=headers, media_type=response.media_type)
    ours = {name for name, _ in answer.raw_headers}
    theirs = [(name.lower().encode(), value.encode()) for name, value in response.headers.items()]
    # As UTF-8, which Mangum expects; Starlette would write Latin-1.
    answer.raw_headers += [(name, value) for name, value in theirs if name not in ours]
    if all(name != _POLICY for name, _ in theirs):
        answer.raw_headers.append((_POLICY, _FOR_PAGES))
    return answer


def _explain(result: RunResult) -> str:
    error = result.error
    what = f"The step {error.step!r} raised {error.type}: {error.message}" if error else "A step failed."
    if result.status is RunStatus.TIMED_OUT:
        where = f" in the step {error.step!r}" if error else ""
        what = f"The run's time was up{where}. For a longer run, send `Prefer: respond-async`."
    count = _sent(result.batches)["count"]
    return f"{what} (Delivered: {count} {'event' if count == 1 else 'events'}.)"


def _sent(batches: Sequence[Batch]) -> dict[str, Any]:
    return {
        "count": sum(batch.count for batch in batches),
        "first_id": str(batches[0].first_id) if batches else None,
        "last_id": str(batches[-1].last_id) if batches else None,
    }
