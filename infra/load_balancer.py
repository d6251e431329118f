"""The stream service's load balancer: patient with streams, and reached as the stage's front says."""

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.cloudfront_addresses import CloudFrontAddresses
from infra.cloudfront_names import name_in_cloudfront
from infra.config import LogDays
from infra.fronts import FrontConfig, OwnDomain, VpcOrigin
from infra.listener import listen
from infra.network import Network
from infra.origin_key import HEADER, OriginKey
from infra.review import explain, explain_wildcards

PORT = 80
IDLE_TIMEOUT_SECONDS = 60
"""Over two keepalives, which streams send every 15 s."""
DEREGISTRATION_SECONDS = 60
"""From when a task is let go until the load balancer cuts what is left of its streams."""
_HTTPS = 443


class LoadBalancer(Construct):
    """Sends each new stream to the task that has fewest."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        network: Network,
        front: FrontConfig,
        target_port: int,
        log_days: LogDays,
    ) -> None:
        super().__init__(scope, id)
        self.front = front
        shows_key = not isinstance(front, VpcOrigin | OwnDomain)
        self._key = OriginKey(self, "OriginKey", shown_to="load balancer") if shows_key else None
        self.security_group = self._admit(network.vpc, log_days)
        self._balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=network.vpc,
            vpc_subnets=network.balancer,
            internet_facing=not isinstance(front, VpcOrigin),
            security_group=self.security_group,
            idle_timeout=Duration.seconds(IDLE_TIMEOUT_SECONDS),
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.STRICTEST,
        )
        explain(
            self._balancer,
            {
                "ELB2": "An access log would keep query strings, which may hold subscribers' tokens; the service "
                "writes its own log without them."
            },
        )
        self.targets = self._make_targets(network.vpc, target_port)
        listen(self._balancer, self.targets, front=front, key=self._key)
        self._vpc_origin = self._make_vpc_origin(network) if isinstance(front, VpcOrigin) else None

    @property
    def metrics(self) -> elb.IApplicationLoadBalancerMetrics:
        """What the load balancer counts."""
        return self._balancer.metrics

    @property
    def dns_name(self) -> str:
        """Its own name."""
        return self._balancer.load_balancer_dns_name

    def origin(self, *, read_timeout: Duration) -> cloudfront.IOrigin:
        """The load balancer as CloudFront reaches it."""
        if self._vpc_origin is not None:
            return origins.VpcOrigin.with_vpc_origin(
                self._vpc_origin,
                read_timeout=read_timeout,
                connection_attempts=2,
                connection_timeout=Duration.seconds(5),
            )
        if self._key is None:
            raise ValueError("Nothing is in front of a load balancer that has a domain of its own.")
        return origins.HttpOrigin(
            self.dns_name,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
            http_port=PORT,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            custom_headers={HEADER: self._key.value},
            read_timeout=read_timeout,
            connection_attempts=2,
            connection_timeout=Duration.seconds(5),
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

    def _admit(self, vpc: ec2.IVpc, log_days: LogDays) -> ec2.SecurityGroup:
        if isinstance(self.front, OwnDomain):
            group = ec2.SecurityGroup(
                self, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="Admits everybody, by HTTPS"
            )
            group.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "Clients")
            explain(group, {"EC23": "Clients come from everywhere; who may follow a stream is decided by tokens."})
            return group
        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="Admits CloudFront"
        )
        addresses = CloudFrontAddresses(self, "CloudFrontAddresses", log_days=log_days)
        by_way_of = "through its VPC origin" if isinstance(self.front, VpcOrigin) else "from its edges"
        group.add_ingress_rule(addresses.peer, ec2.Port.tcp(PORT), f"CloudFront, {by_way_of}")
        return group

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

    def _make_vpc_origin(self, network: Network) -> cloudfront.VpcOrigin:
        # What is chosen here stays: CloudFront changes no origin that a distribution uses, not even its tags.
        # https://github.com/aws/aws-cdk/issues/35765
        origin = cloudfront.VpcOrigin(
            self,
            "Origin",
            endpoint=cloudfront.VpcOriginEndpoint.application_load_balancer(self._balancer),
            vpc_origin_name=name_in_cloudfront(self),
            http_port=PORT,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
        )
        # CloudFront refuses a VPC without an internet gateway, though nothing of it goes through that.
        origin.node.add_dependency(network.way_out)
        return origin
