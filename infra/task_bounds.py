"""What one task may hold, as variables of the stream service's environment."""

from infra.config import StreamServiceConfig

_MIB = 1024 * 1024
RINGS_PART = 1 / 4
"""Of a task's memory; the rest is for what grows beside rings: the process, connections, slices for several clients."""


def task_bounds(config: StreamServiceConfig) -> dict[str, str]:
    """Bound connections as the stage chooses, and rings by the memory that it gives a task."""
    return {
        "TAILRACE_MAX_CONNECTIONS": str(config.streams_per_task),
        "TAILRACE_ALL_RINGS_BYTES": str(int(config.memory_mb * _MIB * RINGS_PART)),
    }
