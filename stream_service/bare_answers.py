"""Answers of the web server's own, to what is no request: bytes as they go to the socket, with the safe headers too."""

from http import HTTPStatus

from tailrace.safe_headers import SAFE


def bare_answer(status: HTTPStatus, text: str) -> bytes:
    """Write a whole answer, the last one on its connection."""
    body = text.encode()
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "content-type: text/plain; charset=utf-8",
        f"content-length: {len(body)}",
        *(f"{name.lower()}: {value}" for name, value in SAFE.items()),
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


NO_HTTP = bare_answer(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received.")
"""To bytes that are no HTTP, such as a TLS handshake's."""
