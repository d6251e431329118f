"""What AWS's services refuse although templates, linter and CDK take it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.templates import Assembly, Template

EC2_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
"""EC2's own error, "Invalid rule description", names these characters; an apostrophe is none of them."""
_GROUPS_AND_RULES = (
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
)


@pytest.fixture(params=["dev", "prod", "custom", "public_origin", "own_domain"])
def each(request: pytest.FixtureRequest) -> Assembly:
    """Each of the stages that have a stream service, in turn."""
    assembly: Assembly = request.getfixturevalue(request.param)
    return assembly


def test_security_groups_and_rules_are_described_in_characters_that_ec2_takes(each: Assembly) -> None:
    described = list(_descriptions(each.stream_service))

    assert len(described) > len(_GROUPS_AND_RULES)
    assert [text for text in described if not EC2_DESCRIPTION.fullmatch(text)] == []


def _descriptions(template: Template) -> Iterator[str]:
    for kind in _GROUPS_AND_RULES:
        for resource in template.of_type(kind).values():
            properties = resource["Properties"]
            yield from (text for text in (properties.get("GroupDescription"), properties.get("Description")) if text)
            yield from (rule["Description"] for rule in _inline_rules(properties) if "Description" in rule)


def _inline_rules(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from properties.get("SecurityGroupIngress", [])
    yield from properties.get("SecurityGroupEgress", [])
