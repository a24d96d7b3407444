"""Refuse changed files that would leave what is there as it is, and seem to replace it: CREATE ... IF NOT EXISTS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.database.catalog import has_table
from ahjo_tasks.engine.changes import Status, keys_of
from ahjo_tasks.engine.recreate_dependents import RECREATED
from ahjo_tasks.errors import UsageError
from ahjo_tasks.project.creations import creations
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ahjo_tasks.database.catalog import Catalog
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.changes import FileChange
    from ahjo_tasks.project.creations import Creation
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.definitions import Definition, Name

ALTERED = frozenset({"sequence", "type"})
"""Kinds of objects that are altered and not replaced: what they hold, or what uses them, is worth more."""
DESCRIBED = RECREATED | ALTERED | {"event", "package", "package body"}
"""Kinds of objects that are what their text says; of a table the rows count."""
CHANGED = "its file has changed"
WHY = {Status.CHANGED: CHANGED, Status.ALWAYS: CHANGED, Status.DRIFTED: "was changed by hand"}
"""The states of files whose objects are to become others than they are."""
DROP_OR_REPLACE = "Write DROP ... IF EXISTS before it, or CREATE OR REPLACE where the database has it. Nothing was run."
MIGRATE = "Write a migration for the change: alembic revision. Nothing was run."
ALTER = "Write an ALTER of the {} after it, which runs each time that the file does. Nothing was run."


def refuse_without_effect(
    changes: Sequence[FileChange], catalog: Catalog, texts_before: Callable[[SqlFile], Sequence[str]]
) -> list[str]:
    """Return warnings about objects that their files, which have changed or are new, may leave as they are.

    `texts_before` returns the texts by which the objects of a file were last deployed, as far as they are known. Raises
    UsageError where it is certain that objects of changed files, or some changed by hand, would be left so.
    """
    running = [(change, change.file) for change in changes if change.runs and change.file is not None]
    gone = {item.name.name.lower() for _change, file in running for item in file.names.dropped}
    refused: list[str] = []
    warnings: list[str] = []
    altered: set[str] = set()
    for change, file in running:
        for definition, creation, known in _left_alone(change, file, catalog, texts_before):
            there = f"{change.label}: the {definition.kind} {definition.name} is there"
            if definition.table_name.lower() in gone:  # what belongs to a view goes with it
                continue
            if creation.guarded:
                warnings.append(f"{there} and {WHY[change.status]}: a condition in the file may leave it as it is.")
            elif not known:
                warnings.append(f"{there}: CREATE ... IF NOT EXISTS leaves it as it is.")
            else:
                refused.append(f"{there} and {WHY[change.status]}: CREATE ... IF NOT EXISTS would leave it as it is")
                altered |= {definition.kind} & ALTERED
    if refused:
        raise UsageError(
            "\n  ".join(refused), hint=ALTER.format(" and ".join(sorted(altered))) if altered else DROP_OR_REPLACE
        )
    return warnings


def _left_alone(
    change: FileChange, file: SqlFile, catalog: Catalog, texts_before: Callable[[SqlFile], Sequence[str]]
) -> Iterator[tuple[Definition, Creation, bool]]:
    """Yield the objects that are there and that the file, run for their sake, creates only where they are missing.

    With each its statement, and whether it is known that the object differs from what this says.
    """
    if change.status not in WHY:
        return
    dropped = {(definition.kind, definition.name.name) for definition in file.names.dropped}
    there = {
        definition: key
        for definition, key in zip(file.definitions, keys_of(file, catalog), strict=True)
        if key is not None and definition.kind in DESCRIBED and (definition.kind, definition.name.name) not in dropped
    }
    created = creations(file.text, file.dialect) if there else {}
    kept = {
        definition: creation
        for definition, creation in created.items()
        if definition in there and (creation.only_if_missing or creation.guarded)
    }
    if not kept:
        return
    if change.status is Status.DRIFTED:
        yield from ((made, creation, True) for made, creation in kept.items() if there[made] in change.drifted)
        return
    before: dict[Definition, Creation] = {}
    for text in reversed(texts_before(file)):  # what the file itself created counts before what another one did
        before |= creations(text, file.dialect)
    for definition, creation in kept.items():
        if definition not in before and creation.only_if_missing and change.status is Status.CHANGED:
            yield definition, creation, False
        elif definition in before and before[definition].text != creation.text:
            yield definition, creation, True


CHANGES_TABLES = re.compile(r"\b(?:ALTER|DROP) TABLE\b")
"""Words of a file that takes care itself of tables which are there."""


def refuse_changed_tables(
    files: Iterable[SqlFile], connection: Connection, text_before: Callable[[str], str | None]
) -> list[str]:
    """Return warnings about tables that changed files of `structure` may leave as they are.

    `text_before` returns the text that a file was last deployed with. Raises UsageError where a file would create a
    table that is there, and its statement has changed.
    """
    warnings: list[str] = []
    for file in files:
        words = " ".join(token.word for token in tokenize(file.text, file.dialect.syntax))
        if CHANGES_TABLES.search(words):
            continue
        before = creations(text_before(file.label) or "", file.dialect)
        for made, creation in creations(file.text, file.dialect).items():
            if made.kind != "table" or not _is_there(connection, made.name):
                continue
            known = made in before
            if creation.runs_again and known and before[made].text == creation.text:
                continue
            said = f"{file.label} has changed since it created the table {made.name}: "
            if creation.guarded:
                warnings.append(f"{said}a condition in the file may leave it as it is.")
            elif creation.only_if_missing and not known:
                warnings.append(f"{said}CREATE TABLE IF NOT EXISTS leaves it as it is.")
            else:
                raise UsageError(f"{said}CREATE TABLE changes no table that is there.", hint=MIGRATE)
    return warnings


def _is_there(connection: Connection, name: Name) -> bool:
    """Test whether there is a table, in capitals or not."""
    schema = name.schema or connection.dialect.bookkeeping_schema
    return any(has_table(connection, spelt, schema) for spelt in (name.name, name.name.lower()))
