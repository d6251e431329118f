"""Bounds what a client sends before its request begins: uvicorn would keep lines and headers without end."""

from http import HTTPStatus

from stream_service.bare_answers import bare_answer

MAX_HEAD_BYTES = 64 * 1024
"""Of a request's first line and headers; CloudFront and load balancers take less."""
HEADER_COSTS = 32
"""Bytes that each header counts beside its own, as HTTP/2 counts them: ten thousand empty ones are no small head."""
TOO_LARGE = "The request's first line and headers are more than 65,536 bytes."
REFUSAL = bare_answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, TOO_LARGE)


class RequestHead:
    """Counts the bytes of one head after the other, as they come and as they are understood."""

    __slots__ = ("_arrived", "_ended", "_follows", "_understood")

    def __init__(self) -> None:
        self.begin()
        self._follows = False

    def begin(self) -> None:
        """Begin to count: a connection begins, or a request is whole."""
        self._arrived = self._understood = 0
        self._ended = False
        self._follows = True

    def end(self) -> None:
        """Count no more: what comes now is a body."""
        self._ended = True

    def arrived(self, size: int) -> None:
        """Hear how many bytes came in and were read; a parser keeps a header to itself until it is whole.

        Of bytes with which a request became whole, most may be its body; what began behind it is not counted.
        """
        if not self._ended and not self._follows:
            self._arrived += size
        self._follows = False

    def understood(self, size: int) -> None:
        """Hear of a part that the parser has made out.

        Raises:
            ValueError: it is one too many.
        """
        self._understood += size
        if self.is_too_large:
            raise ValueError(TOO_LARGE)

    @property
    def is_too_large(self) -> bool:
        """Whether more has come than a head may be."""
        return not self._ended and max(self._arrived, self._understood) > MAX_HEAD_BYTES
