"""The stream service's network: subnets for tasks, which nobody can reach, and for the load balancer; no NAT."""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable

from infra.config import StreamServiceConfig
from infra.fronts import ExistingNetwork, VpcOrigin
from infra.log_group import log_group
from infra.review import explain

_TASKS = "Tasks"
_BALANCER = "Balancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A VPC, and who is where in it."""

    vpc: ec2.IVpc
    tasks: ec2.SubnetSelection
    balancer: ec2.SubnetSelection
    public_addresses: bool
    """Whether tasks have addresses of their own."""
    way_out: IDependable
    """The stage's own routes and gateway, which must be there before what uses them, and stay until that is gone."""


def make_network(scope: Construct, config: StreamServiceConfig) -> Network:
    """The stage's own network, or the one that it names.

    Inbound, the tasks' security group admits the load balancer alone.
    """
    if config.network is not None:
        return _existing(scope, config.network, internal=isinstance(config.front, VpcOrigin))
    vpc = _make_vpc(scope, config)
    return Network(
        vpc=vpc,
        tasks=ec2.SubnetSelection(subnet_group_name=_TASKS),
        balancer=ec2.SubnetSelection(subnet_group_name=_BALANCER),
        public_addresses=True,
        way_out=vpc.select_subnets(subnet_group_name=_TASKS).internet_connectivity_established,
    )


def _make_vpc(scope: Construct, config: StreamServiceConfig) -> ec2.Vpc:
    """Tasks reach AWS by addresses of their own, since a NAT gateway costs more than they do."""
    zones = list(config.availability_zones)
    internal = isinstance(config.front, VpcOrigin)
    vpc = ec2.Vpc(
        scope,
        "Network",
        nat_gateways=0,
        restrict_default_security_group=False,  # nothing uses it, and restricting it takes a function at every deploy
        max_azs=None if zones else 2,
        availability_zones=zones or None,
        subnet_configuration=[
            ec2.SubnetConfiguration(name=_TASKS, subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=22),
            ec2.SubnetConfiguration(
                name=_BALANCER,
                subnet_type=ec2.SubnetType.PRIVATE_ISOLATED if internal else ec2.SubnetType.PUBLIC,
                cidr_mask=26,
            ),
        ],
    )
    if config.detailed_monitoring:
        vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group(vpc, "Flows", days=config.log_days)),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
    else:
        explain(vpc, {"VPC7": "Flow logs cost by the gigabyte; a stage with detailed_monitoring (config.py) has them."})
    return vpc


def _existing(scope: Construct, network: ExistingNetwork, *, internal: bool) -> Network:
    """Somebody else's network: nothing is looked up in it, and nothing changed."""
    balancer = list(network.balancer_subnets)
    vpc = ec2.Vpc.from_vpc_attributes(
        scope,
        "Network",
        vpc_id=network.vpc_id,
        availability_zones=list(network.availability_zones),
        private_subnet_ids=list(network.task_subnets),
        isolated_subnet_ids=balancer if internal else None,
        public_subnet_ids=None if internal else balancer,
    )
    return Network(
        vpc=vpc,
        tasks=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        balancer=ec2.SubnetSelection(
            subnet_type=ec2.SubnetType.PRIVATE_ISOLATED if internal else ec2.SubnetType.PUBLIC
        ),
        public_addresses=network.public_addresses,
        way_out=vpc.internet_connectivity_established,
    )
