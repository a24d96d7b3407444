"""Plan data files: run SQL scripts, and load CSV and Parquet files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.data.load import load
from ahjo_tasks.data.table_file import TableFile
from ahjo_tasks.engine.diagnostics import BatchError
from ahjo_tasks.engine.effect_lookup import was_done
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.engine.sql_file import FileStep, RunOutsideTransaction, file_notes, sets_session
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.history.data import Loaded
from ahjo_tasks.history.store import HASHED_AT_ONCE, hash_parts, holds_secret
from ahjo_tasks.project.dependencies import data_edges, data_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.history.data import LoadedFiles
    from ahjo_tasks.project.dependencies import Edges
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.definitions import Name
    from ahjo_tasks.sql.splitters import Batch


@dataclass(frozen=True)
class LoadStep(Step):
    """Load CSV or Parquet files, all or none where the database allows it.

    There are several if they replace tables that reference each other: a parent cannot be emptied before its
    children, nor filled after them.
    """

    files: tuple[TableFile, ...]
    progress: DataProgress = field(repr=False, compare=False)

    @property
    def transactional(self) -> bool:
        """True if the executor begins a transaction; an upsert begins its own."""
        return self.files[0].options.mode != "upsert"

    @property
    def kind(self) -> str:
        """`data` or `testdata`."""
        return self.files[0].kind

    @property
    def label(self) -> str:
        """The paths in the project."""
        return ", ".join(file.label for file in self.files)

    @property
    def note(self) -> str:
        """The mode of loading: `insert`, `replace`, or `upsert by` the key."""
        options = self.files[0].options
        return f"{options.mode} by {', '.join(options.key)}" if options.key else options.mode

    def run(self, connection: Connection) -> int:
        """Load the files. Raises DeployError that names the bad row."""
        try:
            rows = load(self.files, connection)
        except DeployError as error:
            if not self.transactional:
                error.outcome = error.outcome or f"{self.label} was rolled back."
            raise
        for file in self.files:
            self.progress.file_done(file)
        return rows


class Rest(NamedTuple):
    """The rest of a script: what follows its first statements, which are `done`; what is to be told about it."""

    done: int = 0
    note: str = ""
    warning: str = ""


class DataProgress:
    """The progress of the files of a kind. `everything` runs those, too, that are done.

    A file is recorded in its own transaction; one whose statements commit alone after each of them. With `keeps` it
    stays recorded when it is done; else the history knows that.
    """

    def __init__(
        self,
        loaded: LoadedFiles | None,
        conceal: Callable[[str], str],
        may_write: Callable[[], bool],
        *,
        everything: bool,
        keeps: bool = True,
    ) -> None:
        self._loaded = loaded
        self._keeps = keeps
        self._conceal = conceal
        self._may_write = may_write
        self._known = loaded.known() if loaded is not None else {}
        self._everything = everything
        self._rests: dict[str, Rest] = {}

    def reason_to_skip(self, file: SqlFile | TableFile) -> str:
        """Say why a file need not run; empty where it has to."""
        known = None if self._everything else self._known.get(file.label)
        if known is None or not known.whole:
            return ""
        if file.run_rule == "once":
            return "done by an earlier run, and to be run once"
        if not known.content or known.content != self.content(file):
            return ""
        if known.unfinished:
            return "done by the run before, which did not come to its end"
        return "unchanged since it was run" if file.run_rule == "on change" else ""

    def has_changed(self, file: SqlFile) -> bool:
        """Test whether a file was done with another text."""
        known = self._known.get(file.label)
        return known is not None and bool(known.whole and known.content) and known.content != self.content(file)

    def step(self, step: FileStep) -> Step:
        """Return the step that runs what is left of a script."""
        return ScriptStep(step.file, step.deployed, step.first, step.last_texts, self, self.rest(step.file).done)

    def rest(self, file: SqlFile) -> Rest:
        """Return what an earlier run has left of a script. Of a statement that it began, the catalog may know more."""
        if file.label not in self._rests:
            self._rests[file.label] = self._find_rest(file)
        return self._rests[file.label]

    def _find_rest(self, file: SqlFile) -> Rest:
        known = None if self._everything else self._known.get(file.label)
        if known is None or known.whole or self._loaded is None:
            return Rest()
        if known.content != self.content(file, known.statements):
            return Rest(warning=f"{file.label}: what was done of it has changed: all of it runs.")
        done = known.statements
        if not known.uncertain or done >= len(file.batches):
            return Rest(done)
        batch = file.batches[done]
        ended = f"{file.location(batch.line)}: the run before was ended here:"
        found = was_done(self._loaded.connection, batch.text) if batch.count == 1 else None
        if found is None:
            return Rest(done, warning=f"{ended} whether this statement was done is not known. It runs now.")
        return Rest(done + 1, note=f"{ended} this statement was done") if found else Rest(done)

    def content(self, file: SqlFile | TableFile, statements: int | None = None) -> str:
        """Return the hash of a file, or of its first statements; empty for a text with a secret in it."""
        if isinstance(file, TableFile):
            return _hash_table(file, self._conceal)
        if any(holds_secret(batch.text, self._conceal) for batch in islice(file.batches, statements)):
            return ""
        marks = chain(("",), repeat("\0"))
        parts = ((f"{next(marks)}{batch.count} ", batch.text) for batch in islice(file.batches, statements))
        return hash_parts(chain.from_iterable(parts))

    def file_done(self, file: SqlFile | TableFile) -> None:
        """Record that a file is done to its end, in its transaction."""
        if self._loaded is not None and self._may_write():
            self._loaded.write(Loaded(file.label, self._loaded.kind, self.content(file)))

    def record_done(self, file: SqlFile | TableFile) -> None:
        """Record a file as done by an action that is over, without running it."""
        if self._loaded is not None and self._may_write():
            self._loaded.write(Loaded(file.label, file.kind, self.content(file), unfinished=0))

    def statements_done(self, file: SqlFile, number: int, *, uncertain: bool = True) -> None:
        """Record that so many statements of a file are done."""
        if self._loaded is not None and self._may_write():
            whole = int(number == len(file.batches))
            if whole and not self._keeps:
                self._loaded.forget_between(file.label)
                return
            content = self.content(file) if whole else self.content(file, number)
            statements = 0 if whole else number
            self._loaded.write_between(
                Loaded(file.label, self._loaded.kind, content, statements, whole, 1, int(uncertain and not whole))
            )

    @property
    def is_unfinished(self) -> bool:
        """True if the last action that ran such files did not end well."""
        return any(known.unfinished for known in self._known.values())

    def finish(self, files: Sequence[SqlFile | TableFile] = (), inputs: str = "") -> None:
        """Record that the action has done all its files.

        Where each of `files` is left out as long as nothing changes, `inputs` is kept: a hash of all of them.
        """
        if self._loaded is not None and (self._may_write() or self.is_unfinished):
            certain = bool(files) and all(file.run_rule != "always" and not file.includes_files for file in files)
            self._loaded.finish(inputs if certain else "")


def _hash_table(file: TableFile, conceal: Callable[[str], str]) -> str:
    """Return the hash of a file's content and options; empty where there is a secret in it."""
    digest = sha256(repr(file.options).encode())
    with file.path.open("rb") as stream:
        while lines := stream.readlines(HASHED_AT_ONCE):
            content = b"".join(lines)
            text = content.decode("utf-8", "replace")
            if conceal(text) != text:
                return ""
            digest.update(content)
    return digest.hexdigest()


@dataclass(frozen=True)
class ScriptStep(FileStep):
    """A script of rows, without the first statements that are `done`, but for those that set something."""

    progress: DataProgress | None = field(default=None, repr=False, compare=False)
    done: int = 0

    @cached_property
    def commits_alone(self) -> bool:
        """True if statements of it are committed before its end."""
        file = self.file
        implicit = any(file.dialect.commits_implicitly(batch.text) for batch in file.batches)
        return implicit or not file.transactional or bool(file.transaction_control)

    @cached_property
    def recorded_first(self) -> bool:
        """True if one transaction holds the file and its record, which is written while the session is as it was."""
        file = self.file
        return not self.commits_alone and not any(map(file.dialect.may_end_transaction, file.texts))

    @property
    def sent_in_one_call(self) -> bool:
        """False where its record belongs to its transaction."""
        return super().sent_in_one_call and self.commits_alone

    def run(self, connection: Connection) -> int:
        """Run the statements, and record how far it came. Raises BatchError."""
        if self.progress is not None and self.recorded_first:
            self.progress.file_done(self.file)
        if self.progress is None or not self.commits_alone:
            return super().run(connection)
        self.progress.statements_done(self.file, self.done)
        try:
            return super().run(connection)
        except BatchError as error:
            if connection.usable and connection.transaction_state != "failed" and not error.repetition:
                done = next(number for number, batch in enumerate(self.file.batches) if batch == error.batch)
                with suppress(StatementError):  # the first error is the one to report
                    self.progress.statements_done(self.file, done, uncertain=False)
            raise

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        """Return the step to run instead, which records its statements as this one does."""
        found = super().fallback(error, connection, later)
        if isinstance(found, RunOutsideTransaction):
            return ScriptOutsideTransaction(found.file, progress=self.progress)
        return found

    def resumed(self, error: DeployError | StatementError) -> Step:
        """Return the step without the statements that stay done."""
        failure = error.__cause__
        if not self.commits_alone or not isinstance(failure, BatchError) or failure.repetition:
            return super().resumed(error)
        return replace(self, done=next(n for n, batch in enumerate(self.file.batches) if batch == failure.batch))

    def is_done(self, number: int, batch: Batch) -> bool:
        """True for a statement that an earlier run has done, unless it sets something of the session."""
        return number <= self.done and not sets_session(batch.text, self.file.dialect.syntax)

    def batch_done(self, number: int, connection: Connection) -> None:
        """Record the statement, or the file at its end."""
        if self.progress is None or self.recorded_first:
            return
        if number == len(self.file.batches) or (self.commits_alone and number > self.done):
            self.progress.statements_done(self.file, number)


class ScriptOutsideTransaction(ScriptStep):
    """A script of one statement that the server refused in a transaction."""

    note = RunOutsideTransaction.note


def plan_data(
    files: Sequence[SqlFile | TableFile],
    dialect: Dialect,
    connection: Connection | None,
    progress: DataProgress,
    structure: Sequence[SqlFile] = (),
) -> Plan:
    """Plan data files, parents before children. A file without a statement, or done already, is a note.

    Without a database the foreign keys are those of the files of `structure`.
    """
    skipped = {file.label: reason for file in files if (reason := progress.reason_to_skip(file))}
    keys = [key for file in structure for key in file.names.foreign_keys]
    if connection:
        keys = dialect.foreign_keys(connection) if 1 < len(files) > len(skipped) else []
    order, groups = ([*files], {}) if len(skipped) == len(files) else _ordered(files, dialect, keys)
    steps: list[Step] = []
    for number, file in enumerate(order):
        tables = groups.get(number, (file,) if isinstance(file, TableFile) else ())
        if not isinstance(file, TableFile):
            steps += [progress.step(FileStep(file))] if file.batches and file.label not in skipped else []
        elif any(table.label not in skipped for table in tables):
            steps.append(LoadStep(tables, progress))
    notes = [f"{file.label}: {skipped[file.label]}" for file in order if file.label in skipped]
    scripts = [file for file in files if not isinstance(file, TableFile)]
    rests = list(map(progress.rest, scripts))
    notes += filter(None, (rest.note for rest in rests))
    return Plan(tuple(steps), (*file_notes(scripts), *notes), tuple(rest.warning for rest in rests if rest.warning))


def _ordered(
    files: Sequence[SqlFile | TableFile], dialect: Dialect, keys: Sequence[tuple[Name, Name]]
) -> tuple[list[SqlFile | TableFile], dict[int, tuple[TableFile, ...]]]:
    """Return the files with parents before children, and those that are loaded together, by the number of the last."""
    edges = data_edges(files, keys, dialect.normalize_name, dialect.default_schema)
    numbers = data_order(files, edges)
    place = {number: index for index, number in enumerate(numbers)}
    moved = {place[number]: {place[other] for other in others} for number, others in edges.items()}
    order = [files[number] for number in numbers]
    return order, _replaced_groups(order, moved)


def _replaced_groups(order: Sequence[SqlFile | TableFile], edges: Edges) -> dict[int, tuple[TableFile, ...]]:
    """Group the replaced tables that reference each other, at the index of the last one; the others are empty."""
    replaced = {
        number: file
        for number, file in enumerate(order)
        if isinstance(file, TableFile) and file.options.mode == "replace"
    }
    group = {number: {number} for number in replaced}
    for number in replaced:
        for need in edges.get(number, set()) & replaced.keys():
            merged = group[number] | group[need]
            group |= dict.fromkeys(merged, merged)
    return {
        number: tuple(replaced[member] for member in sorted(group[number])) if number == max(group[number]) else ()
        for number in replaced
    }
