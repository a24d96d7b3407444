"""Find what a deploy has to do: compare the project's files and the database with the last deploy."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.catalog import Catalog, read_catalog, read_since
from ahjo_tasks.database.dialects.base import Identity
from ahjo_tasks.engine.changes import (
    Comparison,
    FileChange,
    Status,
    file_hash,
    keys_of,
    recorded,
    without_fingerprints,
)
from ahjo_tasks.engine.drop import DropStep, drop_step, place
from ahjo_tasks.engine.if_not_exists import refuse_without_effect
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.recreate_dependents import ROUTINES
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import DifferenceError
from ahjo_tasks.history.store import HistoryStore, State, fingerprint_version
from ahjo_tasks.project.object_index import concerned
from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.topology import find_cycle, topological_order
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.catalog import ObjectKey
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Step
    from ahjo_tasks.history.store import FileRecord
    from ahjo_tasks.project.sql_file import FileText, SqlFile


@dataclass(frozen=True)
class Selection:
    """The steps that a deploy needs, the state of every file, and the state of the project after it.

    `origin` says where the history comes from, when not from this database; `repository` is the recorded one.
    """

    plan: Plan
    changes: tuple[FileChange, ...]
    state: State | None
    origin: str = ""
    repository: str = ""
    catalog: Catalog | None = None
    """The objects in the database before it."""
    records: Mapping[str, FileRecord] | None = field(default=None, repr=False)
    """The objects that each file had left; None where they were not read."""

    @property
    def drift(self) -> tuple[str, ...]:
        """Sentences for the files whose objects were changed by hand."""
        return tuple(f"{change.label}: {change.reason}" for change in self.changes if change.status is Status.DRIFTED)


class Choice(NamedTuple):
    """The choices of a deploy's flags: files by name, and whether objects of removed files are dropped."""

    select: tuple[str, ...] = ()
    prune: bool = False
    on_drift: str = ""
    """`replace` or `stop`; empty for what the config says."""


def _with_drops(plan: Plan, removed: Sequence[FileChange], store: HistoryStore) -> Plan:
    """Return the plan with steps that drop what files had created and the project has no more.

    They stand before the files, but for those of what other objects use, which files may yet replace: these stand after
    them, unless one of the files is refused for such an object. Each follows those of what uses its object, as far as
    the server tells.
    """
    steps = _drops(removed, store)
    users = [_users(step, store.connection) for step in steps]
    numbers: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for number, step in enumerate(steps):
        numbers[place(step.definition)].add(number)
    needs = {
        number: set[int]().union(*(numbers.get(user, ()) for user in used_by)) for number, used_by in enumerate(users)
    }
    order = range(len(steps)) if find_cycle(needs) else topological_order(needs, int)
    last = {number for number in order if users[number] - numbers.keys()}
    before, after = ([steps[number] for number in order if (number in last) is late] for late in (False, True))
    return Plan(tuple(before)) + plan + Plan(tuple(after))


def _drops(removed: Sequence[FileChange], store: HistoryStore) -> list[DropStep]:
    """Return the steps that drop the objects of files, the last deployed first."""
    steps: list[DropStep] = []
    for change in reversed(removed):
        text = store.last_text(change.label) or ""
        for key in reversed(change.objects):
            schema = key.schema or None
            table = Name(schema, key.table) if key.table else None
            name = Name(None if table else schema, key.name)
            definition = Definition(key.kind, name, table)
            steps.append(drop_step(definition, text, store.connection.dialect, change.label))
    return steps


def _users(step: DropStep, connection: Connection) -> set[tuple[str, str]]:
    """Return the schemas and names of what cannot be there without the object, as far as the server tells."""
    used = connection.dialect.dependents(connection, [step.definition])
    return {place(item) for item in used or () if item.used} - {place(step.definition)}


class _LastTexts:
    """The texts that files were last deployed with, and those of files that created the same objects before them."""

    def __init__(self, changes: Iterable[FileChange], left: _Left) -> None:
        self._store = left.store
        self._catalog = left.catalog
        self._changes = {change.label: change for change in changes}
        self._creators: defaultdict[ObjectKey, list[str]] = defaultdict(list)
        for label, record in left.records.items():
            change = self._changes.get(label)
            if change is not None and (change.may_be_changed or change.status is Status.REMOVED):
                for key in record.objects:
                    self._creators[key].append(label)

    def of(self, file: SqlFile) -> list[str]:
        """Return the last text of a file, and of those that created its objects and are changed or removed."""
        change, labels = self._changes.get(file.label), list[str]()
        if change is None:
            return []
        may_differ = change.may_be_changed or change.status is Status.ALWAYS
        if may_differ:
            labels.append(file.label)
        if may_differ or change.status is Status.NEW:
            keys = filter(None, keys_of(file, self._catalog))
            labels += [label for key in keys for label in self._creators.get(key, ())]
        return list(filter(None, map(self._store.last_text, dict.fromkeys(labels))))


def _with_last_texts(plan: Plan, texts: _LastTexts, files: Sequence[SqlFile]) -> Plan:
    """Return the plan in which steps of files know what was there before.

    A file of routines drops those that it, or the file that had them before, created with other parameters; and of
    objects that a file drops itself it is known what its last text gave them.
    """
    creating: defaultdict[str, list[SqlFile]] = defaultdict(list)
    for file in files:
        for name in _created_names(file):
            creating[name].append(file)
    steps: list[Step] = []
    for step in plan.steps:
        if isinstance(step, FileStep) and (step.file.replaced or _creates_routines(step.file)):
            last = texts.of(step.file)
            first = _old_overloads(step.file, last, creating)
            steps.append(replace(step, first=first, last_texts=tuple(last) if step.file.replaced else ()))
        else:
            steps.append(step)
    return replace(plan, steps=tuple(steps))


def _creates_routines(file: SqlFile) -> bool:
    return any(definition.kind in ROUTINES for definition in file.definitions)


def _created_names(file: SqlFile) -> set[str]:
    return {definition.name.name for definition in file.definitions}


def _old_overloads(
    file: SqlFile, last_texts: Sequence[str], creating: Mapping[str, Sequence[SqlFile]]
) -> tuple[str, ...]:
    """Return statements that drop the routines of last texts that no file creates; `creating` has files by name."""
    if not last_texts:
        return ()
    now = "\n".join(dict.fromkeys(other.text for name in _created_names(file) for other in creating[name]))
    found = (statement for text in last_texts for statement in file.dialect.replaced_overloads(text, now))
    return tuple(dict.fromkeys(found))


def _told_to_stay(left_over: FileChange) -> str:
    return (
        f"{left_over.label} no longer creates {left_over.reason}, which stays: write its DROP, or deploy this change"
        " with --prune."
    )


def _kept(removed: FileChange) -> str:
    return f"{removed.label} is no longer in the project: {removed.reason} stays; --prune drops it."


def _taken_over(changes: Iterable[FileChange], left: _Left) -> Iterator[str]:
    """Yield a sentence for each object that a file is to replace, and that another project has deployed."""
    new = [
        (change, key)
        for change in changes
        if change.file is not None and change.runs and change.label not in left.records
        for key in keys_of(change.file, left.catalog)
        if key
    ]
    others = left.store.others() if new else {}
    for change, key in new:
        if key in others:
            yield f"{change.label} replaces {key} of the project {others[key]} in the same database."


def _refuse_drift(drift: Sequence[str]) -> None:
    if drift:
        raise DifferenceError(
            f"{pluralize(len(drift), 'file')} with objects that were changed by hand: {'; '.join(drift)}",
            hint="Take their text into the project's files, or deploy with --on-drift replace.",
        )


class _Left(NamedTuple):
    """The records of the last deploy, and the objects as they are now, read after the version of the catalog."""

    store: HistoryStore
    last: State
    incomparable: str
    """The reason why objects cannot be compared with the records; empty where they can."""
    origin: str
    records: Mapping[str, FileRecord]
    catalog: Catalog

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say why more is compared or deployed than what changed."""
        warnings = (f"All objects are compared: {self.origin}.",) * bool(self.origin)
        return (*warnings, *(f"All files run once: {self.incomparable}.",) * bool(self.incomparable))

    @property
    def state(self) -> dict[str, Any]:
        """Return what stays of the state where nothing is done."""
        last = self.last
        return {"run_id": last.run_id, "catalog_version": last.catalog_version, "schemas": last.schemas}

    @property
    def kept(self) -> dict[str, Any]:
        """Return what a selection keeps of it."""
        records = None if self.incomparable else self.records
        more = {"repository": self.last.repository, "catalog": self.catalog, "records": records}
        return {"origin": self.origin, **more}


class Deployment:
    """The project's object files beside its history in one database. `conceal` covers secrets in a text."""

    def __init__(self, settings: Settings, connection: Connection | None, conceal: Callable[[str], str]) -> None:
        self._settings = settings
        self._connection = connection
        self._conceal = conceal
        self._hashes: dict[str, str] = {}

    def _hash(self, file: FileText) -> str:
        """Return the hash of what a file would run, made once."""
        if file.label not in self._hashes:
            self._hashes[file.label] = file_hash(file, self._conceal)
        return self._hashes[file.label]

    @cached_property
    def _left(self) -> _Left | None:
        """The records of the last deploy; None where nothing is recorded."""
        connection = self._connection
        store = HistoryStore(connection, self._settings) if connection is not None else None
        if connection is None or store is None or not store.exists():
            return None
        identity = connection.dialect.database_identity(connection)
        before = store.state() or self._state((), "")
        records, incomparable = store.files(), before.other_fingerprints(identity)
        if incomparable:
            records = without_fingerprints(records)
        schemas = store.schemas()
        known_at = before.catalog_version if before.is_of(identity) and before.schemas == schemas else ""
        version, catalog = read_since(connection, schemas.splitlines(), known_at, lambda: recorded(records))
        last = replace(before, catalog_version=version, schemas=schemas)
        return _Left(store, last, incomparable, last.origin(identity), records, catalog)

    def read_concerned(self, texts: Sequence[FileText]) -> dict[int, SqlFile]:
        """Read, of all files of the project, those that may have to run, by their numbers.

        They are not as the last deploy left them, or may need such a file. Raises SourceError.
        """
        left = self._left
        if left is None or left.incomparable:
            return concerned(texts, set(range(len(texts))))
        comparison = Comparison(left.records, left.catalog, self._hash)
        return concerned(texts, {number for number, text in enumerate(texts) if not comparison.is_untouched(text)})

    def select(
        self,
        plan: Plan,
        choice: Choice,
        *,
        everything: str = "",
        inputs: str = "",
        untouched: Sequence[FileText] = (),
    ) -> Selection:
        """Return the steps of the plan that are needed.

        `everything` is the reason why all of them are, `inputs` a hash of all that a deploy reads. `untouched` are the
        files beside those of the plan, of which none is concerned.
        Raises DifferenceError where objects were changed by hand and the config says `on_drift: stop`.
        """
        files = [step.file for step in plan.steps if isinstance(step, FileStep)]
        state, left = self._state([*files, *untouched], inputs), self._left
        if left is None:
            changes = Comparison({}, Catalog(), self._hash).changes(files, everything=everything, select=choice.select)
            return self._selection(plan, changes, None if choice.select else state)
        state = replace(state, **left.state)
        comparison = Comparison(left.records, left.catalog, self._hash)
        changes = comparison.changes(files, everything=left.incomparable or everything, select=choice.select)
        changes += [FileChange(file.label, file.kind, Status.UNCHANGED) for file in untouched]
        created = comparison.created(changes)
        removed, left_over = comparison.removed(changes, created), comparison.left_over(changes, created)
        texts = _LastTexts([*changes, *removed], left)
        kept = refuse_without_effect(changes, left.catalog, texts.of)
        selection = self._selection(plan, [*changes, *removed], None if choice.select else state)
        stays = () if choice.prune else map(_told_to_stay, left_over)
        warnings = (*left.warnings, *_taken_over(changes, left), *kept, *stays)
        notes = () if choice.prune else tuple(_kept(change) for change in removed if change.objects)
        plan = _with_last_texts(selection.plan, texts, files) + Plan((), notes, warnings)
        selection = replace(selection, plan=plan, **left.kept)
        if (choice.on_drift or self._settings.on_drift) == "stop":
            _refuse_drift(selection.drift)
        if choice.prune:
            selection = replace(selection, plan=_with_drops(selection.plan, [*removed, *left_over], left.store))
        return selection

    def baseline(self, plan: Plan, inputs: str) -> Selection:
        """Return the files whose objects are all there as steps, and the other ones as changes."""
        connection = self._connection
        steps = [step for step in plan.steps if isinstance(step, FileStep)]
        catalog = read_catalog(connection) if connection is not None else Catalog()
        missing = {step.label: _missing(step.file, catalog) for step in steps}
        changes = tuple(
            FileChange(step.label, step.kind, Status.NEW, missing[step.label], file=step.file)
            for step in steps
            if missing[step.label]
        )
        there = tuple(step for step in steps if not missing[step.label])
        state = self._state([step.file for step in steps], inputs) if not changes else None
        return Selection(Plan(there), changes, state)

    def _state(self, files: Sequence[FileText], inputs: str) -> State:
        """Return the state after the deploy; its `files` stay empty where a secret or an included file has a part."""
        certain = all(self._hash(file) and not file.includes_files for file in files)
        connection = self._connection
        identity = connection.dialect.database_identity(connection) if connection else Identity("", "", "")
        return State(
            project=self._settings.project,
            server=identity.server,
            database_name=identity.database,
            fingerprint_version=fingerprint_version(identity),
            files=inputs if certain else "",
        )

    @staticmethod
    def _selection(plan: Plan, changes: Sequence[FileChange], state: State | None) -> Selection:
        running = {change.label for change in changes if change.runs}
        steps = tuple(step for step in plan.steps if not isinstance(step, FileStep) or step.label in running)
        selection = Selection(replace(plan, steps=steps), tuple(changes), state)
        return replace(selection, plan=selection.plan + Plan((), warnings=selection.drift))


def _missing(file: SqlFile, catalog: Catalog) -> str:
    """Say why a file cannot count as deployed; empty where all its objects are there."""
    if not file.defines_only:
        return "it does more than define objects"
    pairs = zip(file.definitions, keys_of(file, catalog), strict=True)
    absent = [item for item, key in pairs if key is None]
    return ", ".join(f"{item.kind} {item.name} is not there" for item in absent)
