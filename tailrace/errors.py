"""Every error of ours: the class says what happened, the message what to do about it."""


class TailraceError(Exception):
    """The base of all that Tailrace raises on purpose."""


class InvalidWorkflowId(TailraceError, ValueError):
    """A workflow id that is not `p_` and 1 to 64 of letters, digits, `_` and `-`."""


class InvalidIdPattern(TailraceError, ValueError):
    """A pattern that is neither a workflow's id nor the beginning of ids and `*`."""


class InvalidEvent(TailraceError, ValueError):
    """A send that can never become an event."""


class InvalidChannel(InvalidEvent):
    """A channel that is missing, too long, reserved, or that would break its frame."""


class InvalidPayload(InvalidEvent):
    """A payload that is missing or is not JSON."""


class PayloadTooLarge(InvalidEvent):
    """A payload of more bytes than one event may have."""


class InvalidToken(TailraceError, ValueError):
    """A subscriber's token that opens nothing; the message holds nothing of it that is secret."""


class TokenExpired(InvalidToken):
    """A subscriber's token whose time is over."""


class InvalidTokenKeys(TailraceError, ValueError):
    """A secret, or a set of public keys, that holds no keys for tokens."""


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


class InvalidWorkflow(TailraceError, ValueError):
    """A workflow that could not run as it is written; found when it is defined."""


class InvalidStep(InvalidWorkflow):
    """A step whose name is taken or is no name, or that is no function of `pd`."""


class InvalidAction(InvalidWorkflow):
    """An action whose parameters cannot be props."""


class InvalidProps(InvalidWorkflow):
    """Props that a step does not know, that it misses, or that are of the wrong type."""


class InvalidExpression(InvalidWorkflow):
    """A `{{…}}` that cannot be read, or that refers to a step that does not come before."""


class WorkflowsNotFound(TailraceError, FileNotFoundError):
    """The folder of workflows is not there."""


class StepMisuse(TailraceError):
    """The base of what `pd` refuses in a run, and of what stops a step before it begins."""


class UnresolvedExpression(StepMisuse, LookupError):
    """An expression's path leads to nothing in this run."""


class InvalidExport(StepMisuse, ValueError):
    """An export, or a returned value, that is not JSON, or that has no name."""


class InvalidResponse(StepMisuse, ValueError):
    """A response that HTTP could not carry, or a second one."""


class SendNotOffered(StepMisuse, AttributeError):
    """A destination that Pipedream has and Tailrace has not."""


class TooManySends(StepMisuse, ValueError):
    """More events, or more bytes, than one run may send."""


class RunFinished(StepMisuse, RuntimeError):
    """A call on `pd` by code that was still going on when its step, or its run, had ended."""


class InvalidTrigger(TailraceError, ValueError):
    """An event that is not JSON, so that no step could have it."""


class NodeUnavailable(StepMisuse):
    """A Node.js step that could not be run: there is no Node.js, or its process or function failed."""


class NodeStepFailed(TailraceError):
    """A Node.js step threw; the error's name and message are JavaScript's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
