"""A unit's environment block as the unit will find it, with plausible values where the template refers to resources."""

from collections.abc import Mapping
from typing import Any

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:topic"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf"
TARGET_GROUP_ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/targets/0123456789abcdef"
TOKEN_SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-keys-AbCdEf"
TABLE_NAME = "table"
NODE_FUNCTION = "node-steps"


def resolve(block: Mapping[str, Any]) -> dict[str, str]:
    """Give each variable a value of the kind that it refers to."""
    return {name: _value(value) for name, value in block.items()}


def _value(value: Any) -> str:  # noqa: ANN401 - a template's values are what they are
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_value, parts))
        case {"Ref": str(name)} | {"Fn::ImportValue": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            return _referred(name)
    raise AssertionError(f"Not a variable's value: {value}")


def _referred(name: str) -> str:
    for part, value in {
        "Topic": TOPIC_ARN,
        "Table": TABLE_NAME,
        "LoadBalancerTargets": TARGET_GROUP_ARN,
        "TokenKeys": TOKEN_SECRET_ARN,
        "Key": SECRET_ARN,
        "NodeSteps": NODE_FUNCTION,
        "Distribution": "d111111abcdef8.cloudfront.net",
        "Cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/cluster",
    }.items():
        if part in name:
            return value
    raise AssertionError(f"Nothing known of {name}")
