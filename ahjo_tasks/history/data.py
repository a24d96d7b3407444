"""The data files that a database has, and the progress of one whose statements commit alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.errors import StatementError
from ahjo_tasks.history.store import hash_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.history.store import HistoryStore


ALL_FILES = ""
"""Name of the row with the hash of all files of a kind."""


@dataclass(frozen=True)
class Loaded:
    """The progress of one data file. Flags are 0 or 1.

    `statements` are done of it, and `content` is their hash; empty where there is a secret in it. `whole` says that it
    is done to its end, `unfinished` that the action which ran it has not ended well yet, and `uncertain` that nothing
    was heard of the next statement, which commits alone.
    """

    file: str
    kind: str
    content: str
    statements: int = 0
    whole: int = 1
    unfinished: int = 1
    uncertain: int = 0


class LoadedFiles:
    """The data files of one project that a database has. Methods raise StatementError."""

    def __init__(self, store: HistoryStore, kind: str) -> None:
        self._store = store
        self.kind = kind
        self._table = self._qualified()

    @property
    def connection(self) -> Connection:
        """The connection to the database."""
        return self._store.connection

    def known(self) -> dict[str, Loaded]:
        """Return what is known of the files, by their labels."""
        if not self._store.exists():
            return {}
        columns = self._listed(Loaded.__dataclass_fields__)
        rows = self._store.connection.query(f"SELECT {columns} FROM {self._table} WHERE {self._of_kind}")
        return {row[0]: Loaded(*row) for row in rows}

    def write(self, loaded: Loaded) -> None:
        """Replace what is known of a file, in the transaction that is open or at once."""
        for statement in self._statements(loaded):
            self._store.connection.execute(statement)

    def write_between(self, loaded: Loaded) -> None:
        """Do so between statements of a file, which may have taken a role, or have locked other tables.

        Where the session must not write, another one does; in a transaction of the file, the next record does.
        """
        self._execute_between(self._statements(loaded))

    def forget_between(self, file: str) -> None:
        """Forget a file there."""
        self._execute_between([f"DELETE FROM {self._table} WHERE file_id = '{self._id(file)}'"])

    def _execute_between(self, statements: Sequence[str]) -> None:
        connection = self._store.connection
        if connection.transaction_state == "open":
            connection.try_execute_all(statements)
            return
        try:
            for statement in statements:
                connection.execute(statement)
        except StatementError:
            connection.execute_aside(statements)

    def write_aside(self, loaded: Loaded) -> None:
        """Do so in another session, while a transaction is open that is about to be rolled back."""
        self._store.connection.execute_aside(self._statements(loaded))

    def forget(self, files: Iterable[str] | None = None) -> None:
        """Forget files, or all of the kind."""
        ids = ", ".join(f"'{self._id(file)}'" for file in files or ())
        where = self._of_kind if files is None else f"file_id IN ({ids})"
        self._store.connection.execute(f"DELETE FROM {self._table} WHERE {where}")

    def _statements(self, loaded: Loaded) -> tuple[str, str]:
        row = {**asdict(loaded), "file_id": self._id(loaded.file), "project": self._store.project}
        values = {name: self._store.connection.dialect.literal(value) for name, value in row.items()}
        return (
            f"DELETE FROM {self._table} WHERE file_id = {values['file_id']}",
            f"INSERT INTO {self._table} ({self._listed(values)}) VALUES ({', '.join(values.values())})",
        )

    def finish(self, inputs: str = "") -> None:
        """Note that an action has done all its files, so that the next one runs them again.

        `inputs` is a hash of all files of the kind where they run again only if it is another one.
        """
        if inputs:
            self.write(Loaded(ALL_FILES, self.kind, inputs, unfinished=0))
        self._store.connection.execute(f"UPDATE {self._table} SET unfinished = 0 WHERE {self._of_kind}")

    def are_done(self, inputs: str) -> bool:
        """Test whether the last action has done all its files, and they had this hash."""
        known = self.known()
        same = ALL_FILES in known and known[ALL_FILES].content == inputs
        return same and not any(loaded.unfinished for loaded in known.values())

    def _listed(self, names: Iterable[str]) -> str:
        """List columns; `file` is a word of T-SQL."""
        return ", ".join(map(self._store.connection.dialect.quote, names))

    def _id(self, file: str) -> str:
        return hash_text(f"{self._store.project}\n{file}")

    @property
    def _of_kind(self) -> str:
        literal = self._store.connection.dialect.literal
        return f"project = {literal(self._store.project)} AND kind = {literal(self.kind)}"

    def _qualified(self) -> str:
        """Return the name of the table, which holds in whatever schema or database a file goes to."""
        connection, (schema, name) = self._store.connection, self._store.name_of("data")
        schema = schema or str(connection.query(connection.dialect.current_schema_sql)[0][0])
        return connection.dialect.quote(schema, name)
