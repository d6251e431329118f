"""What the same use costs elsewhere, by the published prices; running the workflows comes on top everywhere.

None of the three keeps a log of 30 days. What they give for nothing is not counted, nor is ours, but for CloudFront's
terabyte.
"""

import math
from collections.abc import Callable, Mapping

from cli.bill import FRAME_BYTES, MINUTES, Use
from cli.prices import PRICES

_GB = 1e9
_APPSYNC_BYTES = 5 * 1_024
_SOCKET_BYTES = 32 * 1_024


def appsync_events(use: Use) -> float:
    """AWS AppSync Events: each publish and each delivery is an operation."""
    operations = (use.events + use.deliveries) * math.ceil(use.payload_bytes / _APPSYNC_BYTES)
    return PRICES.appsync_operation.of(operations) + PRICES.appsync_minute.of(use.clients * MINUTES) + _transfer(use)


def api_gateway(use: Use) -> float:
    """API Gateway's WebSockets: each delivery is a message. Who knows the connections, and sends, is not counted."""
    messages = use.deliveries * math.ceil(use.payload_bytes / _SOCKET_BYTES)
    return PRICES.socket_message.of(messages) + PRICES.socket_minute.of(use.clients * MINUTES) + _transfer(use)


def ably(use: Use) -> float:
    """Ably: a base, each publish and each delivery, connections and channels by the minute; without rebates."""
    channels = use.clients / use.followers if use.followers else use.clients
    return (
        PRICES.ably_base.of(1)
        + PRICES.ably_message.of(use.events + use.deliveries)
        + PRICES.ably_connection.of(use.clients * MINUTES)
        + PRICES.ably_channel.of(channels * MINUTES)
    )


def _transfer(use: Use) -> float:
    return PRICES.transfer.of(use.deliveries * (FRAME_BYTES + use.payload_bytes) / _GB)


OTHERS: Mapping[str, Callable[[Use], float]] = {
    "AppSync Events": appsync_events,
    "API Gateway WebSockets": api_gateway,
    "Ably": ably,
}
