"""Calls of Alembic's operations on tables, columns and constraints."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.scan.findings import Hit
from ahjo_tasks.scan.python_source import value
from ahjo_tasks.scan.sql_text import NameFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.scan.content import Content
    from ahjo_tasks.scan.sql_statements import SqlObjectModification

OPERATIONS = frozenset(
    {
        "add_column",
        "alter_column",
        "create_check_constraint",
        "create_exclude_constraint",
        "create_foreign_key",
        "create_primary_key",
        "create_table",
        "create_table_comment",
        "create_unique_constraint",
        "drop_column",
        "drop_constraint",
        "drop_table",
        "drop_table_comment",
        "rename_table",
    }
)
SECOND_ARGUMENT = ("_constraint", "_key")
"""Suffixes of operations that take the table after the constraint's name."""
EXPRESSION = "<expr>"
"""The schema of a call that gives it by something else than a string."""

_MARKS = tuple(operation.encode() for operation in (*OPERATIONS, "execute"))
_LEAVES = frozenset({ast.Name, ast.Constant, ast.Load, ast.Store, ast.alias, ast.arg, ast.Pass})
"""Nodes below which there is no call; most of a module's nodes are such."""


class TableCall(NamedTuple):
    """One operation. `schema` is None where none is written, `<expr>` where it is an expression."""

    node: ast.Call
    operation: str
    schema: str | None
    table: str | None
    match: str


class AlembicTableModification:
    """Finds the calls in Python modules; other files are left alone."""

    def __init__(self, schemas: tuple[str, ...] = (), tables: tuple[str, ...] = ()) -> None:
        self.schemas = NameFilter(schemas)
        self.tables = NameFilter(tables)

    def prefilter(self, content: Content) -> bool:
        """Test whether the name of an operation is in the bytes of a Python module."""
        return content.is_python and any(mark in content.raw for mark in _MARKS)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the calls; the match is the call in short. Raises UnreadableError for a module with mistakes."""
        source = content.python
        calls = Calls(source.tree, source.constants())
        for call in calls.table_calls():
            if _may(self.schemas, call.schema) and _may(self.tables, call.table):
                yield Hit(*source.span(call.node), call.match)


class Calls:
    """The operations of a module, with the schema and table of the `with` block that they stand in."""

    def __init__(self, tree: ast.Module, constants: dict[str, str]) -> None:
        self._tree = tree
        self._constants = constants
        self._receivers = {"op", "alembic.op"}
        self._functions: set[str] = set()

    def table_calls(self) -> Iterator[TableCall]:
        """Yield them in the order of the text."""
        waiting: list[tuple[ast.AST, dict[str, ast.Call]]] = [(self._tree, {})]
        while waiting:
            node, handles = waiting.pop()
            if isinstance(node, ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.With):
                handles = handles | _batches(node)
            elif isinstance(node, ast.Call):
                yield from self._calls(node, handles)
            inner = [child for child in ast.iter_child_nodes(node) if type(child) not in _LEAVES]
            waiting += [(child, handles) for child in reversed(inner)]

    def _import(self, node: ast.ImportFrom) -> None:
        for name in node.names:
            if node.module == "alembic" and name.name == "op":
                self._receivers.add(name.asname or name.name)
            elif node.module == "alembic.op" and name.name in OPERATIONS:
                self._functions.add(name.asname or name.name)

    def _calls(self, node: ast.Call, handles: dict[str, ast.Call]) -> Iterator[TableCall]:
        receiver, _, name = _dotted(node.func).rpartition(".")
        if name == "execute" and receiver:
            yield from self._executed(node)
        elif (name in OPERATIONS and self._is_alembic(receiver, handles)) or (not receiver and name in self._functions):
            yield self._operation(node, name, handles.get(receiver))

    def _is_alembic(self, receiver: str, handles: dict[str, ast.Call]) -> bool:
        return receiver in self._receivers or receiver in handles or receiver.startswith("batch")

    def _operation(self, node: ast.Call, name: str, batch: ast.Call | None) -> TableCall:
        """Read a call; of one on a batch, table and schema stand in the `with` line."""
        outer = batch or node
        schema = self._schema(outer)
        index = 1 if name.endswith(SECOND_ARGUMENT) and not batch else 0
        table = self._text(outer.args[index]) or EXPRESSION if len(outer.args) > index else EXPRESSION
        words = [ast.unparse(argument) for argument in node.args if isinstance(argument, ast.Constant)]
        shown = [*words, *([] if schema is None else [f"schema={schema!r}"])]
        return TableCall(node, name, schema, table, f"{_dotted(node.func)}({', '.join(shown)})")

    def _executed(self, node: ast.Call) -> Iterator[TableCall]:
        """Yield the table statements in the executed SQL, also inside `text(...)`."""
        inner = node.args[0] if node.args else None
        if isinstance(inner, ast.Call) and inner.args:
            inner = inner.args[0]
        text = None if inner is None else self._text(inner)
        if not text:
            return
        from ahjo_tasks.scan.sql_text import SqlText

        for _, statement_text, change in _tables().changes(SqlText(text)):
            statement = " ".join(statement_text[change.start : change.end].split())
            match = f"{_dotted(node.func)}({statement!r})"
            schema, table = map(_known, (change.name.schema, change.name.name))
            yield TableCall(node, "execute", schema, table, match)

    def _schema(self, node: ast.Call) -> str | None:
        for keyword in node.keywords:
            if keyword.arg in {"schema", "source_schema"}:
                literal = isinstance(keyword.value, ast.Constant) and keyword.value.value is None
                return None if literal else _known(self._text(keyword.value) or EXPRESSION)
        return EXPRESSION if any(keyword.arg is None for keyword in node.keywords) else None

    def _text(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._constants.get(node.id)
        return value(node)


@cache
def _tables() -> SqlObjectModification:
    """Knows table statements; most migrations execute none, and do not wait for it."""
    from ahjo_tasks.scan.sql_statements import SqlObjectModification

    return SqlObjectModification(object_types=("TABLE",))


def _batches(node: ast.With) -> dict[str, ast.Call]:
    """Map the handles of a `with op.batch_alter_table(...) as batch_op`."""
    return {
        _dotted(item.optional_vars): item.context_expr
        for item in node.items
        if item.optional_vars is not None
        and isinstance(item.context_expr, ast.Call)
        and _dotted(item.context_expr.func).endswith("batch_alter_table")
    }


def _dotted(node: ast.expr) -> str:
    """`a.b.c`; what is no name is a question mark."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=left, attr=name):
            return f"{_dotted(left)}.{name}"
        case _:
            return "?"


def _known(name: str | None) -> str | None:
    return EXPRESSION if name and "$(" in name else name


def _may(names: NameFilter, name: str | None) -> bool:
    """Test whether the rule accepts the name, or what an expression may turn out to be."""
    return name == EXPRESSION or names.accepts(name)
