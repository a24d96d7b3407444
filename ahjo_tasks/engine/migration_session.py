"""Put the session back after each migration: Python code may set a role, a schema or a mode by any statement."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ahjo_tasks.engine.revision_progress import RevisionProgress
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Restore


ENDS = frozenset({"COMMIT", "END", "ROLLBACK", "ABORT"})
UNDOES = frozenset({"ROLLBACK", "ABORT"})
HEAD = 2000
"""Characters of a statement that are read for its first words."""


class MigrationSession:
    """Sees the statements of migrations before they run, and asks for the session before the first that may change it.

    What is to be put back is put back before the version is recorded, whose table would be looked for elsewhere.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._progress = RevisionProgress(connection, settings)
        self._restores: list[Restore] = []
        self.committed = False
        """True once the migration that runs has committed its transaction by a statement or call of its own."""
        self._runs = False

    @property
    def goes_on(self) -> bool:
        """True if the next run goes on within the migration that fails."""
        return self._progress.records

    @contextmanager
    def watch(self) -> Iterator[SAConnection]:
        """Lend SQLAlchemy's connection, and put the session back after the block, too, whatever happened in it."""
        from sqlalchemy import event

        try:
            with self._connection.sqlalchemy_connection() as sa_connection:
                event.listen(sa_connection, "before_cursor_execute", self._look, retval=True)
                event.listen(sa_connection, "after_cursor_execute", self._executed)
                event.listen(sa_connection, "commit", self._commits)
                try:
                    yield sa_connection
                finally:
                    event.remove(sa_connection, "before_cursor_execute", self._look)
                    event.remove(sa_connection, "after_cursor_execute", self._executed)
                    event.remove(sa_connection, "commit", self._commits)
        except Exception:
            with suppress(StatementError):
                self._restore(failed=True)
            raise
        self._restore(failed=False)

    def restoring(self, find_steps: Callable[..., Any] | None) -> Callable[..., Any]:
        """Wrap a function of Alembic that returns the steps to run: the session is put back after each of them.

        Steps that an env.py runs on a connection of its own are none of ours.
        """

        def steps(current: Any, context: Any) -> Iterator[Any]:
            ours = context.connection.connection.dbapi_connection is self._connection.dbapi_connection
            for step in (find_steps(current, context) if find_steps else None) or ():
                if ours and hasattr(step, "revision"):  # others record a revision, and run none
                    key = f"{step.revision.revision}{'' if step.is_upgrade else ' down'}"
                    step.migration_fn = self._restoring(key, step.migration_fn, context)
                yield step

        return steps

    def _restoring(self, key: str, migrate: Callable[..., Any], context: Any) -> Callable[..., Any]:
        def once(**arguments: Any) -> None:
            self._connection.check_interrupted()
            self.committed, self._runs = False, True
            migrate(**arguments)
            self._runs = False
            _go_on_after_commit(context)
            self._restore(failed=False)

        def run(**arguments: Any) -> None:
            self._progress.run(key, lambda: once(**arguments))

        return run

    def _look(
        self, sa_connection: SAConnection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        if self._progress.before(sa_connection, statement, parameters):
            return self._connection.dialect.no_operation, [()] if many else ()
        self._prepare(statement)
        return statement, parameters

    def _executed(self, *_: Any) -> None:
        self._progress.after()

    def _commits(self, _connection: Any) -> None:
        self._progress.before_commit()
        self.committed = self.committed or self._runs

    def _prepare(self, statement: str) -> None:
        """Refuse a ROLLBACK and a lock of all, and ask for the session before a statement that may change it."""
        self._connection.dialect.check_statement(statement)
        tokens = islice(tokenize(statement[:HEAD], self._connection.dialect.syntax), 3)
        first, *more = [*(token.word for token in tokens), ""]
        if first in ENDS and "TO" not in more and self._connection.transaction_state == "open":
            self._check_end(first)
        restore = self._connection.dialect.save_session(self._connection, [statement])
        if restore is not None:
            self._restores.append(restore)

    def _check_end(self, word: str) -> None:
        """Raise DeployError for a statement that takes the migration back, which would be recorded all the same."""
        if word in UNDOES:
            raise DeployError(
                f"{word} would take back what the migration did, and it would be recorded as done",
                hint=f"Leave {word} out: raise an error to have a migration rolled back.",
            )
        self.committed = True

    def _restore(self, *, failed: bool) -> None:
        """Put back the last change first; a failed transaction of the action is rolled back as a whole."""
        restores, self._restores = self._restores, []
        if failed and self._connection.in_shared_transaction:
            return
        for restore in reversed(restores):
            restore(failed)


def _go_on_after_commit(context: Any) -> None:
    """Have Alembic commit what follows a `commit()` of the migration itself: the rest of it, and its version.

    Alembic would end the transaction that it has begun, which is no more.
    """
    begun = context._transaction  # noqa: SLF001 - Alembic has no other place
    if begun is not None and not begun.is_active:
        context._transaction = context.connection.get_transaction() or context.connection.begin()  # noqa: SLF001
