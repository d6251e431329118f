"""Everything that can be full in a system: what its own pieces can do, and what AWS allows."""

import math
from dataclasses import dataclass

from benchmarks.scale_model import BUSY, TASK, Load
from cli.bill import RUN_SECONDS

_RETRY_SECONDS = 4.0
"""Over which clients come back that were cut together: `retry:` is random between one second and five."""
_KB = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much of something is used."""

    name: str
    load: float
    most: float
    quota: bool
    """Whether AWS raises it when asked; else only another shape of the system helps."""

    @property
    def share(self) -> float:
        """Over 1 where it is too much."""
        return self.load / self.most


def limits_of(load: Load) -> tuple[Limit, ...]:
    """Everything that can be full. Quotas: the sources are named in docs/scale.md."""
    system = load.system
    back = system.clients / _RETRY_SECONDS
    written = system.runs * math.ceil(system.use.item_bytes / _KB)
    return (
        _own("notices into one task", load.notice_share, BUSY * TASK.vcpu),
        _own("a task's core", load.core_share, BUSY * TASK.vcpu),
        _own("a task's memory (MB)", load.memory_mb, TASK.memory_gb * _KB),
        _own("everybody back at once, a second", back, load.tasks * load.figures.connects_a_second),
        _own("shards, by an id's last character", system.shards, 64),
        _own("one workflow's writes a second", written / system.workflows, 1_000),
        _quota("SNS publishes a second", system.runs, 30_000),
        _quota("DynamoDB write units a second", written, 40_000),
        _quota("DynamoDB read units a second", load.reads, 40_000),
        _quota("functions at once", system.runs * RUN_SECONDS, 1_000),
        _quota("HTTP API requests a second", system.runs, 10_000),
        _quota("everybody back at once, at CloudFront", back, 250_000),
        _quota("the load balancer's targets", load.tasks, 1_000),
    )


def first_limit(load: Load) -> Limit:
    """What is full first, of that which AWS raises for nobody."""
    return max((limit for limit in limits_of(load) if not limit.quota), key=lambda limit: limit.share)


def quotas_to_raise(load: Load) -> tuple[Limit, ...]:
    """What must be asked for."""
    return tuple(limit for limit in limits_of(load) if limit.quota and limit.share > 1)


def _own(name: str, load: float, most: float) -> Limit:
    return Limit(name=name, load=load, most=most, quota=False)


def _quota(name: str, load: float, most: float) -> Limit:
    return Limit(name=name, load=load, most=most, quota=True)
