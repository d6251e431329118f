"""Text from elsewhere, made fit for a terminal: what could move its cursor or change its colours is shown escaped."""

import json
import re

_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\.")


def readable(text: str) -> str:
    """Escape what does not print; everything else stays."""
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def readable_json(text: str) -> str:
    r"""Write JSON's `\u00e9` as the letter it is; numbers, order and everything else stay as they came."""
    return readable(_ESCAPES.sub(_character, text))


def _character(match: re.Match[str]) -> str:
    escapes = match[0]
    if not escapes.startswith("\\u"):
        return escapes
    characters: str = json.loads(f'"{escapes}"')
    return characters if characters.isprintable() and '"' not in characters and "\\" not in characters else escapes


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) != 0x7F else "\\u007f"  # noqa: PLR2004 (DEL, which JSON leaves)
