"""Put the session back after each migration: Python code may set a role, a schema or a mode by any statement."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Restore


class MigrationSession:
    """Sees the statements of migrations before they run, and asks for the session before the first that may change it.

    What is to be put back is put back before the version is recorded, whose table would be looked for elsewhere.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._restores: list[Restore] = []

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
            migrate(**arguments)
            self._restore(failed=False)

        return run

    def _look(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        restore = self._connection.dialect.save_session(self._connection, [statement])
        if restore is not None:
            self._restores.append(restore)

    def _restore(self, *, failed: bool) -> None:
        """Put back the last change first; a failed transaction of the action is rolled back as a whole."""
        restores, self._restores = self._restores, []
        if failed and self._connection.in_shared_transaction:
            return
        for restore in reversed(restores):
            restore(failed)
