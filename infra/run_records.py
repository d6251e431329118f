"""The records of runs as a construct: what came of each request that may be sent again, for as long as it may.

The same table counts requests, by caller and minute.
"""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct


class RunRecords(Construct):
    """A table by Idempotency-Key. It goes with its stack: its records are of use for a day."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id)
        self._table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing=dynamodb.Billing.on_demand(),
            time_to_live_attribute="expiration",
            removal_policy=RemovalPolicy.DESTROY,
        )

    @property
    def table_name(self) -> str:
        """The table's name, for whoever was granted something."""
        return self._table.table_name

    def grant_keep(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` write records; one that stands in the way comes back with the refusal, so nothing is read.

        And let it count, which tells how many they are.
        """
        self._table.grant(grantee, "dynamodb:PutItem", "dynamodb:UpdateItem")
