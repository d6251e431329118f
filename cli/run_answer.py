"""What the API answers about a run, read for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cli.http_client import json_of

_RUN_ID = "tailrace-run-id"
_FAILED = frozenset({"Failed", "TimedOut"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswer:
    """A run that has ended or was accepted, as far as the answer tells."""

    http_status: int
    run_id: str | None
    trace_id: str
    summary: Mapping[str, Any] = field(default_factory=dict)
    """Empty where the workflow itself said what the answer is."""
    said: bytes | None = None
    """What the workflow said with `pd.respond`."""

    @classmethod
    def of(cls, response: httpx.Response) -> "RunAnswer | None":
        """Read an answer; None where nothing has run."""
        trace_id = response.headers.get("tailrace-trace-id")
        if trace_id is None:
            return None
        run_id = response.headers.get(_RUN_ID)
        content = json_of(response)
        document: Mapping[str, Any] = content if isinstance(content, dict) else {}
        summary = document.get("run", document)
        ours = isinstance(summary, dict) and summary.get("trace_id") == trace_id and "status" in summary
        return cls(
            http_status=response.status_code,
            run_id=run_id,
            trace_id=trace_id,
            summary=summary if ours else {},
            said=None if ours else response.content,
        )

    @property
    def status(self) -> str:
        """How the run ended, or that it was accepted."""
        return str(self.summary.get("status", "Completed"))

    @property
    def failed(self) -> bool:
        """Whether a step raised, or the time was up."""
        return self.status in _FAILED
