"""Bytes that are no text in dumps of MySQL: mysqldump writes BLOBs as they are, unless it has --hex-blob."""

from __future__ import annotations

import re

_SAYS_UTF8 = re.compile(rb"SET NAMES utf8|_binary '")
"""The marks of a dump, by which it is told from a file in another encoding."""
_SETS_NAMES = re.compile(rb"SET NAMES")
_DUMPED = re.compile(
    rb"(?m)^(?:/\*M?!999999\\- enable the sandbox mode|/\*!40101 SET @saved_cs_client|INSERT INTO `[^`\n]*+` VALUES)"
)
"""The marks of a dump that are left where --compact leaves out the character set."""
HEX_BLOB = "Where these bytes are a BLOB's, dump with --hex-blob, or without --compact; else save the file as UTF-8."
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


def encoding_hint(raw: bytes) -> str | None:
    """Return how to dump BLOBs as text, for a dump that does not say in which encoding it is."""
    return HEX_BLOB if _DUMPED.search(raw) and not _SETS_NAMES.search(raw) else None


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
