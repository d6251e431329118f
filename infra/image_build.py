"""An image that CodeBuild builds while the stack is deployed, so that nobody needs Docker."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from aws_cdk import IgnoreMode, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from cdklabs.deploy_time_build import ContainerImageBuild
from constructs import Construct, IConstruct

from infra.config import LogDays
from infra.log_group import log_group
from infra.review import BASIC_EXECUTION, explain, explain_wildcards

_ACCOUNT = "<AWS::Region>:<AWS::AccountId>"
_PUBLIC_ECR = "Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonElasticContainerRegistryPublicReadOnly"


def build_in_codebuild(
    scope: Construct,
    *,
    folder: Path,
    dockerfile: str,
    platform: assets.Platform,
    exclude: Sequence[str],
    log_days: LogDays,
) -> ecs.ContainerImage:
    """The image of a Dockerfile; built anew only when what goes into it changes."""
    build = ContainerImageBuild(
        scope,
        "Image",
        directory=str(folder),
        file=dockerfile,
        platform=platform,
        exclude=list(exclude),
        ignore_mode=IgnoreMode.DOCKER,
    )
    group = log_group(build, "Log", days=log_days)
    group.grant_write(build)
    # The library shares these two among all the images of a stack, and so keeps them outside of the construct.
    for shared in Stack.of(scope).node.children:
        if shared.node.id.startswith("DeployTimeBuildCustomResourceHandler"):
            _settle_trigger(shared, group)
        elif shared.node.id.startswith("ContainerImageBuild"):
            _settle_project(shared, group)
    return build.to_ecs_docker_image_code()


def _settle_trigger(function: IConstruct, group: logs.ILogGroup) -> None:
    """Keep the function's log in the stack's group, which is deleted with it."""
    cast("lambda_.CfnFunction", function.node.default_child).logging_config = lambda_.CfnFunction.LoggingConfigProperty(
        log_group=group.log_group_name
    )
    explain(
        function,
        {
            "L1": "The library chooses its function's runtime; this one is supported until April 2027.",
            f"IAM4[{BASIC_EXECUTION}]": "Beyond writing logs, the library's role may start this one build.",
        },
    )


def _settle_project(project: IConstruct, group: logs.ILogGroup) -> None:
    """Keep the builds' log in the stack's group, too."""
    resource = cast("codebuild.CfnProject", project.node.default_child)
    resource.logs_config = codebuild.CfnProject.LogsConfigProperty(
        cloud_watch_logs=codebuild.CfnProject.CloudWatchLogsConfigProperty(
            status="ENABLED", group_name=group.log_group_name
        )
    )
    name = Stack.of(project).resolve(resource.logical_id)
    explain(
        project,
        {
            "CB4": "A build leaves no artifact but the image, which the registry encrypts.",
            f"IAM4[{_PUBLIC_ECR}]": "Reading the public base image; AWS names this policy for it.",
        },
    )
    explain_wildcards(
        project,
        "The library's grants: its own log streams, reports and source archive, and the registry's log-in, for which "
        "IAM knows no resources.",
        resources=[
            "*",
            f"arn:<AWS::Partition>:logs:{_ACCOUNT}:log-group:/aws/codebuild/<{name}>:*",
            f"arn:<AWS::Partition>:codebuild:{_ACCOUNT}:report-group/<{name}>-*",
            "arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*",
        ],
        actions=["s3:GetObject*", "s3:GetBucket*", "s3:List*"],
    )
