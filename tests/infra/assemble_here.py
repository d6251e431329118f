"""Assembles the workflow function's zip for this machine; run as a program by a test."""

import sys
from pathlib import Path

from infra.function_code import assemble
from infra.stages import stage_config
from infra.workflow_function import SOURCE, platform

if __name__ == "__main__":
    assemble(SOURCE, platform=platform(stage_config("local").workflow_api), into=Path(sys.argv[1]))
