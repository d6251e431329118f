"""Which actions a unit takes in AWS, as IAM names them, from the calls that its boto3 clients make."""

from collections.abc import Mapping
from typing import Any

import boto3

_ACTIONS = {
    "CreateQueue": ("sqs:CreateQueue", "sqs:TagQueue"),  # a queue that is created with tags needs both
    "DeleteMessageBatch": ("sqs:DeleteMessage",),
    "DescribeTargetHealth": ("elasticloadbalancing:DescribeTargetHealth",),
    "Invoke": ("lambda:InvokeFunction",),
}


class Recording:
    """The actions of every client that is made of this session."""

    def __init__(self) -> None:
        self.actions: set[str] = set()
        self.session = boto3.Session()
        self.session.events.register("before-call.*.*", self._keep)

    def _keep(self, *, model: Any, params: Mapping[str, Any], **_: object) -> None:  # noqa: ANN401, ARG002 - botocore's own
        service, name = model.service_model.service_name, model.name
        self.actions.update(_ACTIONS.get(name, (f"{service}:{name}",)))
