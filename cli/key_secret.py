"""The secret that holds a system's API keys: found, read, and changed without losing what others change meanwhile."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from cli.deployment import find_key_secret, secrets_manager
from cli.errors import CommandError
from cli.local_aws import REGION
from cli.target import running_here
from lambdas.workflow_api.key_ring import KeyNotPossible, KeyRing
from lambdas.workflow_api.key_source import read_ring
from lambdas.workflow_api.keys import InvalidKey, first_key, new_key
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

    @classmethod
    def at(cls, arn: str) -> Self:
        """The secret with this ARN, in its own region, with the credentials that the environment or its files hold.

        Raises:
            CommandError: there is no such region.
        """
        return cls(client=secrets_manager(arn.split(":")[3]), arn=arn)

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

        Where AWS's answer is lost, the ring is read again: it tells what came of it.

        Raises:
            CommandError: `change` refuses, or AWS does.
        """
        written: set[str] = set()
        try:
            for _ in range(_TRIES):
                stored = read_ring(self._client, self._arn)
                if stored.version in written or (changed := change(stored.ring)) == stored.ring:
                    return stored.ring
                written.add(version := self._write(changed))
                if self._make_current(version, seen=stored.version):
                    return changed
        except _TROUBLES as error:
            raise _explain(error) from error
        except KeyNotPossible as error:
            raise CommandError(str(error), hint="`tailrace keys list` shows those that there are.") from error
        raise CommandError(
            "Others change the keys all the time, or AWS does not answer.", hint="Try again in a moment."
        )

    def make_first(self, created_at: datetime) -> str | None:
        """Make the key that may do everything, where there are no keys, and return it; None where there are some.

        Raises:
            CommandError: AWS refuses, or the secret holds no ring.
        """
        key = new_key()
        kept = first_key(key, created_at=created_at)
        ring = self.change(lambda ring: ring if ring.keys else ring.with_key(kept))
        return key if kept in ring.keys else None

    def _write(self, ring: KeyRing) -> str:
        """Write a version that does not count yet, and return its id."""
        draft = self._client.put_secret_value(SecretId=self._arn, SecretString=ring.text(), VersionStages=[_DRAFT])
        version: str = needed(draft, "VersionId")
        return version

    def _make_current(self, version: str, *, seen: str) -> bool:
        """Let a version count, if the one that was seen still does; False where it did not, or nobody knows.

        Secrets Manager has no other condition than this: moving a label fails where it has moved away.
        """
        try:
            self._client.update_secret_version_stage(
                SecretId=self._arn, VersionStage=_CURRENT, MoveToVersionId=version, RemoveFromVersionId=seen
            )
        except AWS_TROUBLES as error:
            if _refuses(error):
                raise
            return False
        return True


def _refuses(error: Exception) -> bool:
    """Whether a label was not moved for certain, and won't be; that it has moved away may be an earlier try's doing."""
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response.get("Error", {}).get("Code")
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and code != _NOT_CURRENT_ANY_MORE


def find_keys(stage: str | None) -> KeySecret:
    """Find the keys of a deployed stage, or of what `tailrace dev` runs here.

    Raises:
        CommandError: there is no such stage, or nothing runs here.
    """
    if stage is not None:
        return KeySecret.at(find_key_secret(stage))
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
        hint = "docs/api-keys.md says what the secret holds, and how to begin anew."
    elif isinstance(error, EndpointConnectionError | HTTPClientError):
        hint = "Does it still run? Start it with `tailrace dev`, or name a stage with --stage."
    else:
        hint = "It takes secretsmanager:GetSecretValue, PutSecretValue and UpdateSecretVersionStage for the secret."
    return CommandError(f"The keys can't be had: {error}", hint=hint)
