"""What a request asks for beside its body: to be answered at once, or once only."""

from http import HTTPStatus

from fastapi import Request

from lambdas.workflow_api.problems import Problem

MAX_KEY = 255
"""Characters of an Idempotency-Key."""
KEY_PATTERN = r"^[!-~]([ -~]*[!-~])?$"
"""Of those keys that survive every proxy; others that can be printed are admitted, too."""


def prefers_async(request: Request) -> bool:
    """Whether the client asks for an answer before the run (RFC 7240)."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return any(preference.partition(";")[0].strip().lower() == "respond-async" for preference in preferences)


def idempotency_key(request: Request) -> str | None:
    """What names the request, so that it can be sent again; None where the client does not mind a second run.

    Raises:
        Problem: 422 where the key is none.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and (not 1 <= len(key) <= MAX_KEY or not key.isprintable()):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid-idempotency-key",
            f"An Idempotency-Key is 1 to {MAX_KEY} printable characters; this one is not.",
        )
    return key
