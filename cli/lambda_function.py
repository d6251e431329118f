"""A Lambda function on this machine: its handler, in threads, as AWS invokes it, at once or later."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

logger = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any], Any], Any]

TIME_LIMIT = 30.0
"""Seconds that an invocation may take, by its context."""
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Lambda's limit for a synchronous invocation's event, and for its result."""

_THREADS = 32
_LATER_THREADS = 8
_MAX_LATER = 1000
_RETRIES_AFTER = (1.0, 2.0)  # seconds; Lambda waits one minute, then two


class PayloadTooLarge(ValueError):
    """An event or a result is larger than Lambda admits."""


class TooManyInvocations(RuntimeError):
    """As many asynchronous invocations as are kept are waiting already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaContext:
    """What a handler gets beside its event, by AWS's names."""

    aws_request_id: str
    function_name: str
    ends_at: float
    """By the monotonic clock."""
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "1024"
    log_group_name: str = "local"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @property
    def invoked_function_arn(self) -> str:
        """The function's name as AWS writes it."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """How long this invocation may still take."""
        return max(0, int((self.ends_at - self.clock()) * 1000))


class LambdaFunction:
    """Runs a handler in threads, as Lambda runs it in instances."""

    def __init__(
        self,
        handler: Handler,
        *,
        name: str,
        time_limit: float = TIME_LIMIT,
        retries_after: tuple[float, ...] = _RETRIES_AFTER,
        threads: int = _THREADS,
    ) -> None:
        self._handler = handler
        self._name = name
        self._time_limit = time_limit
        self._retries_after = retries_after
        self._now = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._later = ThreadPoolExecutor(_LATER_THREADS, thread_name_prefix=f"{name}-later")
        self._room = threading.BoundedSemaphore(_MAX_LATER)
        self._closing = threading.Event()

    def invoke(self, event: Mapping[str, object], *, request_id: str) -> "Future[Any]":
        """Invoke the handler, and promise its result.

        Raises:
            PayloadTooLarge: here for the event, in the promise for the result.
        """
        payload = _encode(event)
        return self._now.submit(self._run, payload, request_id)

    def invoke_later(self, event: Mapping[str, object]) -> None:
        """Invoke the handler some time after, up to three times if it raises, as `InvocationType=Event` does.

        Raises:
            PayloadTooLarge: the event is.
            TooManyInvocations: as many as are kept are waiting.
        """
        payload = _encode(event)
        if not self._room.acquire(blocking=False):
            raise TooManyInvocations(f"{_MAX_LATER} asynchronous runs are waiting; try again when some have ended.")
        self._later.submit(self._run_later, payload, str(uuid4())).add_done_callback(lambda _: self._room.release())

    def close(self) -> None:
        """Let what was accepted end; further tries follow at once."""
        self._closing.set()
        self._now.shutdown()
        self._later.shutdown()

    def _run(self, payload: str, request_id: str) -> Any:  # noqa: ANN401 (whatever JSON a handler returns)
        context = LambdaContext(
            aws_request_id=request_id, function_name=self._name, ends_at=time.monotonic() + self._time_limit
        )
        return json.loads(_encode(self._handler(json.loads(payload), context)))

    def _run_later(self, payload: str, request_id: str) -> None:
        for pause in (*self._retries_after, None):
            try:
                self._run(payload, request_id)
            except Exception:
                logger.exception("asynchronous_invocation_failed", extra={"request_id": request_id, "again": pause})
            else:
                return
            if pause is not None:
                self._closing.wait(pause)


def _encode(value: object) -> str:
    text = json.dumps(value)
    if len(text) > MAX_PAYLOAD_BYTES:
        raise PayloadTooLarge(f"{len(text):,} bytes of JSON; Lambda admits {MAX_PAYLOAD_BYTES:,}.")
    return text
