"""What one task may hold, and one client of it, as variables of the stream service's environment."""

from infra.config import StreamServiceConfig

_MIB = 1024 * 1024
_CPU_UNITS = 1024
"""Of a vCPU."""
RINGS_PART = 1 / 4
"""Of a task's memory; the rest is for what grows beside rings: the process, connections, slices for several clients."""
SWEEPS_A_VCPU = 40
"""A second: at some 1.2 ms of a core each, a twentieth of the task; beyond a minute between two of a stream, more."""
DEGRADED_SWEEPS_A_VCPU = 200
"""A quarter of it: while notices don't come, they are what brings events."""


def task_bounds(config: StreamServiceConfig) -> dict[str, str]:
    """Bound connections and clients as the stage chooses, and rings and sweeps by what it gives a task."""
    vcpu = config.cpu / _CPU_UNITS
    bounds = {
        "TAILRACE_MAX_CONNECTIONS": str(config.streams_per_task),
        "TAILRACE_STREAMS_PER_ADDRESS": str(config.streams_per_address),
        "TAILRACE_STREAMS_PER_SUBSCRIBER": str(config.streams_per_subscriber),
        "TAILRACE_REQUESTS_PER_SECOND": str(config.requests_per_second),
        "TAILRACE_ALL_RINGS_BYTES": str(int(config.memory_mb * _MIB * RINGS_PART)),
        "TAILRACE_SWEEPS_PER_SECOND": str(int(SWEEPS_A_VCPU * vcpu)),
        "TAILRACE_DEGRADED_SWEEPS_PER_SECOND": str(int(DEGRADED_SWEEPS_A_VCPU * vcpu)),
    }
    if config.max_stream_connections is not None:
        bounds["TAILRACE_MAX_STREAM_CONNECTIONS"] = str(config.max_stream_connections)
    return bounds
