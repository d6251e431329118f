"""The stream service's network: public subnets that nobody can reach, private ones for the load balancer, no NAT."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.config import StreamServiceConfig
from infra.log_group import log_group
from infra.review import explain

TASKS = "Tasks"
BALANCER = "Balancer"


def make_network(scope: Construct, config: StreamServiceConfig) -> ec2.Vpc:
    """A network whose tasks reach AWS by addresses of their own, since a NAT gateway costs more than they do.

    Inbound, the tasks' security group admits the load balancer alone, and the load balancer's admits CloudFront alone.
    """
    zones = list(config.availability_zones)
    vpc = ec2.Vpc(
        scope,
        "Network",
        nat_gateways=0,
        restrict_default_security_group=False,  # nothing uses it, and restricting it takes a function at every deploy
        max_azs=None if zones else 2,
        availability_zones=zones or None,
        subnet_configuration=[
            ec2.SubnetConfiguration(name=TASKS, subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=22),
            ec2.SubnetConfiguration(name=BALANCER, subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26),
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
