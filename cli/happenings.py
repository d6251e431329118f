"""What can happen to a running system; its supervisor takes one after the other."""

from dataclasses import dataclass

from cli.errors import CommandError
from cli.preparation import PreparedAws
from cli.processes import Child


@dataclass(frozen=True, slots=True)
class Signalled:
    """Somebody wants the system to stop."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process has ended."""

    child: Child


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the services need of AWS is there."""

    aws: PreparedAws


@dataclass(frozen=True, slots=True)
class Ready:
    """Both services answer."""

    workflows: list[str]
    token: str | None
    """For the stream that is shown first; None where streams are public, or there is no workflow yet."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Files of workflows have changed."""

    names: list[str]


@dataclass(frozen=True, slots=True)
class Failed:
    """The system cannot come up."""

    error: CommandError


Happening = Signalled | Ended | Prepared | Ready | Changed | Failed
