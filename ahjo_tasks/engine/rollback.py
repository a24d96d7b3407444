"""Plan to bring the objects that a run deployed back to the texts before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.engine.changes import Status
from ahjo_tasks.engine.drop import DropStep
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.sql_file import plan_objects
from ahjo_tasks.errors import UsageError
from ahjo_tasks.project.kinds import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ahjo_tasks.history.store import HistoryStore, Run, StepRecord
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.sql_file import SqlFile

NO_TEXT = "the text that it had before is not in the history"
HINT = "Take the files of the commit before it, and deploy them."


def plan_rollback(run_id: str, store: HistoryStore, files: ProjectFiles) -> Plan:
    """Plan to deploy the texts before a run, and to drop what it created.

    Raises UsageError where there is no such run, where a text was not kept, and where that run or a later one changed a
    table that a text names.
    """
    run = store.run(run_id) if store.exists() else None
    if run is None:
        raise UsageError(f"There is no run {run_id!r}, or more than one.", hint="inv history lists the runs.")
    restored, created, refused = [], [], []
    for step in store.steps(run.run_id):
        if step.kind not in OBJECTS or step.status != "ok":
            continue
        before = store.last_deployed(step.label, run.run_id)
        if before is None and step.reason == Status.NEW and step.text_hash:
            created.append(_file(store, files, step))
        elif before is None or not before.text_hash or store.text(before.text_hash) is None:
            refused.append(f"{step.label}: {NO_TEXT}")
        else:
            restored.append(_file(store, files, before))
    refused += _changed_tables(store, run, restored)
    if refused:
        raise UsageError(f"The run {run.run_id} cannot be rolled back: {'; '.join(refused)}.", hint=HINT)
    return plan_objects(restored) + Plan(tuple(_drops(created)))


def _file(store: HistoryStore, files: ProjectFiles, step: StepRecord) -> SqlFile:
    return files.with_text(step.label, step.kind, store.text(step.text_hash) or "")


def _drops(created: Iterable[SqlFile]) -> Iterator[DropStep]:
    """Yield the steps that drop what files created, the last deployed first."""
    for file in reversed(list(created)):
        for definition in reversed(file.definitions):
            yield DropStep(definition, file.dialect.drop_statement(definition, file.text))


def _changed_tables(store: HistoryStore, run: Run, restored: Iterable[SqlFile]) -> Iterator[str]:
    """Yield a sentence for each file that names a table which this run or a later one changed."""
    later = [other for other in store.runs(store.settings.history_keep) if other.run_id >= run.run_id]
    changed = {
        step.label.removeprefix("table ").rpartition(".")[2]: other.run_id
        for other in later
        for step in store.steps(other.run_id)
        if step.kind == "table"
    }
    for file in restored:
        for table, changed_by in changed.items():
            if re.search(rf"(?<!\w){re.escape(table)}(?!\w)", file.text, re.IGNORECASE):
                yield f"{file.label} names {table}, which the run {changed_by} changed"
