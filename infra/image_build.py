"""An image that CodeBuild builds while the stack is deployed, so that nobody needs Docker."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from aws_cdk import CfnResource, Duration, IgnoreMode, Stack
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

PATIENCE = Duration.minutes(30)
"""For a build of some minutes, with its time in CodeBuild's queue; CloudFormation itself would wait for an hour."""
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
    project = _shared(scope, "ContainerImageBuild")
    _settle_project(project)
    # CodeBuild writes to a group of this name; where a build fails, the library tells people to read it there.
    name = f"/aws/codebuild/{cast('codebuild.CfnProject', project.node.default_child).ref}"
    group = log_group(build, "Log", days=log_days, name=name)
    _settle_trigger(_shared(scope, "DeployTimeBuildCustomResourceHandler"), group)
    _bound(build)
    return build.to_ecs_docker_image_code()


def _shared(scope: Construct, prefix: str) -> IConstruct:
    """What the library shares among all the images of a stack, and so keeps outside of the construct."""
    [shared] = [child for child in Stack.of(scope).node.children if child.node.id.startswith(prefix)]
    return shared


def _bound(build: ContainerImageBuild) -> None:
    """Let a deployment fail where no build answers, such as one that CodeBuild never began."""
    answer = cast("CfnResource", build.node.find_child("Resource").node.default_child)
    answer.add_property_override("ServiceTimeout", str(PATIENCE.to_seconds()))


def _settle_trigger(function: IConstruct, group: logs.ILogGroup) -> None:
    """Keep the function's log in the stack's group, which so is there before the first build, and deleted last."""
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


def _settle_project(project: IConstruct) -> None:
    name = Stack.of(project).resolve(cast("codebuild.CfnProject", project.node.default_child).logical_id)
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
