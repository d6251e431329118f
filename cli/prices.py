"""Prices as data: US dollars, list prices of us-east-1, each with its source and that one's date.

They were read on pages about them, not on a bill. `docs/cost.md` shows this table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

MILLION = 1_000_000
FARGATE = "fortem.dev, AWS Fargate pricing (2026); arm64 is a fifth less"
BALANCER = "Elastic Load Balancing's price page; not checked again"
ADDRESSES = "Amazon VPC's price page, as quoted by a public cost note (2026)"
SECRETS = "AWS Secrets Manager's price page; not checked again"
MESSAGES = "factualminds.com, SNS pricing (June 2026); awsnegotiations.com, SQS and SNS cost (2026)"
MONITORING = "Amazon CloudWatch's price page; not checked again"
DYNAMODB = "airbyte.com, DynamoDB pricing (2025)"
GATEWAY = "amnic.com, AWS API Gateway pricing (2026)"
LAMBDA = "AWS Lambda's price page, as quoted by a public cost note (2026)"
CLOUDFRONT = "aws.amazon.com/cloudfront/pricing, United States and Europe (2025)"
APPSYNC = "AWS AppSync's price page, as quoted by public notes (2025 to 2026)"
ABLY = "ably.com/docs, resource-based pricing (2026), which new accounts no longer get"


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs."""

    dollars: float
    unit: str
    source: str
    each: int = 1
    """How many units have that price together."""

    def of(self, units: float) -> float:
        """What so many units cost."""
        return units / self.each * self.dollars


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Everything that a bill is made of."""

    vcpu_arm64: Price = Price(0.03238, "vCPU hour, Fargate on arm64", FARGATE)
    gigabyte_arm64: Price = Price(0.00356, "GB hour, Fargate on arm64", FARGATE)
    vcpu_x86_64: Price = Price(0.04048, "vCPU hour, Fargate on x86", FARGATE)
    gigabyte_x86_64: Price = Price(0.004445, "GB hour, Fargate on x86", FARGATE)
    balancer: Price = Price(0.0225, "hour of an Application Load Balancer", BALANCER)
    balancer_units: Price = Price(0.008, "LCU hour: 3,000 connections, 25 new ones a second, or 1 GB an hour", BALANCER)
    address: Price = Price(0.005, "hour of a public IPv4 address", ADDRESSES)
    secret: Price = Price(0.40, "secret and month", SECRETS)
    alarm: Price = Price(0.10, "alarm and month", MONITORING)
    metric: Price = Price(0.30, "metric and month, by the hours that it is written in", MONITORING)
    dashboard: Price = Price(3.00, "dashboard and month", MONITORING)
    publish: Price = Price(0.50, "SNS publishes of up to 64 KB; their way into SQS is free", MESSAGES, MILLION)
    queue_request: Price = Price(0.40, "SQS requests", MESSAGES, MILLION)
    write: Price = Price(0.625, "DynamoDB write units of 1 KB, on demand", DYNAMODB, MILLION)
    read: Price = Price(0.125, "DynamoDB read units of 4 KB, consistent, on demand", DYNAMODB, MILLION)
    storage: Price = Price(0.25, "GB and month in DynamoDB", DYNAMODB)
    api_request: Price = Price(1.00, "HTTP API requests", GATEWAY, MILLION)
    invocation: Price = Price(0.20, "Lambda requests", LAMBDA, MILLION)
    compute: Price = Price(0.0000133334, "GB second, Lambda on arm64", LAMBDA)
    front_request: Price = Price(1.00, "HTTPS requests at CloudFront", CLOUDFRONT, MILLION)
    appsync_operation: Price = Price(
        1.00, "AppSync Events operations: a publish, or a delivery, of 5 KB", APPSYNC, MILLION
    )
    appsync_minute: Price = Price(0.08, "AppSync Events connection minutes", APPSYNC, MILLION)
    socket_message: Price = Price(1.00, "API Gateway WebSocket messages of 32 KB", GATEWAY, MILLION)
    socket_minute: Price = Price(0.25, "API Gateway WebSocket connection minutes", GATEWAY, MILLION)
    transfer: Price = Price(0.09, "GB from AWS to the internet, without CloudFront", GATEWAY)
    ably_base: Price = Price(29.0, "month of Ably's package Standard", ABLY)
    ably_message: Price = Price(2.50, "Ably messages: a publish, or a delivery; less by volume", ABLY, MILLION)
    ably_connection: Price = Price(1.00, "Ably connection minutes; less by volume", ABLY, MILLION)
    ably_channel: Price = Price(1.00, "Ably channel minutes; less by volume", ABLY, MILLION)

    def __iter__(self) -> Iterator[Price]:
        """Every price."""
        return (getattr(self, field.name) for field in fields(self))


PRICES = Prices()
FRONT_FREE_GB = 1_000.0
FRONT_FREE_REQUESTS = 10_000_000.0
FRONT_TIERS: tuple[tuple[float, float], ...] = (
    (10_000.0, 0.085), (50_000.0, 0.080), (150_000.0, 0.060), (500_000.0, 0.040), (1_024_000.0, 0.030),
    (5_120_000.0, 0.025), (float("inf"), 0.020),
)  # fmt: skip
"""Dollars a GB that leaves CloudFront, up to so many GB a month; the first terabyte is free."""


def front_traffic(gigabytes: float) -> float:
    """What so many GB a month from CloudFront cost."""
    dollars, begin = 0.0, FRONT_FREE_GB
    for end, rate in FRONT_TIERS:
        dollars += max(0.0, min(gigabytes, end) - begin) * rate
        begin = max(begin, end)
    return dollars
