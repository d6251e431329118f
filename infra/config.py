"""What a stage decides, one frozen value for each part of it, and what holds where it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from infra.fronts import ExistingNetwork, FrontConfig, VpcOrigin

Architecture = Literal["arm64", "x86_64"]
LogDays = Literal[1, 3, 7, 14, 30, 90, 365]
WhoMayFollow = Literal["token", "public"]

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What people's workflows may do beyond sending: one statement for the workflow function's role."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    """Why; it stands in the template's review when an action or a resource has a wildcard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLogConfig:
    """The table and the topic."""

    retention_days: int = 30
    keep: bool
    """Whether the table survives its stack: retained, and both guarded against deletion."""
    point_in_time_recovery: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowApiConfig:
    """The function that runs workflows, and the HTTP API in front of it."""

    architecture: Architecture = "arm64"
    python: str = "3.13"
    wheels_for: Literal["lambda", "this machine"] = "lambda"
    """Which platform the function's packages are installed for; emulated AWS runs functions on this machine."""
    memory_mb: int = 1024
    timeout_seconds: int = 29
    """HTTP APIs give up after 30 s; asynchronous runs share the limit unless it is raised, up to 900."""
    reserved_concurrency: int | None = None
    """At most so many runs at once; it also sets this many aside from the account's pool."""
    environment: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Variables for people's workflows."""
    secrets: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Variables that hold the ARN of a Secrets Manager secret, which the workflows may read."""
    permissions: tuple[Permission, ...] = ()
    requests_per_second: int = 50
    """Of all callers together, for long."""
    request_burst: int = 100
    """And at once."""
    requests_per_address: int = 600
    """A minute, of those who show no key: public workflows' callers, and who guesses keys. 0: as many as come."""
    xray: bool = False
    """Whether X-Ray samples runs: it shows a request's way through API, function and AWS's services."""
    log_days: LogDays = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamServiceConfig:
    """The service that holds the connections."""

    image: Literal["codebuild", "docker"] = "codebuild"
    """Where the image is built: in CodeBuild while deploying, or by this machine's Docker, Finch or Podman."""
    architecture: Architecture = "arm64"
    tasks: int = 2
    """At least."""
    max_tasks: int = 4
    """At most; there are more when those that run have 60 % of the streams that they may, or use 70 % of their CPU."""
    cpu: int = 256
    memory_mb: int = 512
    streams_per_task: int = 2_500
    streams_per_address: int = 256
    """Of a task; whole offices share one address."""
    streams_per_subscriber: int = 64
    """Of a task, by the claim `sub` of tokens."""
    requests_per_second: float = 20.0
    """Of one address, and of one subscriber, to a task, for long; at once, as many more as it may hold streams."""
    max_stream_connections: int | None = None
    """Of a task's streams, those that follow one workflow; None: all may."""
    open_files: int = 16_384
    """More than streams_per_task, with room for AWS calls and the load balancer's own connections."""
    drain_seconds: int = 45
    """Over which a task that is replaced ends its streams: at most 45, so that it has ended when it is cut."""
    max_stream_age_seconds: int = 3_600
    """After which, a quarter more or less, a stream ends and its client comes back, maybe to another task."""
    front: FrontConfig = field(default_factory=VpcOrigin)
    """What clients come through; see infra/fronts.py."""
    network: ExistingNetwork | None = None
    """None: a network of the stage's own."""
    availability_zones: tuple[str, ...] = ()
    """The zones of the stage's own network; empty: the first two. VPC origins are not offered in every zone."""
    detailed_monitoring: bool
    """Whether connections (flow logs) and containers (Container Insights) are recorded, which costs as it grows."""
    log_days: LogDays = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringConfig:
    """The dashboard and the alarms."""

    alarm_email: str | None = None
    """Who is told of alarms; the address must confirm that once. Anything else may subscribe to the topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Spans of runs, deliveries and requests, for an OpenTelemetry collector of yours."""

    endpoint: str
    """Where the collector takes OTLP over HTTP; function and tasks reach it at port 443, by its name."""
    sampled: float = 1.0
    """The part of traces that are recorded, where nobody has decided before."""
    timeout_seconds: int = 2
    """A collector that does not answer holds a run up for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """Everything that one deployment of Tailrace decides."""

    name: str
    event_log: EventLogConfig
    workflow_api: WorkflowApiConfig
    stream_service: StreamServiceConfig | None
    """None: the stream service runs elsewhere, at `stream_url`."""
    stream_url: str | None = None
    monitoring: MonitoringConfig | None = field(default_factory=MonitoringConfig)
    """None: neither alarms nor a dashboard."""
    stream_access: WhoMayFollow
    """Whether following a stream takes a token, or its id alone."""
    jwks_url: str | None = None
    """Where an identity provider publishes the keys of tokens that are admitted beside the API's own."""
    jwks_audience: str | None = None
    """What the provider's tokens must name as their `aud`, needed with a `jwks_url`: others are for somebody else."""
    jwks_issuer: str | None = None
    """What the provider's tokens must name as their `iss`."""
    cors_origins: tuple[str, ...] = ()
    """The origins of pages that may use streams and API, such as https://app.example.org; none: see docs/access.md."""
    traces: Traces | None = None
    """None: no spans are recorded, and nothing of OpenTelemetry's SDK is deployed."""
    termination_protection: bool = False

    def __post_init__(self) -> None:
        """Refuse what would admit tokens that are for other services."""
        if self.jwks_url and not self.jwks_audience:
            raise ValueError(
                f"Stage {self.name}: jwks_url needs jwks_audience. A provider signs tokens for other services with the "
                "same keys; say which `aud` those for streams have."
            )
