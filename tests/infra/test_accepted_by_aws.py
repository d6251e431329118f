"""What AWS's services refuse although templates, linter and CDK take it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.templates import Assembly, Resource, Template

EC2_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
"""EC2's own error, "Invalid rule description", names these characters; an apostrophe is none of them."""
HOUR = 3_600
LONGEST_REGION = "ap-southeast-1"
MOST_CHARACTERS_OF_A_NAME = 64
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


def test_no_custom_resource_holds_a_stack_up_for_an_hour(each: Assembly) -> None:
    custom = {name: one for name, one in each.stream_service.resources.items() if one["Type"].startswith("Custom::")}

    assert custom
    assert [
        name for name, one in custom.items() if not 0 < int(one["Properties"].get("ServiceTimeout", 0)) < HOUR
    ] == []


def test_tasks_and_vpc_origin_come_after_the_way_to_the_internet_and_go_before_it(each: Assembly) -> None:
    """EC2 detaches no gateway while addresses are mapped, and CloudFront takes no VPC that has none."""
    template = each.stream_service
    routes = set(template.of_type("AWS::EC2::Route"))
    users = [*template.of_type("AWS::ECS::Service").values(), *template.of_type("AWS::CloudFront::VpcOrigin").values()]

    for route in template.of_type("AWS::EC2::Route").values():
        assert set(route["DependsOn"]) == set(template.of_type("AWS::EC2::VPCGatewayAttachment"))
    for user in users:
        assert bool(routes) == bool(routes & set(user.get("DependsOn", [])))


def test_vpc_origin_keeps_what_it_was_made_with(dev: Assembly) -> None:
    """A distribution uses it, so CloudFront would refuse the slightest change; and with it, the deployment."""
    [balancer] = dev.stream_service.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")

    assert dev.stream_service.only("AWS::CloudFront::VpcOrigin") == {
        "Tags": [{"Key": "tailrace:stage", "Value": "dev"}],
        "VpcOriginEndpointConfig": {
            "Arn": {"Ref": balancer},
            "HTTPPort": 80,
            "Name": {"Fn::Join": ["", [{"Ref": "AWS::Region"}, "-TailracedevStreamServiceLoadBalancer13ACB5BD"]]},
            "OriginProtocolPolicy": "http-only",
            "OriginSSLProtocols": ["TLSv1.2"],
        },
    }
    assert balancer == "StreamServiceLoadBalancer8857A95D"


def test_names_in_cloudfront_are_their_regions(each: Assembly) -> None:
    """CloudFront has one list of names for an account, in which the same stage of another region stands, too."""
    found = [
        *(one["Properties"]["VpcOriginEndpointConfig"] for one in _of_type(each, "AWS::CloudFront::VpcOrigin")),
        *(
            one["Properties"]["ResponseHeadersPolicyConfig"]
            for one in _of_type(each, "AWS::CloudFront::ResponseHeadersPolicy")
        ),
        *(one["Properties"] for one in _of_type(each, "AWS::CloudFront::Function")),
    ]

    names = [one["Name"]["Fn::Join"][1] for one in found]
    assert bool(names) == bool(_of_type(each, "AWS::CloudFront::Distribution"))
    for region, rest in names:
        assert region == {"Ref": "AWS::Region"}
        assert len(f"{LONGEST_REGION}{rest}") <= MOST_CHARACTERS_OF_A_NAME


def _of_type(assembly: Assembly, kind: str) -> list[Resource]:
    templates = (assembly.stream_service, assembly.workflow_api)
    return [resource for template in templates for resource in template.of_type(kind).values()]


def _descriptions(template: Template) -> Iterator[str]:
    for kind in _GROUPS_AND_RULES:
        for resource in template.of_type(kind).values():
            properties = resource["Properties"]
            yield from (text for text in (properties.get("GroupDescription"), properties.get("Description")) if text)
            yield from (rule["Description"] for rule in _inline_rules(properties) if "Description" in rule)


def _inline_rules(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from properties.get("SecurityGroupIngress", [])
    yield from properties.get("SecurityGroupEgress", [])
