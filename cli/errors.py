"""What a command says when it cannot go on: one sentence, and a hint."""

from tailrace.errors import TailraceError


class CommandError(TailraceError):
    """The command ends; its user can do something about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
