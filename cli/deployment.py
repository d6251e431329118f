"""Finds a deployed stage by what its CloudFormation stack says of itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import CommandError
from tailrace.aws import AWS_TROUBLES, checked, needed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_secretsmanager import SecretsManagerClient

_CREDENTIALS = "Set AWS_PROFILE and AWS_REGION to where it was deployed, and see that the credentials are valid."
_QUICK = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2, "mode": "standard"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A stage's addresses."""

    api_url: str
    stream_url: str


def find_deployment(stage: str) -> Deployment:
    """Ask AWS, with the credentials that the environment or its files hold.

    Raises:
        CommandError: there is no such stage, or AWS does not answer it.
    """
    with _asking(stage):
        outputs = _stack_outputs(stage)
        return Deployment(api_url=outputs["ApiUrl"], stream_url=outputs["StreamUrl"])


def find_key_secret(stage: str) -> str:
    """Ask AWS for the ARN of the secret that holds a stage's API keys.

    Raises:
        CommandError: there is no such stage, or AWS does not answer it.
    """
    with _asking(stage):
        return _stack_outputs(stage)["ApiKeySecret"]


def secrets_manager(region: str) -> "SecretsManagerClient":
    """Make a client, with the credentials that the environment or its files hold.

    Raises:
        CommandError: there is no such region, or no such profile.
    """
    try:
        return checked(boto3.client("secretsmanager", region_name=region, config=_QUICK))
    except BotoCoreError as error:
        raise CommandError(f"AWS can't be asked: {error}", hint=_CREDENTIALS) from error


@contextmanager
def _asking(stage: str) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise CommandError(
            f"The stack of the stage {stage} has no output {error}.", hint=f"Deploy it anew: make deploy STAGE={stage}"
        ) from error
    except AWS_TROUBLES as error:
        raise CommandError(f"AWS does not tell where the stage {stage} is: {error}", hint=_CREDENTIALS) from error


def _stack_outputs(stage: str) -> dict[str, str]:
    return _outputs(checked(boto3.client("cloudformation", config=_QUICK)), f"Tailrace-{stage}-WorkflowApi")


def _outputs(client: "CloudFormationClient", stack: str) -> dict[str, str]:
    """What a stack names for people; nothing of it is secret."""
    found = _describe(client, stack)
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _describe(client: "CloudFormationClient", stack: str) -> "StackTypeDef":
    try:
        stacks: list[StackTypeDef] = needed(client.describe_stacks(StackName=stack), "Stacks")
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise CommandError(
            f"There is no stack {stack} in {client.meta.region_name}.",
            hint="Deploy it with `make deploy`, or set AWS_PROFILE and AWS_REGION to where it is.",
        ) from error
    return stacks[0]
