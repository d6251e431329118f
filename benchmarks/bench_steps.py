"""`make bench-steps`: what a Node.js step costs on this machine, beside a step in Python that does as little.

Both are runs of a workflow with one step, in turns, so that a busy machine slows both; the log is in memory. What a
Node.js step takes more is its overhead: the request, the way to a warm process and back, and the answer.
"""

import asyncio
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tailrace import Workflow
from tailrace.node import NodeStep
from tailrace.node_executable import find_node
from tailrace.testing import run_workflow_async

ROUNDS = 1_000
LIMIT = 5.0
"""Milliseconds, of the median overhead."""
NODE = "export default { run({ steps }) { return steps.trigger.event.body; } };"


def workflows(folder: Path) -> tuple[Workflow, Workflow]:
    """One step each, that returns what the request brought: in Python, and in JavaScript."""
    (folder / "step.mjs").write_text(NODE)
    python, node = Workflow("p_python"), Workflow("p_node")
    python.step("step", lambda pd: pd.steps["trigger"]["event"]["body"])
    node.step("step", NodeStep(folder, "step.mjs"))
    return python, node


async def measure(*, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """How long each run took, in milliseconds; the first one with Node.js starts its process."""
    with tempfile.TemporaryDirectory() as folder:
        python, node = workflows(Path(folder))
        times = {"cold": [await _run(node)], "python": [], "node": []}
        for _ in range(rounds):
            times["python"].append(await _run(python))
            times["node"].append(await _run(node))
    return times


async def _run(workflow: Workflow) -> float:
    begun = time.perf_counter()
    run = await run_workflow_async(workflow, body={"name": "Luke", "numbers": list(range(100))})
    took = (time.perf_counter() - begun) * 1000
    if run.error is not None:
        raise RuntimeError(run.error.message)
    return took


def summary(times: dict[str, list[float]]) -> dict[str, float]:
    """What is printed: the median, the 95th percentile and the quartiles of the overhead."""
    base = statistics.median(times["python"])
    overhead = [took - base for took in times["node"]]
    quarters = statistics.quantiles(overhead, n=4)
    return {
        "median overhead": statistics.median(overhead),
        "95th percentile": statistics.quantiles(overhead, n=20)[-1],
        "lower quartile": quarters[0],
        "upper quartile": quarters[-1],
        "least": min(overhead),
        "most": max(overhead),
        "a run with a Python step, median": base,
        "the first run, which starts a process": times["cold"][0],
    }


def main() -> int:
    """Measure and print; 1 where the median is over the limit."""
    figures = summary(asyncio.run(measure()))
    node = subprocess.run([find_node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - found
    versions = {"python": platform.python_version(), "node": node, "machine": platform.machine(), "runs": ROUNDS}
    lines = ["What one Node.js step costs, in a warm process:"]
    lines += [f"{milliseconds:9.2f} ms  {name}" for name, milliseconds in figures.items()]
    lines += [f"{LIMIT:9.2f} ms  is the most that the median may be", json.dumps(versions)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if figures["median overhead"] <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
