"""Node.js code steps in a workflow: what goes to the runtime that runs them, and what comes back into the run.

The runtime itself is lambdas/node_steps/index.mjs; who calls it, a function in AWS or a process on one machine, is a
`NodeRuntime`.
"""

import json
import logging
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from tailrace.errors import InvalidProps, InvalidStep, NodeStepFailed, NodeUnavailable
from tailrace.event import encode_json
from tailrace.pd import Exports, Pd
from tailrace.values import Json, not_json

logger = logging.getLogger(__name__)

SUFFIXES = (".mjs", ".js", ".cjs")
MAX_REQUEST_BYTES = 6_000_000
"""Lambda takes 6 MB; on one machine it is the same, so that what runs there runs in AWS."""
_LEVELS = {"debug": logging.DEBUG, "warn": logging.WARNING, "error": logging.ERROR}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRequest:
    """One step to run."""

    folder: Path
    """Of the module that added the step, on this machine."""
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

    def encode(self, *, folder: str, file: str) -> bytes:
        """Encode for a runtime that knows the step's file by this name, in a folder of its own.

        Raises:
            InvalidProps: they are not JSON.
            NodeUnavailable: it is more than a runtime takes.
        """
        try:
            props = encode_json(self.props)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidProps(not_json("A prop", error)) from error
        head = encode_json({"folder": folder, "file": file, "context": dict(self.context)})
        request = f'{head[:-1]},"props":{props},"steps":{encode_json(self.steps)}}}'.encode()
        if len(request) > MAX_REQUEST_BYTES:
            raise NodeUnavailable(
                f"its props and what the steps before it exported are {len(request):,} bytes; a Node.js step takes "
                f"{MAX_REQUEST_BYTES:,}. Export links to what is larger."
            )
        return request


class _Send(BaseModel):
    channel: str
    payload: Json


class _Response(BaseModel):
    status: Json
    headers: Json
    body: Json
    base64: bool

    @property
    def fields(self) -> dict[str, Json]:
        """What `pd.respond` takes, and checks."""
        body = b64decode(self.body) if self.base64 else self.body
        return {"status": self.status, "headers": self.headers, "body": body}


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
    response: _Response | None
    exit: _Exit | None
    error: _Error | None

    @classmethod
    def of(cls, text: str | bytes) -> "NodeAnswer":
        """Read what the runtime wrote.

        Raises:
            NodeUnavailable: it is no answer.
        """
        try:
            return cls.model_validate(json.loads(text))
        except (ValidationError, ValueError, RecursionError) as error:
            raise NodeUnavailable(f"the Node.js runtime gave no answer, but {text[:200]!r}.") from error


class NodeRuntime(Protocol):
    """Runs Node.js steps."""

    def run(self, request: NodeRequest) -> NodeAnswer:
        """Run one step to its end, in the calling thread.

        Raises:
            NodeUnavailable: it could not be run; says why, and what to do.
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

    def run(self, pd: Pd, runtime: NodeRuntime | None, *, step: str) -> Exports:
        """Run the step, and do in the run what it asked for, in its order; what it logs is told under the name `step`.

        Raises:
            NodeStepFailed: it threw; what it had sent before counts.
            NodeUnavailable: nothing here runs Node.js, or it failed to.
        """
        answer = self._ask(pd, runtime)
        _log(answer, pd, step)
        for send in answer.sends:
            pd.send.sse(channel=send.channel, payload=send.payload)
        if answer.response is not None:
            pd.respond(answer.response.fields)
        if answer.exit is not None:
            pd.flow.exit(answer.exit.reason)
        if answer.error is not None:
            raise NodeStepFailed(answer.error.name, answer.error.message)
        return Exports(answer.exports)

    def _ask(self, pd: Pd, runtime: NodeRuntime | None) -> NodeAnswer:
        if runtime is None:
            raise NodeUnavailable(f"The step {self.file} is Node.js, and nothing was set up to run it.")
        request = NodeRequest(folder=self.folder, file=self.file, props=pd.inputs, steps=pd.steps, context=pd.context)
        try:
            return runtime.run(request)
        except NodeUnavailable as error:
            raise NodeUnavailable(f"The step {self.file} was not run to its end: {error}") from error


def _log(answer: NodeAnswer, pd: Pd, step: str) -> None:
    for level, text in answer.logs:
        fields = {"workflow_id": pd.context.workflow_id, "run_id": pd.context.id, "step": step, "text": text}
        logger.log(_LEVELS.get(level, logging.INFO), "step_logged", extra=fields)
