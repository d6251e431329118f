"""What a load balancer listens to, and whom it serves."""

from aws_cdk import aws_elasticloadbalancingv2 as elb

from infra.fronts import Front, OwnDomain
from infra.origin_key import HEADER, OriginKey

_HTTP, _HTTPS = 80, 443


def listen(
    balancer: elb.ApplicationLoadBalancer,
    targets: elb.ApplicationTargetGroup,
    *,
    front: Front,
    key: OriginKey | None,
) -> None:
    """Hand every request to the targets; with a key, only those that show it."""
    if isinstance(front, OwnDomain):
        listener = balancer.add_listener(
            "Listener",
            port=_HTTPS,
            protocol=elb.ApplicationProtocol.HTTPS,
            certificates=[elb.ListenerCertificate.from_arn(front.certificate_arn)],
            ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            open=False,
        )
    else:
        listener = balancer.add_listener("Listener", port=_HTTP, protocol=elb.ApplicationProtocol.HTTP, open=False)
    if key is None:
        listener.add_target_groups("Streams", target_groups=[targets])
        return
    listener.add_action("Others", action=elb.ListenerAction.fixed_response(403, content_type="text/plain"))
    listener.add_action(
        "Streams",
        priority=1,
        conditions=[elb.ListenerCondition.http_header(HEADER, [key.value])],
        action=elb.ListenerAction.forward([targets]),
    )
