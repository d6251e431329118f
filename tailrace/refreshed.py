"""A value that is kept elsewhere, such as a secret, and may change there: read again when it has grown old."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

FRESH = 5 * 60.0
"""For how long, in seconds, a value serves without being read again."""
IN_DOUBT = 15.0
"""How old, in seconds, a value must be to be read again because it did not fit: a newer one may."""
MAX_AGE = 60 * 60.0
"""For how long, in seconds, a value serves that cannot be read again."""

_Value = TypeVar("_Value")


class Refreshed(Generic[_Value]):
    """Holds what `read` returned last. Any thread may ask; `refresh` alone waits for the reading."""

    def __init__(
        self,
        read: Callable[[], _Value],
        *,
        name: str,
        troubles: tuple[type[Exception], ...],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`name` is for the log; `troubles` are what `read` raises where it can't be helped."""
        # Wall clock: a frozen Lambda function's monotonic clock stands still.
        self._read = read
        self._name = name
        self._troubles = troubles
        self._now = now
        self._lock = threading.Lock()
        self._value: _Value | None = None
        self._read_at = self._tried_at = self._as_of = float("-inf")

    @property
    def value(self) -> _Value | None:
        """The value; None where it was never read, or could not be read for an hour."""
        return self._value if self._now() - self._read_at <= MAX_AGE else None

    @property
    def as_of(self) -> float:
        """When the reading began that brought the value: it holds every change that was made before."""
        return self._as_of

    def is_due(self, age: float = FRESH) -> bool:
        """Whether a value of this age, in seconds, would be read again now.

        A try that failed counts, too: while what keeps the value is away, it is asked every IN_DOUBT seconds at most.
        """
        now = self._now()
        return now - self._read_at >= age and now - self._tried_at >= min(age, IN_DOUBT)

    def refresh(self, age: float = FRESH) -> None:
        """Read the value if it is due; what goes wrong is logged, and the last value stays."""
        with self._lock:
            if not self.is_due(age):
                return
            began = self._now()
            try:
                self._value = self._read()
                self._as_of, self._read_at = began, self._now()
            except self._troubles as error:
                logger.error("value_not_read", extra={"value": self._name, "error": str(error)})  # noqa: TRY400 (the message says it all)
            finally:
                # Not before: until then it is due, so that others wait for what comes of it.
                self._tried_at = self._now()
