"""Monitoring as a construct: the dashboard, the alarms, and the topic that says when one goes off or is over."""

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from infra.alarm_spec import AlarmSpec
from infra.alarms import alarms
from infra.config import MonitoringConfig
from infra.dashboard import rows
from infra.watched import Watched

RUNBOOK = "docs/operations.md"


class Monitoring(Construct):
    """Looks at a stage, and tells its owner."""

    def __init__(self, scope: Construct, id: str, *, config: MonitoringConfig, watched: Watched) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id)
        self._topic = sns.Topic(self, "Topic", display_name="Tailrace alarms", enforce_ssl=True)
        self._let_alarms_publish()
        if config.alarm_email is not None:
            self._topic.add_subscription(EmailSubscription(config.alarm_email))
        made = [self._make_alarm(spec) for spec in alarms(watched)]
        self._dashboard = cloudwatch.Dashboard(self, "Dashboard", widgets=rows(watched, made))

    @property
    def topic_arn(self) -> str:
        """Where alarms are told."""
        return self._topic.topic_arn

    @property
    def dashboard_url(self) -> str:
        """Where to look."""
        region = Stack.of(self).region
        return (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#dashboards/dashboard/{self._dashboard.dashboard_name}"
        )

    def _let_alarms_publish(self) -> None:
        # The rule that asks for TLS is a policy, which takes the place of SNS's own: that one admitted the account.
        self._topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self._topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )

    def _make_alarm(self, spec: AlarmSpec) -> cloudwatch.Alarm:
        threshold = spec.below if spec.at_least is None else spec.at_least
        if threshold is None:
            raise ValueError(f"The alarm {spec.id} has no threshold.")
        operator = cloudwatch.ComparisonOperator
        alarm = cloudwatch.Alarm(
            self,
            spec.id,
            alarm_description=f"{spec.advice} More: {RUNBOOK}, {spec.id}.",
            metric=spec.metric,
            threshold=threshold,
            comparison_operator=operator.LESS_THAN_THRESHOLD
            if spec.at_least is None
            else operator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=spec.periods,
            # What is zero is often not written; but where tasks are missing, nobody counts them.
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING
            if spec.at_least is None
            else cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        action = SnsAction(self._topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm
