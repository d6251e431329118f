"""The CDK app, which reads the world: the stage (`-c stage=…`, TAILRACE_STAGE, or dev), and what the workflows need."""

import os
from dataclasses import replace
from pathlib import Path

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.node_code import has_node_steps
from infra.scheduled_workflow import scheduled_workflows
from infra.stacks import build
from infra.stages import stage_config

_WORKFLOWS = Path(__file__).parent / "workflows"
_FLAGS = {"@aws-cdk/aws-iam:minimizePolicies": True}


def main() -> None:
    """Make the stage's templates; fails where one departs from AWS's checklist without a reason."""
    app = App(analytics_reporting=False, context=_FLAGS, outdir=os.environ.get("CDK_OUTDIR"))
    config = stage_config(app.node.try_get_context("stage") or os.environ.get("TAILRACE_STAGE") or "dev")
    if config.stream_service is None and (url := os.environ.get("TAILRACE_STREAM_URL")):
        config = replace(config, stream_url=url)
    build(app, config, schedules=scheduled_workflows(_WORKFLOWS), node_steps=has_node_steps(_WORKFLOWS))
    Tags.of(app).add("tailrace:stage", config.name)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


main()
