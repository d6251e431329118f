"""`python -m infra.cost STAGE`: what a stage costs while nobody uses it, in US dollars a month."""

import sys
from collections.abc import Mapping

from cli.bill import Fleet, Front, Lines, idle
from cli.prices import PRICES
from infra.config import StageConfig, StreamServiceConfig
from infra.fronts import OwnDomain, PublicOrigin, VpcOrigin
from infra.stages import stage_config

_VCPU = 1_024
_GB = 1_024
_FRONTS: Mapping[type, Front] = {VpcOrigin: "vpc-origin", PublicOrigin: "public-origin", OwnDomain: "own-domain"}
ZONES = 2
"""Of the stage's own network, where the stage names none."""


def idle_cost(config: StageConfig) -> Lines:
    """Dollars a month, by what they are for; everything else is paid by use."""
    if config.stream_service is None:
        return {"API key (Secrets Manager)": PRICES.secret.of(1)}
    lines = idle(fleet(config.stream_service), monitored=config.monitoring is not None)
    if config.stream_access == "token":
        lines["Keys of tokens (Secrets Manager)"] = PRICES.secret.of(1)
    return lines


def fleet(config: StreamServiceConfig) -> Fleet:
    """The tasks that a stage runs at least."""
    return Fleet(
        tasks=config.tasks,
        vcpu=config.cpu / _VCPU,
        memory_gb=config.memory_mb / _GB,
        streams_per_task=config.streams_per_task,
        architecture=config.architecture,
        public=config.network is None or config.network.public_addresses,
        front=_FRONTS[type(config.front)],
        zones=len(config.network.balancer_subnets if config.network else config.availability_zones) or ZONES,
    )


def main(stage: str) -> None:
    """Print it."""
    costs = idle_cost(stage_config(stage))
    lines = [f"The stage {stage} costs about ${sum(costs.values()):.0f} a month while idle (us-east-1, list prices):"]
    lines += [f"  ${dollars:6.2f}  {what}" for what, dollars in costs.items()]
    lines += ["The rest is paid by use: `tailrace cost` computes it, and docs/cost.md has the rates.", ""]
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
