"""The CDK app. It reads the world: the stage (`-c stage=…`, else TAILRACE_STAGE, else dev) and the workflows' schedules."""

import os

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import stage_config
from infra.stacks import build


def main() -> None:
    """Make the stage's templates; fails where one departs from AWS's checklist without a reason."""
    app = App()
    config = stage_config(app.node.try_get_context("stage") or os.environ.get("TAILRACE_STAGE") or "dev")
    build(app, config)
    Tags.of(app).add("tailrace:stage", config.name)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


main()
