"""What the fronts that a stage may choose promise, beside the default one."""

import json
from typing import Any

from infra.origin_key import HEADER
from tests.infra.templates import Assembly

CERTIFICATE_ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"


def test_load_balancer_in_the_internet_admits_cloudfronts_addresses_alone(public_origin: Assembly) -> None:
    [ingress] = _ingress_of(public_origin, _balancer(public_origin)["SecurityGroups"][0])

    assert _balancer(public_origin)["Scheme"] == "internet-facing"
    assert ingress["SourcePrefixListId"]
    assert ingress["ToPort"] == 80
    assert "CidrIp" not in ingress


def test_load_balancer_serves_who_shows_the_key_and_nobody_else(public_origin: Assembly) -> None:
    listener = public_origin.stream_service.only("AWS::ElasticLoadBalancingV2::Listener")
    rule = public_origin.stream_service.only("AWS::ElasticLoadBalancingV2::ListenerRule")
    [condition] = rule["Conditions"]

    assert [each["Type"] for each in listener["DefaultActions"]] == ["fixed-response"]
    assert listener["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] == "403"
    assert [each["Type"] for each in rule["Actions"]] == ["forward"]
    assert condition["HttpHeaderConfig"]["HttpHeaderName"] == HEADER
    assert "{{resolve:secretsmanager:" in json.dumps(condition)


def test_load_balancers_own_answers_do_not_say_which_server_made_them(
    dev: Assembly, public_origin: Assembly, own_domain: Assembly
) -> None:
    for stage in (dev, public_origin, own_domain):
        listener = stage.stream_service.only("AWS::ElasticLoadBalancingV2::Listener")

        assert {"Key": "routing.http.response.server.enabled", "Value": "false"} in listener["ListenerAttributes"]


def test_cloudfront_shows_the_key_and_no_template_holds_it(public_origin: Assembly) -> None:
    balancers = [each for each in _distribution(public_origin)["Origins"] if _speaks_http(each)]

    assert balancers
    for balancer in balancers:
        [header] = balancer["OriginCustomHeaders"]
        assert header["HeaderName"] == HEADER
        assert "{{resolve:secretsmanager:" in json.dumps(header["HeaderValue"])


def test_streams_fail_over_to_the_api_and_routes_are_the_same(public_origin: Assembly, custom: Assembly) -> None:
    distribution = _distribution(public_origin)
    origins = {origin["Id"]: origin for origin in distribution["Origins"]}
    [group] = distribution["OriginGroups"]["Items"]
    primary, fallback = (origins[member["OriginId"]] for member in group["Members"]["Items"])
    paths = {each["PathPattern"]: each["TargetOriginId"] for each in distribution["CacheBehaviors"]}

    assert (_speaks_http(primary), _speaks_http(fallback)) == (True, False)
    assert paths.keys() == {each["PathPattern"] for each in _distribution(custom)["CacheBehaviors"]}
    assert paths["/pipelines/*/sse"] == group["Id"]
    assert _speaks_http(origins[paths["/streams/*"]])
    assert not public_origin.stream_service.of_type("AWS::CloudFront::VpcOrigin")


def test_domain_of_ones_own_is_served_by_https_alone(own_domain: Assembly) -> None:
    listener = own_domain.stream_service.only("AWS::ElasticLoadBalancingV2::Listener")
    group = own_domain.stream_service.resources[_balancer(own_domain)["SecurityGroups"][0]["Fn::GetAtt"][0]]
    [ingress] = group["Properties"]["SecurityGroupIngress"]

    assert _balancer(own_domain)["Scheme"] == "internet-facing"
    assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
    assert listener["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2")
    assert [each["CertificateArn"] for each in listener["Certificates"]] == [CERTIFICATE_ARN]
    assert (ingress["CidrIp"], ingress["FromPort"], ingress["ToPort"]) == ("0.0.0.0/0", 443, 443)


def test_domain_of_ones_own_hands_on_what_cloudfront_hands_on_and_nothing_else(
    own_domain: Assembly, custom: Assembly
) -> None:
    [default] = own_domain.stream_service.only("AWS::ElasticLoadBalancingV2::Listener")["DefaultActions"]
    rule = own_domain.stream_service.only("AWS::ElasticLoadBalancingV2::ListenerRule")
    [condition], [action] = rule["Conditions"], rule["Actions"]
    [target] = own_domain.stream_service.of_type("AWS::ElasticLoadBalancingV2::TargetGroup")

    assert (default["Type"], default["FixedResponseConfig"]["StatusCode"]) == ("fixed-response", "404")
    assert condition["Field"] == "path-pattern"
    assert condition["PathPatternConfig"]["Values"] == [
        each["PathPattern"] for each in _distribution(custom)["CacheBehaviors"]
    ]
    assert (action["Type"], action["TargetGroupArn"]) == ("forward", {"Ref": target})


def test_domain_of_ones_own_is_what_people_are_told_and_the_api_keeps_its_address(own_domain: Assembly) -> None:
    outputs = own_domain.workflow_api.outputs
    function = own_domain.workflow_api.only("AWS::Lambda::Function", containing="Runner")

    assert not own_domain.workflow_api.of_type("AWS::CloudFront::Distribution")
    assert outputs["StreamUrl"]["Value"] == "https://streams.example.org"
    assert function["Environment"]["Variables"]["TAILRACE_STREAM_URL"] == "https://streams.example.org"
    assert "ApiEndpoint" in json.dumps(outputs["ApiUrl"]["Value"])
    assert "DNSName" in json.dumps(own_domain.stream_service.outputs["BalancerName"]["Value"])


def test_network_that_was_there_is_used_and_not_touched(own_domain: Assembly) -> None:
    stack = own_domain.stream_service
    tasks = stack.only("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    groups = stack.of_type("AWS::EC2::SecurityGroup").values()

    assert not {kind for kind in _kinds(own_domain) if kind.startswith("AWS::EC2::") and "SecurityGroup" not in kind}
    assert {group["Properties"]["VpcId"] for group in groups} == {"vpc-0123456789abcdef0"}
    assert tasks["Subnets"] == ["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"]
    assert tasks["AssignPublicIp"] == "DISABLED"
    assert _balancer(own_domain)["Subnets"] == ["subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb2"]


def test_tasks_are_reached_from_the_load_balancer_alone_whatever_is_before_it(
    public_origin: Assembly, own_domain: Assembly
) -> None:
    for stage in (public_origin, own_domain):
        network = stage.stream_service.only("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
        [ingress] = _ingress_of(stage, network["SecurityGroups"][0])

        assert ingress["SourceSecurityGroupId"] == _balancer(stage)["SecurityGroups"][0]


def _balancer(stage: Assembly) -> dict[str, Any]:
    return stage.stream_service.only("AWS::ElasticLoadBalancingV2::LoadBalancer")


def _ingress_of(stage: Assembly, group: dict[str, Any]) -> list[dict[str, Any]]:
    rules = stage.stream_service.of_type("AWS::EC2::SecurityGroupIngress").values()
    return [dict(rule["Properties"]) for rule in rules if rule["Properties"]["GroupId"] == group]


def _distribution(stage: Assembly) -> dict[str, Any]:
    config: dict[str, Any] = stage.workflow_api.only("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def _speaks_http(origin: dict[str, Any]) -> bool:
    """Whether it is the load balancer, and not the API."""
    return bool(origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "http-only")


def _kinds(stage: Assembly) -> set[str]:
    return {resource["Type"] for resource in stage.stream_service.resources.values()}
