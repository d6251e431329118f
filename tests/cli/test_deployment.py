"""A deployed stage is found by its stack's outputs, in emulated AWS."""

import json
from uuid import uuid4

import boto3
import pytest

from cli.deployment import Deployment, find_deployment, find_key_secret
from cli.errors import CommandError
from cli.target import Api, find_api, find_streams
from tests.faults.garbage_faults import GARBAGE
from tests.support.aws import EmulatedAws
from tests.support.one_answer import answering

KEY = "the-key-of-the-stage"
FRONT = "https://d111.cloudfront.net"


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
    deploy(name, {"ApiUrl": FRONT, "StreamUrl": f"{FRONT}/"})
    return name


def test_stage_is_found(stage: str) -> None:
    assert find_deployment(stage) == Deployment(api_url=FRONT, stream_url=f"{FRONT}/")


def test_commands_use_a_stage_before_the_environment(stage: str) -> None:
    environment = {"TAILRACE_API_URL": "http://other", "TAILRACE_API_KEY": "other", "TAILRACE_STREAM_URL": "http://o"}

    api = find_api(url=None, key=KEY, stage=stage, environment=environment)

    assert api == Api(url=FRONT, key=KEY)
    assert find_streams(url=None, stage=stage, environment=environment) == FRONT


@pytest.mark.parametrize("address", [{}, {"TAILRACE_API_URL": f"{FRONT}/"}], ids=["no address", "its address"])
def test_key_of_the_environment_is_one_for_the_stage(stage: str, address: dict[str, str]) -> None:
    environment = {"TAILRACE_API_KEY": KEY, **address}

    assert find_api(url=None, key=None, stage=stage, environment=environment) == Api(url=FRONT, key=KEY)


@pytest.mark.parametrize("environment", [{}, {"TAILRACE_API_URL": "http://other", "TAILRACE_API_KEY": "other"}])
def test_stage_without_its_key_is_one_sentence_and_a_hint(stage: str, environment: dict[str, str]) -> None:
    with pytest.raises(CommandError, match=f"The key to the stage {stage} is not known") as error:
        find_api(url=None, key=None, stage=stage, environment=environment)
    assert f"tailrace keys add NAME --stage {stage}" in error.value.hint


@pytest.mark.usefixtures("aws")
def test_stage_that_is_not_deployed_is_one_sentence_and_a_hint() -> None:
    with pytest.raises(CommandError, match="There is no stack Tailrace-never-WorkflowApi in us-east-1") as error:
        find_deployment("never")
    assert "make deploy" in error.value.hint


@pytest.mark.usefixtures("aws")
def test_stack_without_the_outputs_is_told() -> None:
    name = f"s{uuid4().hex[:8]}"
    deploy(name, {"ApiUrl": FRONT})

    with pytest.raises(CommandError, match="has no output 'StreamUrl'"):
        find_deployment(name)
    with pytest.raises(CommandError, match="has no output 'ApiKeySecret'"):
        find_key_secret(name)


def test_missing_credentials_are_one_sentence_and_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(CommandError, match="AWS does not tell where the stage dev is") as error:
        find_deployment("dev")
    assert "AWS_REGION" in error.value.hint


@pytest.mark.parametrize("answer", GARBAGE, ids=str)
def test_what_does_not_come_from_aws_is_one_sentence_and_a_hint(
    answer: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(*answer) as strange:
        for name, value in strange.environment.items():
            monkeypatch.setenv(name, value)

        with pytest.raises(CommandError, match="AWS does not tell where the stage dev is") as error:
            find_deployment("dev")

    assert "AWS_REGION" in error.value.hint
