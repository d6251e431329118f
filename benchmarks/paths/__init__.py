"""The other paths: how notices come in, how clients come back, how runs are appended, and how long it all takes."""

from typing import TypeAlias

Numbers: TypeAlias = dict[str, list[float]]
"""What was measured, each number as often as it was."""
