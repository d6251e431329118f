"""The stream service's image, from its Dockerfile: built in CodeBuild while deploying, or by this machine's Docker."""

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.config import StreamServiceConfig
from infra.function_code import ROOT
from infra.image_build import build_in_codebuild

DOCKERFILE = "stream_service/Dockerfile"
_CONTENTS = ("tailrace", "stream_service", "requirements/stream-service.txt")
_EXCLUDE = ["**", *(f"!{path}" for path in _CONTENTS), "**/__pycache__"]
_PLATFORMS = {"arm64": assets.Platform.LINUX_ARM64, "x86_64": assets.Platform.LINUX_AMD64}


def stream_service_image(scope: Construct, config: StreamServiceConfig) -> ecs.ContainerImage:
    """The image, for a task definition."""
    platform = _PLATFORMS[config.architecture]
    if config.image == "docker":
        return ecs.ContainerImage.from_asset(
            str(ROOT), file=DOCKERFILE, platform=platform, exclude=_EXCLUDE, ignore_mode=IgnoreMode.DOCKER
        )
    return build_in_codebuild(
        scope, folder=ROOT, dockerfile=DOCKERFILE, platform=platform, exclude=_EXCLUDE, log_days=config.log_days
    )
