"""The stream service as a construct: tasks on Fargate that hold connections, behind a load balancer."""

from aws_cdk import Duration, Names
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra.config import StreamServiceConfig, Traces
from infra.event_log import EventLog
from infra.front import VIEWER_ADDRESS_HEADER
from infra.fronts import OwnDomain
from infra.image import stream_service_image
from infra.keys_not_read import count_keys_not_read
from infra.load_balancer import LoadBalancer
from infra.log_group import log_group
from infra.measures import Measures
from infra.network import Network, make_network
from infra.queue_janitor import QueueJanitor
from infra.review import explain, explain_wildcards
from infra.stream_access import StreamAccess
from infra.task_bounds import task_bounds
from infra.traces import environment_of

PORT = 8080
STOP_SECONDS = 60
"""How long a task may take to stop: longer than it drains, for one that is stopped without being let go before."""
FULL_ENOUGH = 0.6
"""The part of a task's streams at which there shall be more tasks: it leaves room while they start."""
_NOT_ROOT = "10001:10001"
_ARCHITECTURES = {"arm64": ecs.CpuArchitecture.ARM64, "x86_64": ecs.CpuArchitecture.X86_64}


class StreamService(Construct):
    """Follows the event log, and lets any number of clients follow it through CloudFront's `origin`."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        config: StreamServiceConfig,
        event_log: EventLog,
        measures: Measures,
        access: StreamAccess,
        traces: Traces | None,
    ) -> None:
        super().__init__(scope, id)
        self.config = config
        self._measures = measures
        self._access = access
        self._traces = traces
        self.queue_prefix = f"{Names.unique_resource_name(self, max_length=39, separator='-')}-"
        network = make_network(self, config)
        cluster = self._make_cluster(network.vpc)
        balancer = LoadBalancer(
            self, "LoadBalancer", network=network, front=config.front, target_port=PORT, log_days=config.log_days
        )
        self.balancer = balancer
        task = self._make_task(event_log, balancer)
        event_log.grant_follow(task.task_role, queue_prefix=self.queue_prefix)
        balancer.grant_watch(task.task_role)
        access.grant_keys(task.task_role)
        self.service = self._make_service(cluster, task, self._make_security_group(network.vpc, balancer), network)
        balancer.send_to(self.service)
        self.janitor = QueueJanitor(
            self,
            "QueueJanitor",
            event_log=event_log,
            cluster=cluster,
            queue_prefix=self.queue_prefix,
            log_days=config.log_days,
        )
        self.janitor.outlive(self.service)
        self._scale()

    def _make_cluster(self, vpc: ec2.IVpc) -> ecs.Cluster:
        monitored = self.config.detailed_monitoring
        cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED if monitored else ecs.ContainerInsights.DISABLED,
        )
        if not monitored:
            explain(cluster, {"ECS4": "Container Insights cost by the metric; see detailed_monitoring (config.py)."})
        return cluster

    def _make_task(self, event_log: EventLog, balancer: LoadBalancer) -> ecs.FargateTaskDefinition:
        config = self.config
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=config.cpu,
            memory_limit_mib=config.memory_mb,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=_ARCHITECTURES[config.architecture],
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        log = log_group(self, "Log", days=config.log_days)
        count_keys_not_read(log, self._measures, told_as="event")
        container = task.add_container(
            "Service",
            image=stream_service_image(self, config, self._traces),
            environment=self._environment(event_log, balancer),
            port_mappings=[ecs.PortMapping(container_port=PORT)],
            user=_NOT_ROOT,
            readonly_root_filesystem=True,
            stop_timeout=Duration.seconds(STOP_SECONDS),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="stream-service",
                log_group=log,
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,
            ),
        )
        container.add_ulimits(
            ecs.Ulimit(name=ecs.UlimitName.NOFILE, soft_limit=config.open_files, hard_limit=config.open_files)
        )
        explain(task, {"ECS2": "The variables are names and numbers; of a secret, its name."})
        explain_wildcards(
            task.obtain_execution_role(), "IAM knows no resources for ecr:GetAuthorizationToken.", resources=["*"]
        )
        return task

    def _environment(self, event_log: EventLog, balancer: LoadBalancer) -> dict[str, str]:
        return {
            "TAILRACE_EVENT_LOG_TABLE": event_log.table_name,
            "TAILRACE_NOTICE_TOPIC_ARN": event_log.topic_arn,
            "TAILRACE_RETENTION_DAYS": str(event_log.retention_days),
            "TAILRACE_QUEUE_PREFIX": self.queue_prefix,
            **self._access.environment_of_streams,
            "TAILRACE_HOST": "0.0.0.0",  # noqa: S104 - the task's own network, which admits the load balancer alone
            "TAILRACE_PORT": str(PORT),
            "TAILRACE_TARGET_GROUP_ARN": balancer.target_group_arn,
            "TAILRACE_DRAIN_SECONDS": str(self.config.drain_seconds),
            "TAILRACE_MAX_STREAM_AGE_SECONDS": str(self.config.max_stream_age_seconds),
            **task_bounds(self.config),
            "TAILRACE_METRICS_NAMESPACE": self._measures.namespace,
            **environment_of(self._traces),
            # Either CloudFront is in front, and alone admitted; or the load balancer itself writes down whom it serves.
            "TAILRACE_ADDRESS_HEADER": "X-Forwarded-For"
            if isinstance(self.config.front, OwnDomain)
            else VIEWER_ADDRESS_HEADER,
        }

    def _make_security_group(self, vpc: ec2.IVpc, balancer: LoadBalancer) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="Admits the load balancer"
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Services of AWS")
        group.add_ingress_rule(balancer.security_group, ec2.Port.tcp(PORT), "Streams")
        balancer.security_group.add_egress_rule(group, ec2.Port.tcp(PORT), "Streams")
        return group

    def _make_service(
        self, cluster: ecs.ICluster, task: ecs.FargateTaskDefinition, group: ec2.ISecurityGroup, network: Network
    ) -> ecs.FargateService:
        service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            security_groups=[group],
            vpc_subnets=network.tasks,
            assign_public_ip=network.public_addresses,
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            health_check_grace_period=Duration.seconds(120),
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        # EC2 detaches no gateway while tasks have public addresses, and tasks that stop still call AWS.
        service.node.add_dependency(network.way_out)
        return service

    def _scale(self) -> None:
        """Add tasks as soon as those that run fill up; take one away at a time, since its clients must move."""
        tasks = self.service.auto_scale_task_count(min_capacity=self.config.tasks, max_capacity=self.config.max_tasks)
        tasks.scale_to_track_custom_metric(
            "OpenStreams",
            metric=self._measures.streams("Connections", "Average"),
            target_value=FULL_ENOUGH * self.config.streams_per_task,
            scale_out_cooldown=Duration.minutes(1),
            scale_in_cooldown=Duration.minutes(15),
        )
        tasks.scale_on_cpu_utilization(
            "Cpu",
            target_utilization_percent=70,
            scale_out_cooldown=Duration.minutes(1),
            scale_in_cooldown=Duration.minutes(15),
        )
