"""The fronts that a stage may choose: what clients' connections come through, on their way to the tasks."""

from dataclasses import dataclass
from typing import TypeAlias

SSE_PATH = "/pipelines/*/sse"
PAGE_PATH = "/streams/*"
"""Of a stream's page and of its history."""
STREAM_PATHS = (SSE_PATH, PAGE_PATH)
"""What fronts hand on to the tasks, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcOrigin:
    """CloudFront, and a load balancer without an address in the internet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicOrigin:
    """CloudFront, and a load balancer in the internet that serves CloudFront alone: for zones without VPC origins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDomain:
    """A load balancer in the internet, under a domain of one's own; the API keeps an address of its own."""

    domain_name: str
    """Such as streams.example.org. Its DNS record must point to the load balancer: the output `BalancerName`."""
    certificate_arn: str
    """Of a certificate of ACM's for that domain, in the stage's region."""


FrontConfig: TypeAlias = VpcOrigin | PublicOrigin | OwnDomain


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingNetwork:
    """A VPC that is there already, and which of its subnets to use: one a zone, in the zones' order."""

    vpc_id: str
    availability_zones: tuple[str, ...]
    task_subnets: tuple[str, ...]
    """The tasks must reach AWS's services from them: through a NAT gateway, endpoints, or addresses of their own."""
    balancer_subnets: tuple[str, ...]
    """Public ones, unless the front is a VPC origin; then the VPC must have an internet gateway all the same."""
    public_addresses: bool = False
    """Whether tasks get addresses of their own, since their subnets are public."""
