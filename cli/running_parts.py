"""The system's processes while they run: which is current, which has been replaced, and in which order they stop."""

from collections.abc import Callable, Sequence
from signal import SIGKILL

from cli.processes import Child

_API = "api"
_PATIENCE = {"stream": 10.0, "aws": 3.0}
"""Seconds for a part to stop before it is killed."""
_WITHOUT_RUNS = 2.0
"""Seconds in which an API stops that runs nothing."""


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

    def stop(self, *, on_wait: Callable[[], None]) -> bool:
        """Stop every process, one after the other, the API's first: when the runs that they have accepted have ended.

        `on_wait` is called where those take a while: until they end by themselves, or by `kill`. False is returned
        where an API was killed, with what it still ran.
        """
        running = [*self._current.items(), *self._replaced]
        self._replaced, self._current = running, {}
        all_ended = _let_runs_end([child for name, child in running if name == _API], on_wait)
        for name, child in reversed(running):
            if name != _API:
                child.stop(patience=_PATIENCE[name])
        return all_ended

    def kill(self) -> None:
        """End every process at once."""
        for child in [*self._current.values(), *(child for _, child in self._replaced)]:
            child.kill()


def _let_runs_end(apis: Sequence[Child], on_wait: Callable[[], None]) -> bool:
    """Let every API take no more requests, and wait until it has ended; say whether all did so by themselves."""
    for child in apis:
        child.terminate()
    if not all(child.ends_within(_WITHOUT_RUNS) for child in apis):
        on_wait()
    for child in apis:
        child.ends_within(None)
    return all(child.exit_code != -SIGKILL for child in apis)
