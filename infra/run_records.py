"""The table of run records as a construct: what came of requests that may be sent twice, kept for a day."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.review import explain


class RunRecords(Construct):
    """The table; what it holds is worth nothing without the function that writes it, so it goes with its stack."""

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
        explain(self._table, {"DDB3": "A record is of use for a day: restored, it would answer with what is past."})

    @property
    def table_name(self) -> str:
        """The table's name, for whoever was granted something."""
        return self._table.table_name

    def grant_keep(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` make records and change them; each conditional put answers with the record in its way."""
        self._table.grant(grantee, "dynamodb:PutItem")
