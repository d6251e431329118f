"""A header's value and its parameters, such as `form-data; name="a"` (RFC 9110, 5.6.6), read in one pass.

Python's own reader begins anew at each semicolon between quotes: with 40 KB of them, which anybody may send, it takes
seconds, and with megabytes hours.
"""

import re

_PARAMETER = re.compile(
    r'[ \t]*;[ \t]*(?:([^\s;="]+)[ \t]*=[ \t]*(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([^;"]*))|[^;"]*)', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_parameters(header: str) -> tuple[str, dict[str, str]]:
    """The value in small letters, and its parameters by their names; of those that come twice, the first.

    What is no parameter is passed over; behind a quote that is never closed, nothing is read.
    """
    value = header.partition(";")[0]
    parameters: dict[str, str] = {}
    place = len(value)
    while (found := _PARAMETER.match(header, place)) is not None:
        name, quoted, bare = found.groups()
        if name is not None:
            parameters.setdefault(name.lower(), bare.strip() if quoted is None else _ESCAPED.sub(r"\1", quoted))
        place = found.end()
    return value.strip().lower(), parameters
