"""`python -m infra.afterwards STAGE OUTPUTS`: makes the first API key, and says what to do with what was deployed.

The key exists nowhere before: CloudFormation makes an empty ring of keys, to which its hash alone is added here.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cli.errors import CommandError
from cli.key_secret import KeySecret

Outputs = Mapping[str, Mapping[str, str]]

_MADE = """This is its first API key, which may do everything. It can't be shown again (docs/api-keys.md):

  export KEY={key}
"""
_KEPT = """It has the API keys that it had. This makes one more (docs/api-keys.md):

  .venv/bin/tailrace keys add NAME --stage {stage}
"""
_NOT_MADE = """It has no API key yet: this is no terminal, and what is printed here may be kept. This makes the first:

  .venv/bin/tailrace keys first --stage {stage}
"""
_NOT_KNOWN = """Nobody knows whether it has API keys. {error}
{hint} This makes the first one, where there is none:

  .venv/bin/tailrace keys first --stage {stage}
"""
_TEXT = """
Deployed. {about_keys}
Run a workflow:

  curl -X POST {ApiUrl}/pipelines/p_hello/events -H "Authorization: Bearer $KEY" -d '{{"name": "Luke"}}'

Follow its stream, in a page or a terminal:

  new EventSource("{StreamUrl}/pipelines/p_hello/sse")
  curl -N {StreamUrl}/pipelines/p_hello/sse
"""
_TOKENS = """
Both take a token here, as ?token=… (docs/access.md says more):

  curl -X POST {ApiUrl}/pipelines/p_hello/tokens -H "Authorization: Bearer $KEY" -d '{{"ttl": 3600}}'
"""


def tell(stage: str, outputs: Outputs, *, in_terminal: bool, now: datetime) -> str:
    """The text for people, of what `cdk deploy --outputs-file` wrote.

    Where the stage has no key, the first is made and told; but not into what may be kept, such as a log.
    """
    named = {name: value for stack in outputs.values() for name, value in stack.items()}
    about_keys = _about_keys(stage, named["ApiKeySecret"], in_terminal=in_terminal, now=now)
    return (_TEXT + (_TOKENS if "TokenSecret" in named else "")).format(about_keys=about_keys, **named)


def _about_keys(stage: str, arn: str, *, in_terminal: bool, now: datetime) -> str:
    try:
        keys = KeySecret.at(arn)
        if not in_terminal:
            return (_KEPT if keys.read().keys else _NOT_MADE).format(stage=stage)
        key = keys.make_first(now)
    except CommandError as error:
        # No failure of the deployment: who deploys through the CDK's roles may have no right to read secrets.
        return _NOT_KNOWN.format(stage=stage, error=error, hint=error.hint)
    return _KEPT.format(stage=stage) if key is None else _MADE.format(key=key)


def main(stage: str, outputs: Path) -> None:
    """Tell whoever runs this."""
    text = tell(stage, json.loads(outputs.read_text()), in_terminal=sys.stdout.isatty(), now=datetime.now(UTC))
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
