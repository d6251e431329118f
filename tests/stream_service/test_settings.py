import re
from datetime import timedelta

import pytest
from pydantic import ValidationError

from stream_service.settings import Settings
from stream_service.sweeper import Pace

NEEDED = {
    "TAILRACE_EVENT_LOG_TABLE": "EventLog",
    "TAILRACE_NOTICE_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:notices",
    "TAILRACE_STREAM_ACCESS": "public",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is needed is set."""
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def complaints() -> dict[str, str]:
    """What the settings say about the environment."""
    with pytest.raises(ValidationError) as raised:
        Settings()
    return {str(wrong["loc"][0]): wrong["msg"] for wrong in raised.value.errors()}


def test_table_topic_and_who_may_listen_are_enough() -> None:
    settings = Settings()

    assert settings.event_log_table == "EventLog"
    assert settings.notice_topic_arn == NEEDED["TAILRACE_NOTICE_TOPIC_ARN"]
    assert settings.retention == timedelta(days=30)
    assert settings.cors_origins == ()
    assert settings.keepalive_seconds == 15
    assert settings.pace == Pace(every=15, per_second=10, degraded_every=2, degraded_per_second=50)


def test_everything_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAILRACE_EVENT_LOG_TABLE")
    for name, value in {
        "NOTICE_TOPIC_ARN": "arn:aws:sqs:eu-central-1:123456789012:notices",
        "PORT": "http",
        "DRAIN_SECONDS": "120",
        "QUEUE_PREFIX": "with blanks ",
        "LOG_LEVEL": "LOUD",
        "TARGET_GROUP_ARN": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/streams/1",
        "TARGET_CHECK_SECONDS": "6",
        "MAX_STREAM_AGE_SECONDS": "0",
        "CORS_ORIGINS": "example.com",
    }.items():
        monkeypatch.setenv(f"TAILRACE_{name}", value)

    assert set(complaints()) == {
        "event_log_table",
        "notice_topic_arn",
        "port",
        "drain_seconds",
        "queue_prefix",
        "log_level",
        "cors_origins",
        "target_group_arn",
        "target_check_seconds",
        "max_stream_age_seconds",
    }


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        (" , ", ()),
        ("https://a.example", ("https://a.example",)),
        (
            "https://a.example, http://localhost:5173,https://b.example:8443",
            ("https://a.example", "http://localhost:5173", "https://b.example:8443"),
        ),
    ],
)
def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, text: str, origins: tuple[str, ...]) -> None:
    monkeypatch.setenv("TAILRACE_CORS_ORIGINS", text)

    assert Settings().cors_origins == origins


@pytest.mark.parametrize("text", ["*", "https://a.example/", "https://a.example/page", "a.example", "https://"])
def test_origin_is_scheme_host_and_port(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TAILRACE_CORS_ORIGINS", text)

    assert list(complaints()) == ["cors_origins"]


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sns:us-east-1:123456789012:notices",
        "arn:aws-cn:sns:cn-north-1:123456789012:notices",
        "arn:aws-us-gov:sns:us-gov-west-1:123456789012:Stack-Notices-1A2B",
    ],
)
def test_topics_of_every_partition_are_taken(monkeypatch: pytest.MonkeyPatch, arn: str) -> None:
    monkeypatch.setenv("TAILRACE_NOTICE_TOPIC_ARN", arn)

    assert Settings().notice_topic_arn == arn


def test_hub_gets_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_MAX_CONNECTIONS", "7")
    monkeypatch.setenv("TAILRACE_SLOW_CLIENT_SECONDS", "9")
    monkeypatch.setenv("TAILRACE_LINGER_SECONDS", "3")

    bounds = Settings().bounds

    assert (bounds.connections, bounds.patience, bounds.linger) == (7, 9, 3)


def test_name_of_a_queue_fits_with_the_longest_prefix() -> None:
    longest_prefix, longest_task = 40, 32

    pattern = str(Settings.model_json_schema()["properties"]["queue_prefix"]["pattern"])

    assert re.fullmatch(pattern, "p" * longest_prefix)
    assert not re.fullmatch(pattern, "p" * (longest_prefix + 1))
    assert longest_prefix + longest_task + len("-9999999") <= 80  # SQS's limit


def test_who_may_listen_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAILRACE_STREAM_ACCESS")

    assert complaints() == {"stream_access": "Field required"}


def test_tokens_need_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_STREAM_ACCESS", "token")
    assert "TAILRACE_TOKEN_SECRET_ARN" in complaints()["stream_access"]

    monkeypatch.setenv("TAILRACE_TOKEN_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys")
    assert Settings().stream_access == "token"

    monkeypatch.delenv("TAILRACE_TOKEN_SECRET_ARN")
    monkeypatch.setenv("TAILRACE_JWKS_URL", "https://login.example/.well-known/jwks.json")
    monkeypatch.setenv("TAILRACE_JWKS_AUDIENCE", "tailrace")
    assert Settings().stream_access == "token"


def test_tokens_of_a_provider_must_be_for_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_JWKS_URL", "https://login.example/.well-known/jwks.json")

    assert "which `aud`" in complaints()["jwks_audience"]


@pytest.mark.parametrize("url", ["http://login.example/jwks.json", "file:///etc/passwd", "login.example", "https://"])
def test_public_keys_come_over_https(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TAILRACE_JWKS_URL", url)

    assert set(complaints()) == {"jwks_url"}
