"""ministack: emulated AWS with more services than moto has, as a process of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from cli.local_aws import local_environment
from cli.ports import HOST, find_port
from tests.support.aws import EmulatedAws, aws_clients_of

MINISTACK = Path(__file__).parents[2] / ".venv-ministack/bin/ministack"


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAws]:
    """ministack on a free port, stopped at the end."""
    assert MINISTACK.exists(), "ministack is missing: `make test` installs it."
    folder = tmp_path_factory.mktemp("ministack")
    port = find_port(0, purpose="ministack", option="another port")
    aws = EmulatedAws(endpoint_url=f"http://{HOST}:{port}")
    ours = {"BIND_HOST": HOST, "GATEWAY_PORT": str(port), "TMPDIR": str(folder), "LOG_LEVEL": "ERROR"}
    environment = local_environment(os.environ, endpoint_url=aws.endpoint_url) | ours
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([MINISTACK], env=environment, stdout=output, stderr=output, cwd=folder)
    try:
        _wait_until_it_answers(aws, process)
        yield aws
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_answers(aws: EmulatedAws, process: "subprocess.Popen[bytes]") -> None:
    client = aws_clients_of(aws).dynamodb
    while process.poll() is None:
        try:
            client.list_tables()
        except BotoCoreError:  # it does not listen yet; boto3 has waited, and tried again, before it said so
            continue
        return
    raise AssertionError(f"ministack ended with {process.returncode}.")
