"""A deployed stage is found by its stack's outputs, in emulated AWS."""

import json
from uuid import uuid4

import boto3
import pytest

from cli.deployment import Deployment, find_deployment
from cli.errors import CommandError
from cli.target import Api, find_api, find_streams
from tests.faults.garbage_faults import GARBAGE
from tests.support.aws import EmulatedAws
from tests.support.one_answer import answering

KEY = "the-key-of-the-stage"


@pytest.fixture
def aws(emulated_aws: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulated_aws.environment.items():
        monkeypatch.setenv(name, value)


def deploy(stage: str, outputs: dict[str, str]) -> None:
    template = {
        "Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    boto3.client("cloudformation").create_stack(
        StackName=f"Tailrace-{stage}-WorkflowApi", TemplateBody=json.dumps(template)
    )


@pytest.fixture
def stage(aws: None) -> str:  # noqa: ARG001 (the environment is set for it)
    name = f"s{uuid4().hex[:8]}"
    front = "https://d111.cloudfront.net"
    secret = boto3.client("secretsmanager").create_secret(Name=f"key-of-{name}", SecretString=KEY)["ARN"]
    deploy(name, {"ApiUrl": front, "StreamUrl": f"{front}/", "ApiKeySecret": secret})
    return name


def test_stage_is_found_with_its_key(stage: str) -> None:
    assert find_deployment(stage, with_key=True) == Deployment(
        api_url="https://d111.cloudfront.net", stream_url="https://d111.cloudfront.net/", api_key=KEY
    )


def test_key_is_read_only_where_it_is_needed(stage: str) -> None:
    assert find_deployment(stage, with_key=False).api_key == ""


def test_commands_use_a_stage_before_the_environment(stage: str) -> None:
    environment = {"TAILRACE_API_URL": "http://other", "TAILRACE_API_KEY": "other", "TAILRACE_STREAM_URL": "http://o"}

    api = find_api(url=None, key=None, stage=stage, environment=environment)

    assert api == Api(url="https://d111.cloudfront.net", key=KEY)
    assert find_streams(url=None, stage=stage, environment=environment) == "https://d111.cloudfront.net"


@pytest.mark.usefixtures("aws")
def test_stage_that_is_not_deployed_is_one_sentence_and_a_hint() -> None:
    with pytest.raises(CommandError, match="There is no stack Tailrace-never-WorkflowApi in us-east-1") as error:
        find_deployment("never", with_key=True)
    assert "make deploy" in error.value.hint


@pytest.mark.usefixtures("aws")
def test_stack_without_the_outputs_is_told() -> None:
    name = f"s{uuid4().hex[:8]}"
    deploy(name, {"ApiUrl": "https://d111.cloudfront.net"})

    with pytest.raises(CommandError, match="has no output 'ApiKeySecret'"):
        find_deployment(name, with_key=True)


def test_missing_credentials_are_one_sentence_and_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(CommandError, match="AWS does not tell where the stage dev is") as error:
        find_deployment("dev", with_key=True)
    assert "AWS_REGION" in error.value.hint


@pytest.mark.parametrize("answer", GARBAGE, ids=str)
def test_what_does_not_come_from_aws_is_one_sentence_and_a_hint(
    answer: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(*answer) as strange:
        for name, value in strange.environment.items():
            monkeypatch.setenv(name, value)

        with pytest.raises(CommandError, match="AWS does not tell where the stage dev is") as error:
            find_deployment("dev", with_key=True)

    assert "AWS_REGION" in error.value.hint
