"""Parse a Python file of an Ahjo project, and find the names that stand for something of Ahjo's."""

from __future__ import annotations

import ast
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.adopt.calls import CONTEXT_CALLS, CONTEXT_GONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Edit(NamedTuple):
    """A replacement for the text from `start` to `end`, in characters."""

    start: int
    end: int
    text: str


class PythonText:
    """A file as text and as a syntax tree. Raises SourceError for one that Python cannot parse."""

    def __init__(self, text: str, path: Path | None = None) -> None:
        self.text = text
        self._lines = StringIO(text, newline="").readlines()  # as the parser counts: a form feed ends no line
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        try:
            self.tree = ast.parse(text)
        except SyntaxError as error:
            raise SourceError(f"is not valid Python: {error.msg}", path=path, line=error.lineno) from None
        self._parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node around this one."""
        return self._parents.get(node)

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Return the offset at which the node starts."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Return the offset at which the node ends."""
        return self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def line_start(self, line: int) -> int:
        """Return the offset at which a line starts; lines count from 1."""
        return self._starts[line - 1]

    def indentation(self, line: int) -> str:
        """Return the white space at the start of a line."""
        text = self._lines[line - 1]
        return text[: len(text) - len(text.lstrip())]

    def dedents(self, block: ast.stmt, body: ast.stmt) -> Iterator[Edit]:
        """Yield the edits that indent the lines of a block, from its first statement on, as the block itself."""
        inside_strings = {
            line
            for node in ast.walk(block)
            if isinstance(node, ast.Constant | ast.JoinedStr)
            for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
        }
        outer, inner = self.indentation(block.lineno), self.indentation(body.lineno)
        for line in range(block.lineno + 1, (block.end_lineno or block.lineno) + 1):
            if line not in inside_strings and self._lines[line - 1].startswith(inner):
                start = self.line_start(line)
                yield Edit(start + len(outer), start + len(inner), "")

    def changed(self, start: int, end: int, edits: Iterable[Edit]) -> str:
        """Return the text between two offsets with these edits, which do not overlap."""
        parts, at = [], start
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            parts += [self.text[at : edit.start], edit.text]
            at = edit.end
        return "".join([*parts, self.text[at:end]])

    def _offset(self, line: int, column: int) -> int:
        """Return the offset of a position; the parser counts columns in bytes of UTF-8."""
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)


PACKAGE = "ahjo"
CONTEXT_NAMES = frozenset({"context", "ctx", "ahjo_context"})
ACTION = f"{PACKAGE}.action.action"
MULTIACTION = f"{PACKAGE}.action.create_multiaction"
CONTEXT = f"{PACKAGE}.context.Context"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def imports_ahjo(node: ast.AST) -> bool:
    """Tell whether the statement imports from Ahjo."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").split(".")[0] == PACKAGE
    return isinstance(node, ast.Import) and any(alias.name.split(".")[0] == PACKAGE for alias in node.names)


class Names:
    """The meaning of the names of one file."""

    def __init__(self, source: PythonText) -> None:
        self.source = source
        self.imported = dict(_imported(source.tree))
        self.loggers = set(_loggers(source.tree))

    def path(self, node: ast.AST) -> str | None:
        """Return the dotted path of an expression in Ahjo's package; None for any other."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id)
        if isinstance(node, ast.Attribute):
            inner = self.path(node.value)
            return f"{inner}.{node.attr}" if inner else None
        return None

    def functions(self, node: ast.AST) -> Iterator[Function]:
        """Yield the functions around the node, the innermost first."""
        at = self.source.parent(node)
        while at is not None:
            if isinstance(at, Function):
                yield at
            at = self.source.parent(at)

    def context(self, node: ast.AST) -> str | None:
        """Return the name of the context at the node: that of the nearest function that has one."""
        return next((name for function in self.functions(node) if (name := self._own_context(function))), None)

    def is_action(self, function: Function) -> bool:
        """Tell whether the function is an action of Ahjo's."""
        return any(self.decorates(decorator) for decorator in function.decorator_list)

    def decorates(self, decorator: ast.expr) -> bool:
        """Tell whether it is Ahjo's `@action`, with or without arguments."""
        return self.path(decorator.func if isinstance(decorator, ast.Call) else decorator) == ACTION

    def is_connectable(self, node: ast.expr) -> bool:
        """Tell whether it certainly is a connection to the context's own database."""
        if isinstance(node, ast.Name):
            values = list(self._assigned(node))
            return bool(values) and all(self.is_connectable(value) for value in values)
        if isinstance(node, ast.Call):
            return not node.args and isinstance(node.func, ast.Attribute) and self._of_context(node.func)
        return isinstance(node, ast.Attribute) and node.attr in {"engine", "connection"} and self._of_context(node)

    def _of_context(self, node: ast.Attribute) -> bool:
        known = {*CONTEXT_CALLS, *CONTEXT_GONE, "engine"} - {"get_conn_info", "get_master_engine", "get_logger_engine"}
        return isinstance(node.value, ast.Name) and node.value.id == self.context(node) and node.attr in known

    def _assigned(self, name: ast.Name) -> Iterator[ast.expr]:
        for function in list(self.functions(name))[:1]:
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and any(_is(target, name.id) for target in node.targets):
                    yield node.value
                elif isinstance(node, ast.arg) and node.arg == name.id:
                    yield ast.Constant(None)

    def _own_context(self, function: Function) -> str | None:
        parameters = [*function.args.posonlyargs, *function.args.args]
        if parameters and self.is_action(function):
            return parameters[0].arg
        for parameter in parameters:
            typed = parameter.annotation is not None and self.path(parameter.annotation) == CONTEXT
            if typed or parameter.arg in CONTEXT_NAMES:
                return parameter.arg
        return None


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not imports_ahjo(node):
            continue
        if isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (PACKAGE, PACKAGE)


def _loggers(tree: ast.Module) -> Iterator[str]:
    """Yield the names of the module that hold Ahjo's logger."""
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args):
            continue
        function, first = node.value.func, node.value.args[0]
        called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if called == "getLogger" and isinstance(first, ast.Constant) and str(first.value).split(".")[0] == PACKAGE:
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
