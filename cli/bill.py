"""What a month of Tailrace costs: the formula, without input and output. `docs/cost.md` has it in words."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from cli.prices import FRONT_FREE_REQUESTS, PRICES, front_traffic

Lines = dict[str, float]
"""Dollars a month, by what they are for."""
Front = Literal["vpc-origin", "public-origin", "own-domain"]
"""What clients come through; docs/deploy.md, "Fronts"."""

HOURS = 730
MINUTES = 60 * HOURS
SECONDS = 60 * MINUTES
_KB = 1_024
_READ_BYTES = 4 * _KB
"""What a consistent read unit covers, of one item."""
_GB = 1e9

# What the system does by itself; a test holds these beside the code that does it.
RECEIVERS = 3
POLL_SECONDS = 5
CANARY_SECONDS = 30
KEEPALIVE_SECONDS = 15
STREAM_AGE_SECONDS = 3_600
SWEEP_SECONDS, LONGEST_SWEEP_SECONDS = 15, 60
"""Between two comparisons of a stream with the log: the longer, the more streams a task has."""
SWEEPS_A_VCPU = 40
"""A second, until the longest interval is reached."""
RETENTION_DAYS = 30
FULL_ENOUGH = 0.6
"""Of the streams that a task may have: when there are more, there are more tasks."""
ALARMS = 28
IDLE_METRICS = 3
"""What a stream service writes that nobody uses: Connections, FeedDegraded, CanaryLag."""
REQUESTS_A_NOTICE = 2
"""Received and deleted; fewer where many come at once, since ten go into one request."""

# What is assumed of the use, in bytes and seconds.
ITEM_BYTES = 200
"""An item of the log, without its events."""
EVENT_BYTES = 35
"""Around a payload in the log. Items are counted as if they were not compressed."""
FRAME_BYTES = 65
"""Around a payload on the wire: its frame, and its share of TLS and TCP."""
KEEPALIVE_BYTES = 90
RUN_SECONDS = 0.5
RUN_GB = 1.0
NOTICE_BYTES = 64 * _KB
"""As much as one publish carries for its price."""
CONNECTIONS_A_UNIT, NEW_CONNECTIONS_A_UNIT, GB_A_UNIT = 3_000, 25, 1.0
"""What one of the load balancer's capacity units holds: at once, a second, an hour. The most used one is paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is done in a month."""

    events: float
    clients: float
    """Connected all the time."""
    followers: float
    """Of these, how many get each event."""
    events_a_run: float = 10
    payload_bytes: float = 300

    @property
    def runs(self) -> float:
        """How many runs send the events."""
        return self.events / self.events_a_run

    @property
    def deliveries(self) -> float:
        """How often an event reaches a client."""
        return self.events * self.followers

    @property
    def item_bytes(self) -> float:
        """What a run sent, as the log keeps it."""
        return ITEM_BYTES + self.events_a_run * (EVENT_BYTES + self.payload_bytes)

    @property
    def streams(self) -> float:
        """Those that clients follow, if each follows one; where nobody gets an event, each has one for itself."""
        return self.clients / max(1.0, self.followers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The tasks that hold the streams, and their front; as the stage dev has them, where nothing else is said."""

    tasks: int = 2
    vcpu: float = 0.25
    memory_gb: float = 0.5
    streams_per_task: int = 2_500
    architecture: Literal["arm64", "x86_64"] = "arm64"
    public: bool = True
    """Whether tasks have public addresses, in place of NAT gateways or endpoints, which are not counted."""
    front: Front = "vpc-origin"
    zones: int = 2
    """In which the load balancer stands."""

    def holding(self, clients: float) -> "Fleet":
        """As many tasks as so many clients need, and never fewer than there are."""
        return replace(self, tasks=max(self.tasks, math.ceil(clients / self.streams_per_task / FULL_ENOUGH)))

    @property
    def compute(self) -> float:
        """Dollars a month for all tasks."""
        vcpu, gigabyte = (
            (PRICES.vcpu_arm64, PRICES.gigabyte_arm64)
            if self.architecture == "arm64"
            else (PRICES.vcpu_x86_64, PRICES.gigabyte_x86_64)
        )
        return self.tasks * (vcpu.of(self.vcpu) + gigabyte.of(self.memory_gb)) * HOURS


def idle(fleet: Fleet, *, monitored: bool = True) -> Lines:
    """What runs on while nobody uses it; `monitored` by alarms and a dashboard."""
    watching = PRICES.alarm.of(ALARMS) + PRICES.metric.of(IDLE_METRICS) + PRICES.dashboard.of(1)
    return {
        "Load balancer": PRICES.balancer.of(HOURS),
        f"{fleet.tasks} tasks on Fargate": fleet.compute,
        **_addresses(fleet),
        **_proofs(fleet.front),
        "API key (Secrets Manager)": PRICES.secret.of(1),
        "Waiting for notices, and canaries (SQS, SNS)": waiting(fleet.tasks),
        **({f"{ALARMS} alarms, {IDLE_METRICS} metrics, the dashboard": watching} if monitored else {}),
    }


def _addresses(fleet: Fleet) -> Lines:
    of_tasks = fleet.tasks if fleet.public else 0
    of_balancer = 0 if fleet.front == "vpc-origin" else fleet.zones
    count = of_tasks + of_balancer
    return {f"{count} public IPv4 addresses": PRICES.address.of(count * HOURS)} if count else {}


def _proofs(front: Front) -> Lines:
    """What CloudFront shows its origins in the internet: the API, and a load balancer that is there too."""
    origins = {"vpc-origin": 1, "public-origin": 2, "own-domain": 0}[front]
    return {"CloudFront's proof (Secrets Manager)": PRICES.secret.of(origins)} if origins else {}


def waiting(tasks: int) -> float:
    """Asking queues that are empty, and canaries, which each of the tasks hears."""
    polls = tasks * RECEIVERS * SECONDS / POLL_SECONDS
    canaries = tasks * SECONDS / CANARY_SECONDS
    return PRICES.queue_request.of(polls + canaries * tasks * REQUESTS_A_NOTICE) + PRICES.publish.of(canaries)


def by_use(use: Use, fleet: Fleet) -> Lines:
    """What is paid for what is done, but for running the workflows."""
    return {
        "Event log (DynamoDB)": log(use),
        "Sweeps of open streams (DynamoDB)": sweeps(use, fleet),
        "Notices (SNS, SQS)": notices(use, fleet.tasks),
        "Load balancer's capacity units": balancer_units(use),
        **traffic(use, fleet),
    }


def running(use: Use) -> float:
    """What running the workflows costs: the API's request, the function's, and its time."""
    time = PRICES.compute.of(use.runs * RUN_SECONDS * RUN_GB)
    return PRICES.api_request.of(use.runs) + PRICES.invocation.of(use.runs) + time


def log(use: Use) -> float:
    """One item for what a run sent: written once, its tail read once, kept for as long as events are retained."""
    size = use.item_bytes
    kept = use.runs * size * RETENTION_DAYS * 24 / HOURS
    written = PRICES.write.of(use.runs * math.ceil(size / _KB))
    read = use.runs * read_units(size)
    return written + PRICES.read.of(read) + PRICES.storage.of(kept / _GB)


def read_units(size: float) -> int:
    """Of one item, consistently."""
    return math.ceil(size / _READ_BYTES)


def sweeps(use: Use, fleet: Fleet) -> float:
    """Each task reads the tail of each stream that its clients follow, again and again."""
    watched = min(use.streams, use.clients / fleet.tasks)
    made = fleet.tasks * sweeps_a_second(watched, vcpu=fleet.vcpu) * SECONDS
    return PRICES.read.of(made * read_units(use.item_bytes))


def sweeps_a_second(streams: float, *, vcpu: float) -> float:
    """Of a task that watches so many streams, while notices come."""
    interval = max(SWEEP_SECONDS, min(LONGEST_SWEEP_SECONDS, streams / (SWEEPS_A_VCPU * vcpu)))
    return streams / interval


def notices(use: Use, tasks: int, *, requests_each: float = REQUESTS_A_NOTICE) -> float:
    """One notice for what a run sent, received by every task."""
    size = use.events_a_run * (EVENT_BYTES + use.payload_bytes)
    published = PRICES.publish.of(use.runs * math.ceil(size / NOTICE_BYTES))
    return published + PRICES.queue_request.of(use.runs * tasks * requests_each)


def sent_gb(use: Use) -> float:
    """What leaves for the clients, keepalives included."""
    keepalives = use.clients * SECONDS / KEEPALIVE_SECONDS
    return (use.deliveries * (FRAME_BYTES + use.payload_bytes) + keepalives * KEEPALIVE_BYTES) / _GB


def balancer_units(use: Use) -> float:
    """By whichever is used most: connections, new connections, or bytes."""
    units = max(
        use.clients / CONNECTIONS_A_UNIT,
        use.clients / STREAM_AGE_SECONDS / NEW_CONNECTIONS_A_UNIT,
        sent_gb(use) / HOURS / GB_A_UNIT,
    )
    return PRICES.balancer_units.of(units * HOURS)


def traffic(use: Use, fleet: Fleet) -> Lines:
    """What leaves for the clients, by way of the front."""
    if fleet.front == "own-domain":
        return {"Traffic (AWS)": PRICES.transfer.of(sent_gb(use))}
    return {"Traffic and requests (CloudFront)": front(use)}


def front(use: Use) -> float:
    """Beyond what CloudFront gives for nothing; each stream is a request an hour, since it ends then."""
    requests = use.clients * SECONDS / STREAM_AGE_SECONDS
    return front_traffic(sent_gb(use)) + PRICES.front_request.of(max(0.0, requests - FRONT_FREE_REQUESTS))


def delivering(use: Use, fleet: Fleet) -> float:
    """All but running the workflows, with as many tasks as the clients need."""
    grown = fleet.holding(use.clients)
    return sum(idle(grown).values()) + sum(by_use(use, grown).values())
