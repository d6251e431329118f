"""`tailrace cost`: what a month costs, idle and by use, and what the same would cost elsewhere."""

import re
import sys
from typing import Annotated

import typer

from cli.bill import Fleet, Front, Lines, Use, by_use, delivering, idle, running
from cli.other_bills import OTHERS

_COUNT = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([kKmMbB]?)")
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}


def count(text: str) -> float:
    """Read a number as people write it: 10M, 1.5k, 1,000,000."""
    found = _COUNT.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no number such as 50, 10k or 1.5M.")
    return float(re.sub("[_,]", "", found[1])) * _SCALES[found[2].lower()]


def cost(
    *,
    events: Annotated[float, typer.Option(parser=count, metavar="COUNT", help="Events a month, such as 10M.")],
    clients: Annotated[float, typer.Option(parser=count, metavar="COUNT", help="Clients, connected all the time.")],
    followers: Annotated[
        float | None, typer.Option(parser=count, metavar="COUNT", help="Clients that get each event; all by default.")
    ] = None,
    events_a_run: Annotated[float, typer.Option(min=1, help="Events that a run sends together.")] = 10,
    payload_bytes: Annotated[float, typer.Option(min=1, help="Of an event.")] = 300,
    tasks: Annotated[int, typer.Option(min=1, help="The stream service's, at least.")] = Fleet().tasks,
    vcpu: Annotated[float, typer.Option(help="Of a task.")] = Fleet().vcpu,
    memory_gb: Annotated[float, typer.Option(help="Of a task.")] = Fleet().memory_gb,
    streams_per_task: Annotated[int, typer.Option(min=1, help="With more clients, there are more tasks.")] = (
        Fleet().streams_per_task
    ),
    front: Annotated[Front, typer.Option(help="What clients come through.")] = "vpc-origin",
) -> None:
    """Say what a month costs in US dollars, by list prices; docs/cost.md has the formula and the prices' sources."""
    use = Use(
        events=events,
        clients=clients,
        followers=clients if followers is None else min(followers, clients),
        events_a_run=events_a_run,
        payload_bytes=payload_bytes,
    )
    fleet = Fleet(tasks=tasks, vcpu=vcpu, memory_gb=memory_gb, streams_per_task=streams_per_task, front=front)
    sys.stdout.write("\n".join([*report(use, fleet), ""]))


def report(use: Use, fleet: Fleet) -> list[str]:
    """The bill as lines of text."""
    grown = fleet.holding(use.clients)
    standing, used, runs = idle(grown), by_use(use, grown), running(use)
    together = sum(standing.values()) + sum(used.values()) + runs
    return [
        f"A month of {use.events:,.0f} events of {use.payload_bytes:,.0f} bytes, {use.events_a_run:g} a run;",
        f"{use.clients:,.0f} clients all the time, {use.followers:,.0f} of them for each event:",
        "",
        *_part("Idle", standing),
        *_part("By use", {**used, "Running workflows (HTTP API, Lambda)": runs}),
        f"  {together:10,.2f}  together",
        "",
        "Delivering alone, beside others by their list prices:",
        f"  {delivering(use, fleet):10,.2f}  Tailrace",
        *(f"  {dollars(use):10,.2f}  {name}" for name, dollars in OTHERS.items()),
        "",
        "US dollars, us-east-1, without taxes, rebates and logs; docs/cost.md says where each price comes from.",
    ]


def _part(title: str, lines: Lines) -> list[str]:
    return [
        *(f"  {dollars:10,.2f}  {what}" for what, dollars in lines.items()),
        f"  {sum(lines.values()):10,.2f}  {title.lower()}",
        "",
    ]
