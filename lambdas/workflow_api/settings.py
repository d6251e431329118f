"""The API's settings: read once, whole, from the environment."""

import os
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lambdas.workflow_api.keys import fits_a_header
from tailrace.errors import TailraceError

PREFIX = "TAILRACE_"


class InvalidSettings(TailraceError, ValueError):
    """Variables of the environment are missing or wrong; the message names each of them."""


class Settings(BaseSettings):
    """What the API must know: each field is the variable TAILRACE_<FIELD>; an empty variable counts as missing."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True)

    event_log_table: str
    notice_topic_arn: str
    idempotency_table: str
    """Keeps what came of requests, by their Idempotency-Key."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    stream_url: str
    """Where the stream service is reached, without a slash at its end."""
    api_key: SecretStr | None = None
    """The only key, which may do everything."""
    api_key_secret_arn: Annotated[str | None, Field(validate_default=True)] = None
    """A Secrets Manager secret: a ring of keys, or one key by itself. Exactly one of this and `api_key` is set."""
    workflows_folder: Path = Path("workflows")
    node_function: str | None = None
    """The Lambda function that runs Node.js steps, by its name or ARN; without one, this machine's Node.js does."""

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment.

        Raises:
            InvalidSettings: variables are missing or wrong; it names all of them at once.
        """
        try:
            return cls()
        except ValidationError as error:
            raise InvalidSettings(_explain(error)) from None  # its cause would print what the variables hold

    @field_validator("stream_url")
    @classmethod
    def _is_base_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("write an address such as https://d111.cloudfront.net")
        return url.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not fits_a_header(key.get_secret_value()):
            raise ValueError("a key is ASCII without spaces, since it travels in a header, and begins with no {")
        return key

    @field_validator("api_key_secret_arn")
    @classmethod
    def _is_the_only_key(cls, arn: str | None, info: ValidationInfo) -> str | None:
        # Checked at a field: a check of the whole model is left out while any field is wrong.
        if "api_key" in info.data and (arn is None) == (info.data["api_key"] is None):
            raise ValueError(f"set either this or {PREFIX}API_KEY")
        return arn


class LambdaEnvironment(BaseSettings):
    """What Lambda itself tells a function."""

    model_config = SettingsConfigDict(env_prefix="AWS_LAMBDA_", env_ignore_empty=True, frozen=True)

    function_name: str
    function_version: str = "$LATEST"
    log_level: str = "INFO"

    @classmethod
    def is_here(cls) -> bool:
        """Whether this process is a Lambda function's."""
        return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def _explain(error: ValidationError) -> str:
    lines = [f"  {PREFIX}{str(each['loc'][0]).upper()}: {_reason(each['msg'])}" for each in error.errors()]
    return "\n".join(["The environment lacks what the API needs, or has it wrong:", *lines])


def _reason(message: str) -> str:
    return "is not set" if message == "Field required" else message.removeprefix("Value error, ")
