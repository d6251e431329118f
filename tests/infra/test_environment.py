"""The environment that a template gives each unit is the one that its settings ask for."""

import pytest

from lambdas.workflow_api.settings import Settings as ApiSettings
from stream_service.settings import Settings as StreamSettings
from tests.infra.environment import (
    NODE_FUNCTION,
    SECRET_ARN,
    TABLE_NAME,
    TARGET_GROUP_ARN,
    TOKEN_SECRET_ARN,
    TOPIC_ARN,
    resolve,
)
from tests.infra.templates import Assembly

ORIGINS = ("https://app.example.org", "https://admin.example.org")

CHOSEN = {
    "streams_per_address": 1_000,
    "streams_per_subscriber": 8,
    "requests_per_second": 0.5,
    "max_stream_connections": 500,
}
"""What the stage `custom` lets clients take."""
SERVICES_OWN = {name: StreamSettings.model_fields[name].default for name in CHOSEN}


@pytest.fixture
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in (ApiSettings, StreamSettings):
        for field in settings.model_fields:
            monkeypatch.delenv(f"TAILRACE_{field.upper()}", raising=False)


@pytest.mark.usefixtures("_no_settings")
def test_workflow_function_builds_its_settings_from_the_templates_environment(
    stage: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = resolve(stage.workflow_api.only("AWS::Lambda::Function", containing="Runner")["Environment"]["Variables"])
    for variable, value in block.items():
        monkeypatch.setenv(variable, value)

    settings = ApiSettings.from_environment()

    assert settings.event_log_table == TABLE_NAME
    assert settings.notice_topic_arn == TOPIC_ARN
    assert settings.idempotency_table == TABLE_NAME
    assert settings.api_key_secret_arn == SECRET_ARN
    assert settings.node_function == NODE_FUNCTION
    assert settings.stream_url == "https://d111111abcdef8.cloudfront.net"
    assert settings.retention_days == (7 if stage.stage == "custom" else 30)
    assert settings.token_secret_arn == (None if stage.stage == "dev" else TOKEN_SECRET_ARN)
    assert settings.cors_origins == (ORIGINS if stage.stage == "custom" else ())
    assert settings.one_host
    assert settings.requests_per_address == (50 if stage.stage == "custom" else 600)
    assert settings.origin_key == f"{{{{resolve:secretsmanager:{SECRET_ARN}:SecretString:::}}}}"
    assert settings.traces == ("otlp" if stage.stage == "custom" else "off")
    _every_variable_is_a_setting(block, ApiSettings)


@pytest.mark.usefixtures("_no_settings")
def test_stream_service_builds_its_settings_from_the_templates_environment(
    stage: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    [container] = stage.stream_service.only("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    block = resolve({each["Name"]: each["Value"] for each in container["Environment"]})
    for variable, value in block.items():
        monkeypatch.setenv(variable, value)

    settings = StreamSettings()

    assert (settings.host, settings.port) == ("0.0.0.0", container["PortMappings"][0]["ContainerPort"])
    assert (settings.event_log_table, settings.notice_topic_arn) == (TABLE_NAME, TOPIC_ARN)
    assert settings.target_group_arn == TARGET_GROUP_ARN
    assert settings.max_stream_age_seconds == 3600
    assert settings.retention_days == (7 if stage.stage == "custom" else 30)
    assert settings.stream_access == ("public" if stage.stage == "dev" else "token")
    assert settings.token_secret_arn == (None if stage.stage == "dev" else TOKEN_SECRET_ARN)
    assert settings.cors_origins == (ORIGINS if stage.stage == "custom" else ())
    assert settings.jwks_url == ("https://login.example.org/jwks.json" if stage.stage == "custom" else None)
    assert settings.traces == ("otlp" if stage.stage == "custom" else "off")
    assert settings.model_dump(include=set(CHOSEN)) == (CHOSEN if stage.stage == "custom" else SERVICES_OWN)
    _every_variable_is_a_setting(block, StreamSettings)


def _every_variable_is_a_setting(block: dict[str, str], settings: type[ApiSettings] | type[StreamSettings]) -> None:
    ours = {name.removeprefix("TAILRACE_").lower() for name in block if name.startswith("TAILRACE_")}
    assert ours <= settings.model_fields.keys()
