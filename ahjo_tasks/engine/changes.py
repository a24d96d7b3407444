"""Compare the files of a plan and the database with what the last deploy left, and plan only what changed."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from ahjo_tasks.database.catalog import UNKNOWN, Catalog, find
from ahjo_tasks.errors import UsageError
from ahjo_tasks.history.store import FINGERPRINT_VERSION, hash_parts, holds_secret
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.sql.references.model import Strength
from ahjo_tasks.topology import closure
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.database.catalog import Fingerprint, ObjectKey
    from ahjo_tasks.history.store import FileRecord
    from ahjo_tasks.project.object_index import Needs
    from ahjo_tasks.project.sql_file import FileText, SqlFile
    from ahjo_tasks.sql.definitions import Definition


class Status(StrEnum):
    """The state of a file beside the last deploy."""

    NEW = "new"
    CHANGED = "changed"
    REFRESHED = "refreshed"
    """Something that it needs runs again."""
    DRIFTED = "changed by hand"
    ALWAYS = "runs every time"
    """It does more than define objects, or what it creates is not found in the database."""
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    UNOWNED = "in no file"


SIGNS = {
    Status.NEW: "+",
    Status.CHANGED: "~",
    Status.REFRESHED: ">",
    Status.DRIFTED: "!",
    Status.ALWAYS: "*",
    Status.UNCHANGED: "=",
    Status.REMOVED: "-",
    Status.UNOWNED: "?",
}

CAUSES = {
    Status.NEW: "is new",
    Status.CHANGED: "changed",
    Status.DRIFTED: "was changed by hand",
    Status.ALWAYS: "runs every time",
}
"""Words about a file for which others are refreshed."""
QUOTED = re.compile(r'"[^"]+"|`[^`]+`|\[[^\]]+\]')
NAME_PART = re.compile(rf"{QUOTED.pattern}|[^.]+")
CHANGED = "changed"
"""The word of `--select` for all files that changed since the last deploy."""


@dataclass(frozen=True)
class FileChange:
    """The state of one file; `reason` says more, `drifted` are the objects that were changed by hand."""

    label: str
    kind: str
    status: Status
    reason: str = ""
    drifted: tuple[ObjectKey, ...] = ()
    objects: tuple[ObjectKey, ...] = ()
    """Objects of a removed file that are still there."""
    diff: str = ""
    """Difference between the text that the last deploy left and the one that the database has."""
    file: SqlFile | None = field(default=None, repr=False, compare=False)
    unreached: bool = False
    """True where a failed deploy was to run it and did not: it is not known whether it has changed since the last."""

    @property
    def may_be_changed(self) -> bool:
        """True if its text may be another than the one that was deployed last."""
        return self.status is Status.CHANGED or self.unreached

    @property
    def runs(self) -> bool:
        """True if the file is to be deployed."""
        return self.status not in {Status.UNCHANGED, Status.REMOVED}

    @property
    def is_gone(self) -> bool:
        """True for a file that is no longer in the project, and whose objects are no longer there."""
        return self.status is Status.REMOVED and not self.objects


def file_hash(file: FileText, conceal: Callable[[str], str]) -> str:
    """Return the hash of what a file would run, variables replaced; empty for a text with a secret in it."""
    if holds_secret(file.text, conceal):
        return ""
    return hash_parts((f"{FINGERPRINT_VERSION} {file.kind} {file.ignores_some_errors}\n", file.text))


class Selector:
    """Names of what to deploy: a file, an object, a folder, a pattern, `changed`; `name+` with all that needs it."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = [(word.removesuffix("+"), word.endswith("+")) for word in words]

    def narrow(self, changes: Sequence[FileChange], needs: Needs) -> list[FileChange]:
        """Return the changes with the files that are not selected as unchanged, and selected ones as running.

        Raises UsageError for a word that selects nothing.
        """
        chosen: set[int] = set()
        for word, dependents in self._words:
            numbers = {number for number, change in enumerate(changes) if _matches(change, word)}
            if not numbers and word != CHANGED:
                raise UsageError(
                    f"--select: {word} is not a file, object or folder of the project.",
                    hint=did_you_mean(word, {name for change in changes for name in _names(change)}),
                )
            chosen |= _with_dependents(numbers, needs) if dependents else numbers
        return [
            (change if change.runs else _refreshed(change, "--select"))
            if number in chosen
            else replace(change, status=Status.UNCHANGED, reason="not selected", drifted=())
            for number, change in enumerate(changes)
        ]


def _matches(change: FileChange, word: str) -> bool:
    if word == CHANGED:
        return change.status in {Status.NEW, Status.CHANGED, Status.DRIFTED}
    path = word.removeprefix("./").rstrip("/")
    inside = f"/{path}/" in f"/{change.label}/"
    return inside or _unquoted(word).lower() in map(str.lower, _names(change)) or fnmatch(change.label, path)


def _names(change: FileChange) -> Iterator[str]:
    """Yield the file, its folders, and the names of what it creates, with their schemas and without."""
    parts = change.label.split("/")
    yield from ("/".join(parts[number:]) for number in range(len(parts)))
    yield from parts[:-1]
    for definition in change.file.definitions if change.file else ():
        yield from (str(definition.name), definition.name.name)


def _unquoted(word: str) -> str:
    """Return a name without the quotes of SQL around its parts."""
    parts = (part[0] for part in NAME_PART.finditer(word))
    return ".".join(part[1:-1] if QUOTED.fullmatch(part) else part for part in parts)


def _with_dependents(numbers: set[int], needs: Needs) -> set[int]:
    """Return the files, and all that need one of them, directly or not."""
    users: defaultdict[int, set[int]] = defaultdict(set)
    for number, used in needs.items():
        for other in used:
            users[other].add(number)
    return closure(numbers, users.__getitem__)


def keys_of(file: SqlFile, catalog: Catalog) -> list[ObjectKey | None]:
    """Return the key of each object that a file creates; None for one that is not in the catalog."""
    return [find(catalog, definition, file.dialect, file.database) for definition in file.definitions]


def recorded(records: Mapping[str, FileRecord]) -> Catalog:
    """Return the objects of files as their last deploys left them."""
    return Catalog(item for record in records.values() for item in record.objects.items())


def without_fingerprints(records: Mapping[str, FileRecord]) -> dict[str, FileRecord]:
    """Return the records as if the database had shown nothing of the objects but that they are there."""
    return {label: replace(record, objects=dict.fromkeys(record.objects, UNKNOWN)) for label, record in records.items()}


class Comparison:
    """The files of a project beside what their last deploy left, and beside the database as it is."""

    def __init__(self, records: Mapping[str, FileRecord], catalog: Catalog, hash_of: Callable[[FileText], str]) -> None:
        self._records = records
        self._catalog = catalog
        self._hash_of = hash_of

    def changes(
        self, files: Sequence[SqlFile], *, everything: str = "", select: Sequence[str] = ()
    ) -> list[FileChange]:
        """Return the state of each file, in their order.

        `everything` is the reason why all of them run, `select` narrows what runs.
        """
        changes = [self._change(file) for file in files]
        if everything:
            changes = [_refreshed(change, everything) for change in changes]
        needs = ObjectIndex(files).needs() if any(not change.runs for change in changes) or select else {}
        if select:
            return Selector(select).narrow(changes, needs)
        for number, change in enumerate(changes):
            if change.runs:
                continue
            causes = [
                changes[other]
                for other, need in needs[number].items()
                if need.strength == Strength.CREATION and changes[other].runs
            ]
            if causes:
                first = causes[0]
                reason = first.reason if first.status is Status.REFRESHED else f"{first.label} {CAUSES[first.status]}"
                changes[number] = _refreshed(change, reason)
        return changes

    def is_untouched(self, file: FileText) -> bool:
        """Test whether a file and its objects are exactly as its last deploy left them, but for their comments."""
        record = self._records.get(file.label)
        if record is None or record.hash != self._hash_of(file):
            return False
        read = ((self._catalog.get(key, UNKNOWN), known) for key, known in record.objects.items())
        return all(now is known or now._replace(comments=known.comments) == known for now, known in read)

    def created(self, changes: Iterable[FileChange]) -> set[ObjectKey | None]:
        """Return the objects that files create; of one that was not read, those that it had created."""
        return {key for change in changes for key in self._created_by(change)}

    def _created_by(self, change: FileChange) -> Iterable[ObjectKey | None]:
        return self._recorded(change.label) if change.file is None else keys_of(change.file, self._catalog)

    def _recorded(self, label: str) -> Iterable[ObjectKey]:
        """Return the objects that a file left when it was deployed last."""
        record = self._records.get(label)
        return record.objects if record is not None else ()

    def removed(self, changes: Sequence[FileChange], created: set[ObjectKey | None]) -> list[FileChange]:
        """Return the files that were deployed and are no longer in the project, with the objects that none creates.

        `changes` are all files of it, and `created` is what these create.
        """
        present = {change.label for change in changes}
        owned = created.union(*map(self._recorded, present))
        gone = ((label, record) for label, record in self._records.items() if label not in present)
        return [self._removed(label, record, owned) for label, record in gone]

    def _removed(self, label: str, record: FileRecord, owned: set[ObjectKey | None]) -> FileChange:
        kind = next(iter(record.objects)).kind
        left = [key for key in record.objects if key not in owned]
        reason = ", ".join(map(str, left)) or "other files create its objects now"
        return FileChange(
            label, kind, Status.REMOVED, reason, objects=tuple(key for key in left if key in self._catalog)
        )

    def left_over(self, changes: Iterable[FileChange], created: set[ObjectKey | None]) -> list[FileChange]:
        """Return the objects that a changed file had created, and that no file creates or drops any more."""
        found = []
        for change in changes:
            if change.file is None or not change.may_be_changed:
                continue
            keys = tuple(
                key
                for key in self._recorded(change.label)
                if key in self._catalog
                and key not in created
                and not any(_is_dropped(key, definition) for definition in change.file.names.dropped)
            )
            if keys:
                listed = ", ".join(map(str, keys))
                found.append(FileChange(change.label, keys[0].kind, Status.REMOVED, listed, objects=keys))
        return found

    def _change(self, file: SqlFile) -> FileChange:
        record = self._records.get(file.label)
        if record is None:
            return FileChange(file.label, file.kind, *self._unknown(file), file=file)
        if not record.hash:
            reason = "a failed deploy did not reach it"
            return FileChange(file.label, file.kind, Status.REFRESHED, reason, file=file, unreached=True)
        if record.hash != self._hash_of(file):
            return FileChange(file.label, file.kind, Status.CHANGED, file=file)
        drifted = tuple(key for key, known in record.objects.items() if not self._is_as_left(key, known, file))
        if not drifted:
            return FileChange(file.label, file.kind, Status.UNCHANGED, file=file)
        reasons = (f"{key} was {'changed' if key in self._catalog else 'dropped'} by hand" for key in drifted)
        return FileChange(file.label, file.kind, Status.DRIFTED, ", ".join(reasons), drifted, file=file)

    def _is_as_left(self, key: ObjectKey, known: Fingerprint, file: SqlFile) -> bool:
        """Test whether an object is as it was after its last deploy; rights count where the file itself gives them."""
        now = self._catalog.get(key)
        if now is None or not now.has_definition_of(known):
            return False
        return now.has_rights_of(known) or not file.gives_rights

    def _unknown(self, file: SqlFile) -> tuple[Status, str]:
        there = any(keys_of(file, self._catalog))
        if not file.defines_only:
            return Status.ALWAYS, "it does more than define objects"
        return (Status.CHANGED, "no deploy of it is recorded") if there else (Status.NEW, "")


def _is_dropped(key: ObjectKey, definition: Definition) -> bool:
    """Test whether a file that drops this drops the object: by name and table, and the schema where both say one."""
    schemas = {key.schema.lower(), (definition.schema or "").lower()}
    return (
        key.name.lower() == definition.name.name.lower()
        and definition.table_name.lower() in {"", key.table.lower()}
        and ("" in schemas or len(schemas) == 1)
    )


def _refreshed(change: FileChange, reason: str) -> FileChange:
    if change.runs:
        return change
    return FileChange(change.label, change.kind, Status.REFRESHED, reason, file=change.file)
