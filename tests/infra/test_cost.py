"""What people are told before they deploy."""

from cli.bill import ALARMS
from infra.config import StreamServiceConfig
from infra.cost import fleet, idle_cost
from infra.fronts import ExistingNetwork, OwnDomain, PublicOrigin
from infra.stages import stage_config
from tests.infra.templates import Assembly


def test_the_default_stage_costs_what_the_documents_say() -> None:
    assert round(sum(idle_cost(stage_config("dev")).values())) == 47


def test_as_many_alarms_are_paid_for_as_there_are(dev: Assembly) -> None:
    assert len(dev.monitoring.of_type("AWS::CloudWatch::Alarm")) == ALARMS


def test_a_fleet_is_paid_for_as_it_stands(dev: Assembly, public_origin: Assembly, own_domain: Assembly) -> None:
    network = ExistingNetwork(
        vpc_id="vpc", availability_zones=("a", "b"), task_subnets=("t1", "t2"), balancer_subnets=("b1", "b2")
    )
    domain = OwnDomain(domain_name="streams.example.org", certificate_arn="arn")
    for stage, config in (
        (dev, StreamServiceConfig(detailed_monitoring=False)),
        (public_origin, StreamServiceConfig(detailed_monitoring=False, front=PublicOrigin())),
        (own_domain, StreamServiceConfig(detailed_monitoring=False, front=domain, network=network)),
    ):
        paid, stack = fleet(config), stage.stream_service
        balancer = stack.only("AWS::ElasticLoadBalancingV2::LoadBalancer")
        tasks = stack.only("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]

        assert len(balancer["Subnets"]) == paid.zones, stage.stage
        assert (balancer["Scheme"] == "internal") == (paid.front == "vpc-origin"), stage.stage
        assert (tasks["AssignPublicIp"] == "ENABLED") == paid.public, stage.stage


def test_emulated_aws_needs_no_fleet() -> None:
    assert list(idle_cost(stage_config("local"))) == ["API key (Secrets Manager)"]


def test_the_keys_of_tokens_are_paid_for_where_streams_take_them() -> None:
    assert idle_cost(stage_config("prod"))["Keys of tokens (Secrets Manager)"] > 0
