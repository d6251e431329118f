import json
import logging
from collections.abc import Iterator

import pytest

from stream_service import logs
from stream_service.logs import JsonFormatter

logger = logging.getLogger("tests.logs")


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    botocore = logging.getLogger("botocore").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("botocore").setLevel(botocore)


def record(message: str, *, exc_info: BaseException | None = None, **extra: object) -> dict[str, object]:
    made = logger.makeRecord(
        "tests.logs",
        logging.WARNING,
        __file__,
        1,
        message,
        (),
        None if exc_info is None else (type(exc_info), exc_info, exc_info.__traceback__),
        extra=extra,
    )
    line: dict[str, object] = json.loads(JsonFormatter().format(made))
    return line


def test_line_is_an_event_with_its_fields() -> None:
    line = record("stream_closed", workflow_id="p_a", reason="backlog")

    assert line.pop("time")
    assert line == {
        "level": "WARNING",
        "event": "stream_closed",
        "logger": "tests.logs",
        "workflow_id": "p_a",
        "reason": "backlog",
    }


def test_time_is_in_utc_to_the_millisecond() -> None:
    assert str(record("x")["time"]).endswith("+00:00")
    assert len(str(record("x")["time"])) == len("2026-01-01T00:00:00.000+00:00")


def test_field_that_is_no_json_is_written_as_text() -> None:
    assert record("x", error=ValueError("bad"))["error"] == "bad"


def test_line_stays_one_line_whatever_it_holds() -> None:
    made = logger.makeRecord("x", logging.INFO, "f", 1, "a\nb", (), None, extra={"text": "c\r\nd\u2028e"})

    assert len(JsonFormatter().format(made).splitlines()) == 1


def test_exception_is_told_with_its_traceback() -> None:
    try:
        int("bad")
    except ValueError as error:
        line = record("x", exc_info=error)

    assert "Traceback" in str(line["exception"])
    assert "ValueError: invalid literal" in str(line["exception"])


def test_every_logger_writes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logger.info("happened", extra={"count": 3})
    logger.debug("not_told")

    out, err = capsys.readouterr()

    assert [json.loads(line)["event"] for line in out.splitlines()] == ["happened"]
    assert err == ""


def test_botocore_does_not_tell_where_it_found_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("DEBUG")
    logging.getLogger("botocore.credentials").info("Found credentials in environment variables.")

    assert capsys.readouterr().out == ""


def test_configuring_again_does_not_double_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logs.configure("INFO")
    logger.info("once")

    assert capsys.readouterr().out.count("once") == 1
