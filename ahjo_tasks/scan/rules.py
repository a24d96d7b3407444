"""Rules: what to search for in which files."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ahjo_tasks.errors import UsageError
from ahjo_tasks.scan.findings import Hit
from ahjo_tasks.utils import load_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ahjo_tasks.scan.content import Content

_SPECIAL = re.compile(r"[*?\[]")
_TOKEN = re.compile(r"\*\*/|/\*\*\Z|\*\*|\*|\?|\[!?\]?[^\]/]*\]|[^*?\[]+|\[")


class Paths:
    """Paths and globs relative to the project. A path means the file or folder with all in it.

    A glob without a slash is for names in any folder.

    In a glob `*` and `?` stop at a slash, `**` does not. No entries mean every file.
    """

    def __init__(self, entries: tuple[str, ...] = (".",)) -> None:
        self.entries = entries
        plain = [_trimmed(entry) for entry in entries]
        self._all = not plain or "" in plain
        self._names = frozenset(plain)
        self._folders = tuple(f"{path}/" for path in plain)
        globs = [_regex(path) for path in plain if _SPECIAL.search(path)]
        self._glob = _compiled(globs, entries) if globs else None

    def __contains__(self, path: str) -> bool:
        return (
            self._all
            or path.startswith(self._folders)
            or path in self._names
            or (self._glob is not None and self._glob.match(path) is not None)
        )


def _compiled(globs: list[str], entries: tuple[str, ...]) -> re.Pattern[str]:
    try:
        return re.compile("|".join(globs))
    except re.error as error:
        raise UsageError(f"{', '.join(entries)}: this is not a file pattern: {error.msg}.") from None


def _trimmed(entry: str) -> str:
    """Write the entry with slashes, and without a leading `./` or a slash at its end."""
    path = entry.replace("\\", "/").strip()
    while path.startswith("./"):
        path = path[2:]
    return "" if path == "." else path.rstrip("/")


def _regex(glob: str) -> str:
    """Give the expression for the path itself or anything below it."""
    anywhere = "" if "/" in glob else "(?:.*/)?"
    return rf"{anywhere}{''.join(_token_regex(token) for token in _TOKEN.findall(glob))}(?:/.*)?\Z"


def _token_regex(token: str) -> str:
    known = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in known:
        return known[token]
    if token.startswith("[") and len(token) > 1:
        inner = token[1:-1].replace("\\", "\\\\")
        return f"(?!/)[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(token)


EVERY_FILE = Paths()


class Searcher(Protocol):
    """One way to search a file."""

    def prefilter(self, content: Content) -> bool:
        """Test quickly whether there can be a hit."""

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the hits. Raises UnreadableError for a file that cannot be parsed."""


class PatternSearcher:
    """Finds the matches of an expression, empty ones left out."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def prefilter(self, content: Content) -> bool:
        """Accept all but empty files: nothing is faster than the expression itself."""
        return bool(content.raw)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the matches."""
        for match in self.pattern.finditer(content.text):
            if match[0]:
                yield Hit(*match.span(), match[0])


class BuiltinSearcher:
    """Searches for a built-in rule, whose module is imported for the first file that has one of its words."""

    def __init__(self, builtin: Builtin, parameters: Mapping[str, tuple[str, ...]]) -> None:
        self._builtin = builtin
        self._parameters = parameters

    @cached_property
    def _searcher(self) -> Searcher:
        searcher: Searcher = load_object(f"ahjo_tasks.scan.{self._builtin.searcher}")(**self._parameters)
        return searcher

    def prefilter(self, content: Content) -> bool:
        """Look for the rule's words in the bytes, and then for more."""
        words = self._builtin.words
        return (not words or any(word in content.lower for word in words)) and self._searcher.prefilter(content)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the hits. Raises UnreadableError for a file that cannot be parsed."""
        return self._searcher.find(content)


class Rule(NamedTuple):
    """A search in some of the files. A report to others may hide the matches of a `secret` rule."""

    name: str
    searcher: Searcher
    paths: Paths = EVERY_FILE
    description: str = ""
    secret: bool = True


class Builtin(NamedTuple):
    """A rule without a pattern: its searcher as `module:class`, its parameters, and words of which a hit has one."""

    description: str
    searcher: str
    parameters: tuple[str, ...] = ()
    words: tuple[bytes, ...] = ()

    @property
    def secret(self) -> bool:
        """True if the matches are data, and not statements."""
        return not self.parameters


BUILTINS = {
    "hetu": Builtin("Finnish personal identity code", "personal_data:Hetu"),
    "email": Builtin("Email address", "personal_data:Email", words=(b"@",)),
    "sql_object_modification": Builtin(
        "Change of a database object",
        "sql_statements:SqlObjectModification",
        ("schemas", "objects", "object_types"),
        (b"create", b"alter", b"drop"),
    ),
    "sql_insert": Builtin(
        "Insert into a table", "sql_statements:SqlInsert", ("schemas", "tables"), (b"insert", b"replace")
    ),
    "alembic_table_modification": Builtin(
        "Change of a table by Alembic", "alembic_calls:AlembicTableModification", ("schemas", "tables")
    ),
}


def builtin_rule(name: str, paths: Paths, parameters: Mapping[str, tuple[str, ...]]) -> Rule:
    """Make one of the built-in rules."""
    builtin = BUILTINS[name]
    return Rule(name, BuiltinSearcher(builtin, parameters), paths, builtin.description, builtin.secret)


def own_rule(name: str, pattern: re.Pattern[str], paths: Paths) -> Rule:
    """Make a rule of the project's own."""
    return Rule(name, PatternSearcher(pattern), paths, f"The project's rule {name}")
