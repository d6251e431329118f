"""The API's settings: read once, whole, from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lambdas.workflow_api.keys import MAX_RATE
from tailrace.environment import PREFIX, complaints
from tailrace.errors import TailraceError
from tailrace.origins import Origins
from tailrace.spans import Traces


class InvalidSettings(TailraceError, ValueError):
    """Variables of the environment are missing or wrong; the message names each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What browsers may do."""

    origins: tuple[str, ...] = ()
    """Of the pages that may call the API, with credentials."""
    any_origin: bool = True
    """Whether pages of any origin may, without credentials, where none are named."""
    one_host: bool = False
    """Whether streams are followed at the host that API requests go to."""


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
    """A Secrets Manager secret: a ring of keys."""
    metrics_namespace: str = "Tailrace"
    """Of CloudWatch's, for the numbers that the function writes to its log."""
    token_secret_arn: str | None = None
    """A Secrets Manager secret with the keys that sign tokens; without one, streams are public."""
    cors_origins: Annotated[Origins, NoDecode] = ()
    """Of pages that may call the API, separated by commas; with none, any page where streams are public, else none."""
    one_host: bool = False
    """Whether streams are followed at the host that API requests go to, so that a cookie reaches them."""
    traces: Traces = "off"
    """Whether runs are recorded as OpenTelemetry's spans, and sent to where its own variables say (OTEL_*)."""
    requests_per_address: Annotated[int, Field(ge=0, le=MAX_RATE)] = 600
    """A minute, of those who show no key; 0 for as many as come. Of IPv6, the first 64 bits count."""
    origin_key: Annotated[str, Field(min_length=32)] | None = Field(default=None, repr=False)
    """What CloudFront shows the API: whose address it tells is then the client's. Without one, none is in front."""
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

    @property
    def pages(self) -> "Pages":
        """What browsers may do."""
        return Pages(origins=self.cors_origins, any_origin=self.token_secret_arn is None, one_host=self.one_host)

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
    lines = [f"  {complaint}" for complaint in complaints(error)]
    return "\n".join(["The environment lacks what the API needs, or has it wrong:", *lines])
