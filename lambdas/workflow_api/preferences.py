"""What a request asks for beside its body: to be answered at once, and which earlier request it repeats."""

import hashlib
from http import HTTPStatus
from uuid import uuid4

from fastapi import Request

from lambdas.workflow_api.problems import Problem

MAX_KEY = 255
"""Characters of an Idempotency-Key."""


def prefers_async(request: Request) -> bool:
    """Whether the client asks for an answer before the run (RFC 7240)."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return any(preference.partition(";")[0].strip().lower() == "respond-async" for preference in preferences)


def trace_id_of(request: Request, workflow_id: str) -> str:
    """What identifies the run through all its tries: made of the Idempotency-Key, or new.

    Raises:
        Problem: 422 where the key is none.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return uuid4().hex
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid-idempotency-key",
            f"An Idempotency-Key is 1 to {MAX_KEY} printable characters; this one is not.",
        )
    return hashlib.sha256(f"{workflow_id}\n{key}".encode()).hexdigest()[:32]
