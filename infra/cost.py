"""`python -m infra.cost STAGE`: what a stage costs while nobody uses it, in US dollars a month.

Prices are us-east-1's list prices.
"""

import sys

from infra.config import StageConfig, StreamServiceConfig, stage_config

HOURS = 730
BALANCER = 0.0225
PUBLIC_ADDRESS = 0.005
VCPU = {"arm64": 0.03238, "x86_64": 0.04048}
GIGABYTE = {"arm64": 0.00356, "x86_64": 0.004445}
SECRET = 0.40
ALARM = 0.10
ALARMS = 24
METRIC = 0.30
IDLE_METRICS = 3
"""What a stream service writes that nobody uses: Connections, FeedDegraded, CanaryLag."""
DASHBOARD = 3.00
"""These by the month, all others by the hour. Sources: AWS's price pages for us-east-1, as of 2026."""


def idle_cost(config: StageConfig) -> dict[str, float]:
    """Dollars a month, by what they are for; everything else is paid by use."""
    costs = {"API key (Secrets Manager)": SECRET}
    if config.stream_service is not None:
        costs |= _stream_service(config.stream_service)
        if config.monitoring is not None:
            costs[f"{ALARMS} alarms, {IDLE_METRICS} metrics, the dashboard"] = (
                ALARMS * ALARM + IDLE_METRICS * METRIC + DASHBOARD
            )
    return costs


def _stream_service(config: StreamServiceConfig) -> dict[str, float]:
    compute = config.cpu / 1024 * VCPU[config.architecture] + config.memory_mb / 1024 * GIGABYTE[config.architecture]
    return {
        "Load balancer": BALANCER * HOURS,
        f"{config.tasks} tasks on Fargate": config.tasks * compute * HOURS,
        f"{config.tasks} public IPv4 addresses": config.tasks * PUBLIC_ADDRESS * HOURS,
    }


def main(stage: str) -> None:
    """Print it."""
    costs = idle_cost(stage_config(stage))
    lines = [f"The stage {stage} costs about ${sum(costs.values()):.0f} a month while idle (us-east-1, list prices):"]
    lines += [f"  ${dollars:6.2f}  {what}" for what, dollars in costs.items()]
    lines += ["The rest is paid by use: docs/deploy.md has the rates.", ""]
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
