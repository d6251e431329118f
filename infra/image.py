"""The stream service's image, from its Dockerfile: built in CodeBuild while deploying, or by this machine's Docker."""

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.config import StreamServiceConfig, Traces
from infra.function_code import ROOT
from infra.image_build import build_in_codebuild
from infra.traces import requirements_of

DOCKERFILE = "stream_service/Dockerfile"
_CONTENTS = ("tailrace", "stream_service", "requirements/stream-service.txt")
_PLATFORMS = {"arm64": assets.Platform.LINUX_ARM64, "x86_64": assets.Platform.LINUX_AMD64}


def stream_service_image(scope: Construct, config: StreamServiceConfig, traces: Traces | None) -> ecs.ContainerImage:
    """The image, for a task definition."""
    platform = _PLATFORMS[config.architecture]
    # The Dockerfile installs from every lock that it finds.
    exclude = ["**", *(f"!{path}" for path in (*_CONTENTS, *requirements_of(traces))), "**/__pycache__"]
    if config.image == "docker":
        return ecs.ContainerImage.from_asset(
            str(ROOT),
            file=DOCKERFILE,
            platform=platform,
            exclude=exclude,
            ignore_mode=IgnoreMode.DOCKER,
        )
    return build_in_codebuild(
        scope,
        folder=ROOT,
        dockerfile=DOCKERFILE,
        platform=platform,
        exclude=exclude,
        log_days=config.log_days,
    )
