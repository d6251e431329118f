"""What each piece of the system has to do, and what that costs, for numbers that nobody has tried.

It computes from what one core does as measured (`benchmarks.figures`), and from the bill's formula.
Streams are split among shards by their workflow: each shard has a topic and tasks of its own.
"""

import math
from dataclasses import dataclass
from itertools import count

from benchmarks.figures import Figures
from cli.bill import (
    ALARMS,
    FULL_ENOUGH,
    HOURS,
    KEEPALIVE_SECONDS,
    SECONDS,
    Fleet,
    Use,
    balancer_units,
    front,
    log,
    notices,
    read_units,
    running,
    sweeps_a_second,
    waiting,
)
from cli.prices import PRICES
from infra.task_bounds import RINGS_PART

TASK = Fleet(tasks=2, vcpu=1, memory_gb=2, streams_per_task=20_000)
"""A task of the fleet: one process uses one core at most."""
BUSY = 0.6
"""Of its core, at most: the rest is for bursts, and for clients that come back at once."""
LEAST_TASKS = 2
"""In a shard: one may go."""
_RECEIVES_A_SECOND = 150.0
"""Of a task: three receivers, each answered within 20 ms or so while notices wait."""
_MOST_AT_ONCE, _REQUESTS = 10, 2
_BASE_MB = 80
_RING_KB = 100 * 0.365
"""A stream's ring, as it is loaded: 100 events."""
_KB = 1_024
_RINGS_MB = TASK.memory_gb * _KB * RINGS_PART
"""All rings of a task, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What is asked of it."""

    clients: int
    workflows: int
    events_a_second: float
    events_a_run: float = 10
    shards: int = 1

    @property
    def runs(self) -> float:
        """A second: as many batches, and notices."""
        return self.events_a_second / self.events_a_run

    @property
    def followers(self) -> float:
        """Clients of each workflow."""
        return self.clients / self.workflows

    @property
    def use(self) -> Use:
        """The same for a month of nothing else."""
        return Use(
            events=self.events_a_second * SECONDS,
            clients=self.clients,
            followers=self.followers,
            events_a_run=self.events_a_run,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the pieces of a system have to do."""

    system: System
    figures: Figures
    tasks_a_shard: int

    @property
    def tasks(self) -> int:
        """All of them."""
        return self.tasks_a_shard * self.system.shards

    @property
    def notices_a_task(self) -> float:
        """A second: every task of a shard hears of all that the shard's workflows send."""
        return self.system.runs / self.system.shards

    @property
    def notice_share(self) -> float:
        """Of a task's core, for taking notices in: more tasks do not make it less."""
        return self.notices_a_task * self.figures.notice_us / 1e6

    @property
    def write_share(self) -> float:
        """Of a task's core, for writing to its clients; one write carries what a run sent."""
        return _writes(self.system) / self.tasks * self.figures.write_us / 1e6

    @property
    def streams_a_task(self) -> float:
        """Workflows that a task's clients follow."""
        return min(self.system.clients / self.tasks, self.system.workflows / self.system.shards)

    @property
    def sweeps_a_task(self) -> float:
        """A second."""
        return sweeps_a_second(self.streams_a_task, vcpu=TASK.vcpu)

    @property
    def sweep_share(self) -> float:
        """Of a task's core, for comparing its streams with the log."""
        return self.sweeps_a_task * self.figures.sweep_us / 1e6

    @property
    def core_share(self) -> float:
        """Of a task's core, all together."""
        return self.notice_share + self.write_share + self.sweep_share

    @property
    def reads(self) -> float:
        """Of the log, a second: each task's sweeps, and the tail before each run's events."""
        return (self.sweeps_a_task * self.tasks + self.system.runs) * read_units(self.system.use.item_bytes)

    @property
    def memory_mb(self) -> float:
        """Of a task."""
        clients = self.system.clients / self.tasks
        rings = min(_RINGS_MB, self.streams_a_task * _RING_KB / _KB)
        return _BASE_MB + clients * self.figures.connection_kb / _KB + rings

    @property
    def costs(self) -> dict[str, float]:
        """Dollars a month at that load, all month."""
        use, tasks = self.system.use, self.tasks
        a_receive = min(_MOST_AT_ONCE, max(1.0, self.notices_a_task / _RECEIVES_A_SECOND))
        standing = PRICES.balancer.of(HOURS) + PRICES.secret.of(1) + PRICES.alarm.of(ALARMS)
        return {
            "tasks": Fleet(tasks=tasks, vcpu=TASK.vcpu, memory_gb=TASK.memory_gb).compute
            + PRICES.address.of(tasks * HOURS),
            "notices": notices(use, self.tasks_a_shard, requests_each=_REQUESTS / a_receive)
            + self.system.shards * waiting(self.tasks_a_shard),
            "log": log(use),
            "sweeps": PRICES.read.of(self.sweeps_a_task * tasks * SECONDS * read_units(use.item_bytes)),
            "balancer and front": standing + balancer_units(use) + front(use),
            "running workflows": running(use),
        }


def _writes(system: System) -> float:
    """A second, of all tasks."""
    return system.runs * system.followers + system.clients / KEEPALIVE_SECONDS


def load_of(system: System, figures: Figures) -> Load:
    """Give each shard as many tasks as clients, writes and sweeps need; where none would do, as clients need."""
    by_clients = math.ceil(system.clients / system.shards / (TASK.streams_per_task * FULL_ENOUGH))
    least = max(LEAST_TASKS, by_clients)
    for tasks in count(least):
        load = Load(system=system, figures=figures, tasks_a_shard=tasks)
        if load.notice_share >= BUSY * TASK.vcpu:
            return Load(system=system, figures=figures, tasks_a_shard=least)
        if load.core_share <= BUSY * TASK.vcpu:
            return load
    raise AssertionError("count() does not end")
