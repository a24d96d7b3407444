"""Comments of MySQL that hold code, `/*!80016 ... */` and `/*M!100303 ... */`: which a server reads, by its version."""

from __future__ import annotations

import re
from typing import NamedTuple

from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.scanner import end_of_match

_MARIADB = re.compile(r"(?i)^(?:5\.5\.5-)?(?P<version>[0-9.]+).*mariadb")
"""MariaDB's version, before which a proxy or an old release puts one that MySQL's replicas understand."""
_NUMBERS = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)")
_OPENING = r"/\*(?P<maria>M?+)!(?P<version>[0-9]{5,6}|)"
_TOKEN = re.compile("|".join([*MYSQL.literals(lenient=True), _OPENING, *MYSQL.comments(lenient=True)]))
_CODE = re.compile(MYSQL.code_open)
_WHOLE = re.compile(r"/\*[^*/]*+(?:(?:\*(?!/)|/(?!\*)|/\*[\s\S]*?(?:\*/|\Z))[^*/]*+|)*+(?:\*/|\Z)")
"""A comment that the server skips; another one may stand in it."""
_NO_NEWLINE = re.compile(r"[^\r\n]")
_OF_MYSQL_ALONE = range(50700, 100_000)
"""Versions in comments that MariaDB does not read: since 5.7 MySQL's syntax is not always MariaDB's."""


class Server(NamedTuple):
    """A server, as far as its comments need it: whether it is MariaDB, and its version as 80036; None for unknown."""

    is_mariadb: bool | None = None
    version: int | None = None

    @classmethod
    def parse(cls, version: str) -> Server:
        """Read the version that a server tells."""
        mariadb = _MARIADB.match(version)
        numbers = _NUMBERS.match(mariadb["version"] if mariadb else version)
        if numbers is None:
            return cls(bool(mariadb) or None)
        major, minor, patch = map(int, numbers.groups())
        return cls(bool(mariadb), major * 10_000 + minor * 100 + patch)

    def reads(self, version: str, *, of_mariadb: bool) -> bool:
        """Test whether it takes for code what a comment holds; where not all is known, whether such a server may."""
        if of_mariadb and self.is_mariadb is False:
            return False
        if self.is_mariadb and not of_mariadb and version and int(version) in _OF_MYSQL_ALONE:
            return False
        return not version or self.version is None or int(version) <= self.version


def without_skipped(text: str, server: Server) -> str:
    """Write blanks for the comments with code that a server skips; offsets and lines stay."""
    if "/*!" not in text and "/*M!" not in text:
        return text
    parts, done, start = list[str](), 0, 0
    while match := _TOKEN.search(text, start):
        start = match.end()
        if match["version"] is None or _is_read(match, server):
            continue
        start = end_of_match(_WHOLE, text, match.start())
        parts += [text[done : match.start()], _NO_NEWLINE.sub(" ", text[match.start() : start])]
        done = start
    return "".join([*parts, text[done:]])


def _is_read(opening: re.Match[str], server: Server) -> bool:
    """Test whether a server takes for code what a comment holds."""
    code = _CODE.match(opening.string, opening.start())
    return code is not None and server.reads(opening["version"], of_mariadb=bool(opening["maria"]))
