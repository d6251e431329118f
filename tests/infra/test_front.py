"""What the one address in front of everything promises."""

import json
from typing import Any

from infra.front import READ_TIMEOUT_SECONDS, VIEWER_ADDRESS_HEADER
from lambdas.workflow_api.viewer import ADDRESS_HEADER, KEY_HEADER
from stream_service.settings import Settings
from tailrace.safe_headers import SAFE
from tests.infra.templates import Assembly

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""AWS's own policies: Amazon CloudFront Developer Guide, managed cache and origin request policies."""


def test_nothing_is_cached_compressed_or_redirected(dev: Assembly) -> None:
    for behavior in _behaviors(dev).values():
        assert behavior["CachePolicyId"] == CACHING_DISABLED
        assert behavior["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER
        assert behavior["Compress"] is False
        assert behavior["ViewerProtocolPolicy"] == "https-only"


def test_answers_that_no_service_of_ours_made_are_safe_too_and_ours_stay_as_they_are(dev: Assembly) -> None:
    [policy] = dev.workflow_api.of_type("AWS::CloudFront::ResponseHeadersPolicy")
    added = dev.workflow_api.only("AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    headers = added["SecurityHeadersConfig"]

    assert all(behavior["ResponseHeadersPolicyId"] == {"Ref": policy} for behavior in _behaviors(dev).values())
    assert not any(header["Override"] for header in headers.values())
    assert {
        "Content-Security-Policy": headers["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Referrer-Policy": headers["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in headers else None,
    } == SAFE


def test_paths_go_where_the_route_table_says(dev: Assembly) -> None:
    origins = {origin["Id"]: origin for origin in _distribution(dev)["Origins"]}
    behaviors = _behaviors(dev)

    assert behaviors.keys() == {"", "/pipelines/*/sse", "/streams/*"}
    assert "VpcOriginConfig" in origins[behaviors["/streams/*"]["TargetOriginId"]]
    assert "CustomOriginConfig" in origins[behaviors[""]["TargetOriginId"]]
    assert {"POST", "DELETE"} <= set(behaviors[""]["AllowedMethods"])


def test_a_stream_whose_service_is_away_is_answered_by_the_api(dev: Assembly) -> None:
    distribution = _distribution(dev)
    [group] = distribution["OriginGroups"]["Items"]
    origins = {origin["Id"]: origin for origin in distribution["Origins"]}
    primary, fallback = (origins[member["OriginId"]] for member in group["Members"]["Items"])

    assert _behaviors(dev)["/pipelines/*/sse"]["TargetOriginId"] == group["Id"]
    assert group["FailoverCriteria"]["StatusCodes"]["Items"] == [502, 503, 504]
    assert "VpcOriginConfig" in primary
    assert "CustomOriginConfig" in fallback


def test_front_speaks_http_2_and_3_and_outwaits_keepalives(dev: Assembly) -> None:
    distribution = _distribution(dev)
    streams = [origin["VpcOriginConfig"] for origin in distribution["Origins"] if "VpcOriginConfig" in origin]

    assert distribution["HttpVersion"] == "http2and3"
    for origin in streams:
        assert origin["OriginReadTimeout"] == READ_TIMEOUT_SECONDS > 2 * _keepalive()


def test_no_stream_is_ever_ended_by_the_front(dev: Assembly) -> None:
    assert all("ResponseCompletionTimeout" not in origin for origin in _distribution(dev)["Origins"])


def test_the_api_has_time_to_answer_through_the_front(dev: Assembly) -> None:
    [api] = [origin for origin in _distribution(dev)["Origins"] if "CustomOriginConfig" in origin]

    function = dev.workflow_api.only("AWS::Lambda::Function", containing="Runner")
    assert api["CustomOriginConfig"]["OriginReadTimeout"] > function["Timeout"]


def test_api_is_told_who_its_client_is_and_by_whom(dev: Assembly) -> None:
    [api] = [origin for origin in _distribution(dev)["Origins"] if "CustomOriginConfig" in origin]
    [proof] = api["OriginCustomHeaders"]
    [association] = _behaviors(dev)[""]["FunctionAssociations"]
    function = dev.workflow_api.only("AWS::Lambda::Function", containing="Runner")

    assert proof["HeaderName"] == KEY_HEADER
    assert "{{resolve:secretsmanager:" in json.dumps(proof["HeaderValue"])
    assert function["Environment"]["Variables"]["TAILRACE_ORIGIN_KEY"] == proof["HeaderValue"]
    assert association["EventType"] == "viewer-request"
    assert "ViewerAddress" in json.dumps(association["FunctionARN"])
    assert VIEWER_ADDRESS_HEADER == ADDRESS_HEADER


def test_stream_service_is_told_who_its_client_is(dev: Assembly) -> None:
    behaviors = _behaviors(dev)
    [container] = dev.stream_service.only("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    environment = {each["Name"]: each["Value"] for each in container["Environment"]}

    for path in ("/pipelines/*/sse", "/streams/*"):
        [function] = behaviors[path]["FunctionAssociations"]
        assert function["EventType"] == "viewer-request"
        assert "ViewerRequest" in json.dumps(function["FunctionARN"])
    assert environment["TAILRACE_ADDRESS_HEADER"] == VIEWER_ADDRESS_HEADER


def _keepalive() -> float:
    default: float = Settings.model_fields["keepalive_seconds"].default
    return default


def _distribution(stage: Assembly) -> dict[str, Any]:
    config: dict[str, Any] = stage.workflow_api.only("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def _behaviors(stage: Assembly) -> dict[str, dict[str, Any]]:
    distribution = _distribution(stage)
    others = {behavior["PathPattern"]: behavior for behavior in distribution["CacheBehaviors"]}
    return {"": distribution["DefaultCacheBehavior"], **others}
