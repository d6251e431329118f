"""The stream service's load balancer: internal, reached by CloudFront alone, and patient with streams."""

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.cloudfront_addresses import CloudFrontAddresses
from infra.config import LogDays
from infra.network import BALANCER
from infra.review import explain, explain_wildcards

PORT = 80
IDLE_TIMEOUT_SECONDS = 60
"""Over two keepalives, which streams send every 15 s."""
DEREGISTRATION_SECONDS = 60
"""What a task has, once it is let go, to notice that and to end its streams; then what is left is cut."""


class LoadBalancer(Construct):
    """Sends each new stream to the task that has fewest."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        vpc: ec2.IVpc,
        target_port: int,
        log_days: LogDays,
    ) -> None:
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
        listener = balancer.add_listener("Listener", port=PORT, protocol=elb.ApplicationProtocol.HTTP, open=False)
        self.targets = self._make_targets(vpc, target_port)
        listener.add_target_groups("Streams", target_groups=[self.targets])
        self.metrics: elb.IApplicationLoadBalancerMetrics = balancer.metrics
        self.origin = self._make_origin(balancer)
        explain(
            balancer,
            {
                "ELB2": "An access log would keep query strings, which may hold subscribers' tokens; the service "
                "writes its own log without them."
            },
        )

    @property
    def target_group_arn(self) -> str:
        """The group of those that serve, for whoever may watch it."""
        return self.targets.target_group_arn

    def send_to(self, target: elb.IApplicationLoadBalancerTarget) -> None:
        """Make `target` the one that serves, once it says that it is ready."""
        self.targets.add_target(target)

    def grant_watch(self, grantee: iam.IRole) -> None:
        """Let `grantee` see how its own target stands."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["elasticloadbalancing:DescribeTargetHealth"], resource_arns=["*"]
        )
        explain_wildcards(
            grantee,
            "IAM knows no resources for elasticloadbalancing:DescribeTargetHealth, which tells whether targets are "
            "healthy, and nothing else.",
            resources=["*"],
        )

    def _make_targets(self, vpc: ec2.IVpc, port: int) -> elb.ApplicationTargetGroup:
        return elb.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=vpc,
            port=port,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.IP,
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

    def _make_origin(self, balancer: elb.ApplicationLoadBalancer) -> cloudfront.VpcOrigin:
        return cloudfront.VpcOrigin(
            self,
            "Origin",
            endpoint=cloudfront.VpcOriginEndpoint.application_load_balancer(balancer),
            http_port=PORT,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
        )
