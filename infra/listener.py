"""What a load balancer listens to, and whom it serves."""

from typing import cast

from aws_cdk import aws_elasticloadbalancingv2 as elb

from infra.fronts import STREAM_PATHS, FrontConfig, OwnDomain
from infra.origin_key import HEADER, OriginKey

_HTTP, _HTTPS = 80, 443
_FORBIDDEN, _NOT_FOUND = 403, 404


def listen(
    balancer: elb.ApplicationLoadBalancer,
    targets: elb.ApplicationTargetGroup,
    *,
    front: FrontConfig,
    key: OriginKey | None,
) -> None:
    """Hand to the targets what CloudFront hands on or, without CloudFront, what is for streams."""
    if isinstance(front, OwnDomain):
        listener = balancer.add_listener(
            "Listener",
            port=_HTTPS,
            protocol=elb.ApplicationProtocol.HTTPS,
            certificates=[elb.ListenerCertificate.from_arn(front.certificate_arn)],
            ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            open=False,
        )
        _hide_version(listener)
        # What is beside them, such as a task's metrics, is for the load balancer's own checks and for operators.
        _admit(elb.ListenerCondition.path_patterns(list(STREAM_PATHS)), listener, targets, others=_NOT_FOUND)
        return
    listener = balancer.add_listener("Listener", port=_HTTP, protocol=elb.ApplicationProtocol.HTTP, open=False)
    _hide_version(listener)
    if key is None:
        listener.add_target_groups("Streams", target_groups=[targets])
    else:
        _admit(elb.ListenerCondition.http_header(HEADER, [key.value]), listener, targets, others=_FORBIDDEN)


def _hide_version(listener: elb.ApplicationListener) -> None:
    """Let the load balancer's own answers not say which server made them, as `awselb/2.0`."""
    resource = cast("elb.CfnListener", listener.node.default_child)
    resource.listener_attributes = [
        elb.CfnListener.ListenerAttributeProperty(key="routing.http.response.server.enabled", value="false")
    ]


def _admit(
    which: elb.ListenerCondition,
    listener: elb.ApplicationListener,
    targets: elb.ApplicationTargetGroup,
    *,
    others: int,
) -> None:
    """Hand on the requests that are so, and answer all others with a status."""
    listener.add_action("Others", action=elb.ListenerAction.fixed_response(others, content_type="text/plain"))
    listener.add_action("Streams", priority=1, conditions=[which], action=elb.ListenerAction.forward([targets]))
