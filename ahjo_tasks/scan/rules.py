"""What can be looked for, and where."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ahjo_tasks.scan.finding import Hit
from ahjo_tasks.scan.paths import Paths

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from ahjo_tasks.scan.content import Content


class OwnPattern:
    """Finds what the expression matches, empty matches left out."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern

    def suspects(self, content: Content) -> bool:
        """Nothing quicker than the expression itself is known."""
        return bool(content.raw)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the matches."""
        for match in self.pattern.finditer(content.text):
            if match[0]:
                yield Hit(*match.span(), match[0])


class Searcher(Protocol):
    """One way to search a file."""

    def suspects(self, content: Content) -> bool:
        """Whether a quick look does not rule a hit out."""

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield what is there. Raises UnreadableError for a file that it cannot make sense of."""


@dataclass(frozen=True)
class Rule:
    """What to look for in which files. `secret` is whether a report to others may want to hide the matches."""

    name: str
    searcher: Searcher
    paths: Paths = field(default_factory=Paths)
    description: str = ""
    secret: bool = True


class Builtin(NamedTuple):
    """A rule that needs no pattern: what it takes, and where its searcher is."""

    description: str
    module: str
    searcher: str
    parameters: tuple[str, ...] = ()

    @property
    def secret(self) -> bool:
        """Whether the matches are data, and not statements."""
        return not self.parameters


BUILTINS = {
    "hetu": Builtin("Finnish personal identity code", "hetu", "Hetu"),
    "email": Builtin("Email address", "email", "Email"),
    "sql_object_modification": Builtin(
        "Change of a database object",
        "sql_objects",
        "SqlObjectModification",
        ("schemas", "objects", "object_types"),
    ),
    "sql_insert": Builtin("Insert into a table", "sql_inserts", "SqlInsert", ("schemas", "tables")),
    "alembic_table_modification": Builtin(
        "Change of a table by Alembic", "alembic_calls", "AlembicTableModification", ("schemas", "tables")
    ),
}


def builtin_rule(name: str, paths: Paths, parameters: Mapping[str, tuple[str, ...]]) -> Rule:
    """One of the rules above; only the module that it needs is imported."""
    builtin = BUILTINS[name]
    module = importlib.import_module(f"ahjo_tasks.scan.{builtin.module}")
    searcher: Searcher = getattr(module, builtin.searcher)(**parameters)
    return Rule(name, searcher, paths, builtin.description, builtin.secret)


def own_rule(name: str, pattern: re.Pattern[str], paths: Paths) -> Rule:
    """A rule of the project's own."""
    return Rule(name, OwnPattern(pattern), paths, f"The project's rule {name}")
