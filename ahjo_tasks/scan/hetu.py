"""Finnish personal identity codes, by the rules of the Digital and Population Data Services Agency."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from ahjo_tasks.scan.finding import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Whether the code is one that a person born by `today` can have: date, number and control character."""
    digits = code[:6] + code[7:10]
    if len(code) != LENGTH or code[6] not in CENTURIES or not (digits.isascii() and digits.isdecimal()):
        return False
    if code[10] != CONTROLS[int(digits) % len(CONTROLS)] or int(code[7:10]) < FIRST_NUMBER:
        return False
    try:
        born = date(CENTURIES[code[6]] + int(code[4:6]), int(code[2:4]), int(code[:2]))
    except ValueError:
        return False
    return born <= (today or date.today())  # noqa: DTZ011 - a birthday has no time zone


class Hetu:
    """Finds identity codes that are no part of a longer token."""

    def suspects(self, content: Content) -> bool:
        """Whether the bytes hold a valid code."""
        return next(_codes(content.raw), None) is not None

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the codes."""
        found = _codes(content.raw) if content.raw.isascii() else _IN_TEXT.finditer(content.text)
        for match in found:
            code = content.text[match.start() : match.end()]
            if is_hetu(code):
                yield Hit(*match.span(), code)


def _codes(data: bytes) -> Iterator[re.Match[bytes]]:
    """Valid codes among ASCII. To look for their shape in a text of three characters is quicker than a pattern."""
    shapes = data.translate(_SHAPES)
    start = shapes.find(_SHAPE)
    while start >= 0:
        match = _IN_BYTES.match(data, start)
        if match and is_hetu(match[0].decode("ascii")):
            yield match
        start = shapes.find(_SHAPE, start + 1)
