"""Refuse changed files whose CREATE ... IF NOT EXISTS would leave what is there as it is, and seem to replace it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.engine.changes import Status, keys_of
from ahjo_tasks.engine.recreate_dependents import RECREATED
from ahjo_tasks.errors import UsageError
from ahjo_tasks.sql.references import read_references
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.catalog import Catalog
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.engine.changes import FileChange
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.definitions import Definition

REPLACED = RECREATED | {"event", "package", "package body"}
"""Kinds of objects that are what their text says; what a table or a sequence holds is worth more than its text."""
ONLY_IF_MISSING = re.compile(
    r"CREATE(?: (?!(?:VIEW|FUNCTION|PROCEDURE|TRIGGER|EVENT|PACKAGE) )\S+)* \w+(?: BODY)? IF NOT EXISTS "
)
"""The head of such a statement, its words parted by blanks. In a body IF NOT EXISTS comes after another kind."""
WHY = {Status.CHANGED: "its file has changed", Status.DRIFTED: "was changed by hand"}
"""The states of files whose objects are to become others than they are."""
HEAD = 24
"""Tokens of a statement among which the name of its object is."""


class Creation(NamedTuple):
    """A statement from its first word on, and whether it creates its object only where that is missing."""

    text: str
    only_if_missing: bool


def refuse_without_effect(
    changes: Sequence[FileChange], catalog: Catalog, text_before: Callable[[str], str | None]
) -> None:
    """Raise UsageError for objects of changed files, and for some changed by hand, that their files would leave so.

    `text_before` returns the text that a file was last deployed with; None where that is not known.
    """
    running = [(change, change.file) for change in changes if change.runs and change.file is not None]
    gone = {item.name.name.lower() for _change, file in running for item in file.names.dropped}
    found = [
        f"{change.label}: the {definition.kind} {definition.name} is there and {WHY[change.status]}: CREATE ... IF NOT"
        " EXISTS would leave it as it is"
        for change, file in running
        if change.status in WHY
        for definition in _left_alone(change, file, catalog, text_before)
        if definition.table_name.lower() not in gone  # what belongs to a view goes with it
    ]
    if found:
        raise UsageError(
            "\n  ".join(found),
            hint="Write DROP ... IF EXISTS before it, or CREATE OR REPLACE where the database has it. Nothing was run.",
        )


def _left_alone(
    change: FileChange, file: SqlFile, catalog: Catalog, text_before: Callable[[str], str | None]
) -> Iterator[Definition]:
    """Yield the objects that are there and differ from what the file says, and that it creates only if missing."""
    dropped = {(definition.kind, definition.name.name) for definition in file.names.dropped}
    there = {
        definition: key
        for definition, key in zip(file.definitions, keys_of(file, catalog), strict=True)
        if key is not None and definition.kind in REPLACED and (definition.kind, definition.name.name) not in dropped
    }
    created = creations(file.text, file.dialect) if there else {}
    kept = [definition for definition in there if definition in created and created[definition].only_if_missing]
    if not kept:
        return
    if change.status is Status.DRIFTED:
        yield from (definition for definition in kept if there[definition] in change.drifted)
        return
    before = creations(text_before(file.label) or "", file.dialect)
    yield from (
        definition
        for definition in kept
        if definition in before and before[definition].text != created[definition].text
    )


def creations(text: str, dialect: Dialect) -> dict[Definition, Creation]:
    """Return the statement that creates each object of a text."""
    splitter, syntax = dialect.statement_splitter or dialect.splitter, dialect.syntax
    found: dict[Definition, Creation] = {}
    for batch in splitter.split(text):
        tokens = list(tokenize(batch.text, syntax))
        if tokens:
            head = " ".join(token.word or "." for token in tokens[:HEAD])
            creation = Creation(batch.text[tokens[0].offset :].rstrip(), bool(ONLY_IF_MISSING.match(head)))
            found |= dict.fromkeys(read_references([batch.text], syntax).definitions, creation)
    return found
