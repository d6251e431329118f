"""What may be published to the topic that is no notice, or that announces what was never appended."""

import json
import random
from typing import Any

_FAR = 10**9


def rubbish(chance: random.Random, stream: str) -> str:
    """Make up a message."""
    announced: dict[str, Any] = {
        "workflow_id": stream,
        "generation": "zz9",
        "position": 1,
        "count": 1,
        "recorded_at": 0,
        "batch_id": "nobody's",
        "cleared": False,
    }
    return chance.choice(
        [
            "no notice",
            "{",
            "[" * 50_000,
            json.dumps({"canary": "somebody", "number": True}),
            json.dumps({"workflow_id": stream}),
            json.dumps({**announced, "position": -1}),
            json.dumps({**announced, "count": 10**20}),
            json.dumps(announced),  # of a life that the stream never had
            json.dumps({**announced, "position": _FAR}) + "\n[]",
        ]
    )
