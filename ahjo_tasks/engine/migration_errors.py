"""The course of migrations: what is told while they run, and where and how far they came when one fails."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.engine.diagnostics import excerpt
from ahjo_tasks.errors import AhjoError, DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.database.connection import Connection

LONGEST_STATEMENT = 300
INSTALLED = frozenset({"site-packages", "dist-packages"})


class MigrationProgress:
    """Surrounds a run of Alembic. Whatever fails in it leaves as DeployError with revision, file and line.

    `check` is asked at the end of each migration, and says what is wrong with it.
    """

    def __init__(self, project: Path, connection: Connection, check: Callable[[], str], *, down: bool) -> None:
        self.project = project
        self.connection = connection
        self.check = check
        self.down = down
        self._ended: list[tuple[str, str]] = []

    def tell(self, **what: Any) -> None:
        """Alembic calls this at the end of each migration, before it is committed."""
        script = what["step"].up_revision
        problem = self.check()
        if problem:
            raise DeployError(f"{script.revision} {script.doc}: {problem}", path=Path(script.path))
        self.connection.report(f"{'<-' if self.down else '->'} {script.revision} {script.doc}")
        self._ended.append((script.revision, script.path))

    def __enter__(self) -> None:
        """Nothing is told before the first migration ends."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, Exception):
            return
        error = first(error, self.project)
        where = place(error, self.project)
        applied = [revision for revision, _path in self._ended]
        if "line" not in where and applied:  # the last one could not be committed
            where = {"path": Path(self._ended[-1][1])}
            applied = applied[:-1]
        details = (*_shown(where), *_statement(error))
        raise DeployError(
            said(error, self.connection), details=details, outcome=self._outcome(applied), **where
        ) from error

    def _outcome(self, applied: list[str]) -> str:
        verb = "taken back" if self.down else "applied"
        stay = f"Migrations {verb} before, which stay so: {', '.join(applied)}; " if applied else ""
        if self.connection.dialect.transactional_ddl:
            return f"{stay}the failing one was rolled back." if stay else "The migration was rolled back."
        title = self.connection.dialect.title
        one = "of the failing one" if stay else "Of the migration"
        return f"{stay}{one} {title} keeps the statements before the one that failed."


def said(error: Exception, connection: Connection | None = None) -> str:
    """The error in a line: the server's words where it spoke."""
    if isinstance(error, AhjoError):
        return error.message
    original = getattr(error, "orig", None)
    if connection is not None and isinstance(original, Exception):
        return str(connection.dialect.server_error(original, str(getattr(error, "statement", None) or "")))
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if type(error).__name__ != "CommandError" else first


def first(error: Exception, project: Path) -> Exception:
    """The error that began it: a rollback that failed hides the one that it was for."""
    found, seen = error, error.__context__
    while isinstance(seen, Exception):
        if _own_lines(seen, project):
            found = seen
        seen = seen.__context__
    return found


def place(error: Exception, project: Path) -> dict[str, Any]:
    """The last line of the project's own code that the error came through, as path and line; else no place."""
    if isinstance(error, SyntaxError) and error.filename:
        return {"path": Path(error.filename), "line": error.lineno}
    own = _own_lines(error, project) or _own_lines(error, project, others=frozenset())
    return {"path": own[-1][0], "line": own[-1][1]} if own else {}


def _own_lines(
    error: Exception, project: Path, others: frozenset[str] = frozenset({"env.py"})
) -> list[tuple[Path, int | None]]:
    """Where the error came through files of the project, but those of the `others`' names."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [(path, line) for path, line in frames if path.is_relative_to(project) and not INSTALLED & {*path.parts}]
    return [(path, line) for path, line in own if path.name not in others]


def _shown(where: dict[str, Any]) -> tuple[str, ...]:
    try:
        return excerpt(where["path"].read_text(encoding="utf-8"), where["line"])
    except (KeyError, OSError, UnicodeDecodeError):
        return ()


def _statement(error: Exception) -> tuple[str, ...]:
    text = " ".join(str(getattr(error, "statement", None) or "").split())
    return (f"in: {text[:LONGEST_STATEMENT]}",) if text else ()
