"""The event log as a construct: the table that keeps every event, the topic that says a stream has grown."""

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import EventLogConfig
from infra.review import explain_wildcards


class EventLog(Construct):
    """The table and the topic; its `grant_*` methods are the only ways in."""

    def __init__(self, scope: Construct, id: str, *, config: EventLogConfig) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id)
        self.retention_days = config.retention_days
        self._table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="workflow_id", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="position", type=dynamodb.AttributeType.NUMBER),
            billing=dynamodb.Billing.on_demand(),
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=config.point_in_time_recovery
            ),
            deletion_protection=config.keep,
            removal_policy=RemovalPolicy.RETAIN if config.keep else RemovalPolicy.DESTROY,
        )
        self._topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self.topic: sns.ITopic = self._topic

    @property
    def table_name(self) -> str:
        """The table's name, for whoever was granted something."""
        return self._table.table_name

    @property
    def topic_arn(self) -> str:
        """The topic's ARN, for whoever was granted something."""
        return self._topic.topic_arn

    def metric_system_errors(self, *, minutes: int = 1) -> cloudwatch.IMetric:
        """Requests that DynamoDB answered with a failure of its own."""
        return self._table.metric_system_errors_for_operations(
            operations=[dynamodb.Operation.QUERY, dynamodb.Operation.PUT_ITEM, dynamodb.Operation.UPDATE_ITEM],
            period=Duration.minutes(minutes),
            label="failed",
        )

    def metric_throttled(self, *, minutes: int = 1) -> cloudwatch.IMetric:
        """Requests that the table refused for their number."""
        period = Duration.minutes(minutes)
        return cloudwatch.MathExpression(
            expression="throttled_reads + throttled_writes",
            using_metrics={
                "throttled_reads": self._table.metric("ReadThrottleEvents", statistic="Sum", period=period),
                "throttled_writes": self._table.metric("WriteThrottleEvents", statistic="Sum", period=period),
            },
            label="throttled",
            period=period,
        )

    def metric_written(self) -> cloudwatch.IMetric:
        """Write units that were used in an hour."""
        return self._table.metric_consumed_write_capacity_units(period=Duration.hours(1), label="written")

    def metric_read(self) -> cloudwatch.IMetric:
        """Read units that were used in an hour."""
        return self._table.metric_consumed_read_capacity_units(period=Duration.hours(1), label="read")

    def grant_append(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` record events, in the way of the log's rules, and announce them; never scan."""
        # Update and delete are for a tail that is running out: it is extended, or a life of the stream ended; and
        # update is what empties an item when a stream is cleared.
        self._grant_table(grantee, "Query", "PutItem", "UpdateItem", "DeleteItem")
        self._topic.grant_publish(grantee)

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` read streams, one at a time."""
        self._grant_table(grantee, "Query")

    def grant_clear(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` clear streams: append a mark by the writers' rules, and empty what stands before it."""
        self.grant_append(grantee)

    def grant_follow(self, grantee: iam.IRole, *, queue_prefix: str) -> None:
        """Let `grantee` read streams and hear of their growth through queues of its own under a prefix."""
        self.grant_read(grantee)
        self._topic.grant_publish(grantee)  # its canary
        self._grant_queues(
            grantee,
            queue_prefix,
            "CreateQueue",
            "TagQueue",
            "SetQueueAttributes",
            "ReceiveMessage",
            "DeleteMessage",
            "DeleteQueue",
        )
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sns:Subscribe"],
            resource_arns=[self._topic.topic_arn],
            conditions={
                "StringEquals": {"sns:Protocol": "sqs"},
                # To IAM an endpoint is a text, whatever it holds: operators for ARNs are for keys that are ARNs.
                "StringLike": {"sns:Endpoint": self._queues(queue_prefix)},
            },
        )
        self._grant_unsubscribe(grantee)

    def grant_tidy(self, grantee: iam.IRole, *, queue_prefix: str) -> None:
        """Let `grantee` remove queues under a prefix, and their subscriptions."""
        self._grant_queues(grantee, queue_prefix, "DeleteQueue")
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["sns:ListSubscriptionsByTopic"], resource_arns=[self._topic.topic_arn]
        )
        iam.Grant.add_to_principal(grantee=grantee, actions=["sqs:ListQueues"], resource_arns=["*"])
        self._grant_unsubscribe(grantee)

    def _grant_table(self, grantee: iam.IGrantable, *operations: str) -> None:
        self._table.grant(grantee, *(f"dynamodb:{operation}" for operation in operations))

    def _grant_queues(self, grantee: iam.IRole, prefix: str, *operations: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[f"sqs:{operation}" for operation in operations],
            resource_arns=[self._queues(prefix)],
        )
        explain_wildcards(
            grantee,
            "A queue is named for the task that makes it; every name under the prefix is a task's.",
            resources=[f"arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:{prefix}*"],
        )

    def _grant_unsubscribe(self, grantee: iam.IRole) -> None:
        iam.Grant.add_to_principal(grantee=grantee, actions=["sns:Unsubscribe"], resource_arns=["*"])
        explain_wildcards(
            grantee,
            "IAM knows no resources for sns:Unsubscribe and sqs:ListQueues, and for ecs:ListTasks a condition alone, "
            "which names the cluster.",
            resources=["*"],
        )

    def _queues(self, prefix: str) -> str:
        return Stack.of(self).format_arn(service="sqs", resource=f"{prefix}*", arn_format=ArnFormat.NO_RESOURCE_NAME)
