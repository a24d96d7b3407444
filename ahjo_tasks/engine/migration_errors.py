"""Report Alembic's progress, and turn migration errors into DeployError with revision, file and line."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.console.masker import uncovered
from ahjo_tasks.database.dialects.base import EXISTS
from ahjo_tasks.engine.diagnostics import excerpt
from ahjo_tasks.errors import UNKNOWN_OUTCOME, AhjoError, DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.migration_session import MigrationSession
    from ahjo_tasks.errors import ServerError

STATEMENT_MAX_CHARACTERS = 300
AUTOCOMMIT = "Run what needs it in a block of its own: with op.get_context().autocommit_block():"
NOT_RECORDED = (
    "The database has it, though the revision is not recorded there: inv baseline records an existing database as"
    " deployed, inv alembic -- stamp REVISION one revision."
)
INSTALLED_PACKAGES = frozenset({"site-packages", "dist-packages"})


class MigrationProgress:
    """A context manager around a run of Alembic, which turns any error into DeployError with revision, file and line.

    `check` is called at the end of each migration, and returns what is wrong with it or an empty text. `session` sees
    the statements of the migrations.
    """

    def __init__(
        self, project: Path, connection: Connection, session: MigrationSession, check: Callable[[], str], *, down: bool
    ) -> None:
        self.project = project
        self.connection = connection
        self.session = session
        self.check = check
        self.down = down
        self._finished: list[tuple[str, str]] = []

    @property
    def applied(self) -> list[str]:
        """The revisions that were applied, as far as env.py passes our options on."""
        return [revision for revision, _path in self._finished]

    def on_version_apply(self, **values: Any) -> None:
        """Report the migration; Alembic calls this at the end of each one, before it is committed."""
        script = values["step"].up_revision
        problem = self.check()
        if problem:
            raise DeployError(f"{script.revision} {script.doc}: {problem}", path=Path(script.path))
        self.connection.report(f"{'<-' if self.down else '->'} {script.revision} {script.doc}")
        self._finished.append((script.revision, script.path))

    def __enter__(self) -> None:
        """Begin; the first message comes when the first migration ends."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, Exception):
            return
        error = original_error(error, self.project)
        position = error_position(error, self.project)
        applied = self.applied
        if "line" not in position and applied:  # the last one could not be committed
            position = {"path": Path(self._finished[-1][1])}
            applied = applied[:-1]
        server = server_error(error, self.connection)
        raise DeployError(
            error_text(error, self.connection),
            server=server,
            details=(*_excerpt_at(position, self.connection.cover), *_statement(error, self.connection.cover)),
            outcome=self._outcome(applied, server),
            hint=getattr(error, "hint", None) or self._way_out(server),
            **position,
        ) from error

    def _outcome(self, applied: list[str], server: ServerError | None) -> str:
        done = f"{'Undone' if self.down else 'Committed'} before: {', '.join(applied)}; " if applied else ""
        dialect = self.connection.dialect
        if server is not None and server.lost:
            return f"{done}{UNKNOWN_OUTCOME if done else UNKNOWN_OUTCOME[0].upper() + UNKNOWN_OUTCOME[1:]}"
        if self.session.committed and dialect.transactional_ddl:
            kept = f"{done}what the failing migration did before its own COMMIT stays."
            return f"{kept} The next run goes on after it." if self.session.goes_on else kept
        if dialect.transactional_ddl:
            return f"{done}the failing migration was rolled back." if done else "The migration was rolled back."
        kept = f"{done}{self.connection.product} keeps the statements of the migration before the one that failed."
        return f"{kept} The next run goes on after them." if self.session.goes_on else kept

    def _way_out(self, server: ServerError | None) -> str | None:
        """Say what to do where the server refuses a transaction, or an earlier run may have done the statement."""
        if server is None:
            return None
        dialect = self.connection.dialect
        if dialect.transactional_ddl and dialect.refuses_transaction(server):
            return AUTOCOMMIT
        if server.number not in dialect.done_already:
            return NOT_RECORDED if server.hint == EXISTS else server.hint
        return (
            f"{self.connection.product} commits each CREATE, ALTER and DROP: an earlier run that was ended within this"
            " migration may have done this statement and those before it. Undo them by hand and run again; or do the"
            " rest by hand and record the revision: inv alembic -- stamp REVISION."
        )


def server_error(error: Exception, connection: Connection) -> ServerError | None:
    """The server's error, where it is the cause."""
    known: ServerError | None = getattr(error, "server", None)
    driver_error = getattr(error, "orig", None)
    if known is None and isinstance(driver_error, Exception):
        return connection.dialect.server_error(driver_error, str(getattr(error, "statement", None) or ""))
    return known


def error_text(error: Exception, connection: Connection | None = None) -> str:
    """The error in a line: as the server reported it, if it did, else its text and what Python calls it."""
    if isinstance(error, AhjoError):
        return error.message
    server = server_error(error, connection) if connection is not None else None
    if server is not None:
        return str(server)
    first_line = (str(error).strip().splitlines() or [""])[0]
    name = type(error).__name__
    return first_line if name == "CommandError" else f"{first_line} ({name})" if first_line else name


def original_error(error: Exception, project: Path) -> Exception:
    """The first error of the chain: a rollback that failed hides the one that it was for."""
    original, context = error, error.__context__
    hides = _of_transaction(error)
    while isinstance(context, Exception):
        if _project_lines(context, project) or (hides and getattr(context, "statement", None)):
            original = context
        context = context.__context__
    return original


def _of_transaction(error: Exception) -> bool:
    """Return whether SQLAlchemy raised it at the end of a transaction, not for a statement."""
    from sqlalchemy.exc import DBAPIError

    return isinstance(error, DBAPIError) and error.statement is None


def error_position(error: Exception, project: Path) -> dict[str, Any]:
    """The last line of the project's own code that the error came through, as path and line; empty for none."""
    if isinstance(error, SyntaxError) and error.filename:
        return {"path": Path(error.filename), "line": error.lineno}
    lines = _project_lines(error, project) or _project_lines(error, project, without=frozenset())
    return {"path": lines[-1][0], "line": lines[-1][1]} if lines else {}


def _project_lines(
    error: Exception, project: Path, without: frozenset[str] = frozenset({"env.py"})
) -> list[tuple[Path, int | None]]:
    """The lines of the project's files that the error came through, without files of those names."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    return [
        (path, line)
        for path, line in frames
        if path.is_relative_to(project) and not INSTALLED_PACKAGES & {*path.parts} and path.name not in without
    ]


def _excerpt_at(position: dict[str, Any], cover: Callable[[str], str]) -> tuple[str, ...]:
    try:
        return excerpt(cover(position["path"].read_text(encoding="utf-8")), position["line"])
    except (KeyError, OSError, UnicodeDecodeError):
        return ()


def _statement(error: Exception, cover: Callable[[str], str]) -> tuple[str, ...]:
    text = " ".join(cover(str(getattr(error, "statement", None) or "")).split())
    return (f"in: {uncovered(text[:STATEMENT_MAX_CHARACTERS])}",) if text else ()
