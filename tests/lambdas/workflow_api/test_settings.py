from pathlib import Path

import pytest

from lambdas.workflow_api.settings import InvalidSettings, Settings

ENVIRONMENT = {
    "TAILRACE_EVENT_LOG_TABLE": "EventLog",
    "TAILRACE_NOTICE_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:notices",
    "TAILRACE_IDEMPOTENCY_TABLE": "Idempotency",
    "TAILRACE_STREAM_URL": "https://d111.cloudfront.net/",
    "TAILRACE_API_KEY_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TAILRACE_RETENTION_DAYS", raising=False)
    monkeypatch.delenv("TAILRACE_WORKFLOWS_FOLDER", raising=False)
    return monkeypatch


def test_settings_are_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TAILRACE_RETENTION_DAYS", "7")

    settings = Settings.from_environment()

    assert settings.event_log_table == "EventLog"
    assert settings.retention_days == 7
    assert settings.stream_url == "https://d111.cloudfront.net"
    assert settings.workflows_folder == Path("workflows")
    assert settings.api_key_secret_arn == ENVIRONMENT["TAILRACE_API_KEY_SECRET_ARN"]


def test_one_error_names_every_wrong_variable_and_no_value(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("TAILRACE_EVENT_LOG_TABLE")
    environment.setenv("TAILRACE_NOTICE_TOPIC_ARN", "")
    environment.setenv("TAILRACE_RETENTION_DAYS", "0")
    environment.setenv("TAILRACE_STREAM_URL", "ftp://somewhere")
    environment.delenv("TAILRACE_API_KEY_SECRET_ARN")

    with pytest.raises(InvalidSettings) as caught:
        Settings.from_environment()

    assert str(caught.value).splitlines() == [
        "The environment lacks what the API needs, or has it wrong:",
        "  TAILRACE_EVENT_LOG_TABLE: is not set",
        "  TAILRACE_NOTICE_TOPIC_ARN: is not set",
        "  TAILRACE_RETENTION_DAYS: Input should be greater than or equal to 1",
        "  TAILRACE_STREAM_URL: write an address such as https://d111.cloudfront.net",
        "  TAILRACE_API_KEY_SECRET_ARN: is not set",
    ]


@pytest.mark.usefixtures("environment")
def test_settings_do_not_change() -> None:
    settings = Settings.from_environment()

    with pytest.raises(ValueError, match="frozen"):
        settings.__setattr__("retention_days", 1)
