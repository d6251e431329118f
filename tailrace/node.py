"""Node.js code steps in a workflow: what goes to the runtime that runs them, and what comes back into the run.

The runtime itself is lambdas/node_steps/index.mjs; who calls it, a function in AWS or a process on one machine, is a
`NodeRuntime`.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from tailrace.errors import InvalidStep, NodeStepFailed, NodeUnavailable
from tailrace.pd import Exports, Pd
from tailrace.values import Json

logger = logging.getLogger(__name__)

SUFFIXES = (".mjs", ".js", ".cjs")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRequest:
    """One step to run."""

    folder: Path
    """Of the workflows, on this machine."""
    file: str
    """Of the step, relative to it."""
    props: Mapping[str, Json]
    steps: Mapping[str, Json]
    context: Mapping[str, Json]

    @property
    def deadline(self) -> float | None:
        """When the step must have ended: epoch seconds; None for never."""
        milliseconds = self.context["deadline"]
        return None if milliseconds is None else milliseconds / 1000

    def to_json(self, *, file: str) -> bytes:
        """Encode for a runtime that knows the step's file by this name."""
        return json.dumps(
            {"file": file, "props": self.props, "steps": self.steps, "context": dict(self.context)}
        ).encode()


class _Send(BaseModel):
    channel: str
    payload: str


class _Exit(BaseModel):
    reason: str | None


class _Error(BaseModel):
    name: str
    message: str


class NodeAnswer(BaseModel):
    """What a step did."""

    model_config = ConfigDict(frozen=True)

    exports: dict[str, Json]
    sends: tuple[_Send, ...]
    logs: tuple[tuple[str, str], ...]
    response: dict[str, Json] | None
    exit: _Exit | None
    error: _Error | None

    @classmethod
    def of(cls, text: str | bytes) -> "NodeAnswer":
        """Read what the runtime wrote.

        Raises:
            NodeUnavailable: it is no answer.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise NodeUnavailable(f"The Node.js runtime gave no answer: {text[:200]!r}") from error


class NodeRuntime(Protocol):
    """Runs Node.js steps."""

    def run(self, request: NodeRequest) -> NodeAnswer:
        """Run one step to its end, in the calling thread.

        Raises:
            NodeUnavailable: it could not be run at all; says what to do.
        """


class NodeStep:
    """A step in a file of JavaScript."""

    def __init__(self, folder: Path, file: str) -> None:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or path.suffix not in SUFFIXES:
            raise InvalidStep(
                f"{file!r} is no step's file: name a {', '.join(SUFFIXES)} file within the workflows' folder, "
                'such as "steps/names.mjs".'
            )
        if not (folder / path).is_file():
            raise InvalidStep(f"There is no file {file} in {folder}.")
        self.folder = folder
        self.file = str(path)
        self.__name__ = path.stem.replace("-", "_").replace(".", "_")

    def run(self, pd: Pd, runtime: NodeRuntime | None) -> Exports:
        """Run the step, and do in the run what it asked for, in its order.

        Raises:
            NodeStepFailed: it threw; what it had sent before counts.
            NodeUnavailable: nothing here runs Node.js.
        """
        if runtime is None:
            raise NodeUnavailable(f"The step {self.file} is Node.js, and nothing was set up to run it.")
        answer = runtime.run(
            NodeRequest(folder=self.folder, file=self.file, props=pd.inputs, steps=pd.steps, context=pd.context)
        )
        for level, text in answer.logs:
            fields = {"workflow_id": pd.context.workflow_id, "run_id": pd.context.id, "level": level, "text": text}
            logger.info("step_logged", extra={**fields, "step": self.file})
        for send in answer.sends:
            pd.send.sse(channel=send.channel, payload=json.loads(send.payload))
        if answer.response is not None:
            pd.respond(answer.response)
        if answer.exit is not None:
            pd.flow.exit(answer.exit.reason)
        if answer.error is not None:
            raise NodeStepFailed(answer.error.name, answer.error.message)
        return Exports(answer.exports)
