"""What the hub asks the log. Someone else carries the reading out, and gives the answer back, some time later."""

from collections.abc import Callable
from dataclasses import dataclass

from tailrace.event import EventId, Position, WorkflowId
from tailrace.log_reader import Newest, Reading


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    workflow_id: WorkflowId
    wanted: Callable[[], bool]
    """Whether anybody still waits for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskNewest(_Question):
    """Read the newest events, without a break."""

    count: int
    max_bytes: int
    answer: Callable[[Newest | None], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskFrom(_Question):
    """Read on from a position."""

    position: Position
    answer: Callable[[Reading], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskHead(_Question):
    """Read the newest event's id, in a reading that begins after the question."""

    sweeps: bool = False
    """Whether it only looks for what was lost: then clients' questions need not stand behind it."""
    answer: Callable[[EventId | None], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskStart(_Question):
    """Find the cursor behind which the newest events of some channels stand."""

    count: int
    channels: frozenset[str]
    answer: Callable[[EventId | None], None]


Question = AskNewest | AskFrom | AskHead | AskStart
Ask = Callable[[Question], None]
