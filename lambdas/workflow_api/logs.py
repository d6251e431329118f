"""The function's log: one JSON object a line, from every logger, with the run that the line belongs to."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

SERVICE = "workflow-api"

_FORMATTER = LambdaPowertoolsFormatter(service=SERVICE, name="%(name)s", utc=True, use_rfc3339=True)


def log_as_json(level: str) -> None:
    """Send every logger's lines to standard output: ours, those of workflows, and those of libraries."""
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(_FORMATTER)
    logging.basicConfig(level=level, handlers=[output], force=True)  # replaces the handler that Lambda brings
    logging.getLogger("mangum").setLevel(logging.WARNING)  # API Gateway has a log of requests
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells what AWS answers, such as the keys in secrets


@contextmanager
def log_context(**keys: str) -> Iterator[None]:
    """Add keys to every line that is logged inside, also by the threads and tasks that are started there."""
    _FORMATTER.thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        _FORMATTER.thread_safe_remove_keys(keys)
