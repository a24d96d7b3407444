"""How a CSV file is written: RFC 4180, with a separator and a word for NULL to choose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import UsageError
from ahjo_tasks.export.text import text

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMED = {"\\t": "\t", "tab": "\t"}


@dataclass(frozen=True)
class CsvForm:
    """Raises UsageError for a separator or word that no reader could tell from the data.

    NULL is the bare word, by default nothing; an empty text, and a text that is the same as the word, are in quotes.
    """

    separator: str = ";"
    null_text: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "separator", NAMED.get(self.separator, self.separator))
        if len(self.separator) != 1 or self.separator.isalnum() or self.separator in '"\r\n.-+:':
            raise UsageError(
                f"--separator: {self.separator!r} is no separator.", hint="One character, such as ; , | or tab."
            )
        if self._special.search(self.null_text):
            raise UsageError("--null-text: no separator, quote or line break may be in it.")

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(f'["\r\n{re.escape(self.separator)}]')

    def line(self, values: Iterable[Any]) -> str:
        """One record with its line end."""
        return self.separator.join([self._field(value) for value in values]) + "\r\n"

    def _field(self, value: Any) -> str:
        if value is None:
            return self.null_text
        if type(value) is int:
            return str(value)
        written = value if type(value) is str else text(value)
        if written == self.null_text or not written or self._special.search(written):
            return '"' + written.replace('"', '""') + '"'
        return written
