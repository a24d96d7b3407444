"""Statements of SQL Server's objects: modules as they were written, the others made of the catalog."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.scripts import ObjectScript, ScriptReader
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ahjo_tasks.sql.tokens import Token

FULL = "SCHEMA_NAME(o.schema_id), o.name"
MODULES = f"""
SELECT o.object_id, RTRIM(o.type), {FULL}, m.definition, m.uses_ansi_nulls, m.uses_quoted_identifier, t.is_disabled,
    SCHEMA_NAME(p.schema_id), p.name
FROM sys.sql_modules m JOIN sys.objects o ON o.object_id = m.object_id
LEFT JOIN sys.triggers t ON t.object_id = o.object_id LEFT JOIN sys.objects p ON p.object_id = t.parent_id
WHERE o.is_ms_shipped = 0 ORDER BY 3, 4
"""
DATABASE_TRIGGERS = """
SELECT o.object_id, 'TR', NULL, o.name, m.definition, m.uses_ansi_nulls, m.uses_quoted_identifier, o.is_disabled,
    NULL, NULL
FROM sys.sql_modules m JOIN sys.triggers o ON o.object_id = m.object_id
WHERE o.is_ms_shipped = 0 AND o.parent_class = 0 ORDER BY 4
"""
SEQUENCES = f"""
SELECT o.object_id, {FULL}, TYPE_NAME(o.user_type_id), CAST(o.start_value AS nvarchar(40)),
    CAST(o.increment AS nvarchar(40)), CAST(o.minimum_value AS nvarchar(40)), CAST(o.maximum_value AS nvarchar(40)),
    o.is_cycling, o.is_cached, o.cache_size
FROM sys.sequences o ORDER BY 2, 3
"""
ALIAS_TYPES = """
SELECT SCHEMA_NAME(o.schema_id), o.name, TYPE_NAME(o.system_type_id), o.max_length, o.precision, o.scale, o.is_nullable
FROM sys.types o WHERE o.is_user_defined = 1 AND o.is_table_type = 0 AND o.is_assembly_type = 0 ORDER BY 1, 2
"""
KINDS = {
    "V": "view",
    "P": "procedure",
    "FN": "function",
    "IF": "function",
    "TF": "function",
    "TR": "trigger",
    "R": "rule",
}
WITH_LENGTH = frozenset({"char", "varchar", "binary", "varbinary"})
WITH_HALF_LENGTH = frozenset({"nchar", "nvarchar"})
WITH_PRECISION = frozenset({"decimal", "numeric"})
WITH_SCALE = frozenset({"time", "datetime2", "datetimeoffset"})


class Module(NamedTuple):
    """A row of MODULES."""

    number: int
    code: str
    schema: str | None
    name: str
    definition: str | None
    ansi_nulls: bool
    quoted_identifier: bool
    disabled: bool | None
    table_schema: str | None
    table: str | None


class SQLServerObjects(ScriptReader):
    """Reads modules, sequences and alias types."""

    def sequences(self) -> Iterator[tuple[int, str, str, str]]:
        """Yield number, schema and name of each sequence, and the statement that creates it."""
        rows = self.connection.query(SEQUENCES)
        for number, schema, name, kind, start, step, low, high, cycles, is_cached, cache in rows:
            cached = f"CACHE {cache}" if is_cached and cache else "CACHE" if is_cached else "NO CACHE"
            head = f"CREATE SEQUENCE {self.dialect.quote(schema, name)} AS {kind}"
            limits = f"START WITH {start} INCREMENT BY {step} MINVALUE {low} MAXVALUE {high}"
            yield number, schema, name, f"{head} {limits} {'CYCLE' if cycles else 'NO CYCLE'} {cached}"

    def alias_types(self) -> Iterator[tuple[str, str, str]]:
        """Yield schema and name of each alias type, and the statement that creates it."""
        for schema, name, base, length, precision, scale, nullable in self.connection.query(ALIAS_TYPES):
            full, kind = self.dialect.quote(schema, name), type_text(base, length, precision, scale)
            yield schema, name, f"CREATE TYPE {full} FROM {kind}{'' if nullable else ' NOT NULL'}"

    def modules(self, indexes: Callable[[int, str], Iterable[str]]) -> Iterator[ObjectScript]:
        """Yield views, procedures, functions, triggers and rules, as they were written but for CREATE OR ALTER.

        `indexes` returns the statements that create those of a view, which CREATE OR ALTER drops.
        """
        for row in [*self.connection.query(MODULES), *self.connection.query(DATABASE_TRIGGERS)]:
            module = Module(*row)
            kind = KINDS.get(module.code, "")
            if module.definition is None:
                name = f"{module.schema}.{module.name}" if module.schema else module.name
                self.missing.append(f"{kind} {name}: its text is encrypted, or not shown to this login")
            elif kind:
                yield ObjectScript(
                    kind, module.schema or "", module.name, self._text(module, module.definition, indexes)
                )

    def _text(self, module: Module, definition: str, indexes: Callable[[int, str], Iterable[str]]) -> str:
        """Return the text of a module's file, with the settings that it was created with."""
        full = self.dialect.quote(module.schema, module.name)
        parts = [
            "" if module.quoted_identifier else "SET QUOTED_IDENTIFIER OFF",
            "" if module.ansi_nulls else "SET ANSI_NULLS OFF",
            repeatable(definition, full, module.name),
        ]
        if module.disabled:
            place = self.dialect.quote(module.table_schema, module.table) if module.table else "DATABASE"
            parts.append(f"DISABLE TRIGGER {full} ON {place}")
        if module.code == "V":
            parts += indexes(module.number, full)
        return batches(*filter(None, parts))


def batches(*texts: str) -> str:
    """Return the text of a file of batches."""
    return "\nGO\n\n".join(text.strip("\r\n").replace("\r\n", "\n").rstrip() for text in texts) + "\n"


def repeatable(definition: str, full: str, name: str) -> str:
    """Return the text of a module with CREATE OR ALTER, and its name as it is now where it was renamed."""
    tokens = list(tokenize(definition, MSSQL))
    create = next((index for index, token in enumerate(tokens) if token.word == "CREATE"), None)
    if create is None:
        return definition
    alters = [token.word for token in tokens[create + 1 : create + 3]] == ["OR", "ALTER"]
    kind = create + (3 if alters else 1)
    first, last = _name_at(tokens, kind + 1)
    if first is not None and last is not None and last.value != name:
        definition = definition[: first.offset] + full + definition[_end(last, definition) :]
    end = tokens[create].offset + len("CREATE")
    return definition if alters else f"{definition[:end]} OR ALTER{definition[end:]}"


def _name_at(tokens: Sequence[Token], start: int) -> tuple[Token | None, Token | None]:
    """Return the first and last token of the name at an index."""
    if start >= len(tokens):
        return None, None
    last = start
    while last + 2 < len(tokens) and tokens[last + 1].value == ".":
        last += 2
    return tokens[start], tokens[last]


def _end(token: Token, text: str) -> int:
    """Return the offset behind a name, whose quotes and doubled quotes are not in its value."""
    end = token.offset + len(token.value)
    return end if token.kind == "name" else end + 2 + token.value.count(text[token.offset].replace("[", "]"))


def type_text(base: str, length: int, precision: int, scale: int) -> str:
    """Return a type of the server with its length or precision. `length` is in bytes, -1 without a limit."""
    if base in WITH_LENGTH | WITH_HALF_LENGTH:
        size = "max" if length < 0 else str(length // 2 if base in WITH_HALF_LENGTH else length)
        return f"{base}({size})"
    if base in WITH_PRECISION:
        return f"{base}({precision}, {scale})"
    return f"{base}({scale})" if base in WITH_SCALE else base


def grouped(rows: Sequence[tuple[Any, ...]]) -> dict[Any, list[tuple[Any, ...]]]:
    """Return the rows by their first column, without it."""
    groups = defaultdict[Any, list[tuple[Any, ...]]](list)
    for first, *rest in rows:
        groups[first].append(tuple(rest))
    return groups
