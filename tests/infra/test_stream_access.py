"""What the templates promise of who may follow streams."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.stages import stage_config
from stream_service.settings import Settings
from tailrace.tokens import SharedKeys
from tests.infra.templates import Assembly


def test_prod_takes_tokens_and_dev_does_not(dev: Assembly, prod: Assembly) -> None:
    assert prod.event_log.of_type("AWS::SecretsManager::Secret")
    assert not dev.event_log.of_type("AWS::SecretsManager::Secret")
    assert "TokenSecret" in prod.event_log.outputs


def test_secret_is_born_with_keys_that_both_services_can_read(prod: Assembly) -> None:
    made = prod.event_log.only("AWS::SecretsManager::Secret")["GenerateSecretString"]

    members = json.loads(made["SecretStringTemplate"])
    members[made["GenerateStringKey"]] = "k" * made["PasswordLength"]
    assert made["ExcludePunctuation"] is True
    assert SharedKeys.parse(json.dumps(members)).signing.id == made["GenerateStringKey"]


def test_both_services_may_read_the_keys_and_neither_may_change_them(prod: Assembly) -> None:
    for template, role in ((prod.stream_service, "TaskRole"), (prod.workflow_api, "Runner")):
        actions = {action for action in template.actions_of(role) if action.startswith("secretsmanager:")}
        assert actions == {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}


def test_execution_role_reads_no_secret(prod: Assembly) -> None:
    actions = prod.stream_service.actions_of("ExecutionRole")

    assert not {action for action in actions if action.startswith("secretsmanager:")}


def test_token_leaves_the_query_at_the_edge(prod: Assembly) -> None:
    functions_there = prod.workflow_api.of_type("AWS::CloudFront::Function")
    [name] = [name for name in functions_there if "ViewerRequest" in name]

    for function in functions_there.values():
        assert function["Properties"]["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
        assert len(function["Properties"]["FunctionCode"].encode()) < 10 * 1024  # CloudFront's limit
    for behavior in _behaviors(prod):
        functions = behavior.get("FunctionAssociations", [])
        if behavior.get("PathPattern") in {"/pipelines/*/sse", "/streams/*"}:
            [association] = functions
            assert association["EventType"] == "viewer-request"
            assert association["FunctionARN"] == {"Fn::GetAtt": [name, "FunctionARN"]}
        else:
            assert name not in str(functions)  # a query is the workflow's own


def test_no_refusal_is_given_to_anybody_else(prod: Assembly) -> None:
    distribution = prod.workflow_api.only("AWS::CloudFront::Distribution")["DistributionConfig"]

    times = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in distribution["CustomErrorResponses"]}
    assert {403, 404, 500, 503} <= times.keys()
    assert set(times.values()) == {0}


def test_stage_says_which_of_a_providers_tokens_are_for_streams() -> None:
    with pytest.raises(ValueError, match="jwks_url needs jwks_audience"):
        replace(stage_config("prod"), jwks_url="https://login.example.org/jwks.json")


def test_container_of_a_stage_must_be_told_who_may_follow() -> None:
    assert Settings.model_fields["stream_access"].is_required()


def _behaviors(stage: Assembly) -> list[dict[str, Any]]:
    distribution = stage.workflow_api.only("AWS::CloudFront::Distribution")["DistributionConfig"]
    return [distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]
