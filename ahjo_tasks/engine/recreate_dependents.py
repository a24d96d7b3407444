"""Replace an object that others depend on: drop the dependents before it and create them again after it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ahjo_tasks.engine.attachments import attach
from ahjo_tasks.engine.diagnostics import BatchError
from ahjo_tasks.engine.drop import DropStep, drop_steps, place
from ahjo_tasks.engine.plan import Step
from ahjo_tasks.project.creations import creations
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.topology import closure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Attachment, Dependent
    from ahjo_tasks.errors import DeployError, StatementError
    from ahjo_tasks.project.dependencies import Edges
    from ahjo_tasks.project.sql_file import SqlFile

RECREATED = frozenset({"view", "function", "procedure", "aggregate", "operator", "trigger", "rule", "policy"})
"""Kinds of objects that hold no data of their own."""
ROUTINES = frozenset({"function", "procedure", "aggregate"})
TABLE = "table"
GIVE_FILE = "Give the project a file that creates it by CREATE OR REPLACE or after a DROP, or drop it yourself."
ALTER_TABLE = "Change the object by ALTER in its file or in a migration, and the table before it where that is needed."


class DeployedFiles:
    """The files of a project, in the order that they run, and which of them depend on which.

    `read` returns them; it is called after a failure, for most plans never need them.
    """

    def __init__(self, read: Callable[[], Sequence[SqlFile]]) -> None:
        self._read = read

    @cached_property
    def all(self) -> Sequence[SqlFile]:
        """The files that do something."""
        return [file for file in self._read() if file.batches]

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        """The numbers of the files by their labels."""
        return {file.label: number for number, file in enumerate(self.all)}

    @cached_property
    def _index(self) -> ObjectIndex:
        return ObjectIndex(self.all)

    @cached_property
    def _edges(self) -> Edges:
        return self._index.edges()

    def creators(self, file: SqlFile, name: Name) -> tuple[SqlFile, ...]:
        """Return the later files that create an object of this name, with what those need of the later files."""
        first = self._numbers[file.label]
        if name.schema and file.dialect.default_schema is None:  # MySQL names its database, SQLite `main`
            name = Name(None, name.name)
        creators = set(self._index.creators(name))
        if first in creators:
            return ()
        later = {index for index in creators if index > first}
        return self._at(closure(later, lambda member: {index for index in self._edges[member] if index > first}))

    def group(
        self, file: SqlFile, connection: Connection, later: Sequence[Step], dropped: frozenset[str] = frozenset()
    ) -> FileGroup | None:
        """Return what to drop before this file runs, and the files to run after it; None if there is nothing to drop.

        `later` are the steps of the plan that are not done yet. `dropped` are the labels of files whose own objects are
        dropped, too. The catalog tells what uses them, else the files.
        """
        first = self._numbers[file.label]
        members: set[int] = set()
        asked = {first, *(self._numbers[label] for label in dropped)}
        while True:
            definitions = [item for index in sorted(asked) for item in self.all[index].definitions]
            used = connection.dialect.dependents(connection, definitions)
            if used is None:
                return self._group_by_files(first)
            gone = [item for item in used if item.used or self._is_of(item, dropped)]
            group = self.owners(gone, later, first)
            members = {self._numbers[item.label] for item in group.files} - {first}
            more = {index for index in members if drops(self.all[index])}
            if more <= asked or group.kept:
                return group if group.dependents else None
            asked |= more

    def in_the_way(self, dependents: Sequence[Dependent], connection: Connection, later: Sequence[Step]) -> FileGroup:
        """Return the files that create these objects, and those that create what uses the objects that they drop."""
        while True:
            group = self.owners(dependents, later)
            dropped = [made for file in group.files if drops(file) for made in file.definitions]
            used = [item for item in connection.dialect.dependents(connection, dropped) or () if item.used]
            if group.kept or {item.text for item in used} <= {item.text for item in dependents}:
                return group
            dependents = merge_dependents(used, dependents)

    def owners(self, dependents: Sequence[Dependent], later: Sequence[Step], first: int = -1) -> FileGroup:
        """Return the files that create these objects, and what they need of the files after the first.

        What no file creates may go where `later` steps drop it.
        """
        found = [(item, self._creators(item)) for item in dependents]
        gone = {place(item) for item, indexes in found if not indexes}
        removed = tuple(step for step in later if isinstance(step, DropStep) and place(step.definition) in gone)
        gone = {place(step.definition) for step in removed}
        dropped = Counter(index for item, indexes in found if item.kind != TABLE for index in indexes)
        kept: list[str] = []
        for item, indexes in found:
            if item.kind == TABLE:
                kept.append(f"{item.text}, which holds rows")
                continue
            if not indexes and place(item) not in gone:
                kept.append(f"{item.text}, which no file of this run creates")
            files = [(self.all[index], dropped[index]) for index in indexes if index != first]
            refused = (file for file, objects in files if not recreates(file, objects))
            kept += [f"{item.text}, which {file.label} cannot create again" for file in refused]
        owners = set(dropped)
        members = self._with_needs(owners, first) - {first}
        return FileGroup(self._at(owners - {first}), self._at(members), tuple(dependents), tuple(kept), removed)

    def _is_of(self, item: Dependent, labels: frozenset[str]) -> bool:
        return any(self.all[index].label in labels for index in self._creators(item))

    def _creators(self, item: Dependent) -> Sequence[int]:
        name = item.name if item.kind == "view" or item.kind in ROUTINES else Name(None, item.name.name)
        return self._index.creators(name, ROUTINES if item.kind in ROUTINES else frozenset({item.kind}))

    def _with_needs(self, owners: set[int], first: int) -> set[int]:
        return closure(owners, lambda member: self._needs(member, first))

    def _needs(self, member: int, first: int) -> set[int]:
        """The files behind the first that this one needs when it is created, and that a transaction may hold."""
        needs = () if self._binds_late(member) else self._edges[member]
        return {index for index in needs if index > first and self.all[index].transactional}

    def _group_by_files(self, first: int) -> FileGroup | None:
        """Return the files to recreate together with this one; None if a dependent cannot be, or if there is none.

        They are its dependents, and what those need of the later files, with dependents of their own: else each of them
        would be refused in its turn for a dependent that was just recreated, or be missed when that is created.
        """
        dropped = self._recreatable_dependents(first)
        members = set(dropped)
        waiting = [*dropped]
        while waiting:
            member = waiting.pop()
            for index in self._needs(member, first):
                more = self._recreatable_dependents(index) if drops(self.all[index]) else set()
                dropped |= more
                waiting += {index, *more} - members
                members |= {index, *more}
        return FileGroup(self._at(dropped), self._at(members)) if dropped else None

    def _recreatable_dependents(self, index: int) -> set[int]:
        """The dependents if the file of each creates its objects again, all of which are dropped; else none."""
        found = self._dependents(index)
        files = self._at(found)
        return found if all(recreates(file, len(file.definitions)) for file in files) else set()

    def _dependents(self, first: int) -> set[int]:
        """The later files that need this one, directly or through others, but those that the database binds late."""
        needed = {first}
        for index in range(first + 1, len(self.all)):
            if not self._binds_late(index) and not needed.isdisjoint(self._edges[index]):
                needed.add(index)
        return needed - {first}

    def _binds_late(self, index: int) -> bool:
        file = self.all[index]
        return file.kind in file.dialect.late_binding

    def _at(self, indexes: set[int]) -> tuple[SqlFile, ...]:
        return tuple(self.all[index] for index in sorted(indexes))


class FileGroup(NamedTuple):
    """The dependents whose objects are dropped before a file runs, and the files that run after it, in their order.

    `dependents` are the objects, where the catalog tells them, dependents first. `kept` says which must not be dropped,
    and `removed` are the steps of those that later steps of the plan would drop.
    """

    dropped: tuple[SqlFile, ...]
    files: tuple[SqlFile, ...]
    dependents: tuple[Dependent, ...] = ()
    kept: tuple[str, ...] = ()
    removed: tuple[DropStep, ...] = ()

    @property
    def hint(self) -> str:
        """Reason why nothing was dropped, and what to do."""
        advice = ALTER_TABLE if any(item.kind == TABLE for item in self.dependents) else GIVE_FILE
        return f"Used by {'; '.join(self.kept)}: nothing was dropped. {advice}"

    def drop(self, connection: Connection) -> Sequence[Attachment]:
        """Drop the objects of the dependents, and return what they had besides their definition."""
        if not self.dependents:
            for step in drop_steps(self.dropped):
                connection.execute(step.statement)
            return ()
        attachments = connection.dialect.attachments(connection, self.dependents)
        for item in self.dependents:
            connection.execute(item.drop)
        return attachments


def unreplaced_file(error: DeployError | StatementError, connection: Connection) -> SqlFile | None:
    """Return the file whose objects have to be dropped before it can run; None for other errors."""
    failure, server, dialect = error.__cause__, error.server, connection.dialect
    if server is None or not isinstance(failure, BatchError):
        return None
    return failure.file if dialect.refuses_replacing(server) or dialect.is_dependency_error(server) else None


def merge_dependents(found: Sequence[Dependent], known: Sequence[Dependent]) -> list[Dependent]:
    """Join two lists that begin with the dependents: what uses an object of the first list is in that, too."""
    there = {item.text for item in found}
    return [*found, *(item for item in known if item.text not in there)]


def drops(file: SqlFile) -> bool:
    """Test whether the file drops an object itself, in a transaction."""
    return file.transactional and bool(file.names.dropped)


def recreates(file: SqlFile, dropped: int = 0) -> bool:
    """Test whether the file can create all of its objects again, in a transaction, and no data is lost with them.

    `dropped` is how many of them are dropped before: a plain CREATE is enough where all are.
    """
    kinds = {definition.kind for definition in file.definitions}
    created = 0 < len(file.definitions) <= dropped
    return file.transactional and kinds <= RECREATED and (drops(file) or created or _tolerates(file))


def _tolerates(file: SqlFile) -> bool:
    """Test whether the statement that creates each object runs where it exists."""
    created = creations(file.text, file.dialect)
    return all(definition in created and created[definition].runs_again for definition in file.definitions)


class Recreating(Step, Protocol):
    """The step of a file whose objects can be dropped with their dependents."""

    def recreate(
        self,
        error: DeployError | StatementError,
        connection: Connection,
        later: Sequence[Step],
        dropped: frozenset[str],
    ) -> RecreateWithDependents | None:
        """Return the step that drops what an error names, and the objects of these files; None where that cannot be."""


@dataclass(frozen=True)
class RecreateWithDependents(Step):
    """Drop the objects of the dependents, then run the step of the file itself and those of the others."""

    step: Recreating
    group: FileGroup
    others: tuple[Step, ...]
    dropped: frozenset[str] = frozenset()
    """The labels of files whose objects are dropped, too: the server would not replace them."""

    @property
    def kind(self) -> str:
        """The kind of the file's step."""
        return self.step.kind

    @property
    def label(self) -> str:
        """The label of the file's step."""
        return self.step.label

    @property
    def note(self) -> str:
        """The dependents by their paths."""
        if not self.group.dropped:
            return "dropped and created again"
        return f"recreated with its dependents: {', '.join(file.label for file in self.group.dropped)}"

    @property
    def sql_files(self) -> tuple[SqlFile, ...]:
        """The file of its step and those of the others."""
        return tuple(file for step in self.parts for file in step.sql_files)

    @property
    def previous(self) -> Sequence[str]:
        """The batches with which the file was last deployed."""
        return self.step.previous

    @property
    def included(self) -> tuple[Step, ...]:
        """The steps of the other files, which need not run again, and of what was dropped with the dependents."""
        return (*self.others, *self.group.removed)

    @property
    def parts(self) -> tuple[Step, ...]:
        """The step of the file itself, and those of the others."""
        return (self.step, *self.others)

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        """Return the step that drops the objects of one more file, which the server would not replace."""
        refused = unreplaced_file(error, connection)
        if refused is None or refused.label in self.dropped:
            return None
        return self.step.recreate(error, connection, later, self.dropped | {refused.label})

    def run(self, connection: Connection) -> int:
        """Do it. Raises StatementError when an object that is in no file of the plan depends on one of them."""
        attachments = self.group.drop(connection)
        rows = 0
        for step in self.parts:
            with step.preserve_session(connection):
                rows += step.run(connection)
        attach(connection, attachments)
        return rows
