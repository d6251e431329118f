from pathlib import Path

import pytest

from lambdas.workflow_api.settings import InvalidSettings, Settings

ENVIRONMENT = {
    "TAILRACE_EVENT_LOG_TABLE": "EventLog",
    "TAILRACE_NOTICE_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:notices",
    "TAILRACE_IDEMPOTENCY_TABLE": "Idempotency",
    "TAILRACE_STREAM_URL": "https://d111.cloudfront.net/",
    "TAILRACE_API_KEY": "a-key",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TAILRACE_API_KEY_SECRET_ARN", raising=False)
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
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "a-key"


def test_one_error_names_every_wrong_variable_and_no_value(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("TAILRACE_EVENT_LOG_TABLE")
    environment.setenv("TAILRACE_NOTICE_TOPIC_ARN", "")
    environment.setenv("TAILRACE_RETENTION_DAYS", "0")
    environment.setenv("TAILRACE_STREAM_URL", "ftp://somewhere")
    environment.setenv("TAILRACE_API_KEY", "hush hush")

    with pytest.raises(InvalidSettings) as caught:
        Settings.from_environment()

    assert str(caught.value).splitlines() == [
        "The environment lacks what the API needs, or has it wrong:",
        "  TAILRACE_EVENT_LOG_TABLE: is not set",
        "  TAILRACE_NOTICE_TOPIC_ARN: is not set",
        "  TAILRACE_RETENTION_DAYS: Input should be greater than or equal to 1",
        "  TAILRACE_STREAM_URL: write an address such as https://d111.cloudfront.net",
        "  TAILRACE_API_KEY: a key is ASCII without spaces, since it travels in a header, and begins with no {",
    ]


@pytest.mark.parametrize(("key", "arn"), [("", ""), ("a-key", "arn:aws:secretsmanager:eu-west-1:1:secret:key")])
def test_exactly_one_key_must_be_given(environment: pytest.MonkeyPatch, key: str, arn: str) -> None:
    environment.setenv("TAILRACE_API_KEY", key)
    environment.setenv("TAILRACE_API_KEY_SECRET_ARN", arn)

    with pytest.raises(InvalidSettings, match="TAILRACE_API_KEY_SECRET_ARN: set either this or TAILRACE_API_KEY"):
        Settings.from_environment()


def test_settings_neither_change_nor_show_their_key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TAILRACE_API_KEY", "hush-hush")
    settings = Settings.from_environment()

    assert "hush" not in repr(settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.__setattr__("retention_days", 1)
