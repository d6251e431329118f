"""Names in CloudFront, which has one list of them for all regions of an account."""

from aws_cdk import Names, Stack
from constructs import Construct

_MOST_CHARACTERS = 64
_LONGEST_REGION = "ap-southeast-1"


def name_in_cloudfront(scope: Construct) -> str:
    """A construct's name, with its region's before it: the same stage may be deployed in another region, too.

    The CDK names functions so by itself, but neither policies nor VPC origins.
    """
    ours = Names.unique_resource_name(scope, max_length=_MOST_CHARACTERS - len(f"{_LONGEST_REGION}-"))
    return f"{Stack.of(scope).region}-{ours}"
