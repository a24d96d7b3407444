"""A rule of the project's own: a regular expression of Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.scan.finding import Hit

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from ahjo_tasks.scan.content import Content


class OwnPattern:
    """Finds what the expression matches, empty matches left out."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def suspects(self, content: Content) -> bool:
        """Nothing quicker than the expression itself is known."""
        return bool(content.raw)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the matches."""
        for match in self.pattern.finditer(content.text):
            if match[0]:
                yield Hit(*match.span(), match[0])
