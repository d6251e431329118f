"""`make bench-cold`: how long a cold workflow function takes to import, beside the libraries that it needs anyway.

Both import from the assembled zip's folder, in a new interpreter each time, in turns: a busy machine slows both.
"""

import json
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.function_code import assemble
from infra.stages import stage_config
from infra.workflow_function import SOURCE
from infra.workflow_function import platform as platform_of

ROUNDS = 15
LIMIT = 1.5
LIBRARIES = "import boto3, fastapi, mangum, aws_lambda_powertools"
OURS = "import lambdas.workflow_api.handler"
_TIMED = "import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"


def measure(folder: Path, *, rounds: int = ROUNDS) -> dict[str, float]:
    """The median of each, in milliseconds."""
    times: dict[str, list[float]] = {LIBRARIES: [], OURS: []}
    for statement in (LIBRARIES, OURS):
        _import(folder, statement)  # once, so that both find their files in the cache
    for _ in range(rounds):
        for statement, measured in times.items():
            measured.append(_import(folder, statement))
    return {statement: statistics.median(measured) * 1000 for statement, measured in times.items()}


def _import(folder: Path, statement: str) -> float:
    # Isolated: neither the checkout nor this environment's packages are on the path.
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); {_TIMED.format(statement=statement)}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=folder, capture_output=True, check=True)  # noqa: S603 - ours
    return float(done.stdout)


def main() -> int:
    """Measure and print; 1 where ours takes too long."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        assemble(SOURCE, platform=platform_of(stage_config("local").workflow_api), into=folder)
        measured = measure(folder)
    ratio = measured[OURS] / measured[LIBRARIES]
    lines = [f"{milliseconds:7.0f} ms  {statement}" for statement, milliseconds in measured.items()]
    lines.append(f"{ratio:7.2f}     ours beside the libraries alone; at most {LIMIT}")
    lines.append(json.dumps({"python": platform.python_version(), "machine": platform.machine(), "rounds": ROUNDS}))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
