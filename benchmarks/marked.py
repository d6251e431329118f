"""Pages that the code fills: what stands between two comments is what it says, and nothing else of a page changes."""

import re
from collections.abc import Mapping

_MARKED = re.compile(r"(<!-- (?P<kind>\w+):(?P<name>\w+) -->\n).*?(<!-- /(?P=kind) -->)", re.DOTALL)


def fill(page: str, kind: str, parts: Mapping[str, str]) -> str:
    """Put each part between `<!-- kind:name -->` and `<!-- /kind -->`."""

    def put(found: re.Match[str]) -> str:
        if found["kind"] != kind:
            return found[0]
        return f"{found[1]}\n{parts[found['name']]}\n<!-- /{kind} -->"

    return _MARKED.sub(put, page)
