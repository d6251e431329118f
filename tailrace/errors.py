"""Every error of ours: the class says what happened, the message what to do about it."""


class TailraceError(Exception):
    """The base of all that Tailrace raises on purpose."""


class InvalidWorkflowId(TailraceError, ValueError):
    """A workflow id that is not `p_` and 1 to 64 of letters, digits, `_` and `-`."""


class InvalidEvent(TailraceError, ValueError):
    """A send that can never become an event."""


class InvalidChannel(InvalidEvent):
    """A channel that is missing, too long, reserved, or that would break its frame."""


class InvalidPayload(InvalidEvent):
    """A payload that is missing or is not JSON."""


class PayloadTooLarge(InvalidEvent):
    """A payload of more bytes than one event may have."""


class InvalidNotice(TailraceError, ValueError):
    """Text that arrived as a notice and is not one."""


class InvalidItem(TailraceError, ValueError):
    """An item of the log's table that this release cannot read."""


class LogUnavailable(TailraceError):
    """The log's table did not answer in time, or answered that it cannot."""


class LogRefused(TailraceError):
    """The log's table refused for good: a permission is missing, or the table, or the request is malformed."""


class OutcomeUnknown(LogUnavailable):
    """A write was sent and no answer came: it may have happened, or may still happen."""
