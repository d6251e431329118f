"""Emulated AWS for tests: a server of its own for each test process, and clients that reach nothing else."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from cli.local_aws import REGION, local_environment
from cli.parts import start_emulated_aws
from cli.ports import HOST, listen, port_of
from tailrace.aws import checked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_CONNECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedAws:
    """A running server, and how to reach it."""

    endpoint_url: str

    @property
    def environment(self) -> dict[str, str]:
        """An environment for a process whose boto3 clients shall talk to this server."""
        return local_environment(os.environ, endpoint_url=self.endpoint_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsClients:
    """boto3's clients of one server; they may be shared by threads."""

    dynamodb: "DynamoDBClient"
    secretsmanager: "SecretsManagerClient"
    sns: "SNSClient"
    sqs: "SQSClient"


@contextmanager
def emulated_aws_server() -> Iterator[EmulatedAws]:
    """Start emulated AWS on a free port, and stop it at the end."""
    output: deque[str] = deque(maxlen=100)
    with listen(0, purpose="emulated AWS", option="another port") as listener:
        aws = EmulatedAws(endpoint_url=f"http://{HOST}:{port_of(listener)}")
        server = start_emulated_aws(listener, environment=aws.environment, on_line=output.append)
        try:
            yield aws
            assert server.exit_code is None, "\n".join(output)
        finally:
            server.stop(patience=5)


def aws_clients_of(aws: EmulatedAws, *, connections: int = _CONNECTIONS) -> AwsClients:
    """Make clients of a server, whatever credentials and regions this machine is set up for."""
    common: dict[str, Any] = {
        "endpoint_url": aws.endpoint_url,
        "region_name": REGION,
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
        "config": Config(max_pool_connections=connections, proxies={}),
    }
    return AwsClients(
        dynamodb=checked(boto3.client("dynamodb", **common)),
        secretsmanager=checked(boto3.client("secretsmanager", **common)),
        sns=checked(boto3.client("sns", **common)),
        sqs=checked(boto3.client("sqs", **common)),
    )
