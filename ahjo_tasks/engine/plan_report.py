"""A plan as a document: the state of each file, the SQL of each revision, and what is destroyed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.engine.changes import SIGNS, Status
from ahjo_tasks.engine.drop import DropStep
from ahjo_tasks.engine.migrations import MigrationStep
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.sql.losses import find_losses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.engine.changes import FileChange
    from ahjo_tasks.engine.plan import Plan, Step
    from ahjo_tasks.history.store import Run
    from ahjo_tasks.project.sql_file import SqlFile

FORMAT_VERSION = 1
"""Version of the JSON of plan, status and drift; a later one may have more keys."""
RUNS = "runs"
"""The state of a step that has no file of an object."""
OF_STEPS = {"migration": Status.NEW, "drop": Status.REMOVED}
"""The states whose signs kinds of such steps have; any other one is refreshed."""
LOSING = re.compile("drop|truncate|delete|update", re.IGNORECASE)
"""Words without which a text destroys nothing."""
KEEP_ROWS = frozenset({"AGGREGATE", "FUNCTION", "INDEX", "POLICY", "PROC", "PROCEDURE", "RULE", "TRIGGER", "VIEW"})
"""Kinds of objects that are only replaced where the file that drops them creates them again."""


@dataclass(frozen=True)
class Revision:
    """A pending revision: its SQL where it renders without a database, else its source, and what it destroys."""

    revision: str
    title: str
    file: str
    text: str
    is_sql: bool
    destroys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A step of a plan, or a file that differs; `status` is a word of `Status`, or `runs`."""

    status: str
    kind: str
    file: str
    reason: str = ""
    destroys: tuple[str, ...] = ()
    revisions: tuple[Revision, ...] = ()
    diff: str = ""
    transaction: str = ""
    """The reason why it does not share the transaction of what runs before it; empty where it does."""

    @property
    def sign(self) -> str:
        """The sign of its state; a revision adds something, and a drop removes it."""
        known = self.status in set(Status)
        return SIGNS[Status(self.status) if known else OF_STEPS.get(self.kind, Status.REFRESHED)]


@dataclass(frozen=True)
class PlanReport:
    """Report of what a deploy would do, or of what differs: `changes` are in the order of execution."""

    project: str = ""
    target: str = ""
    environment: str = ""
    folder: str = ""
    """The project's folder, from the top of the repository."""
    summary: str = ""
    changes: tuple[Entry, ...] = ()
    unchanged: int = 0
    on_failure: str = ""
    """State of the database after a deploy that fails."""
    warnings: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION

    @property
    def losses(self) -> list[tuple[str, str]]:
        """Losses, each with the file or revision that causes it."""
        found: list[tuple[str, str]] = []
        for entry in self.changes:
            found += [(entry.file, loss) for loss in entry.destroys]
            found += [(revision.file, loss) for revision in entry.revisions for loss in revision.destroys]
        return found

    @property
    def counts(self) -> str:
        """`1 new, 2 changed, 290 unchanged`; empty without files of objects."""
        counted = Counter(entry.status for entry in self.changes)
        counted[str(Status.UNCHANGED)] += self.unchanged
        order = [*map(str, Status)]
        return ", ".join(f"{counted[status]} {status}" for status in order if counted[status])

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, what is destroyed included."""
        values = asdict(self)
        destroys = [{"file": file, "what": loss} for file, loss in self.losses]
        return {"format_version": values.pop("format_version"), **values, "destroys": destroys}

    def masked(self, conceal: Callable[[str], str]) -> PlanReport:
        """Return the report with secrets covered."""
        changes = tuple(
            replace(
                entry,
                reason=conceal(entry.reason),
                diff=conceal(entry.diff),
                destroys=tuple(map(conceal, entry.destroys)),
                revisions=tuple(
                    replace(each, text=conceal(each.text), destroys=tuple(map(conceal, each.destroys)))
                    for each in entry.revisions
                ),
            )
            for entry in self.changes
        )
        return replace(self, changes=changes, warnings=tuple(map(conceal, self.warnings)))


STATES = {
    Status.UNCHANGED: "deployed",
    Status.ALWAYS: "deployed",
    Status.CHANGED: "changed",
    Status.DRIFTED: "drifted",
    Status.REMOVED: "removed",
}
"""Words of `inv status` for the state of a file; any other one is pending."""


@dataclass(frozen=True)
class ObjectState:
    """The state of a file of objects or of a revision, and the run that deployed it last: its id, end, and login."""

    state: str
    kind: str
    file: str
    reason: str = ""
    run: str = ""
    ended: str = ""
    by: str = ""


def object_states(report: PlanReport, runs: Mapping[str, Run], applied: Sequence[str]) -> tuple[ObjectState, ...]:
    """Return the state of each file of a report of all files, and of its revisions; `runs` has the last run of each.

    `applied` are the revisions that the database is at.
    """
    found = [_with_run(ObjectState("deployed", "revision", revision), runs.get(revision)) for revision in applied]
    for entry in report.changes:
        found += [ObjectState("pending", "revision", each.file, each.title) for each in entry.revisions]
        if not entry.revisions and entry.status != RUNS:
            found.append(_object_state(entry, runs.get(entry.file)))
    return tuple(found)


def _object_state(entry: Entry, run: Run | None) -> ObjectState:
    word = STATES.get(Status(entry.status), "pending")
    state = ObjectState("pending" if word == "deployed" and run is None else word, entry.kind, entry.file, entry.reason)
    return _with_run(state, run)


def _with_run(state: ObjectState, run: Run | None) -> ObjectState:
    if run is None:
        return state
    return replace(state, run=run.run_id, ended=str(run.ended or run.started), by=run.login or run.os_user)


def plan_entries(
    plan: Plan,
    changes: Sequence[FileChange],
    dialect: Dialect,
    connection: Connection | None,
    *,
    unchanged: bool = False,
) -> tuple[Entry, ...]:
    """Return the steps of a plan and the files that it leaves; with `unchanged` also those that are as they were."""
    shown = {change.label: change for change in changes if unchanged or change.status is not Status.UNCHANGED}
    entries = [_entry(step, shown.pop(step.label, None), dialect, connection) for step in plan.steps]
    prunes = any(isinstance(step, DropStep) for step in plan.steps)
    return (*entries, *(_left(change, prunes=prunes) for change in shown.values()))


def _left(change: FileChange, *, prunes: bool) -> Entry:
    kept = change.status is Status.REMOVED and change.objects and not prunes
    return Entry(str(change.status), change.kind, change.label, change.reason + ("; --prune drops it" if kept else ""))


def _entry(step: Step, change: FileChange | None, dialect: Dialect, connection: Connection | None) -> Entry:
    if isinstance(step, MigrationStep):
        return Entry(RUNS, step.kind, step.label, revisions=tuple(describe_revisions(step, dialect, connection)))
    destroys: tuple[str, ...] = ()
    if isinstance(step, FileStep):
        destroys = tuple(file_losses(step.file))
    elif isinstance(step, DropStep):
        destroys = (f"DROP {step.definition.kind.upper()} {step.definition.name}",)
    status, reason = (str(change.status), change.reason) if change else (RUNS, step.note)
    return Entry(status, step.kind, step.label, reason, destroys)


def file_losses(file: SqlFile) -> list[str]:
    """Return what a file destroys; an object that it drops to create it again is not destroyed, but a table is."""
    if not LOSING.search(file.text):
        return []
    created = {definition.name.name.lower() for definition in file.definitions}
    found = []
    for loss in _statement_losses(file):
        verb, _, what = loss.partition(" ")
        kind, _, name = what.rpartition(" ")
        bare = name.rpartition(".")[2].strip('[]"`').lower()
        if not (verb == "DROP" and kind.split(" ")[-1] in KEEP_ROWS and bare in created):
            found.append(loss)
    return found


def _statement_losses(file: SqlFile) -> list[str]:
    from ahjo_tasks.engine.offline_sql import losses_of_sql

    if file.dialect.statement_splitter is None:
        return find_losses(file.texts, file.dialect.syntax)
    return [loss for text in file.texts for loss in losses_of_sql(text, file.dialect)]


def describe_revisions(step: MigrationStep, dialect: Dialect, connection: Connection | None) -> list[Revision]:
    """Return the revisions of a step, in order, with what they do."""
    from ahjo_tasks.engine.offline_sql import OfflineSql, losses_of_source, losses_of_sql

    migrations, direction = step.migrations, "downgrade" if step.down else "upgrade"
    sql = {} if step.down else OfflineSql(migrations, migrations.current(connection), dialect).texts
    found = []
    for script in step.revisions:
        text = sql.get(script.revision)
        source = _source_of(script.path, direction)
        losses = losses_of_source(source, direction, dialect) if text is None else losses_of_sql(text, dialect)
        path = Path(script.path)
        top = migrations.ini.parent
        file = path.relative_to(top).as_posix() if path.is_relative_to(top) else path.name
        shown = source if text is None else text
        found.append(Revision(script.revision, script.doc or "", file, shown, text is not None, tuple(losses)))
    return found


def _source_of(path: str, direction: str) -> str:
    """Return the `upgrade` or `downgrade` function of a revision, or the whole file where it has no plain one."""
    try:
        source = Path(path).read_text(encoding="utf-8")
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    except (OSError, UnicodeDecodeError) as error:
        return f"# cannot be read: {error}"
    except SyntaxError:
        return source
    text = next((ast.get_source_segment(source, node) for node in functions if node.name == direction), None)
    return text or source
