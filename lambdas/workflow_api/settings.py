"""The API's settings: read once, whole, from the environment."""

import os
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

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
    api_key_secret_arn: str
    """A Secrets Manager secret: a ring of keys, or one key by itself."""
    metrics_namespace: str = "Tailrace"
    """Of CloudWatch's, for the numbers that the function writes to its log."""
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
