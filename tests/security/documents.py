"""schemathesis: requests made of a service's OpenAPI document, good and bad, and answers that are held against it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PATIENCE = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who sends the requests, and what is the same in all of them."""

    name: str
    bearer: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """By where they stand: path.workflow_id."""
    thorough: bool = True
    """Whether each bound of the schemas is tried from both sides, or some of what they admit alone."""
    also_refused: tuple[str, ...] = ()
    """Statuses by which a request may be refused though its document admits it."""
    unchecked: tuple[str, ...] = ()
    """schemathesis' checks that don't hold for this visitor."""
    operation: str | None = None
    """The only one that is tried: its method and path."""


def hold_against(document: Mapping[str, Any], url: str, visitor: Visitor, *, folder: Path) -> None:
    """Send a service what its document admits, and what it does not; fail with what was wrong in the answers."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "schemathesis.toml").write_text(_settings(visitor))
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--no-color",
            "run",
            "openapi.json",
            "--url",
            url,
            *_chosen(visitor),
        ],
        cwd=folder,
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    operations = 1 if visitor.operation else sum(len(methods) for methods in document["paths"].values())
    assert f"Tested: {operations}\n" in ended.stdout, ended.stdout


def _chosen(visitor: Visitor) -> list[str]:
    if visitor.operation is None:
        return []
    return ["--include-name", visitor.operation]


def _settings(visitor: Visitor) -> str:
    """schemathesis.toml; of a stream, the first event is read, and then it is closed."""
    accepted = ["2xx", "401", "403", "404", "409", *visitor.also_refused]
    lines = [
        "max-stream-events = 1",
        "request-timeout = 60",
        "continue-on-failure = true",
        f"generation = {{ deterministic = true, max-examples = {15 if visitor.thorough else 8} }}",
        "[headers]",
        *([] if visitor.bearer is None else [f'Authorization = "Bearer {visitor.bearer}"']),
        "[phases]",
        "stateful.enabled = false",
        f"coverage.enabled = {json.dumps(visitor.thorough)}",
        # What is learned from answers, such as ids that are made up, would be another thing each time.
        "coverage.extra-data-sources.responses = false",
        "fuzzing.extra-data-sources.responses = false",
        "fuzzing.error-feedback.enabled = false",
        "[checks]",
        f"positive_data_acceptance.expected-statuses = {json.dumps(accepted)}",
        *(f"{name}.enabled = false" for name in visitor.unchecked),
        "[parameters]",
        *(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in visitor.parameters.items()),
    ]
    return "\n".join(lines)
