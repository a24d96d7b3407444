"""Drop what the project's files create, dependents first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.kinds import DROPPED_OBJECTS, KINDS
from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.references.tokens import keywords, name_tokens, word_set
from ahjo_tasks.sql.source import ascii_upper
from ahjo_tasks.utils import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dependent, Dialect
    from ahjo_tasks.errors import DeployError, StatementError
    from ahjo_tasks.project.sql_file import SqlFile

NAME_PARTS = 2
SHOWN_USERS = 5
"""Users of an object that are named where it cannot be dropped; the others are counted."""
NOT_THERE = "was not there"
OF_SEARCHES = (
    "collation",
    "conversion",
    *(f"text search {part}" for part in ("configuration", "dictionary", "parser", "template")),
)
"""Kinds of objects of PostgreSQL that have no folder of their own, and hold no data."""
CREATE_NOTHING = word_set(
    "ALTER ANALYZE COMMENT DELETE DENY DROP GRANT INSERT PRAGMA REFRESH REINDEX RESET REVOKE SECURITY SET TRUNCATE"
    " UPDATE USE VACUUM"
)
"""First words of statements after which there is no new object."""
WITHOUT_NAME = frozenset({"INDEX", "STATISTICS", "TRANSFORM", "UNIQUE"})
"""Words after CREATE of what is no object of a kind that is dropped."""


def place(item: Definition | Dependent) -> tuple[str, str]:
    """Return the schema and the name of an object."""
    schema = item.schema if isinstance(item, Definition) else item.name.schema
    return schema or "", item.name.name


@dataclass(frozen=True)
class DropStep(Step):
    """Drop one object; `file` is the label of the file that created it, as far as it is known."""

    definition: Definition
    statement: str
    file: str = ""
    outside_transaction: str = ""

    kind = "drop"
    sent_in_one_call = True

    @property
    def transactional(self) -> bool:
        """False where the server drops it outside of transactions only."""
        return not self.outside_transaction

    @property
    def alone(self) -> str:
        """The reason why the server drops it outside of transactions only, if it does."""
        return self.outside_transaction

    @property
    def label(self) -> str:
        """`view dbo.v_orders`."""
        return f"{self.definition.kind} {self.definition.name}"

    def run(self, connection: Connection) -> int:
        """Drop the object if it exists, and say so if it does not."""
        if not connection.dialect.object_exists(connection, self.definition):
            connection.report(NOT_THERE)
        return connection.execute(self.statement)

    def fallback(self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()) -> None:
        """Return None; where the object is still used, the hint of the error says what uses it."""
        dialect = connection.dialect
        if error.server is not None and dialect.is_dependency_error(error.server):
            used = dialect.dependents(connection, [self.definition]) or ()
            users = [item.text for item in used if item.used and item.name.name != self.definition.name.name]
            if users:
                error.hint = f"Used by {join_names(users, SHOWN_USERS)}: drop or change it first."


def plan_drop(files: Sequence[SqlFile], kinds: Iterable[str] | None = None) -> Plan:
    """Plan to drop the objects of these files in the opposite order of their deployment.

    They are those that the SQL of a file creates, or else the one that the file is named after: `schema.object.sql`.
    With `kinds`, objects of other kinds are left out. A file that creates nothing to drop is a note. Raises SourceError
    for a file that may create something and is not named after it, UsageError if no object is of these kinds.
    """
    allowed = set(kinds) if kinds is not None else None
    notes = tuple(f"{file.label} creates nothing that is dropped" for file in files if not _objects(file))
    steps = [step for step in drop_steps(files) if allowed is None or step.definition.kind in allowed]
    if not steps and allowed and files:
        names = ", ".join(file.label for file in files)
        kind = " or ".join(sorted(allowed))
        raise UsageError(f"There is no {kind} in {names}.", hint="Give the type of what they create.")
    return Plan(tuple(steps), notes)


def drop_step(definition: Definition, text: str, dialect: Dialect, file: str = "") -> DropStep:
    """Return the step that drops an object; `text` is that of the file which created it, `file` its label."""
    statement = dialect.drop_statement(definition, text)
    return DropStep(definition, statement, file, dialect.non_transactional_drop(statement, text))


def drop_steps(files: Sequence[SqlFile]) -> list[DropStep]:
    """The steps that drop the objects of these files, dependents first."""
    return [
        drop_step(definition, file.text, file.dialect, file.label)
        for file in reversed(ordered(files))
        for definition in reversed(_objects(file))
    ]


def _objects(file: SqlFile) -> list[Definition]:
    kind = KINDS[file.kind].creates
    definitions = [item for item in file.definitions if item.kind in (*DROPPED_OBJECTS, *OF_SEARCHES, kind)]
    definitions += file.dialect.casts(file.text)
    if definitions or file.definitions or _creates_nothing(file):
        return list(dict.fromkeys(definitions))
    name = _name_of_file(file)
    return [Definition(kind, name)] if name else []


def _creates_nothing(file: SqlFile) -> bool:
    """Test whether each statement creates nothing that could be dropped, as GRANT, COMMENT and CREATE INDEX."""
    syntax = file.dialect.syntax
    words = [word for text in file.texts for word in (";", *keywords(name_tokens(text, syntax), syntax))]
    begins = ((word, after) for (before, word), (_word, after) in pairwise(pairwise([*words, ""])) if before == ";")
    return all(word in {";", *CREATE_NOTHING} or (word == "CREATE" and after in WITHOUT_NAME) for word, after in begins)


def _name_of_file(file: SqlFile) -> Name | None:
    """Return the name in `schema.object.sql`; None for another file name where the file cannot create anything."""
    parts = file.name.split(".")
    if file.kind == "assembly":
        return Name(None, parts[0])
    if len(parts) > NAME_PARTS or (len(parts) < NAME_PARTS and file.dialect.default_schema):
        if "CREATE" not in ascii_upper(file.text):
            return None
        raise SourceError(
            "creates no object, and its name does not say which one to drop",
            path=file.path,
            hint="Name the file schema.object.sql.",
        )
    return Name(parts[-2] if len(parts) == NAME_PARTS else None, parts[-1])
