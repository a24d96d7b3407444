"""The data files that a database has, and the progress of one whose statements commit alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.history.store import hash_text

if TYPE_CHECKING:
    from ahjo_tasks.history.store import HistoryStore


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
        self._kind = kind

    def known(self) -> dict[str, Loaded]:
        """Return what is known of the files, by their labels."""
        columns = tuple(Loaded.__dataclass_fields__)
        if not self._store.exists():
            return {}
        rows = self._store.connection.query(f"SELECT {', '.join(columns)} FROM {self._table} WHERE {self._of_kind}")
        return {row[0]: Loaded(*row) for row in rows}

    def write(self, loaded: Loaded) -> None:
        """Replace what is known of a file, in the transaction that is open or at once."""
        connection = self._store.connection
        quote, key = connection.dialect.quote_literal, f"file_id = '{self._id(loaded.file)}'"
        values = {
            name: str(value) if isinstance(value, int) else quote(value) for name, value in asdict(loaded).items()
        }
        changes = ", ".join(f"{name} = {value}" for name, value in values.items())
        if connection.execute(f"UPDATE {self._table} SET {changes} WHERE {key}"):
            return
        values |= {"file_id": quote(self._id(loaded.file)), "project": quote(self._store.project)}
        connection.execute(f"DELETE FROM {self._table} WHERE {key}")
        connection.execute(f"INSERT INTO {self._table} ({', '.join(values)}) VALUES ({', '.join(values.values())})")

    def finish(self) -> None:
        """Note that an action has done all its files, so that the next one runs them again."""
        self._store.connection.execute(f"UPDATE {self._table} SET unfinished = 0 WHERE {self._of_kind}")

    def _id(self, file: str) -> str:
        return hash_text(f"{self._store.project}\n{file}")

    @property
    def _of_kind(self) -> str:
        quote = self._store.connection.dialect.quote_literal
        return f"project = {quote(self._store.project)} AND kind = {quote(self._kind)}"

    @property
    def _table(self) -> str:
        table = self._store.tables.data
        names = [name for name in (table.schema, table.name) if name]
        return self._store.connection.dialect.quote(*names)
