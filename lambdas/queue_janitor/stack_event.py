"""CloudFormation's way to ask a function: the answer goes to an address that came with the question."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

_TIMEOUT_SECONDS = 10


def answer(event: Mapping[str, Any], *, failure: str | None = None) -> None:
    """Tell CloudFormation that its request was carried out, or why not."""
    body = {
        "Status": "FAILED" if failure else "SUCCESS",
        "Reason": failure or "Done",
        # The same for ever: a new id would make CloudFormation delete, and so sweep, the old resource.
        "PhysicalResourceId": "queue-sweep",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own
        event["ResponseURL"], data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()  # noqa: S310 - as above
