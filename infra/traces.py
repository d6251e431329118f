"""What a stage's choice of traces means for who records them: further packages, and variables."""

from infra.config import Traces

REQUIREMENTS = "requirements/otel.txt"
"""The packages that record and send spans."""


def requirements_of(traces: Traces | None) -> tuple[str, ...]:
    """The locks to install from, beyond a unit's own."""
    return (REQUIREMENTS,) if traces else ()


def environment_of(traces: Traces | None) -> dict[str, str]:
    """The variables, of which OpenTelemetry reads its own."""
    if traces is None:
        return {}
    return {
        "TAILRACE_TRACES": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": traces.endpoint,
        "OTEL_EXPORTER_OTLP_TIMEOUT": str(traces.timeout_seconds),
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(traces.sampled),
    }
