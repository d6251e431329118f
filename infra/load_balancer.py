"""The stream service's load balancer: internal, reached by CloudFront alone, and patient with streams."""

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.cloudfront_addresses import CloudFrontAddresses
from infra.config import LogDays
from infra.network import BALANCER
from infra.review import explain

PORT = 80
IDLE_TIMEOUT_SECONDS = 60
"""Over two keepalives, which streams send every 15 s."""
DEREGISTRATION_SECONDS = 60


class LoadBalancer(Construct):
    """Sends each new stream to the task that has fewest."""

    def __init__(self, scope: Construct, id: str, *, vpc: ec2.IVpc, log_days: LogDays) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="Admits CloudFront"
        )
        self.security_group.add_ingress_rule(
            CloudFrontAddresses(self, "CloudFrontAddresses", log_days=log_days).peer,
            ec2.Port.tcp(PORT),
            "CloudFront, through its VPC origin",
        )
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name=BALANCER),
            internet_facing=False,
            security_group=self.security_group,
            idle_timeout=Duration.seconds(IDLE_TIMEOUT_SECONDS),
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
        )
        self._listener = balancer.add_listener("Listener", port=PORT, protocol=elb.ApplicationProtocol.HTTP, open=False)
        self._vpc = vpc
        self.origin = self._make_origin(balancer)
        explain(
            balancer,
            {
                "ELB2": "An access log would keep query strings, which may hold subscribers' tokens; the service "
                "writes its own log without them."
            },
        )

    def send_to(self, target: elb.IApplicationLoadBalancerTarget, *, port: int) -> None:
        """Make `target` the one that serves, once it says that it is ready."""
        group = elb.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=self._vpc,
            port=port,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[target],
            load_balancing_algorithm_type=elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
            deregistration_delay=Duration.seconds(DEREGISTRATION_SECONDS),
            health_check=elb.HealthCheck(
                path="/readyz",
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        self._listener.add_target_groups("Streams", target_groups=[group])

    def _make_origin(self, balancer: elb.ApplicationLoadBalancer) -> cloudfront.VpcOrigin:
        return cloudfront.VpcOrigin(
            self,
            "Origin",
            endpoint=cloudfront.VpcOriginEndpoint.application_load_balancer(balancer),
            http_port=PORT,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
        )
