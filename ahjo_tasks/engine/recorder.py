"""Record a run in the history of the database: its steps, and what each file left."""

from __future__ import annotations

import getpass
import os
import re
import socket
import time
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.database.catalog import (
    KINDS,
    UNKNOWN,
    Catalog,
    Fingerprint,
    combined_version,
    find,
    hash_definition,
    read_catalog,
    read_catalog_with_texts,
    read_changed,
    read_definitions,
    read_mark,
    read_tables,
    read_version,
    with_comments,
)
from ahjo_tasks.engine.changes import Status, file_hash, keys_of, recorded
from ahjo_tasks.engine.drop import DropStep
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.engine.stamp import version_of
from ahjo_tasks.engine.unchanged import read_revisions
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.history.store import (
    INTERRUPTED,
    STARTED,
    TABLES_OF_REVISIONS,
    FileRecord,
    HistoryStore,
    Run,
    State,
    StepRecord,
    hash_text,
    utc_now,
)
from ahjo_tasks.project.kinds import OBJECTS, STRUCTURE
from ahjo_tasks.project.sql_file import ROW_KINDS
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ahjo_tasks.database.catalog import ObjectKey
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.deployment import Selection
    from ahjo_tasks.engine.plan import Plan, Step
    from ahjo_tasks.engine.stamp import Checkout
    from ahjo_tasks.events import StepEvent
    from ahjo_tasks.project.sql_file import SqlFile

CI_LINKS = ("CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL")
"""Environment variables in which services of continuous integration give the address of a job."""

GROUP = 1.0
"""Seconds of steps, at least, that are committed one by one and recorded together."""
WAIT_FACTOR = 5
"""Factor of the seconds that the last recording took: so long the next one waits, if that is more than `GROUP`."""
NOT_WRITTEN = "The history of the run could not be written: {}"
STAYS = "What ran before stays applied; it is not known whether the history has it."
MOST = 1 / 3
"""The part of all objects from which on reading all takes less time than asking which have changed."""
KEPT = frozenset({*OBJECTS, *STRUCTURE})
"""Kinds of files whose texts the history keeps."""
LONGEST_TEXT = 1_000_000
"""Characters of the longest text that the history keeps."""
LONGEST_ERROR = 4000
"""Characters of an error in the history."""
LEAVE_OBJECTS = frozenset({"data", "testdata", "permission", "description update", "git version"})
"""Kinds of steps that change no object."""

MAY_ALTER = re.compile(r"\b(?:alter|rename|exec|execute|call|do|prepare)\b|\bsp_")
"""Words of statements that may change the definition of an object which they do not name."""
PACKAGE, PACKAGE_BODY = "package", "package body"
"""Kinds of MariaDB, which drops a body when its package is replaced."""
MAY_LOSE = re.compile(r"\b(?:drop|table|package|database|schema)\b")
"""Words of statements after which an object may be gone, as a trigger with its table, or a body with its package."""
GIVE_RIGHTS = frozenset({"permission", "login"})
WRITE_COMMENTS = frozenset({"migration", "description update"})
CHANGE_TABLES = frozenset({"migration", "description update", *STRUCTURE})
"""Kinds of steps that may change tables, beside files that do more than define objects."""


@dataclass
class RunRecord:
    """One command line in the history of one database: the row of the run, and how many steps it has so far."""

    store: HistoryStore
    run: Run
    directory: Path
    """The project's folder: paths in errors are relative to it."""
    steps: int = 0
    started: bool = False

    def prepare(self) -> None:
        """Create the tables where they are missing."""
        if self.store.prepare():
            self.started = False

    def start(self) -> None:
        """Write that the run, or another action of it, begins; create the tables where they are missing."""
        self.prepare()
        if not self.started:
            self.run = self.store.start(self.run)
            self.started = True
        elif self.run.status != STARTED:
            self.run = self.store.reopen(self.run)


def describe_run(plan: Plan, project: str, checkout: Checkout, actions: str, environ: Mapping[str, str]) -> Run:
    """Return who runs which commit of what from where; CI is known by its environment variables."""
    github = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"
    link = github.format_map(environ) if "GITHUB_RUN_ID" in environ and "GITHUB_REPOSITORY" in environ else ""
    link = link or next((environ[name] for name in CI_LINKS if environ.get(name)), "")
    git, uncommitted = version_of(plan, checkout)
    return Run(
        project=project,
        actions=actions[:1000],
        started=utc_now(),
        tool_version=__version__,
        git_commit=git.commit[:100],
        git_branch=git.branch[:255],
        uncommitted=uncommitted,
        os_user=_os_user(),
        host=socket.gethostname(),
        pid=os.getpid(),
        ci_url=link,
    )


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return str(os.getuid()) if hasattr(os, "getuid") else ""


class Recorder:
    """Collects what the steps of one action did, and writes it when they are done, in one transaction."""

    def __init__(
        self, record: RunRecord, connection: Connection, selection: Selection | None, conceal: Callable[[str], str]
    ) -> None:
        self._record = record
        self._store = record.store
        self._connection = connection
        self._changes = {change.label: change for change in (selection.changes if selection else ())}
        self._state = selection.state if selection else None
        self._origin = selection.origin if selection else ""
        self._catalog = selection.catalog if selection else None
        """The objects as they were at the last look; None where nothing looked before the run."""
        self._records = selection.records if selection else None
        """The objects that each file has left, as far as they were read; None where they are to be read again."""
        self._version = self._schemas = ""
        self._done: list[Step] = []
        self.strange: list[str] = []
        """The objects that somebody else has changed during the run."""
        self._conceal = conceal
        self._steps: list[StepRecord] = []
        self._texts: dict[str, str] = {}
        self._files: dict[str, SqlFile] = {}
        self._hashes: dict[str, str] = {}
        """Of what each file ran, but for those with a secret."""
        self._dropped: list[DropStep] = []
        self._found: dict[ObjectKey, str] = {}
        self._left: dict[str, dict[ObjectKey, Fingerprint]] = {}
        """By file, the objects as its transaction has left them, where it had one of its own and is not written yet."""
        self._written = time.monotonic()
        self._took = 0.0
        """Seconds that it took to write what was noted."""
        self._tables: dict[ObjectKey, tuple[str, str]] | None = None
        """The tables before the run, where it may change them."""
        self._runs_again = False
        """True if a file runs every time."""
        self._ended = False
        """True once the end is written, with the last steps."""
        self._due: dict[str, str] = {}
        """Hashes of what refreshed files ran before, as long as nothing is done that they are refreshed for."""

    def looks_at(self, step: Step) -> bool:
        """Return whether a step has a transaction of its own that holds objects, and nobody else's changes of them."""
        connection = self._connection
        alone = connection.dialect.transactional_ddl and not connection.in_shared_transaction
        if not isinstance(step, FileStep) or step.file.kind not in OBJECTS:
            return False
        return alone and step.transactional and not step.transaction_control

    def look(self, steps: Sequence[Step]) -> None:
        """Read the fingerprints of what files have left, in their transaction."""
        files = [step.file for step in steps if isinstance(step, FileStep) and self.looks_at(step)]
        names = {definition.name.name for file in files for definition in file.definitions}
        catalog = read_catalog(self._connection, names) if names else Catalog()
        for file in files:
            self._left.pop(file.label, None)
            self._left[file.label] = {key: catalog[key] for key in keys_of(file, catalog) if key}

    def pause(self) -> None:
        """Write what was noted where steps are committed one by one, those of a second or more together.

        Of a run that is killed, no more than those is unknown. Raises DeployError when it cannot be written.
        """
        began = time.monotonic()
        if self._connection.transactional or began - self._written <= max(GROUP, WAIT_FACTOR * self._took):
            return
        try:
            with self._connection.one_transaction():
                self._flush(looks=not self._has_left_objects())
            self._took = time.monotonic() - began
        except StatementError as error:
            self._records = None
            message = NOT_WRITTEN.format(error.message)
            raise DeployError(message, details=(STAYS,), server=error.server, hint=error.hint) from error

    def observe(self, event: StepEvent, step: Step) -> None:
        """Take note of a step that ended, or was rolled back after it."""
        if event.status in {"FAIL", "again"}:
            self._left = {label: left for label, left in self._left.items() if label in self._files}
        if event.status == "rolled back":
            self._files.pop(step.label, None)
            self._done = [other for other in self._done if other is not step]
            self._catalog = self._records = None
            self._dropped = [other for other in self._dropped if other is not step]
            self._steps = [
                replace(note, status="rolled back") if note.label == step.label else note for note in self._steps
            ]
        elif event.status in {"ok", "FAIL"}:
            if event.status == "ok" and isinstance(step, FileStep):
                self._files[step.file.label] = step.file
            if event.status == "ok" and isinstance(step, DropStep):
                self._dropped.append(step)
            self._done.append(step)
            self._steps.append(self._note(event, step))
            if event.status == "FAIL" and step.kind == "migration" and not self._is_undone(step):
                self._due = {}

    def _is_undone(self, step: Step) -> bool:
        """Return whether a step that failed has left nothing, of several revisions either."""
        whole = self._store.settings.deploy_transaction == "run"
        return whole and self._connection.dialect.transactional_ddl and not step.outside_transaction

    def _note(self, event: StepEvent, step: Step) -> StepRecord:
        change = self._changes.get(step.label)
        reason = step.file if isinstance(step, DropStep) else step.note
        self._record.steps += 1
        note = StepRecord(
            self._record.steps,
            step.kind,
            step.label,
            event.status,
            seconds=round(event.seconds, 4),
            rows_changed=event.rows,
            batches=event.batches,
            reason=(change.reason or str(change.status) if change else reason)[:1000],
            error=self._sentence(event.text),
        )
        file = step.file if isinstance(step, FileStep) else None
        hashed = file_hash(file, self._conceal) if file else ""
        if file is None or not hashed:
            return note
        self._hashes[file.label] = hashed
        kept = file.kind in KEPT and len(file.text) <= LONGEST_TEXT
        text_hash = self._keep_plain(file.text) if kept else ""
        return replace(note, raw_hash=file.raw_hash, file_hash=hashed, text_hash=text_hash)

    def begin(self, plan: Plan) -> None:
        """Write that the run begins, and keep the texts of objects that were changed by hand and are now replaced."""
        self._record.run = replace(self._record.run, plan_hash=self._hash(plan))
        self._found = self._hand_made()
        if self._may_change_tables(plan):
            self._tables = self._read_tables()
        if self._is_deferred:
            return
        if not self._connection.dialect.can_undo_block:
            self._record.prepare()
        with self._kept_for_another_try(), self._transaction():
            self._start()
            if not {step.kind for step in plan.steps} <= LEAVE_OBJECTS:
                self._invalidate(self._refreshed(plan))

    def _invalidate(self, refreshed: Sequence[str]) -> None:
        """Forget the version of the catalog, and what the refreshed files ran."""
        self._store.invalidate(refreshed)
        if self._records is not None:
            known = self._records
            self._due = {label: known[label].hash for label in refreshed if label in known}
            due = {label: replace(known[label], hash="") for label in refreshed if label in known}
            self._records = {**known, **due}

    def _refreshed(self, plan: Plan) -> list[str]:
        """Return the files of a plan that run only because others do, which nothing else tells after a failure."""
        planned = (self._changes.get(step.label) for step in plan.steps)
        return [change.label for change in planned if change is not None and change.status is Status.REFRESHED]

    def _transaction(self) -> AbstractContextManager[None]:
        """Make one transaction of a block, unless the action shares one."""
        return nullcontext() if self._connection.in_shared_transaction else self._connection.one_transaction()

    def _hash(self, plan: Plan) -> str:
        """Return the hash of what the command line has run so far and of a plan."""
        texts = (f"{step.kind} {step.label} {hash_text(self._conceal(step.text))}" for step in plan.steps)
        return hash_text("\n".join([self._record.run.plan_hash, *texts]))

    def _may_change_tables(self, plan: Plan) -> bool:
        """Return whether the plan migrates, or may change tables that earlier revisions made."""
        if any(step.kind == "migration" for step in plan.steps):
            return True
        may = any(map(_changes_tables, plan.steps)) and self._store.exists()
        return may and bool(self._store.revision_tables().objects)

    @property
    def _is_deferred(self) -> bool:
        """True if all is written at the end of the transaction that the action shares, which may begin anew before."""
        return self._connection.in_shared_transaction and self._connection.dialect.transactional_ddl

    def _start(self) -> None:
        self._record.start()
        found, self._found = self._found, {}
        steps = []
        if self._origin and self._state is not None:
            self._record.steps += 1
            name, reason = self._state.database_name[:1000], self._origin[:1000]
            steps.append(StepRecord(self._record.steps, "database", name, "copied", reason=reason))
            self._origin = ""
        for key, text in found.items():
            self._record.steps += 1
            kept = self._keep(text)
            reason = "changed by hand, before its file was deployed"
            steps.append(StepRecord(self._record.steps, key.kind, str(key), "found", text_hash=kept, reason=reason))
        self._store.write_steps(self._record.run, steps, self._texts if steps else {})

    def _hand_made(self) -> dict[ObjectKey, str]:
        """Read the texts of the objects that were changed by hand, which are replaced now."""
        keys = [key for change in self._changes.values() for key in change.drifted]
        return read_definitions(self._connection, keys) if keys else {}

    def flush(self, *, last: bool) -> None:
        """Write the steps, and what their files left, in the transaction that is open; with the `last` ones the end."""
        self._ended = False
        if self._steps or self._files or self._dropped:
            self._start()
            schemas = self._expected_schemas()
            connection, looks = self._connection, not self._has_left_objects()
            by_hashes = looks and connection.dialect.hashes_make_version
            # read before the catalog, which may know more, but not less
            version = "" if by_hashes else read_version(connection, schemas)
            self._flush(looks=looks)
            if by_hashes and self._catalog is not None:
                version = combined_version(self._catalog, connection.dialect)
            whole = not schemas or schemas.issuperset(self._store.schemas().splitlines())
            self._version, self._schemas = (version, "\n".join(sorted(schemas))) if whole else ("", "")
        if last:
            self._write_end(None)

    def _expected_schemas(self) -> set[str]:
        """Return the schemas that the project's objects and what they use will be in, as far as it is known now."""
        dialect = self._connection.dialect
        if not dialect.used_schemas_sql:
            return set()
        names = (definition.name.schema for file in self._files.values() for definition in file.definitions)
        before = (self._state.schemas if self._state is not None else "") or self._store.schemas()
        return {name or dialect.default_schema or "" for name in names} | set(before.splitlines())

    def _flush(self, *, looks: bool) -> None:
        self._start()
        self._version = self._schemas = ""
        if looks:
            self._write_what_objects_are()
        self._store.write_steps(self._record.run, self._steps, self._texts)
        self._due = {} if any(note.status == "ok" for note in self._steps) else self._due
        self._steps, self._texts, self._files, self._dropped, self._done = [], {}, {}, [], []
        self._left = {}
        self._written = time.monotonic()

    def _has_left_objects(self) -> bool:
        """Return whether the steps, which write rows alone, have left all objects as the last deploy did."""
        if self._state is not None or not {step.kind for step in self._done} <= ROW_KINDS:
            return False
        last = self._store.state()
        return (
            last is not None
            and bool(last.catalog_version)
            and last.catalog_version == read_version(self._connection, last.schemas.splitlines())
        )

    def _write_what_objects_are(self) -> None:
        catalog, texts = self._read_catalog()
        sources = [_source(step) for step in self._done if _changes_tables(step)]
        if self._records is None and (self._dropped or self._changes or sources):
            self._records = self._store.files()
        known = self._records or {}
        strange = self._find_strange(catalog, known, sources)
        gone = _named_and_gone(known, catalog, sources) - strange
        self._write_files(catalog, texts, known, strange, gone)
        if any(map(_changes_tables, self._done)):
            self._write_tables()

    def _read_catalog(self) -> tuple[Catalog, Mapping[ObjectKey, str]]:
        """Return the objects as they are now, and the texts that were read along the way.

        Where nobody else has changed any since the last look, only those of the steps are read.
        """
        connection = self._connection
        mark = read_mark(connection)
        many = len(self._files) > connection.dialect.names_per_query
        most = many and len(self._files) > MOST * len(self._catalog or ())
        own = self._own_names() if connection.dialect.catalog_mark_sql else set()
        read = None if most else self._read_changed(own)
        if read is None:
            read = read_catalog_with_texts(connection) if many else (read_catalog(connection), {})
        catalog, texts = read
        catalog = with_comments(connection, catalog)
        catalog.mark = mark
        catalog.changed = self._catalog.changed.union(own) if self._catalog is not None else frozenset(own)
        return catalog, texts

    def _read_changed(self, own: Collection[str]) -> tuple[Catalog, dict[ObjectKey, str]] | None:
        """Return the objects that were known, with those that the steps have changed since; None for all others."""
        if self._catalog is None:
            return None
        lost = any(MAY_LOSE.search(_source(step)) for step in self._done)
        made = [definition for file in self._files.values() for definition in file.definitions]
        kinds = set() if lost else {KINDS.get(definition.kind, definition.kind) for definition in made}
        return read_changed(self._connection, self._catalog, own, kinds)

    def _own_names(self) -> set[str]:
        """Return the names of what the steps may have changed; none where that may be anything."""
        if any(map(_may_alter, self._done)):
            return set()
        made = [definition for file in self._files.values() for definition in file.definitions]
        made += [step.definition for step in self._dropped]
        return {name for definition in made for name in (definition.name.name, definition.table_name) if name}

    def ddl(self) -> str:
        """Return the statements that create the tables of the history."""
        return self._store.ddl()

    def end(self, error: BaseException | None) -> None:
        """Write what is not written yet, and how the run ended."""
        if self._connection.in_shared_transaction and error is not None:
            return  # all of it is about to be rolled back
        if self._ended and error is None:
            return
        with self._kept_for_another_try(), self._transaction():
            self._start()
            self.flush(last=False)
            self._write_end(error)

    def _write_end(self, error: BaseException | None) -> None:
        if not self._version:
            schemas = self._store.schemas()
            self._version, self._schemas = read_version(self._connection, schemas.splitlines()), schemas
        if self._state is not None and error is None:
            self._write_state(self._state)
        if error is not None:
            self._store.recall(self._due)
        stopped = INTERRUPTED if isinstance(error, KeyboardInterrupt) else "failed"
        status = stopped if error is not None else "succeeded"
        message = str(error) if error is not None else ""
        self._record.run = replace(self._record.run, status=status, ended=utc_now(), error=self._sentence(message))
        self._store.end(self._record.run)
        self._ended = True

    def _sentence(self, text: str) -> str:
        """Return an error as the history keeps it, the same wherever the project's folder is."""
        return self._conceal(text.replace(f"{self._record.directory}{os.sep}", ""))[:LONGEST_ERROR]

    @contextmanager
    def _kept_for_another_try(self) -> Iterator[None]:
        """Keep what is to be written where writing it is interrupted: the transaction that did it is rolled back."""
        noted = {name: copy(value) if type(value) in {list, dict, set} else value for name, value in vars(self).items()}
        record, store = vars(self._record).copy(), vars(self._store).copy()
        try:
            yield
        except BaseException:
            vars(self).update(noted)
            vars(self._record).update(record)
            vars(self._store).update(store)
            raise

    def _write_state(self, state: State) -> None:
        """Write the state; without its hash of files where one runs every time, for then there is always a change."""
        state = replace(
            state,
            files="" if self._runs_again else state.files,
            revisions=read_revisions(self._connection, self._store.settings),
            catalog_version="" if self.strange else self._version,
            schemas=self._schemas,
            run_id=self._record.run.run_id,
        )
        self._store.write_state(state)

    def _find_strange(
        self, catalog: Catalog, known: Mapping[str, FileRecord], sources: Sequence[str]
    ) -> set[ObjectKey]:
        """Note the objects that have changed since their own step or the last look, and that no step can have changed.

        Where nothing has looked before, only those of own steps are known. `sources` are the texts of the steps that
        do more than define objects.
        """
        before, self._catalog = self._catalog, catalog
        there = {key: left for objects in self._left.values() for key, left in objects.items()}
        changed = {key for key, left in there.items() if not (key in catalog and left.has_definition_of(catalog[key]))}
        if before is not None:
            changed |= _differing(before, catalog) - self._ours(before, catalog, known)
            there = before | there
        strange = {
            key
            for key in changed
            if not _is_named(key, sources)
            and not (key in there and key in catalog and any(map(MAY_ALTER.search, sources)))
        }
        self._note_strange(strange, catalog)
        return strange

    def _ours(self, before: Catalog, catalog: Catalog, known: Mapping[str, FileRecord]) -> set[ObjectKey | None]:
        """Return the objects that the steps since the last look have created, replaced or dropped."""
        ours: set[ObjectKey | None] = {key for label in self._files if label in known for key in known[label].objects}
        ours |= {key for file in self._files.values() for key in keys_of(file, catalog)}
        return ours | self._dropped_keys(before)

    def _dropped_keys(self, before: Catalog) -> set[ObjectKey | None]:
        """Return the keys of what the steps since the last look have dropped, or lost with what they replaced."""
        dialect, database = self._connection.dialect, self._connection.database_name
        replaced = {
            definition.name.name.lower()
            for file in self._files.values()
            for definition in file.definitions
            if definition.kind == PACKAGE
        }
        now = self._catalog or Catalog()
        lost = {key for key in before if key.kind == PACKAGE_BODY and key.name.lower() in replaced and key not in now}
        return lost | {find(before, step.definition, dialect, database) for step in self._dropped}

    def _note_strange(self, strange: set[ObjectKey], catalog: Catalog) -> None:
        texts = read_definitions(self._connection, strange & catalog.keys())
        for key in sorted(strange):
            word = "changed" if key in catalog else "dropped"
            reason = f"{word} by somebody else during the run"
            self.strange.append(f"{key} was {reason}")
            self._record.steps += 1
            kept = self._keep(texts.get(key, ""))
            self._steps.append(
                StepRecord(self._record.steps, key.kind, str(key), "found", text_hash=kept, reason=reason)
            )

    def _write_files(
        self,
        catalog: Catalog,
        texts: Mapping[ObjectKey, str],
        known: Mapping[str, FileRecord],
        strange: set[ObjectKey],
        gone: set[ObjectKey],
    ) -> None:
        """Write what the files created; forget those of which an object was dropped, by a step or as `gone` has it."""
        run_id = self._record.run.run_id
        records, forgotten = [], []
        for label, file in self._files.items():
            objects = _objects(file, catalog)
            hashed = self._hashes.get(label)
            if objects and hashed:
                left = self._left.get(label, {})
                now = {key: left[key] if key in strange and key in left else catalog[key] for key in objects}
                records.append(FileRecord(label, hashed, now, run_id))
            else:
                forgotten.append(label)
                self._runs_again = True
        before = Catalog(catalog | recorded(known))
        dropped = gone | self._dropped_keys(before)
        for label, record in known.items():
            if label in self._files:
                continue
            change = self._changes.get(label)
            if not dropped.isdisjoint(record.objects) or (change is not None and change.is_gone):
                forgotten.append(label)
            elif change is not None and change.status is Status.UNCHANGED and record.objects.keys() <= catalog.keys():
                now = {
                    key: left if key in strange or catalog[key].definition == left.definition else catalog[key]
                    for key, left in record.objects.items()
                }
                if now != record.objects:
                    records.append(replace(record, objects=now))
        self._write_records(self._with_texts(records, texts), forgotten)
        self._write_rights(catalog)

    def _write_records(self, records: Sequence[FileRecord], forgotten: Sequence[str] = ()) -> None:
        self._store.write_files(records, forgotten)
        if self._records is not None:
            gone = set(forgotten)
            kept = {label: record for label, record in self._records.items() if label not in gone}
            self._records = {**kept, **{record.file: record for record in records}}

    def _with_texts(self, records: Sequence[FileRecord], read: Mapping[ObjectKey, str]) -> list[FileRecord]:
        """Return the records with the texts that the database has of their objects, but for those with a secret.

        `read` are texts that were read already.
        """
        keys = {key for record in records for key in record.objects}
        texts = {**read, **read_definitions(self._connection, keys - read.keys())}
        hashes = {key: self._keep(text) for key, text in texts.items() if key in keys}
        return [replace(record, texts={key: hashes.get(key, "") for key in record.objects}) for record in records]

    def _keep(self, text: str) -> str:
        """Keep a text unless there is a secret in it; return its hash, or an empty one."""
        return "" if self._conceal(text) != text else self._keep_plain(text)

    def _keep_plain(self, text: str) -> str:
        text_hash = hash_text(text)
        self._texts[text_hash] = text
        return text_hash

    def _write_rights(self, catalog: Catalog) -> None:
        """Write the rights that the run gave, and its comments, on objects that are otherwise as they were left."""
        kinds = {step.kind for step in self._steps}
        parts = {"rights": GIVE_RIGHTS, "comments": WRITE_COMMENTS}
        given = [part for part, givers in parts.items() if not kinds.isdisjoint(givers)]
        records = []
        if not given:
            return
        for record in (self._store.files() if self._records is None else self._records).values():
            objects = {
                key: known._replace(**{part: getattr(catalog[key], part) for part in given})
                if key in catalog and catalog[key].definition == known.definition
                else known
                for key, known in record.objects.items()
            }
            if objects != record.objects:
                records.append(replace(record, objects=objects))
        self._write_records(records)

    def _write_tables(self) -> None:
        """Write the tables that revisions made, and what this run changed in those that are recorded already."""
        if self._tables is None:
            return
        now, record = self._read_tables(), self._store.revision_tables()
        if now is None:
            return
        migrated = any(step.kind == "migration" for step in self._steps)
        changed = [
            key
            for key, described in now.items()
            if described != self._tables.get(key) and (key in record.objects or migrated)
        ]
        objects, texts = dict(record.objects), dict(record.texts)
        for key in changed:
            texts[key] = self._keep(now[key][0])
            objects[key] = table_fingerprint(*now[key]) if texts[key] else UNKNOWN
            self._note_table(key, "changed", texts[key])
        for key in self._tables.keys() & objects.keys() - now.keys():
            del objects[key]
            self._note_table(key, "dropped")
        if objects != record.objects:
            run_id = self._record.run.run_id
            self._store.write_files(
                [FileRecord(TABLES_OF_REVISIONS, "", objects, run_id, texts)], () if objects else [TABLES_OF_REVISIONS]
            )
        self._tables = now

    def _note_table(self, key: ObjectKey, status: str, text_hash: str = "") -> None:
        self._record.steps += 1
        self._steps.append(StepRecord(self._record.steps, "table", str(key), status, text_hash=text_hash))

    def _read_tables(self) -> dict[ObjectKey, tuple[str, str]] | None:
        """Read the tables, but for those of the history, of Alembic's versions and of git's."""
        settings = self._store.settings
        ours = {settings.alembic_version_table, settings.git_table, settings.log_table, settings.test_table_name}
        return read_tables(self._connection, lambda name: name.startswith(settings.history_prefix) or name in ours)


def _differing(before: Catalog, catalog: Catalog) -> set[ObjectKey]:
    """Return the objects with other definitions, and those that only one of two catalogs has."""
    changed = {key for key in before.keys() & catalog.keys() if not before[key].has_definition_of(catalog[key])}
    return changed | (before.keys() ^ catalog.keys())


def _changes_tables(step: Step) -> bool:
    return step.kind in CHANGE_TABLES or (isinstance(step, FileStep) and not step.file.defines_only)


def _is_named(key: ObjectKey, sources: Sequence[str]) -> bool:
    return any(key.name.lower() in text for text in sources)


def _named_and_gone(known: Mapping[str, FileRecord], catalog: Catalog, sources: Sequence[str]) -> set[ObjectKey]:
    """Return the recorded objects that are not there any more, and whose name stands in what ran."""
    listed = {key for label, record in known.items() if label != TABLES_OF_REVISIONS for key in record.objects}
    return {key for key in listed - catalog.keys() if _is_named(key, sources)}


def _source(step: Step) -> str:
    """Return the text of a step in lower case; of migrations that of their files, and what they use is not known."""
    if isinstance(step, FileStep):
        return step.file.text.lower()
    paths = (Path(script.path) for script in getattr(step, "revisions", ()))
    return "alter\n" + "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths).lower()


def _may_alter(step: Step) -> bool:
    """Test whether a step may change the definition of an object that it does not name."""
    found = MAY_ALTER.search(_source(step)) is not None
    return found and (not isinstance(step, FileStep) or MAY_ALTER.search(step.file.code) is not None)


def table_fingerprint(text: str, comments: str) -> Fingerprint:
    """Return the hashes of the columns and constraints of a table, and of its comments."""
    return Fingerprint(hash_definition(text), hash_definition(comments))


def _objects(file: SqlFile, catalog: Catalog) -> list[ObjectKey]:
    """Return what the file created; nothing where not all of it is found, or the file does more.

    A schema is there where an object in it is, and no catalog lists it.
    """
    if file.kind not in OBJECTS or not file.defines_only:
        return []
    pairs = zip(file.definitions, keys_of(file, catalog), strict=True)
    keys = [key for definition, key in pairs if definition.kind != "schema"]
    return [key for key in keys if key] if all(keys) else []
