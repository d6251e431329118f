"""What strangers are answered, who have run a public workflow without a key: nothing of what happened inside it."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lambdas.workflow_api.answers import PROBLEMS, respond
from lambdas.workflow_api.problems import Problem
from tailrace.event import encode_json
from tailrace.runner import RunResult, RunStatus

_WHAT_HAPPENED = {
    RunStatus.FAILED: "The workflow failed. Its owner finds why under this trace id.",
    RunStatus.TIMED_OUT: "The run's time was up. For a longer run, send `Prefer: respond-async`.",
}


class PublicAnswers:
    """Makes answers of results, as `Answers`, without exports, errors' messages and where events went."""

    def answer(self, result: RunResult, *, brief: bool = False) -> Response:
        """The response to a run that has ended: what `pd.respond` said (unless it shall be brief), or that it ran."""
        headers = {"Tailrace-Run-Id": result.run_id, "Tailrace-Trace-Id": result.trace_id}
        if result.status in PROBLEMS:
            status, kind = PROBLEMS[result.status]
            members = {"trace_id": result.trace_id}
            return Problem(status, kind, _WHAT_HAPPENED[result.status], headers=headers, members=members).response
        if result.response is not None and not brief:
            return respond(result.response, headers)
        document = _document(result.workflow_id, result.trace_id, result.status.value)
        answered = HTTPStatus.OK if result.response is None else result.response.status
        return Response(encode_json(document), answered, headers=headers, media_type="application/json")

    def accepted(self, workflow_id: str, trace_id: str) -> Response:
        """The response to a run that will be."""
        headers = {"Preference-Applied": "respond-async", "Tailrace-Trace-Id": trace_id}
        document = _document(workflow_id, trace_id, "Accepted")
        return Response(encode_json(document), HTTPStatus.ACCEPTED, headers=headers, media_type="application/json")


def _document(workflow_id: str, trace_id: str, status: str) -> dict[str, Any]:
    return {"trace_id": trace_id, "workflow_id": workflow_id, "status": status}
