"""The secret that holds a system's API keys: found, read, and changed without losing what others change meanwhile."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from cli.deployment import find_key_secret, secrets_manager
from cli.errors import CommandError
from cli.local_aws import REGION
from cli.target import running_here
from lambdas.workflow_api.key_ring import KeyNotPossible, KeyRing
from lambdas.workflow_api.key_source import read_ring
from lambdas.workflow_api.keys import InvalidKey
from tailrace.aws import AWS_TROUBLES, checked, needed

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_TROUBLES: tuple[type[Exception], ...] = (*AWS_TROUBLES, InvalidKey)
_TRIES = 5
_DRAFT = "TAILRACE_DRAFT"
_CURRENT = "AWSCURRENT"
_NOT_CURRENT_ANY_MORE = "InvalidParameterException"


class KeySecret:
    """A ring of keys in Secrets Manager."""

    def __init__(self, *, client: "SecretsManagerClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def read(self) -> KeyRing:
        """Read the keys that count now.

        Raises:
            CommandError: AWS does not answer, or the secret holds none.
        """
        try:
            return read_ring(self._client, self._arn).ring
        except _TROUBLES as error:
            raise _explain(error) from error

    def change(self, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Change the ring; what somebody else changes at the same time stays, and `change` is asked again.

        Raises:
            CommandError: `change` refuses, or AWS does.
        """
        try:
            for _ in range(_TRIES):
                stored = read_ring(self._client, self._arn)
                changed = change(stored.ring)
                if self._replace(stored.version, changed):
                    return changed
        except _TROUBLES as error:
            raise _explain(error) from error
        except KeyNotPossible as error:
            raise CommandError(str(error), hint="`tailrace keys list` shows those that there are.") from error
        raise CommandError("Others change the keys all the time.", hint="Try again in a moment.")

    def _replace(self, seen: str, ring: KeyRing) -> bool:
        """Make a ring the current one, if the version that was seen still is; Secrets Manager has no other condition.

        The new version is written beside it, and the label is moved from the one to the other: that fails where
        the label has moved away.
        """
        draft = self._client.put_secret_value(SecretId=self._arn, SecretString=ring.text(), VersionStages=[_DRAFT])
        try:
            self._client.update_secret_version_stage(
                SecretId=self._arn,
                VersionStage=_CURRENT,
                MoveToVersionId=needed(draft, "VersionId"),
                RemoveFromVersionId=seen,
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == _NOT_CURRENT_ANY_MORE:
                return False
            raise
        return True


def find_keys(stage: str | None) -> KeySecret:
    """Find the keys of a deployed stage, or of what `tailrace dev` runs here.

    Raises:
        CommandError: there is no such stage, or nothing runs here.
    """
    if stage is not None:
        return KeySecret(client=secrets_manager(), arn=find_key_secret(stage))
    system = running_here("--stage")
    client: SecretsManagerClient = boto3.client(
        "secretsmanager",
        endpoint_url=system.aws_endpoint_url,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 (the emulator's)
        config=Config(proxies={}),
    )
    return KeySecret(client=checked(client), arn=system.api_key_secret)


def _explain(error: Exception) -> CommandError:
    if isinstance(error, InvalidKey):
        hint = "docs/api-keys.md says what the secret holds."
    elif isinstance(error, EndpointConnectionError | HTTPClientError):
        hint = "Does it still run? Start it with `tailrace dev`, or name a stage with --stage."
    else:
        hint = "It takes secretsmanager:GetSecretValue, PutSecretValue and UpdateSecretVersionStage for the secret."
    return CommandError(f"The keys can't be had: {error}", hint=hint)
