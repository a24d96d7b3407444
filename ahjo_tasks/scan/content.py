"""A file as the rules read it: bytes for the prefilter and text for the search, each decoded once for all rules."""

from __future__ import annotations

import codecs
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahjo_tasks.scan.python_source import PythonSource


HEAD = 8000
"""Bytes in which git searches for a NUL to recognise a binary file."""


class BinaryFileError(ValueError):
    """The file is no text."""


class Content:
    """The text of a file. `warning` is set where it was not read as UTF-8."""

    def __init__(self, path: str, data: bytes) -> None:
        """Detect the encoding and decode. Raises BinaryFileError for a file that is no text."""
        self.path = path
        self.raw = data
        self.warning: str | None = None
        self._decode()

    def _decode(self) -> None:
        """Decode UTF-16 by its byte order mark or its NULs, UTF-8, or else Latin-1, where every byte is a character."""
        encoding = _wide_encoding(self.raw)
        if encoding:
            self._decode_wide(encoding)
            return
        self.raw = self.raw.removeprefix(codecs.BOM_UTF8)
        if self.raw.isascii():
            return
        try:
            self.text = self.raw.decode()
        except UnicodeDecodeError:
            self.text = self.raw.decode("latin-1")
            self.warning = "is not UTF-8; it was read as Latin-1"

    def _decode_wide(self, encoding: str) -> None:
        self.text = self.raw.decode(encoding, "replace")
        self.raw = self.text.encode("utf-8", "replace")
        if encoding != "utf-16":
            self.warning = "has NUL characters and no byte order mark; it was read as UTF-16"
        elif "\ufffd" in self.text:
            self.warning = "is not wholly UTF-16, as its byte order mark says"

    @cached_property
    def text(self) -> str:
        """The text, without a byte order mark; newlines are as they are in the file."""
        return self.raw.decode("ascii")

    @cached_property
    def lower(self) -> bytes:
        """The bytes with A to Z in lower case."""
        return self.raw.lower()

    @property
    def is_python(self) -> bool:
        """True if the file is a Python module by its name."""
        return self.path.endswith((".py", ".pyi", ".pyw"))

    @property
    def is_sql(self) -> bool:
        """True if the file is SQL by its name, templates of it included."""
        name = self.path.rpartition("/")[2].lower()
        return ".sql" in name or name.endswith((".ddl", ".dml", ".prc", ".pgsql", ".tsql", ".psql"))

    @cached_property
    def python(self) -> PythonSource:
        """The module parsed. Raises UnreadableError when it is none."""
        from ahjo_tasks.scan.python_source import PythonSource

        return PythonSource(self.text)


def _wide_encoding(data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:HEAD]
    if b"\0" not in head:
        return None
    low, high = head[::2].count(0), head[1::2].count(0)
    if len(data) % 2 == 0 and max(low, high) > len(head) // 4 and not min(low, high):
        return "utf-16-le" if high else "utf-16-be"
    raise BinaryFileError
