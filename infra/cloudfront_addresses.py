"""CloudFront's own addresses: the prefix list that AWS keeps, whose id differs from region to region."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import custom_resources as resources
from constructs import Construct

from infra.config import LogDays
from infra.log_group import log_group
from infra.review import BASIC_EXECUTION, explain, explain_wildcards

_NAME = "com.amazonaws.global.cloudfront.origin-facing"


class CloudFrontAddresses(Construct):
    """Looked up while deploying: a template that needs no credentials cannot know the id."""

    def __init__(self, scope: Construct, id: str, *, log_days: LogDays) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id)
        call = resources.AwsSdkCall(
            service="ec2",
            action="describeManagedPrefixLists",
            parameters={"Filters": [{"Name": "prefix-list-name", "Values": [_NAME]}]},
            physical_resource_id=resources.PhysicalResourceId.of(_NAME),
            output_paths=["PrefixLists.0.PrefixListId"],
        )
        lookup = resources.AwsCustomResource(
            self,
            "Lookup",
            on_update=call,
            policy=resources.AwsCustomResourcePolicy.from_sdk_calls(resources=["*"]),
            install_latest_aws_sdk=False,
            service_timeout=Duration.minutes(10),
            log_group=log_group(self, "Log", days=log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.peer = ec2.Peer.prefix_list(lookup.get_response_field("PrefixLists.0.PrefixListId"))
        explain_wildcards(lookup, "IAM knows no resources for ec2:DescribeManagedPrefixLists.", resources=["*"])
        provider = Stack.of(self).node.find_child(
            f"AWS{resources.AwsCustomResource.PROVIDER_FUNCTION_UUID.replace('-', '')}"
        )
        explain(
            provider,
            {f"IAM4[{BASIC_EXECUTION}]": "CDK's own function; beyond writing logs, its role may make this one call."},
        )
