"""Requests that bring an Idempotency-Key: the first one's answer is the answer to all of them, for a day."""

import hashlib
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lambdas.workflow_api.once import Asked, Once, OtherRequest, RunInProgress
from lambdas.workflow_api.problems import Problem
from lambdas.workflow_api.records import MAX_ANSWER_BYTES, KeptAnswer, Record, RecordsUnavailable
from lambdas.workflow_api.runs import Identity, nothing_has_run
from tailrace.event import WorkflowId

_MAX_PAUSE = 5
"""Seconds that a client is asked to wait at most: a run may end long before its lease."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request."""

    response: Response
    brief: Callable[[], Response]
    """Makes what is kept in place of a response that is too long for that."""


Perform = Callable[[Identity], Awaitable[Outcome]]


class Repeats:
    """Answers requests by their keys."""

    def __init__(self, *, once: Once) -> None:
        self._once = once

    async def answer(
        self,
        key: str,
        workflow_id: WorkflowId,
        trigger_event: Mapping[str, Any],
        *,
        seconds: float,
        perform: Perform,
        by_stranger: bool = False,
    ) -> Response:
        """Perform a request that is the first with its key, within so many seconds; else answer as that one was.

        Raises:
            Problem: 409 while the first one goes on, 422 where it asked for something else, 503 where nobody knows;
                what `perform` raises is not kept, so that another request performs again.
        """
        asked = _asked(key, workflow_id, trigger_event, by_stranger=by_stranger)
        record = await self._begin(asked, seconds)
        if record.finished:
            return _again(record)
        async with self._once.in_hand(record):
            outcome = await perform(Identity(trace_id=record.trace_id, floor=record.floor))
        standing = await self._once.finish(record, _pack(outcome))
        return outcome.response if standing.try_id == record.try_id else _again(standing)

    async def _begin(self, asked: Asked, seconds: float) -> Record:
        try:
            with nothing_has_run():
                return await self._once.begin(asked, seconds=seconds)
        except RunInProgress as error:
            raise _in_progress(error) from error
        except OtherRequest as error:
            raise _reused() from error
        except RecordsUnavailable as error:
            raise _unavailable() from error


def _asked(key: str, workflow_id: WorkflowId, trigger_event: Mapping[str, Any], *, by_stranger: bool) -> Asked:
    """Name the record of a request.

    Who holds an API key that may run the workflow shares its records with all who do: a request that is sent again
    after its API key was changed is still the same one. Strangers have records of their own, or one could ask for a
    holder's answer, or be first with a holder's Idempotency-Key. And since they know nothing of one another, what
    they ask for belongs to the name: a stranger who takes another's key with other words just runs the workflow, and
    so learns not even that it is taken.
    """
    fingerprint = _fingerprint(trigger_event)
    name = f"public#{_hash(f'{fingerprint}{key}')}" if by_stranger else _hash(key)
    return Asked(record_id=f"{workflow_id}#{name}", workflow_id=workflow_id, fingerprint=fingerprint)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _fingerprint(trigger_event: Mapping[str, Any]) -> str:
    """What a request asks for: its query and its body as steps see them, whatever a form's boundary is this time."""
    matters = json.dumps([trigger_event["query"], trigger_event["body"]], sort_keys=True)
    return _hash(matters)


def _pack(outcome: Outcome) -> bytes:
    packed = KeptAnswer.of(outcome.response).pack()
    return packed if len(packed) <= MAX_ANSWER_BYTES else KeptAnswer.of(outcome.brief()).pack()


def _again(record: Record) -> Response:
    assert record.answer is not None  # noqa: S101 (a request's record has one when it is finished)
    return KeptAnswer.unpack(record.answer).again()


def _in_progress(error: RunInProgress) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        "run-in-progress",
        "The first request with this Idempotency-Key is still being answered. Send it again in a moment.",
        headers={"Retry-After": str(min(math.ceil(error.seconds), _MAX_PAUSE))},
    )


def _reused() -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "An earlier request with this Idempotency-Key had another body or query. Send a new request with a new key.",
    )


def _unavailable() -> Problem:
    # Not run all the same: who sends a key asks for one run at most.
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "idempotency-unavailable",
        "Whether the Idempotency-Key was used before cannot be told at the moment, so nothing has run. Try again.",
        headers={"Retry-After": "5"},
    )
