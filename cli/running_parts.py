"""The system's processes while they run: which is current, which has been replaced, and in which order they stop."""

from cli.processes import Child

_PATIENCE = {"api": 3.0, "stream": 10.0, "aws": 3.0}
"""Seconds for a part to stop before it is killed."""


class RunningParts:
    """Processes by their part's name; the last one started is the first one stopped."""

    def __init__(self) -> None:
        self._current: dict[str, Child] = {}
        self._replaced: list[tuple[str, Child]] = []

    def add(self, name: str, child: Child) -> None:
        """Keep a part's process."""
        self._current[name] = child

    def retire(self, name: str) -> None:
        """Tell a part's process to stop, when what it has begun has ended; another takes its place meanwhile."""
        child = self._current.pop(name)
        self._replaced.append((name, child))
        child.terminate()

    def name_of(self, child: Child) -> str | None:
        """A process's part; None if it was replaced or told to stop."""
        return next((name for name, current in self._current.items() if current is child), None)

    def stop(self) -> None:
        """Stop every process, one after the other."""
        running = [*self._current.items(), *self._replaced]
        self._replaced, self._current = running, {}
        for name, child in reversed(running):
            child.stop(patience=_PATIENCE[name])

    def kill(self) -> None:
        """End every process at once."""
        for child in [*self._current.values(), *(child for _, child in self._replaced)]:
            child.kill()
