"""What the system's processes need before they start: the tables, the topic for notices, and keys."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config

from cli.errors import CommandError
from cli.running_system import RunningSystem
from cli.tables import create_event_log_table, create_idempotency_table
from lambdas.workflow_api.key_ring import KeyRing
from tailrace.aws import AWS_TROUBLES, checked, needed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient

_TOKEN_KEY_BYTES = 48
_PATIENCE = 60.0
"""Seconds for a slow machine to load everything."""
_REQUEST = 2.0
_PAUSE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAws:
    """What AWS named by itself."""

    notice_topic_arn: str
    api_key_secret: str
    token_secret: str
    """Empty where streams are public."""


def prepare_aws(
    *,
    event_log_table: str,
    idempotency_table: str,
    notice_topic: str,
    api_key_secret: str,
    api_keys: KeyRing,
    token_secret: str | None,
) -> PreparedAws:
    """Create tables and topic where they are not there yet, by the environment's endpoint, and keep the API's keys.

    `token_secret` is the name of the secret for the keys of tokens; None where streams are public.

    Raises:
        CommandError: nothing answers at the endpoint, or it refuses.
    """
    config = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2, "mode": "standard"})
    dynamodb: DynamoDBClient = checked(boto3.client("dynamodb", config=config))
    sns: SNSClient = checked(boto3.client("sns", config=config))
    secret_client: SecretsManagerClient = checked(boto3.client("secretsmanager", config=config))
    try:
        create_event_log_table(dynamodb, event_log_table)
        create_idempotency_table(dynamodb, idempotency_table)
        return PreparedAws(
            notice_topic_arn=needed(sns.create_topic(Name=notice_topic), "TopicArn"),
            api_key_secret=keep_secret(secret_client, api_key_secret, api_keys.text()),
            token_secret=keep_secret(secret_client, token_secret, _token_keys()) if token_secret else "",
        )
    except AWS_TROUBLES as error:
        raise CommandError(
            f"The AWS emulator does not do what is needed of it: {error}",
            hint="See that it runs and knows DynamoDB, SNS, SQS and Secrets Manager, or leave --endpoint-url out.",
        ) from error


def keep_secret(client: "SecretsManagerClient", name: str, text: str) -> str:
    """Let a secret hold this text, whether there is such a secret yet or not; return its ARN."""
    try:
        answer: Mapping[str, Any] = client.create_secret(Name=name, SecretString=text)
    except client.exceptions.ResourceExistsException:
        answer = client.put_secret_value(SecretId=name, SecretString=text)
    arn: str = needed(answer, "ARN")
    return arn


def _token_keys() -> str:
    """A secret's text such as a deployment makes it."""
    return json.dumps({"sign_with": "first", "first": secrets.token_urlsafe(_TOKEN_KEY_BYTES)})


def wait_until_ready(system: RunningSystem, *, pause: Callable[[float], object], now: Callable[[], float]) -> list[str]:
    """Wait until both services answer as ready; return the workflows' ids.

    Raises:
        CommandError: they did not become ready in a minute.
    """
    deadline = now() + _PATIENCE
    with httpx.Client(trust_env=False, timeout=_REQUEST) as client:
        while now() < deadline:
            if _stream_is_ready(client, system) and (workflows := _workflows(client, system)) is not None:
                return workflows
            pause(_PAUSE)
    raise CommandError(
        f"The system was not ready after {_PATIENCE:.0f} seconds.", hint="The lines above may say why; try again."
    )


def _stream_is_ready(client: httpx.Client, system: RunningSystem) -> bool:
    try:
        return client.get(f"{system.stream_url}/readyz").is_success
    except httpx.HTTPError:
        return False


def _workflows(client: httpx.Client, system: RunningSystem) -> list[str] | None:
    """The ids that the API lists, none where it answers that it could not load them; None while it is silent."""
    try:
        response = client.get(f"{system.api_url}/pipelines", headers={"Authorization": f"Bearer {system.api_key}"})
    except httpx.HTTPError:
        return None
    return [workflow["id"] for workflow in response.json()["workflows"]] if response.is_success else []
