"""Email addresses as people write them; far stricter than RFC 5321, which allows `"a b"@[127.0.0.1]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.scan.finding import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.scan.content import Content

LONGEST_LOCAL = 64
"""Characters before the @, by RFC 5321, section 4.5.3.1.1."""

_SUSPECT = re.compile(rb"@(?<=[\w+\x80-\xff-]@)[\w\x80-\xff]")
# An apostrophe is inside a name (O'Brien, in SQL O''Brien) unless it opens a literal, as the one of N'...' does.
_WORD = r"[\w+-]+(?:(?<!\b[NnEeBbXxUuRr])'{1,2}[\w+-]+)*"
_LOCAL = re.compile(rf"(?<![\w+])(?=[\w+]){_WORD}(?:\.{_WORD})*\Z")
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_DOMAIN = re.compile(rf"@((?:{_LABEL}\.)+(?:xn--[a-z0-9-]{{1,59}}|[^\W\d_]{{2,63}}))(?!-*\w)", re.IGNORECASE)


class Email:
    """Finds addresses from each @ on, backwards and forwards, so that no other text costs anything."""

    def suspects(self, content: Content) -> bool:
        """Whether an @ stands between two words."""
        return b"@" in content.raw and _SUSPECT.search(content.raw) is not None

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the addresses."""
        text, behind = content.text, 0
        at = text.find("@")
        while at >= 0:
            domain = _DOMAIN.match(text, at)
            start = _local_start(text, max(behind, at - LONGEST_LOCAL), at) if domain else None
            if domain and start is not None:
                behind = domain.end()
                yield Hit(start, behind, text[start:behind])
            at = text.find("@", at + 1)


def _local_start(text: str, start: int, at: int) -> int | None:
    local = _LOCAL.search(text, start, at)
    return local.start() if local else None
