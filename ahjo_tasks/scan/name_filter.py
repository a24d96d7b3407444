"""The names that a rule is about: its `schemas`, `objects`, `tables` or `object_types`."""

from __future__ import annotations

import re


class NameFilter:
    """Each entry is a expression for a whole name, in any case. No entries, or empty ones, take every name."""

    def __init__(self, entries: tuple[str, ...] = ()) -> None:
        self.entries = tuple(entry for entry in entries if entry)
        pattern = "|".join(f"(?:{entry})" for entry in self.entries)
        self._pattern = re.compile(pattern, re.IGNORECASE) if pattern else None

    def takes(self, name: str | None) -> bool:
        """Whether the rule is about the name. One that is not written is about none; `$(variable)` may be any."""
        if self._pattern is None:
            return True
        return name is not None and ("$(" in name or self._pattern.fullmatch(name) is not None)
