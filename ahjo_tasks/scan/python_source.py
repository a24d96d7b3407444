"""A Python module as its own parser sees it."""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.scan.findings import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEWLINE = re.compile(r"\r\n?|\n")
_OPENING = re.compile(r"[A-Za-z]{0,2}(\"\"\"|'''|\"|')")


class Literal(NamedTuple):
    """A string of the program: its value, and where it stands in the file.

    `exact` is whether the value is written there character by character, from `inner` on.
    """

    value: str
    start: int
    end: int
    inner: int
    exact: bool


class PythonSource:
    """The tree of a module, and the places of its nodes as offsets in characters."""

    def __init__(self, text: str) -> None:
        """Parse. Raises UnreadableError with the line of the mistake."""
        self.text = text
        self.tree = _parsed(text)
        self._starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Give start and end of a node as offsets in characters."""
        last, column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._offset(node.lineno, node.col_offset), self._offset(last, column)

    def strings(self) -> Iterator[Literal]:
        """Yield every string but docstrings, in the order of the text."""
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            text = value(node) if isinstance(node, ast.Constant | ast.JoinedStr) else None
            if text is not None and isinstance(node, ast.expr):
                yield self._literal(node, text)
            else:
                waiting += reversed(list(ast.iter_child_nodes(node)))

    def constants(self) -> dict[str, str]:
        """Map the module's own names for strings to these."""
        return {
            target.id: node.value.value
            for node in self.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }

    def _literal(self, node: ast.expr, text: str) -> Literal:
        start, end = self.span(node)
        opening = _OPENING.match(self.text, start)
        inner = opening.end() if opening else start
        exact = opening is not None and self.text[inner : end - len(opening[1])] == text
        return Literal(text, start, end, inner, exact)

    def _offset(self, line: int, column: int) -> int:
        """Convert a line and a column in UTF-8 bytes, as the parser counts, to an offset."""
        start = self._starts[line - 1]
        text = self.text[start : start + column]
        return start + (column if text.isascii() else len(text.encode()[:column].decode("utf-8", "ignore")))


def value(node: ast.AST) -> str | None:
    """Evaluate an expression to a string as far as possible: `$(value)` stands for what an f-string fills in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(value(part) or "$(value)" for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            texts = (value(left), value(right))
            return None if texts == (None, None) else "".join(text or "$(value)" for text in texts)
        case _:
            return None


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise UnreadableError(f"line {error.lineno} is not Python") from None
    except (ValueError, RecursionError, MemoryError):
        raise UnreadableError("the Python parser gives up") from None
