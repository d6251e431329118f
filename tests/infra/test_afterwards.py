"""What people are told after they deploy: the first key once, in their terminal alone, and else how to get one."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from infra.afterwards import Outputs, tell
from lambdas.workflow_api.key_ring import KeyRing
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.keys import keep_ring

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
FIRST_BY_HAND = ".venv/bin/tailrace keys first --stage dev"
ONE_MORE = ".venv/bin/tailrace keys add NAME --stage dev"


@pytest.fixture
def secret(emulated_aws: EmulatedAws, aws_clients: AwsClients, monkeypatch: pytest.MonkeyPatch) -> str:
    """The secret of a stage that was deployed just now."""
    for name, value in emulated_aws.environment.items():
        monkeypatch.setenv(name, value)
    return keep_ring(aws_clients.secretsmanager, KeyRing())


def outputs(secret: str, **more: str) -> Outputs:
    front = "https://d1.cloudfront.net"
    return {
        "Tailrace-dev-EventLog": {"EventLogTable": "table", "NoticeTopic": "topic", **more},
        "Tailrace-dev-WorkflowApi": {"ApiUrl": front, "StreamUrl": front, "ApiKeySecret": secret},
    }


def told(secret: str, *, in_terminal: bool = True, **more: str) -> str:
    return tell("dev", outputs(secret, **more), in_terminal=in_terminal, now=NOW)


def keys_in(text: str) -> list[str]:
    return re.findall(r"tailrace_\S+", text)


def ring_in(secret: str) -> KeyRing:
    return KeyRing.of(
        boto3.client("secretsmanager").get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"]
    )


def test_addresses_are_told(secret: str) -> None:
    text = told(secret)

    assert "curl -X POST https://d1.cloudfront.net/pipelines/p_hello/events" in text
    assert 'new EventSource("https://d1.cloudfront.net/pipelines/p_hello/sse")' in text
    assert "/tokens" not in text


def test_tokens_are_told_of_where_streams_take_them(secret: str) -> None:
    assert "curl -X POST https://d1.cloudfront.net/pipelines/p_hello/tokens" in told(secret, TokenSecret="arn:tokens")


def test_first_key_is_made_and_told_once(secret: str) -> None:
    first, second = told(secret), told(secret)

    [key] = keys_in(first)
    assert f"export KEY={key}\n" in first
    assert [kept.name for kept in ring_in(secret)] == ["first"]
    assert ring_in(secret).find(key.encode()) is not None
    assert keys_in(second) == []
    assert ONE_MORE in second


def test_nothing_is_made_where_what_is_printed_may_be_kept(secret: str) -> None:
    text = told(secret, in_terminal=False)

    assert keys_in(text) == []
    assert FIRST_BY_HAND in text
    assert ring_in(secret) == KeyRing()
    told(secret)
    assert ONE_MORE in told(secret, in_terminal=False)


@pytest.mark.parametrize("in_terminal", [True, False])
def test_who_may_not_read_the_secret_is_told_why_and_gets_the_addresses(secret: str, *, in_terminal: bool) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)

    text = told(secret, in_terminal=in_terminal)

    assert "The keys can't be had: An error occurred (ResourceNotFoundException)" in text
    assert FIRST_BY_HAND in text
    assert "curl -X POST https://d1.cloudfront.net/pipelines/p_hello/events" in text


@pytest.mark.parametrize("in_terminal", [True, False])
def test_last_step_of_make_deploy_tells_the_key_to_a_terminal_alone(
    secret: str, tmp_path: Path, *, in_terminal: bool
) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps(outputs(secret)))
    ours, theirs = os.openpty() if in_terminal else os.pipe()
    with open(ours, "rb", buffering=0) as output:  # noqa: PTH123 (it is no path)
        subprocess.run(
            [sys.executable, "-m", "infra.afterwards", "dev", str(tmp_path / "outputs.json")],
            cwd=ROOT,
            stdout=theirs,
            check=True,
        )
        text = output.read(65536).decode()
        os.close(theirs)

    assert [ring_in(secret).find(key.encode()) for key in keys_in(text)] == list(ring_in(secret))
    assert len(keys_in(text)) == int(in_terminal)
