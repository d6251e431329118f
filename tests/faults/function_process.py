"""The workflow function as Lambda runs it, in a process of its own: an invocation a line in, its end a line out.

python -m tests.faults.function_process
"""

import json
import sys
import time
from typing import Any

from cli.lambda_function import TIME_LIMIT, LambdaContext
from lambdas.workflow_api.handler import create_handler
from lambdas.workflow_api.logs import log_as_json
from lambdas.workflow_api.settings import Settings


def _invoke_later(_event: object) -> None:
    raise NotImplementedError("This function is asked for asynchronous runs alone.")


def main() -> None:
    """Serve until the input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr
    log_as_json("WARNING")
    handler = create_handler(Settings.from_environment(), invoke_later=_invoke_later)
    for line in sys.stdin:
        invocation: dict[str, Any] = json.loads(line)
        context = LambdaContext(
            aws_request_id=invocation["request_id"],
            function_name="workflow-api",
            ends_at=time.monotonic() + TIME_LIMIT,
        )
        try:
            handler(invocation["event"], context)
            error = None
        except Exception as problem:
            error = repr(problem)
        answers.write(json.dumps({"error": error}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
