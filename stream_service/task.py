"""Which task this is, as ECS tells it: a name for its queue, that no other task has or ever had, and its address."""

import json
import os
import urllib.request
import uuid
from typing import Any

_METADATA = "ECS_CONTAINER_METADATA_URI_V4"


class NotInEcs(Exception):
    """What ECS alone can tell was asked for elsewhere."""


def task_id() -> str:
    """Ask ECS for the task's id; anywhere else, make one up.

    Source: Amazon ECS task metadata endpoint version 4, `TaskARN` of `${ECS_CONTAINER_METADATA_URI_V4}/task`.
    """
    endpoint = os.environ.get(_METADATA)
    if not endpoint:
        return uuid.uuid4().hex
    arn: str = _ask(f"{endpoint}/task")["TaskARN"]
    return arn.rpartition("/")[2]


def task_address() -> str:
    """Ask ECS for the task's address: its target's id in a group of targets of the kind `ip`.

    Source: the same endpoint, `Networks` of `${ECS_CONTAINER_METADATA_URI_V4}`, which describes the container; in the
    network mode `awsvpc`, Fargate's only one, the task's network interface is the container's.

    Raises:
        NotInEcs: this process is no task of ECS's.
    """
    endpoint = os.environ.get(_METADATA)
    if not endpoint:
        raise NotInEcs(f"The task's address is ECS's to tell, and there is no {_METADATA}.")
    address: str = _ask(endpoint)["Networks"][0]["IPv4Addresses"][0]
    return address


def _ask(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - the address is ECS's own
        answered: dict[str, Any] = json.load(answer)
    return answered
