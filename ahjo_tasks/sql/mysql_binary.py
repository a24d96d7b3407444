"""Bytes that are no text in dumps of MySQL: mysqldump writes BLOBs as they are, unless it has --hex-blob."""

from __future__ import annotations

import re

_SAYS_UTF8 = re.compile(rb"SET NAMES utf8|_binary '")
"""The marks of a dump, by which it is told from a file in another encoding."""
_TOKEN = re.compile(
    rb"--[ \t\r][^\n]*+|--(?=\n)|#[^\n]*+|/\*(?!M?!)[\s\S]*?\*/|`[^`]*+`"
    rb'|"[^"\\]*+(?:\\[\s\S][^"\\]*+|)*+"'
    rb"|'([^'\\]*+(?:(?:\\[\s\S]|'')[^'\\]*+|)*+)'"
)
"""A comment, a name or a string; of one in single quotes the content."""
_ESCAPE = re.compile(rb"\\([\s\S])|''")
_CONTROLS = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a", b"%": rb"\%", b"_": rb"\_"}


def with_hexadecimals(raw: bytes) -> bytes:
    """Write strings that are no UTF-8 in hexadecimal digits, in a script that says that it is; its lines stay."""
    return _TOKEN.sub(_readable, raw) if _SAYS_UTF8.search(raw) and not _is_text(raw) else raw


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _readable(token: re.Match[bytes]) -> bytes:
    content = token[1]
    if content is None or _is_text(content):
        return token[0]
    value = _ESCAPE.sub(lambda escape: _CONTROLS.get(escape[1], escape[1]) if escape[1] else b"'", content)
    return b"X'%s'" % value.hex().encode() + b"\n" * content.count(b"\n")
