"""Put the session back after each migration: Python code may set a role, a schema or a mode by any statement."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection as SAConnection

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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._restores: list[Restore] = []
        self.committed = False
        """True once the migration that runs has committed its transaction by a statement of its own."""

    @contextmanager
    def watch(self) -> Iterator[SAConnection]:
        """Lend SQLAlchemy's connection, and put the session back after the block, too, whatever happened in it."""
        from sqlalchemy import event

        try:
            with self._connection.sqlalchemy_connection() as sa_connection:
                event.listen(sa_connection, "before_cursor_execute", self._look)
                try:
                    yield sa_connection
                finally:
                    event.remove(sa_connection, "before_cursor_execute", self._look)
        except Exception:
            with suppress(StatementError):
                self._restore(failed=True)
            raise
        self._restore(failed=False)

    def restoring(self, find_steps: Callable[..., Any] | None) -> Callable[..., Any]:
        """Wrap a function of Alembic that returns the steps to run: the session is put back after each of them."""

        def steps(*arguments: Any) -> Iterator[Any]:
            for step in (find_steps(*arguments) if find_steps else None) or ():
                if hasattr(step, "migration_fn"):
                    step.migration_fn = self._restoring(step.migration_fn)
                yield step

        return steps

    def _restoring(self, migrate: Callable[..., Any]) -> Callable[..., Any]:
        def run(**arguments: Any) -> None:
            self.committed = False
            migrate(**arguments)
            self._restore(failed=False)

        return run

    def _look(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
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
