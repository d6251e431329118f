"""Where a running system is found: `.tailrace/dev.json`, for other commands and for people's scripts."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

DEV_FILE = Path(".tailrace") / "dev.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSystem:
    """The addresses and names of one running system, and the key to its API."""

    api_url: str
    stream_url: str
    aws_endpoint_url: str
    api_key: str
    api_key_secret: str
    """Where Secrets Manager keeps the API's keys, by its ARN."""
    event_log_table: str
    notice_topic_arn: str
    idempotency_table: str
    token_secret: str = ""
    """Where Secrets Manager keeps the keys of subscribers' tokens, by its ARN; empty where streams are public."""

    @classmethod
    def find(cls, path: Path = DEV_FILE) -> Self | None:
        """Read what a running `tailrace dev` has written; None where none runs."""
        try:
            fields = json.loads(path.read_text())
            return cls(**{name: str(fields[name]) for name in cls.__slots__})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path = DEV_FILE) -> None:
        """Write the file, for its owner alone: it holds the key."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 (the mode counts from the first byte on)
            json.dump(asdict(self), file, indent=2)
            file.write("\n")
        draft.replace(path)

    def remove(self, path: Path = DEV_FILE) -> None:
        """Remove the file, unless another system has written it since."""
        if self.find(path) == self:
            path.unlink(missing_ok=True)
