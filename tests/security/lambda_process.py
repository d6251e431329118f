"""The API as Lambda runs it, in a process of its own: an event a line in; log lines, and an answer a line, out."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

_ANSWER = "ANSWER "
_PROGRAM = f"""
import json, sys, traceback
from lambdas.workflow_api.handler import handler
from tests.lambdas.workflow_api.gateway import LambdaContext

for line in sys.stdin:
    try:
        answer = handler(json.loads(line), LambdaContext())
    except Exception:  # as Lambda's own runtime does
        traceback.print_exc()
        answer = {{"statusCode": 0, "headers": {{}}, "body": ""}}
    print({_ANSWER!r} + json.dumps(answer), flush=True)
"""


@dataclass(slots=True)
class LambdaProcess:
    """A running function."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    """What it has logged, on standard output and standard error."""

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Have an event answered."""
        given, told = _pipes(self.process)
        given.write(json.dumps(event) + "\n")
        given.flush()
        for line in told:
            before, found, answer = line.partition(_ANSWER)
            if found:
                self.lines.append(before)
                value: dict[str, Any] = json.loads(answer)
                return value
            self.lines.append(line)
        raise AssertionError("It ended:\n" + "".join(self.lines[-40:]))

    def end(self) -> None:
        """Let it end, and read the rest of what it says."""
        given, told = _pipes(self.process)
        given.close()
        self.lines.extend(told)
        told.close()
        assert self.process.wait(60) == 0


def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


@contextmanager
def lambda_process(environment: Mapping[str, str]) -> Iterator[LambdaProcess]:
    """Run the function until the context ends; it has then said everything that it ever will."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment, "AWS_LAMBDA_FUNCTION_NAME": "workflow-api"},
    )
    running = LambdaProcess(process)
    try:
        yield running
        running.end()
    finally:
        process.kill()
        process.wait()
