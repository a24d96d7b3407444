"""Statements that drop objects of PostgreSQL: overloads of routines and operators, views of either kind, triggers."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.references import read_references
from ahjo_tasks.sql.references.symbols import operator_ahead
from ahjo_tasks.sql.tokens import bare_name, stored_name, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.database.dialects.base import Naming
    from ahjo_tasks.sql.tokens import Token

EVENTS = frozenset({"ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite", "login"})
"""Names after ON in an event trigger, in place of a table."""
ROUTINE = (
    "pg_proc",
    "pronamespace",
    "pg_function_is_visible",
    "format('DROP ROUTINE %s', o.oid::regprocedure)",
)
VIEW = (
    "pg_class",
    "relnamespace",
    "pg_table_is_visible",
    "format('DROP %s %s', CASE o.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, o.oid::regclass)",
)
ROUTINES = frozenset({"function", "procedure"})
OPERATOR = (
    "pg_operator",
    "oprnamespace",
    "pg_operator_is_visible",
    "format('DROP OPERATOR %s', o.oid::regoperator)",
)
CATALOGS = {"function": ROUTINE, "procedure": ROUTINE, "view": VIEW, "operator": OPERATOR}
"""By kind: the catalog, its column for the schema, the function that tests visibility, and the statement."""
ROUTINE_KEYWORDS = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE"})
MAX_WORDS_BEFORE_KIND = 3
"""Words between CREATE and the kind of the routine: OR REPLACE."""
NESTING = {"(": 1, ")": -1}
OPTIONS = frozenset({"BASETYPE", "ORDER"})
"""Keywords in aggregates of the old form and of ordered sets, whose argument types are not found here."""


def drop_from_catalog(definition: Definition, text: str, names: Naming) -> str:
    """Drop a routine, operator, cast or view; empty for other kinds.

    Of a routine or an operator those that the text creates, or all of the name if it does not show the arguments.
    """
    if definition.kind == "cast":
        return f"DROP CAST IF EXISTS {definition.name.name}"
    if definition.kind == "operator":
        operands = [taken for name, *taken in operators(text) if name == definition.name]
        symbol = operator_name(definition.name, names)
        drops = "; ".join(f"DROP OPERATOR IF EXISTS {symbol} ({left}\n, {right}\n)" for left, right in operands)
        return drops or _drop_found(definition, names)
    if definition.kind in ROUTINES:
        overloads = [arguments for name, arguments in signatures(text) if name == definition.name]
        if overloads and None not in overloads:
            routine = names.quote(definition.name.schema, definition.name.name)
            return "; ".join(f"DROP ROUTINE IF EXISTS {routine}({arguments}\n)" for arguments in overloads)
    return _drop_found(definition, names) if definition.kind in CATALOGS else ""


def casts(text: str) -> list[Definition]:
    """Return the casts that a text creates; the name of each are its types in parentheses, as they are written."""
    tokens = list(tokenize(text, POSTGRESQL)) if "cast" in text.lower() else []
    found = []
    for index, token in enumerate(tokens):
        if _word(token) == "CAST" and index and _word(tokens[index - 1]) == "CREATE":
            marks = (other.value if other.kind == "mark" else "" for other in tokens[index + 1 :])
            depths = accumulate(NESTING.get(mark, 0) for mark in marks)
            end = next((number for number, depth in enumerate(depths, index + 1) if not depth), index)
            types = text[tokens[index + 1].offset : tokens[end].offset + 1] if end > index + 1 else ""
            found += [Definition("cast", Name(None, types))] if types else []
    return found


def _drop_found(definition: Definition, names: Naming) -> str:
    """Drop all objects of the name, except those of an extension."""
    catalog, schema_column, is_visible, statement = CATALOGS[definition.kind]
    schema, name = definition.name
    condition = f"{is_visible}(o.oid)"
    if schema:
        condition = f"o.{schema_column} = to_regnamespace({names.quote_literal(names.quote(schema))})"
    missing = names.quote_literal(f'{definition.kind} "{definition.name}" does not exist, skipping')
    body = (
        f"DECLARE item record; BEGIN FOR item IN SELECT {statement} AS statement FROM {catalog} o"
        f" WHERE o.{schema_column.replace('namespace', 'name')} = {names.quote_literal(name)} AND {condition}"
        f" AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')"
        " LOOP EXECUTE item.statement; END LOOP;"
        f" IF NOT FOUND THEN RAISE NOTICE '%', {missing}; END IF; END"
    )
    return f"DO {names.quote_literal(body)}"


def operator_name(name: Name, names: Naming) -> str:
    """Return the name of an operator, whose symbol cannot be quoted."""
    return f"{names.quote(name.schema)}.{name.name}" if name.schema else name.name


def operators(text: str) -> Iterator[tuple[Name, str, str]]:
    """Yield each operator that the text creates with the types of its operands, NONE for the one that it lacks."""
    tokens = list(tokenize(text, POSTGRESQL))
    for index, token in enumerate(tokens):
        if _word(token) != "OPERATOR" or not index or _word(tokens[index - 1]) != "CREATE":
            continue
        schema, symbol = operator_ahead(text, token.offset + len(token.value))
        opening = next((n for n in range(index, len(tokens)) if tokens[n].value == "("), 0)
        options = _options(text, tokens[opening:]) if symbol and opening else {}
        if options:
            yield Name(schema or None, symbol), options.get("LEFTARG", "NONE"), options.get("RIGHTARG", "NONE")


def _options(text: str, tokens: list[Token]) -> dict[str, str]:
    """Return the options in parentheses by their names, in capitals."""
    given: dict[str, str] = {}
    depth, name, start = 0, "", 0
    for token in tokens:
        mark = token.value if token.kind == "mark" else ""
        depth += NESTING.get(mark, 0)
        if depth == 0 or (depth == 1 and mark == ","):
            given[name] = text[start : token.offset].strip()
            name, start = "", 0
        elif mark == "=" and not start:
            start = token.offset + 1
        name = name or _word(token)
        if depth == 0:
            break
    return given


def drop_attached(definition: Definition, statement: str, names: Naming) -> str:
    """Complete the statement for a trigger or rule, which is dropped from its table or is one of events."""
    table = definition.table
    if table is None:
        return statement
    if table.schema is None and table.name.lower() in EVENTS:
        return f"DROP EVENT TRIGGER IF EXISTS {names.quote(definition.name.name)}"
    return f"{statement} ON {names.quote(*table)}"


def signatures(text: str) -> Iterator[tuple[Name, str | None]]:
    """Yield each routine that the text creates with its argument types; None if they are not known."""
    tokens = list(tokenize(text, POSTGRESQL))
    for index, token in enumerate(tokens):
        if _word(token) == "CREATE":
            kind = next(
                (
                    n
                    for n in islice(range(index + 1, len(tokens)), MAX_WORDS_BEFORE_KIND)
                    if _word(tokens[n]) in ROUTINE_KEYWORDS
                ),
                0,
            )
            if kind:
                yield from _signature(text, tokens[kind + 1 :])


def _signature(text: str, tokens: list[Token]) -> Iterator[tuple[Name, str | None]]:
    opening = next((n for n, token in enumerate(tokens) if token.value == "(" and token.kind == "mark"), 0)
    parts = [_name(token) for token in tokens[:opening] if token.kind in {"name", "quoted"}]
    if parts:
        yield Name(parts[-2] if len(parts) > 1 else None, parts[-1]), _arguments(text, tokens[opening:])


def _arguments(text: str, tokens: list[Token]) -> str | None:
    """Return the text between the parentheses, without default values."""
    arguments: list[str] = []
    depth, start, default = 0, tokens[0].offset + 1, None
    for token in tokens:
        mark = token.value if token.kind == "mark" else ""
        depth += NESTING.get(mark, 0)
        if _word(token) in OPTIONS:
            return None
        if depth == 1 and (mark == "=" or _word(token) == "DEFAULT"):
            default = default or token.offset
        if depth == 0 or (depth == 1 and mark == ","):
            arguments.append(text[start : default or token.offset])
            start, default = token.offset + 1, None
        if depth == 0:
            return ",".join(arguments).strip()
    return None


def replaced_overloads(before: str, now: str, names: Naming) -> list[str]:
    """Drop each routine that the first text creates and the second does not, where it creates others of the name."""
    kept: defaultdict[Name, set[tuple[str, ...]]] = defaultdict(set)
    for name, overloads in read_references([now], POSTGRESQL).signatures.items():
        kept[_full(name, names)].update(overload.types for overload in overloads)
    found = []
    for name, overloads in read_references([before], POSTGRESQL).signatures.items():
        later = kept.get(_full(name, names))
        arguments = [listed for routine, listed in signatures(before) if routine == name]
        if later is None or len(arguments) != len(overloads):
            continue
        found += [
            f"DROP ROUTINE IF EXISTS {names.quote(name.schema, name.name)}({listed}\n)"
            for overload, listed in zip(overloads, arguments, strict=True)
            if listed is not None and overload.types not in later
        ]
    return found


def _full(name: Name, names: Naming) -> Name:
    """Return a name with its schema, which is the usual one where none is written."""
    return Name(name.schema or names.default_schema, name.name)


def _word(token: Token) -> str:
    return token.value.upper() if token.kind == "name" else ""


def _name(token: Token) -> str:
    return (stored_name if token.kind == "quoted" else bare_name)(token.value, POSTGRESQL)
