"""The front as a construct: one HTTPS address for streams and API, in CloudFront, without a domain of one's own."""

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct

from infra.review import explain

READ_TIMEOUT_SECONDS = 60
"""A stream that is silent for so long is dead: keepalives come every 15 s. And longer than the API may take."""


class Front(Construct):
    """Routes by path: streams to the stream service, everything else to the API."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        streams: cloudfront.IVpcOrigin,
        api_domain_name: str,
    ) -> None:
        super().__init__(scope, id)
        api = origins.HttpOrigin(
            api_domain_name,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            read_timeout=Duration.seconds(READ_TIMEOUT_SECONDS),
        )
        stream_service = origins.VpcOrigin.with_vpc_origin(
            streams,
            read_timeout=Duration.seconds(READ_TIMEOUT_SECONDS),
            connection_attempts=2,
            connection_timeout=Duration.seconds(5),
        )
        # A browser's EventSource never comes back from a 5xx; the API answers in the service's place so that it does.
        with_fail_over = origins.OriginGroup(
            primary_origin=stream_service, fallback_origin=api, fallback_status_codes=[502, 503, 504]
        )
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Tailrace: streams and API",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            default_behavior=_behavior(api, methods=cloudfront.AllowedMethods.ALLOW_ALL),
            additional_behaviors={
                "/pipelines/*/sse": _behavior(with_fail_over),
                "/streams/*": _behavior(stream_service),
            },
        )
        explain(
            self.distribution,
            {
                "CFR1": "Who may follow a stream is decided by tokens, not by country.",
                "CFR2": "A firewall costs more than everything else here; the API throttles, the service caps streams. "
                "docs/deploy.md says how to attach one.",
                "CFR3": "CloudFront's log would keep query strings, which may hold subscribers' tokens.",
                "CFR4": "The cloudfront.net certificate fixes the protocol; docs/deploy.md says how to bring a domain.",
            },
        )

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"https://{self.distribution.distribution_domain_name}"


def _behavior(
    origin: cloudfront.IOrigin,
    *,
    methods: cloudfront.AllowedMethods = cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
) -> cloudfront.BehaviorOptions:
    """Pass everything on as it came, both ways: no cache, no compression, no redirect."""
    return cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=methods,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        compress=False,
    )
