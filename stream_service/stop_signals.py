"""Signals to stop that come while the service starts: remembered, since nothing is there yet that could end in order.

Until a handler is installed, a container's first process never sees such a signal: ECS would wait for its end, and
kill it.
"""

import signal
from types import FrameType


class StopSignals:
    """Remembers whether one came; uvicorn has handlers of its own while it runs, and puts these back behind it."""

    def __init__(self) -> None:
        self.heard = False

    def listen(self) -> None:
        """Hear SIGINT and SIGTERM from now on; call it in the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)

    def ignore(self) -> None:
        """Ignore them: Python takes handlers away while it ends, and one more signal would kill a drained service."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        self.heard = True
