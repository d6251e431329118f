"""Who may follow streams, as a construct: the keys of tokens where streams take them, and what both services need."""

import json

from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import StageConfig
from infra.review import explain

_FIRST = "first"
_KEY_CHARACTERS = 64


class StreamAccess(Construct):
    """A secret that both services read, where streams take tokens; nothing where they are public."""

    def __init__(self, scope: Construct, id: str, *, config: StageConfig) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id)
        self._config = config
        self._keys = self._make_keys() if config.stream_access == "token" else None

    @property
    def secret_arn(self) -> str | None:
        """The ARN of the secret that holds the keys; None where streams are public."""
        return self._keys.secret_arn if self._keys else None

    @property
    def environment_of_streams(self) -> dict[str, str]:
        """What the stream service is told."""
        config = self._config
        return self.environment_of_api | {
            "TAILRACE_STREAM_ACCESS": config.stream_access,
            **({"TAILRACE_JWKS_URL": config.jwks_url} if config.jwks_url else {}),
            **({"TAILRACE_JWKS_AUDIENCE": config.jwks_audience} if config.jwks_audience else {}),
            **({"TAILRACE_JWKS_ISSUER": config.jwks_issuer} if config.jwks_issuer else {}),
        }

    @property
    def environment_of_api(self) -> dict[str, str]:
        """What the API is told."""
        origins = ",".join(self._config.cors_origins)
        return {
            **({"TAILRACE_TOKEN_SECRET_ARN": self._keys.secret_arn} if self._keys else {}),
            **({"TAILRACE_CORS_ORIGINS": origins} if origins else {}),
        }

    def grant_keys(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` read the keys, with which tokens are made and verified alike."""
        if self._keys is not None:
            self._keys.grant_read(grantee)

    def _make_keys(self) -> secretsmanager.Secret:
        keys = secretsmanager.Secret(
            self,
            "TokenKeys",
            description="The keys of the tokens with which Tailrace's streams are followed",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"sign_with": _FIRST}),
                generate_string_key=_FIRST,
                exclude_punctuation=True,
                password_length=_KEY_CHARACTERS,
            ),
        )
        explain(
            keys,
            {"SMG4": "A key is changed by adding another and taking the first away later: docs/access.md says how."},
        )
        return keys
