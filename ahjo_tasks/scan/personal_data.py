"""Rules for personal data: Finnish personal identity codes and email addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.scan.findings import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ahjo_tasks.scan.content import Content

CENTURIES = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}
CONTROLS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
FIRST_NUMBER = 2
LENGTH = 11

_SIGNS = re.escape("".join(CENTURIES))
_CODE = rf"[0-3][0-9][01][0-9]{{3}}[{_SIGNS}][0-9]{{3}}[{CONTROLS}]"
# A token ends at an underscore: `010594Y9032_backup` holds a code.
_IN_TEXT = re.compile(rf"(?<![^\W_]){_CODE}(?![^\W_])")
_IN_BYTES = re.compile(rf"(?<![A-Za-z0-9]){_CODE}(?![A-Za-z0-9])".encode())
_SHAPE = b"000000-000"
_SHAPES = bytes(
    ord("0") if chr(byte).isdigit() and byte < ord("A") else ord("-") if chr(byte) in CENTURIES else ord(" ")
    for byte in range(256)
)


def is_hetu(code: str, today: date | None = None) -> bool:
    """Check date, number and control character of a code, for a person born by `today`."""
    import datetime as dt  # only a text of this shape needs it

    digits = code[:6] + code[7:10]
    if len(code) != LENGTH or code[6] not in CENTURIES or not (digits.isascii() and digits.isdecimal()):
        return False
    if code[10] != CONTROLS[int(digits) % len(CONTROLS)] or int(code[7:10]) < FIRST_NUMBER:
        return False
    try:
        born = dt.date(CENTURIES[code[6]] + int(code[4:6]), int(code[2:4]), int(code[:2]))
    except ValueError:
        return False
    return born <= (today or dt.date.today())  # noqa: DTZ011 - a birthday has no time zone


class Hetu:
    """Finds identity codes that are no part of a longer token.

    The rules are those of the Digital and Population Data Services Agency.
    """

    def prefilter(self, content: Content) -> bool:
        """Test whether the bytes hold a valid code."""
        return next(_codes(content.raw), None) is not None

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the codes."""
        matches = _codes(content.raw) if content.raw.isascii() else _IN_TEXT.finditer(content.text)
        for match in matches:
            code = content.text[match.start() : match.end()]
            if is_hetu(code):
                yield Hit(*match.span(), code)


def _codes(data: bytes) -> Iterator[re.Match[bytes]]:
    """Yield valid codes in ASCII. To search for their shape in a text of three characters is faster than a pattern."""
    shapes = data.translate(_SHAPES)
    start = shapes.find(_SHAPE)
    while start >= 0:
        match = _IN_BYTES.match(data, start)
        if match and is_hetu(match[0].decode("ascii")):
            yield match
        start = shapes.find(_SHAPE, start + 1)


LONGEST_LOCAL = 64
"""Characters before the @, by RFC 5321, section 4.5.3.1.1."""

_PREFILTER = re.compile(rb"@(?<=[\w+\x80-\xff-]@)[\w\x80-\xff]")
# An apostrophe is inside a name (O'Brien, in SQL O''Brien) unless it opens a literal, as the one of N'...' does.
_WORD = r"[\w+-]+(?:(?<!\b[NnEeBbXxUuRr])'{1,2}[\w+-]+)*"
_LOCAL = re.compile(rf"(?<![\w+])(?=[\w+]){_WORD}(?:\.{_WORD})*\Z")
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_DOMAIN = re.compile(rf"@((?:{_LABEL}\.)+(?:xn--[a-z0-9-]{{1,59}}|[^\W\d_]{{2,63}}))(?!-*\w)", re.IGNORECASE)


class Email:
    """Finds email addresses from each @ on, backwards and forwards, so that no other text costs anything.

    The rules are far stricter than RFC 5321, which allows `"a b"@[127.0.0.1]`.
    """

    def prefilter(self, content: Content) -> bool:
        """Test for an @ between two words."""
        return b"@" in content.raw and _PREFILTER.search(content.raw) is not None

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the addresses."""
        text, end = content.text, 0
        at = text.find("@")
        while at >= 0:
            domain = _DOMAIN.match(text, at)
            start = _local_start(text, max(end, at - LONGEST_LOCAL), at) if domain else None
            if domain and start is not None:
                end = domain.end()
                yield Hit(start, end, text[start:end])
            at = text.find("@", at + 1)


def _local_start(text: str, start: int, at: int) -> int | None:
    local = _LOCAL.search(text, start, at)
    return local.start() if local else None
