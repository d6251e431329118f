"""`python -m infra.afterwards OUTPUTS`: what to do with what was deployed."""

import json
import sys
from pathlib import Path

_TEXT = """
Deployed. Read the first key (docs/api-keys.md says how to make others):

  aws secretsmanager get-secret-value --secret-id {ApiKeySecret} --query SecretString --output text

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


def tell(outputs: dict[str, dict[str, str]]) -> str:
    """The text for people, of what `cdk deploy --outputs-file` wrote."""
    named = {name: value for stack in outputs.values() for name, value in stack.items()}
    return (_TEXT + (_TOKENS if "TokenSecret" in named else "")).format_map(named)


if __name__ == "__main__":
    sys.stdout.write(tell(json.loads(Path(sys.argv[1]).read_text())))
