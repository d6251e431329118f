"""Synthesizes whatever the tests look at, in one process: loading the CDK takes longer than a stage does."""

import os
import runpy
import sys
from pathlib import Path

from tests.infra import custom_stage, unexplained_stage


def main(folder: Path) -> None:
    """Make each assembly in a folder by its name."""
    for stage in ("dev", "prod"):
        os.environ |= {"TAILRACE_STAGE": stage, "CDK_OUTDIR": str(folder / stage)}
        runpy.run_path("app.py")
    custom_stage.main(folder / "custom")
    unexplained_stage.main(folder / "unexplained")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
