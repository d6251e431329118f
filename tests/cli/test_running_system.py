"""`.tailrace/dev.json` says where the running system is, to its owner alone."""

import stat
from dataclasses import replace
from pathlib import Path

from cli.running_system import RunningSystem

SYSTEM = RunningSystem(
    api_url="http://127.0.0.1:8700",
    stream_url="http://127.0.0.1:8701",
    aws_endpoint_url="http://127.0.0.1:8702",
    api_key="key",
    api_key_secret="arn:aws:secretsmanager:us-east-1:123456789012:secret:TailraceApiKeys-AbCdEf",
    event_log_table="EventLog",
    idempotency_table="Idempotency",
    notice_topic_arn="arn:aws:sns:us-east-1:123456789012:notices",
)


def test_system_that_was_written_is_found(tmp_path: Path) -> None:
    path = tmp_path / ".tailrace" / "dev.json"

    SYSTEM.write(path)

    assert RunningSystem.find(path) == SYSTEM
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["dev.json"]


def test_without_a_readable_file_there_is_no_running_system(tmp_path: Path) -> None:
    broken = tmp_path / "dev.json"
    broken.write_text('{"api_url": 1')

    assert RunningSystem.find(broken) is None
    assert RunningSystem.find(tmp_path / "none.json") is None


def test_file_of_another_system_stays(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    SYSTEM.write(path)
    other = replace(SYSTEM, api_key="another")
    other.write(path)

    SYSTEM.remove(path)
    assert RunningSystem.find(path) == other

    other.remove(path)
    assert not path.exists()
