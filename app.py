"""The CDK app, which reads the world: the stage (`-c stage=…`, TAILRACE_STAGE, or dev) and the workflows' schedules."""

import os

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import stage_config
from infra.stacks import build

_FLAGS = {"@aws-cdk/aws-iam:minimizePolicies": True}


def main() -> None:
    """Make the stage's templates; fails where one departs from AWS's checklist without a reason."""
    app = App(analytics_reporting=False, context=_FLAGS)
    config = stage_config(app.node.try_get_context("stage") or os.environ.get("TAILRACE_STAGE") or "dev")
    build(app, config)
    Tags.of(app).add("tailrace:stage", config.name)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


main()
