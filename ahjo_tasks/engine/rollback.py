"""Plan to bring the objects that a run deployed back to the texts before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.engine.changes import Status
from ahjo_tasks.engine.drop import DropStep, drop_step
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.sql_file import plan_objects
from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.project.kinds import OBJECTS
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.references.model import qualified
from ahjo_tasks.topology import closure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.history.store import HistoryStore, Run, StepRecord
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.definitions import Definition

NO_TEXT = "the text that it had before is not in the history"
ObjectName = tuple[str, str, str]
HINT = "Take the files of the commit before it, and deploy them."


def plan_rollback(run_id: str, store: HistoryStore, files: ProjectFiles) -> Plan:
    """Plan to deploy the texts before a run, and to drop what it created.

    Raises UsageError where there is no such run, where a text was not kept, and where that run or a later one changed a
    table that a text reads.
    """
    run = store.run(run_id) if store.exists() else None
    if run is None:
        raise UsageError(f"There is no run {run_id!r}, or more than one.", hint="inv history lists the runs.")
    steps = _deployed_or_dropped(store.steps(run.run_id))
    earlier = store.last_steps(OBJECTS, run.run_id)
    lost = (step for step in earlier.values() if step.text_hash and not (files.directory / step.label).exists())
    gone = [_file(store, files, step) for step in lost]
    ran = {label: _file(store, files, step) for label, step in steps.items() if step.kind in OBJECTS}
    restored, created, refused = [], [], []
    for label, step in steps.items():
        before = earlier.get(label)
        if before is None and step.reason == Status.NEW and step.text_hash:
            created.append(ran[label])
        elif before is None and label in ran and len(former := _creators(gone, ran[label])) == 1:
            restored.append(files.with_text(label, step.kind, former[0].text))
            gone.remove(former[0])
        elif before is None or not before.text_hash or (text := store.text(before.text_hash)) is None:
            refused.append(f"{step.label}: {NO_TEXT}")
        else:
            restored.append(files.with_text(label, before.kind, text))
    refused += _changed_tables(store, run, restored, files)
    if refused:
        raise UsageError(f"The run {run.run_id} cannot be rolled back: {'; '.join(refused)}.", hint=HINT)
    used = _used(store, files, restored, created)
    first = _drops(file for number, file in enumerate(created) if number not in used)
    last = _drops(file for number, file in enumerate(created) if number in used)
    kept = set[ObjectName]().union(*map(_names, [*restored, *created, *gone]))
    more = (step for step in _drops(ran.values()) if _name(step.definition, files.dialect) not in kept)
    return Plan(tuple(first)) + plan_objects(restored) + Plan((*last, *more))


def _deployed_or_dropped(steps: Sequence[StepRecord]) -> dict[str, StepRecord]:
    """Return the steps that deployed files of objects, and those that dropped what other files had created, by file."""
    done = [step for step in steps if step.status == "ok"]
    deployed = {step.label: step for step in done if step.kind in OBJECTS}
    dropped = {step.reason: step for step in done if step.kind == DropStep.kind}
    return {**dropped, **deployed}


def _creators(files: Iterable[SqlFile], file: SqlFile) -> list[SqlFile]:
    """Return the files that created objects of a file, as where it was renamed."""
    names = _names(file)
    return [other for other in files if not names.isdisjoint(_names(other))]


def _names(file: SqlFile) -> set[ObjectName]:
    return {_name(definition, file.dialect) for definition in file.definitions}


def _name(definition: Definition, dialect: Dialect) -> ObjectName:
    """Return the schema, the name and the table of an object, as the database compares them."""
    parts = (definition.schema or dialect.default_schema or "", definition.name.name, definition.table_name)
    schema, name, table = map(dialect.normalize_name, parts)
    return schema, name, table


def _used(
    store: HistoryStore, files: ProjectFiles, restored: Sequence[SqlFile], created: Sequence[SqlFile]
) -> set[int]:
    """Return the numbers of the created files that the restored ones need as they are now: these are dropped last."""
    last = store.last_steps(OBJECTS) if created else {}
    now = [_file(store, files, last[file.label]) for file in restored if file.label in last]
    edges = ObjectIndex([*now, *created]).edges()
    needed = closure(set(range(len(now))), edges.__getitem__)
    return {number - len(now) for number in needed if number >= len(now)}


def _file(store: HistoryStore, files: ProjectFiles, step: StepRecord) -> SqlFile:
    return files.with_text(step.label, step.kind, store.text(step.text_hash) or "")


def _drops(created: Iterable[SqlFile]) -> Iterator[DropStep]:
    """Yield the steps that drop what files created, the last deployed first."""
    for file in reversed(list(created)):
        for definition in reversed(file.definitions):
            yield drop_step(definition, file.text, file.dialect)


def _changed_tables(store: HistoryStore, run: Run, restored: Sequence[SqlFile], files: ProjectFiles) -> Iterator[str]:
    """Yield a sentence for each file that reads a table which this run or a later one changed, also through others."""
    changed = dict(_tables_of_runs(store, run))
    if not changed:
        return
    everything = [*restored, *_others(store, files, {file.label for file in restored})]
    edges = ObjectIndex(everything).edges()
    for number, file in enumerate(restored):
        read = [everything[other] for other in sorted(closure({number}, edges.__getitem__))]
        for table, changed_by in changed.items():
            through = next((other for other in read if _reads(other, table)), None)
            if through is not None:
                way = "" if through is file else f" through {through.label}"
                yield f"{file.label} reads {table.name}{way}, which the run {changed_by} changed"


def _tables_of_runs(store: HistoryStore, run: Run) -> Iterator[tuple[Name, str]]:
    """Yield the tables that this run or a later one changed, with its id."""
    for other in store.runs(store.settings.history_keep):
        for step in store.steps(other.run_id) if other.run_id >= run.run_id else ():
            if step.kind == "table":
                schema, _, name = step.label.removeprefix("table ").rpartition(".")
                yield Name(schema or None, name), other.run_id


def _others(store: HistoryStore, files: ProjectFiles, labels: set[str]) -> list[SqlFile]:
    """Read the other files of the project; none where one of them is broken, which going back must not depend on."""
    try:
        read = files.read(OBJECTS, store.settings.scripting_variables)
    except SourceError:
        return []
    return [file for file in read if file.label not in labels]


def _reads(file: SqlFile, table: Name) -> bool:
    """Test whether the SQL of a file names a table, or is that of a trigger or rule of it."""
    fold, default = file.dialect.normalize_name, file.dialect.default_schema
    names = [qualified(reference.parts) for reference in file.references]
    names += [definition.table for definition in file.definitions if definition.table]
    schema = fold(table.schema or default or "")
    return any(
        fold(name.name) == fold(table.name) and (not name.schema or not default or fold(name.schema) == schema)
        for name in names
    )
