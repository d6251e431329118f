"""The front as a construct: one HTTPS address for streams and API, in CloudFront, without a domain of one's own."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from constructs import Construct

from infra.cloudfront_names import name_in_cloudfront
from infra.fronts import PAGE_PATH, SSE_PATH, PublicOrigin
from infra.load_balancer import LoadBalancer
from infra.origin_key import HEADER, OriginKey
from infra.review import explain

READ_TIMEOUT_SECONDS = 60
"""A stream that is silent for so long is dead: keepalives come every 15 s. And longer than the API may take."""
_EDGE = Path(__file__).parent / "edge"
VIEWER_REQUEST, VIEWER_ADDRESS = _EDGE / "viewer_request.js", _EDGE / "viewer_address.js"
VIEWER_ADDRESS_HEADER = "Tailrace-Viewer-Address"
"""In which both functions tell the services whom CloudFront serves."""
SAFE_POLICY = "default-src 'none'; frame-ancestors 'none'"
_ERRORS = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)


class Front(Construct):
    """Routes by path: streams to the stream service, everything else to the API."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        balancer: LoadBalancer,
        api_domain_name: str,
    ) -> None:
        super().__init__(scope, id)
        self._shown_to_api = OriginKey(self, "ApiOriginKey", shown_to="API")
        api = origins.HttpOrigin(
            api_domain_name,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
            read_timeout=Duration.seconds(READ_TIMEOUT_SECONDS),
            custom_headers={HEADER: self._shown_to_api.value},
        )
        stream_service = balancer.origin(read_timeout=Duration.seconds(READ_TIMEOUT_SECONDS))
        # A browser's EventSource never comes back from a 5xx; the API answers in the service's place so that it does.
        with_fail_over = origins.OriginGroup(
            primary_origin=stream_service, fallback_origin=api, fallback_status_codes=[502, 503, 504]
        )
        for_streams = [
            self._function("ViewerRequest", VIEWER_REQUEST, "and moves its token from the query into a header")
        ]
        for_api = [self._function("ViewerAddress", VIEWER_ADDRESS, "and nothing else")]
        safe = self._make_safe_headers()
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Tailrace: streams and API",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            default_behavior=_behavior(api, safe, methods=cloudfront.AllowedMethods.ALLOW_ALL, functions=for_api),
            additional_behaviors={
                SSE_PATH: _behavior(with_fail_over, safe, functions=for_streams),
                PAGE_PATH: _behavior(stream_service, safe, functions=for_streams),
            },
            # An answer is for who asked: without this, CloudFront gives some errors to everybody for 10 s.
            error_responses=[
                cloudfront.ErrorResponse(http_status=status, ttl=Duration.seconds(0)) for status in _ERRORS
            ],
        )
        explain(
            self.distribution,
            {
                "CFR1": "Who may follow a stream is decided by tokens, not by country.",
                "CFR2": "A firewall costs more than everything else here; both services limit what one address may do. "
                "docs/deploy.md says how to attach one.",
                "CFR3": "CloudFront's log would keep query strings, which may hold subscribers' tokens.",
                "CFR4": "The cloudfront.net certificate fixes the protocol; docs/deploy.md says how to bring a domain.",
            },
        )
        if isinstance(balancer.front, PublicOrigin):
            explain(
                self.distribution,
                {
                    "CFR5": "The load balancer has no domain, and so no certificate that CloudFront would accept; "
                    "docs/deploy.md says what goes between the two, and how."
                },
            )

    def _function(self, id: str, source: Path, what_else: str) -> cloudfront.FunctionAssociation:  # noqa: A002 - CDK's own name
        return cloudfront.FunctionAssociation(
            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
            function=cloudfront.Function(
                self,
                id,
                comment=f"Tailrace: says who the client is, {what_else}",
                code=cloudfront.FunctionCode.from_file(file_path=str(source)),
                runtime=cloudfront.FunctionRuntime.JS_2_0,
            ),
        )

    def _make_safe_headers(self) -> cloudfront.ResponseHeadersPolicy:
        """What both services say in every answer, for answers that API Gateway or the load balancer makes by itself."""
        return cloudfront.ResponseHeadersPolicy(
            self,
            "SafeHeaders",
            response_headers_policy_name=name_in_cloudfront(self),
            comment="Tailrace: keeps browsers from guessing types, framing, and telling addresses",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=SAFE_POLICY, override=False
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=False),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=False
                ),
            ),
        )

    @property
    def shown_to_api(self) -> str:
        """What the API knows requests by that came through here."""
        return self._shown_to_api.value

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"https://{self.distribution.distribution_domain_name}"


def _behavior(
    origin: cloudfront.IOrigin,
    safe_headers: cloudfront.IResponseHeadersPolicy,
    *,
    methods: cloudfront.AllowedMethods = cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
    functions: Sequence[cloudfront.FunctionAssociation] = (),
) -> cloudfront.BehaviorOptions:
    """Pass everything on as it came, both ways: no cache, no compression, no redirect, headers alone added."""
    return cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=methods,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        response_headers_policy=safe_headers,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        compress=False,
        function_associations=list(functions),
    )
