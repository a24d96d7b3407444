"""Find what differs in a database from what the last deploy left."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.database.catalog import (
    KINDS,
    Catalog,
    ObjectKey,
    read_catalog,
    read_definitions,
    read_tables,
    with_comments,
)
from ahjo_tasks.engine.changes import Comparison, FileChange, Status, file_hash, keys_of, without_fingerprints
from ahjo_tasks.engine.recorder import table_fingerprint
from ahjo_tasks.history.store import FileRecord, HistoryStore
from ahjo_tasks.utils import text_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.catalog import Fingerprint
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.project.sql_file import SqlFile

WORD = re.compile(r"\w+")
HIDDEN = "a secret is in its text, which is not shown"


class DriftFinder:
    """A database beside the history of one project in it. `conceal` covers secrets in a text."""

    def __init__(self, settings: Settings, connection: Connection, conceal: Callable[[str], str]) -> None:
        self._ignored = settings.drift_ignore
        self._connection = connection
        self._conceal = conceal
        self._store = HistoryStore(connection, settings)

    @cached_property
    def incomparable(self) -> str:
        """The reason why objects cannot be compared with what the last deploy left; empty where they can."""
        last = self._store.state() if self._store.exists() else None
        identity = self._connection.dialect.database_identity(self._connection)
        return last.other_fingerprints(identity) if last is not None else ""

    def find(self, files: Sequence[SqlFile], others: Callable[[], Iterable[str]]) -> list[FileChange]:
        """Return the objects that were changed by hand, the files that are not deployed, and objects of no file.

        `others` reads the texts of the project's other files that create objects: revisions and tables. Raises
        StatementError where the database does not show its objects.
        """
        catalog = with_comments(self._connection, read_catalog(self._connection))
        recorded = self._store.exists()
        records = self._store.files() if recorded else {}
        tables = self._store.revision_tables() if recorded else FileRecord("", "")
        if self.incomparable:
            records, tables = without_fingerprints(records), FileRecord("", "")
        comparison = Comparison(records, catalog, lambda file: file_hash(file, self._conceal))
        changes = comparison.changes(files)
        return [
            *self._changed(records.values(), catalog),
            *self._changed_tables(tables),
            *filter(self._is_missing, changes),
            *comparison.removed(changes, comparison.created(changes)),
            *_in_none(list(self._unowned(files, records, catalog)), others),
        ]

    def _changed(self, records: Iterable[FileRecord], catalog: Catalog) -> Iterator[FileChange]:
        """Yield each record with objects that are not as they were left; those of one name are compared as one."""
        changed = {
            record.file: [
                key for key, known in record.objects.items() if _differs(catalog, key, known) and not self._ignores(key)
            ]
            for record in records
        }
        texts = read_definitions(self._connection, {key for keys in changed.values() for key in keys})
        for record in records:
            keys = changed[record.file]
            if keys:
                reasons = ", ".join(_reason(key, record, catalog) for key in keys)
                kind = KINDS.get(keys[0].kind, keys[0].kind)
                diff = "\n".join(filter(None, (self._diff(key, record, texts.get(key, "")) for key in keys)))
                yield FileChange(record.file, kind, Status.DRIFTED, reasons, tuple(keys), diff=diff)

    def _changed_tables(self, record: FileRecord) -> Iterator[FileChange]:
        """Yield the tables that a revision made and that are not as the last revision left them."""
        keys = [key for key in record.objects if not self._ignores(key)]
        if not keys:
            return
        tables = read_tables(self._connection)
        if tables is None:
            return
        now = Catalog({key: table_fingerprint(*described) for key, described in tables.items()})
        for key in keys:
            left = record.objects[key]
            if now.get(key) != left and (left.definition or key not in now):  # of a secret, only that it is there
                reason = _reason(key, record, now, rights="comments")
                diff = self._diff(key, record, tables.get(key, ("", ""))[0])
                yield FileChange(key.full_name, "table", Status.DRIFTED, reason, (key,), diff=diff)

    def _diff(self, key: ObjectKey, record: FileRecord, now: str) -> str:
        """Return how a text of the database differs from the one that was left; nothing of one with a secret."""
        before = self._store.text(record.texts[key]) if record.texts.get(key) else None
        if self._conceal(now) != now or self._conceal(before or "") != (before or ""):
            return HIDDEN
        if before is None:
            return ""
        return "\n".join(text_difference(before, now, str(key)))

    def _is_missing(self, change: FileChange) -> bool:
        """Test whether a file is not deployed, and creates an object that counts and that a catalog would list."""
        definitions = change.file.definitions if change.file is not None else ()
        queries = self._connection.dialect.catalog_queries
        if definitions and not any(
            query.may_have(KINDS.get(each.kind, each.kind)) for query in queries for each in definitions
        ):
            return False
        keys = [
            ObjectKey(KINDS.get(item.kind, item.kind), item.name.schema or "", item.name.name) for item in definitions
        ]
        return change.status is Status.NEW and not (keys and all(map(self._ignores, keys)))

    def _unowned(
        self, files: Sequence[SqlFile], records: Mapping[str, FileRecord], catalog: Catalog
    ) -> Iterator[ObjectKey]:
        """Yield the objects that no file of objects creates, in the schemas of those that a file does."""
        owned = {key for file in files for key in keys_of(file, catalog) if key is not None}
        owned |= {key for record in records.values() for key in record.objects}
        schemas = {key.schema for key in owned}
        owned |= self._store.others().keys() if records else set()
        for key in sorted(catalog):
            if key not in owned and key.schema in schemas and not self._ignores(key):
                yield key

    def _ignores(self, key: ObjectKey) -> bool:
        """Test whether the config leaves an object out."""
        return any(fnmatch("/".join(key[:3]).lower(), pattern.lower()) for pattern in self._ignored)


def _in_none(keys: Sequence[ObjectKey], others: Callable[[], Iterable[str]]) -> list[FileChange]:
    """Return the objects that the other files do not name: what a revision does, only its run would tell."""
    words = {word for text in others() for word in WORD.findall(text.lower())} if keys else set()
    return [
        FileChange(key.full_name, key.kind, Status.UNOWNED)
        for key in keys
        if not words.issuperset(WORD.findall(key.name.lower()))
    ]


def _differs(catalog: Catalog, key: ObjectKey, known: Fingerprint) -> bool:
    """Test whether an object is not as it was left; one whose definition is not shown is not known to differ."""
    now = catalog.get(key)
    if now is None or not now.has_definition_of(known):
        return True
    return not (now.has_rights_of(known) and now.has_comments_of(known))


def _reason(key: ObjectKey, record: FileRecord, catalog: Catalog, rights: str = "owner, rights or indexes") -> str:
    """Say what happened to an object since its last deploy."""
    now = catalog.get(key)
    if now is None:
        return f"{key} was dropped by hand"
    if now.definition != record.objects[key].definition:
        return f"{key} was changed by hand"
    if now.has_rights_of(record.objects[key]):
        rights = "comments"
    return f"{rights} of {key} were changed by hand"
