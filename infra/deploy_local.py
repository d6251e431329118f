"""`python -m infra.deploy_local`: deploys into emulated AWS, says how to use it, and stays until Ctrl-C."""

import sys
import time
from contextlib import suppress
from pathlib import Path

from infra.local_deployment import ROOT, Deployment, local_deployment

_FOLDER = ROOT / ".tailrace" / "deploy-local"
_TEXT = """
Deployed by the CDK into emulated AWS at {endpoint_url}:

  curl -X POST {api_url}/pipelines/p_hello/events \\
    -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' -d '{{"name": "Luke"}}'
  curl -N {stream_url}/pipelines/p_hello/sse

Ctrl-C ends it.
"""


def main(folder: Path = _FOLDER) -> int:
    """Deploy, and wait."""
    sys.stdout.write("Deploying into emulated AWS: about a minute ...\n")
    sys.stdout.flush()
    with local_deployment(folder, aws_port=8710, stream_port=8701) as deployment:
        _tell(deployment)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    return 0


def _tell(deployment: Deployment) -> None:
    sys.stdout.write(
        _TEXT.format(
            endpoint_url=deployment.endpoint_url,
            api_url=deployment.api_url,
            api_key=deployment.api_key,
            stream_url=deployment.stream_url,
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
