"""The text of a Python file, with edits at the positions of its syntax tree."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError

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
        self._lines = text.splitlines(keepends=True)
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
