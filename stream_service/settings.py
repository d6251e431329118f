"""The stream service's settings: the environment, read once, whole, at the edge."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from stream_service.bounds import Bounds
from stream_service.sweeper import Pace
from tailrace.origins import Origins
from tailrace.spans import Traces

_MIB = 1024 * 1024
_TARGET_GROUP = r"^arn:[^:]*:elasticloadbalancing:[^:]*:[^:]*:targetgroup/.+$"
_JWKS_URL = r"^(https://[^/\s]+|http://(127\.0\.0\.1|localhost)(:\d+)?)/\S*$"


class Settings(BaseSettings):
    """Each is the environment variable TAILRACE_ and its name; times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="TAILRACE_", env_ignore_empty=True, frozen=True)

    event_log_table: Annotated[str, StringConstraints(min_length=3)]
    notice_topic_arn: Annotated[str, StringConstraints(pattern=r"^arn:[^:]*:sns:[^:]*:[^:]*:.+$")]
    retention_days: int = Field(default=30, ge=1, le=3650)
    queue_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = "tailrace-"
    token_secret_arn: str | None = None
    """A Secrets Manager secret with the keys of the tokens that the API makes: `{"sign_with": "a", "a": "<a key>"}`."""
    jwks_url: Annotated[str, StringConstraints(pattern=_JWKS_URL)] | None = None
    """Where an identity provider publishes the keys of the tokens that it makes."""
    jwks_audience: str | None = Field(default=None, validate_default=True)
    """What those tokens must name as their `aud`: the provider signs others, for other services, with the same keys."""
    jwks_issuer: str | None = None
    """What those tokens must name as their `iss`."""
    stream_access: Literal["token", "public"]
    """Whether following a stream takes a token, or its id alone. There is no default: it must be decided."""
    host: str = "127.0.0.1"
    port: int = Field(default=8701, ge=0, le=65535)
    cors_origins: Annotated[Origins, NoDecode] = ()
    """Separated by commas; with none, any page may read streams that are public, without credentials."""
    receivers: int = Field(default=3, ge=1, le=16)
    """Threads that wait for notices."""
    canary_seconds: float = Field(default=30.0, gt=0, le=60)
    """Between two notices that the service sends to itself, once they have come back."""
    keepalive_seconds: float = Field(default=15.0, gt=0, le=60)
    sweep_seconds: float = Field(default=15.0, gt=0, le=60)
    """Between two comparisons of a stream with the log; longer, up to 60, where there would be too many a second."""
    sweeps_per_second: float = Field(default=10.0, gt=0)
    degraded_sweep_seconds: float = Field(default=2.0, gt=0, le=60)
    """The same while notices are in doubt."""
    degraded_sweeps_per_second: float = Field(default=50.0, gt=0)
    drain_seconds: float = Field(default=5.0, ge=0, le=45)
    target_group_arn: Annotated[str, StringConstraints(pattern=_TARGET_GROUP)] | None = None
    """The load balancer's group of this task's target: to drain as soon as it is let go. None: nothing is in front."""
    target_check_seconds: float = Field(default=5.0, gt=0, le=5)
    max_stream_age_seconds: float = Field(default=3600.0, gt=0)
    """A stream ends after so long, a quarter more or less, and its client comes back, maybe to a newer task."""
    linger_seconds: float = Field(default=30.0, ge=0)
    slow_client_seconds: float = Field(default=60.0, gt=0)
    request_seconds: float = Field(default=20.0, gt=0)
    """How long a client may take to send a whole request, headers and body, however it spreads its bytes."""
    retry_from_milliseconds: int = Field(default=1000, ge=1000)
    retry_to_milliseconds: int = Field(default=5000, ge=1000)
    pass_milliseconds: float = Field(default=20.0, ge=0, le=1000)
    """From one write to a client to the next, at least, while its stream is busy."""
    take_over: bool = True
    """Whether the hub writes to connections by itself; without, each client costs a task of the web server's."""
    address_header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    """The header in which the front writes its client's address; without one, the socket's peer is the client."""
    streams_per_address: int = Field(default=256, ge=1)
    """Streams that one address may hold; whole offices share one. Of IPv6, the first 64 bits count."""
    streams_per_subscriber: int = Field(default=64, ge=1)
    """Streams that one subscriber may hold, by the claim `sub` of its tokens."""
    requests_per_second: float = Field(default=20.0, gt=0)
    """Requests that one address, or one subscriber, may make for long; at once, as many more as it may hold streams."""
    max_connections: int = Field(default=20_000, ge=1)
    max_stream_connections: int | None = Field(default=None, ge=1)
    """To one stream; None for as many as to all."""
    ring_events: int = Field(default=1024, ge=100)
    ring_bytes: int = Field(default=4 * _MIB, ge=512 * 1024)
    all_rings_bytes: int = Field(default=256 * _MIB, ge=_MIB)
    metrics_namespace: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/#:-]{1,255}$")] | None = None
    """Of CloudWatch's, for the numbers that then go to the log; without one, `/metrics` alone has them."""
    metrics_seconds: float = Field(default=60.0, gt=0, le=300)
    """Between two lines of numbers in the log."""
    traces: Traces = "off"
    """Whether requests and deliveries are recorded as OpenTelemetry's spans, and sent to where OTEL_* say."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("jwks_audience")
    @classmethod
    def _is_said_of_a_provider(cls, audience: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("jwks_url") and not audience:
            raise ValueError("a provider signs tokens for other services, too: say which `aud` those for streams have")
        return audience

    @field_validator("stream_access")
    @classmethod
    def _has_keys(cls, access: str, info: ValidationInfo) -> str:
        if access == "token" and not (info.data.get("token_secret_arn") or info.data.get("jwks_url")):
            raise ValueError("tokens need keys: set TAILRACE_TOKEN_SECRET_ARN, TAILRACE_JWKS_URL or both")
        return access

    @property
    def retention(self) -> timedelta:
        """How long events may be seen."""
        return timedelta(days=self.retention_days)

    @property
    def pace(self) -> Pace:
        """How often streams are swept."""
        return Pace(
            every=self.sweep_seconds,
            per_second=self.sweeps_per_second,
            degraded_every=self.degraded_sweep_seconds,
            degraded_per_second=self.degraded_sweeps_per_second,
        )

    @property
    def bounds(self) -> Bounds:
        """What the hub may hold."""
        return Bounds(
            connections=self.max_connections,
            stream_connections=self.max_stream_connections,
            ring_events=self.ring_events,
            ring_bytes=self.ring_bytes,
            all_rings_bytes=self.all_rings_bytes,
            linger=self.linger_seconds,
            patience=self.slow_client_seconds,
        )
