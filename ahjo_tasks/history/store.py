"""Read and write the history of a project in its database."""

from __future__ import annotations

import base64
import secrets
import zlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ahjo_tasks.database.catalog import (
    Fingerprint,
    ObjectKey,
    existing_tables,
    has_table,
    hash_definition,
    with_used_schemas,
)
from ahjo_tasks.errors import StatementError, UsageError
from ahjo_tasks.history import TABLES_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Holder, Identity
    from ahjo_tasks.history.tables import HistoryTables

Record = TypeVar("Record")
AnyRun = TypeVar("AnyRun", "Run", "LastRun")
SMALL_TEXT = 4096
"""Bytes of a text for which zlib's small tables do; to set up the large ones takes longer than to pack it."""
SMALL, LARGE = (12, 5), (zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
"""The window and the memory level of zlib for such a text and for another one."""
LONGEST_LIST = 500
LONGEST_INSERT = 262_144
"""Characters of rows that one statement inserts, unless a row alone has more: every server takes so many."""
LIKE_SIGNS = str.maketrans({sign: f"!{sign}" for sign in "!%_["})
"""Characters with a meaning in LIKE, by their escapes."""
LONGEST_SCHEMAS = 1000
STARTED, INTERRUPTED = "started", "interrupted"
TABLES_OF_REVISIONS = "alembic/versions"
"""The name under which the tables are recorded that revisions made."""
AS_TEXT = "text:"
"""The beginning of a definition that is kept as it is, in place of its hash."""
HASHED_AT_ONCE = 1_000_000
"""Characters of which copies are made to hash them, or to look for secrets in them."""
OVERLAP = 1000
FINGERPRINT_VERSION = "2"
"""Version of the fingerprints of files and objects; after a change all files are deployed once."""


@dataclass(frozen=True)
class State:
    """The last finished deploy of a project. Without `catalog_version` a run has begun since, and not finished."""

    project: str
    repository: str = ""
    server: str = ""
    database_name: str = ""
    fingerprint_version: str = ""
    revisions: str = ""
    revision_files: str = ""
    """Hash of the files of all revisions, which it ran."""
    files: str = ""
    catalog_version: str = ""
    run_id: str = ""
    schemas: str = ""
    """Names of the schemas that the version of the catalog is of, one a line; empty for the whole database."""

    def is_of(self, identity: Identity) -> bool:
        """Test whether it was recorded in this database, with fingerprints as this release and server make them."""
        return not self.origin(identity) and self.fingerprint_version == fingerprint_version(identity)

    def origin(self, identity: Identity) -> str:
        """Say where the history comes from, when not from this database; empty else."""
        if (self.server, self.database_name) == (identity.server, identity.database):
            return ""
        server = f" on server {self.server}" if self.server else ""
        return f"the history came with a copy of {self.database_name}{server}"

    def other_fingerprints(self, identity: Identity) -> str:
        """Say why the recorded fingerprints cannot be compared with those of now; empty where they can."""
        now = fingerprint_version(identity)
        if self.fingerprint_version == now:
            return ""
        if self.fingerprint_version.partition(" ")[0] == FINGERPRINT_VERSION:
            recorded = self.fingerprint_version.partition(" ")[2] or "a server whose release is not known"
            return f"recorded by {recorded}, and this is {identity.release}"
        return "this release compares objects in another way"


def fingerprint_version(identity: Identity) -> str:
    """Return the version of the fingerprints of a database: those of two major releases of a server may differ."""
    return f"{FINGERPRINT_VERSION} {identity.release}"


@dataclass(frozen=True)
class Run:
    """One command line that changed a database."""

    project: str
    actions: str
    started: datetime
    run_id: str = ""
    status: str = STARTED
    ended: datetime | None = None
    tool_version: str = ""
    git_commit: str = ""
    git_branch: str = ""
    uncommitted: bool = False
    os_user: str = ""
    login: str = ""
    host: str = ""
    pid: int = 0
    session: str = ""
    """Number of its session on the server; of a database that is a file, that of its process."""
    ci_url: str = ""
    environment: str = ""
    plan_hash: str = ""
    """Hash of the steps of its actions and of the texts that they run, without the secrets in them."""
    error: str = ""


@dataclass(frozen=True)
class StepRecord:
    """One step of a run.

    `batches` of its file were done. `raw_hash` is that of the file's bytes, `file_hash` that of what it ran, with
    variables replaced, and `text_hash` names the text; all are empty where there is a secret in it, the last one also
    where it is not kept.
    """

    number: int
    kind: str
    label: str
    status: str
    seconds: float = 0.0
    rows_changed: int = 0
    batches: int = 0
    raw_hash: str = ""
    file_hash: str = ""
    text_hash: str = ""
    reason: str = ""
    error: str = ""


@dataclass(frozen=True)
class FileRecord:
    """The objects that a file left in the database when it was deployed last."""

    file: str
    hash: str
    objects: Mapping[ObjectKey, Fingerprint] = field(default_factory=dict)
    run_id: str = ""
    texts: Mapping[ObjectKey, str] = field(default_factory=dict, compare=False)
    """Hashes of the texts that the database had of the objects after that, where they are kept."""


@dataclass(frozen=True)
class LastRun:
    """The last run of a project, and the files that its last finished deploy left, if none has begun since."""

    run_id: str
    status: str
    ended: str
    by: str
    commit: str
    error: str
    files: str
    session: str = ""


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by time, to the millisecond, as in `20261128-214501-4729f`.

    Runs are ordered by it: some databases keep the seconds of a time alone.
    """
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}{secrets.token_hex(1)}"


def utc_now() -> datetime:
    """Return the time in UTC, without a zone, in milliseconds, as every database can store it."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def hash_text(text: str) -> str:
    """Return the hash by which a text is known."""
    return hash_parts((text,))


def hash_parts(parts: Iterable[str]) -> str:
    """Return the hash of a text that is given in parts, without making it."""
    digest = sha256()
    for part in parts:
        for start in range(0, len(part), HASHED_AT_ONCE):
            digest.update(part[start : start + HASHED_AT_ONCE].encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def holds_secret(text: str, conceal: Callable[[str], str]) -> bool:
    """Test whether a text would be shown otherwise; a long one is looked at in pieces that overlap."""
    if len(text) <= HASHED_AT_ONCE:
        return conceal(text) != text
    starts = range(0, len(text), HASHED_AT_ONCE)
    pieces = (text[start : start + HASHED_AT_ONCE + OVERLAP] for start in starts)
    return any(conceal(piece) != piece for piece in pieces)


class Expression(str):
    """An expression of SQL in place of a value."""

    __slots__ = ()


class HistoryStore:
    """The history of one project in one database. Methods raise StatementError."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.connection = connection
        self.settings = settings
        self.project = settings.project
        self._version = -1
        """Version of the tables in the database; below zero where it was not read."""

    def exists(self) -> bool:
        """Test whether the tables are there, as far as this login can see.

        Raises UsageError for those of a newer release, whichever project's deploy has changed them.
        """
        if self._version >= 0:
            return True
        schema, name = self.name_of("state")
        if not has_table(self.connection, name, schema):
            return False
        self._check_version(self.connection.query(f"SELECT {self._newest_version}")[0][0])
        return True

    @property
    def _newest_version(self) -> str:
        return f"(SELECT MAX(tables_version) FROM {self._named('state')})"

    def _check_version(self, version: int | None) -> None:
        self._version = version or 0
        if self._version > TABLES_VERSION:
            raise UsageError(
                "The history in this database was written by a newer release of ahjo-tasks.",
                hint=f"Install that release: its tables have version {self._version}, and this release knows"
                f" {TABLES_VERSION}.",
            )

    def _named(self, table: str) -> str:
        return self.connection.dialect.quote(*self.name_of(table))

    def name_of(self, table: str) -> tuple[str | None, str]:
        """Return schema and name of a table, as `state`; no schema is that of the connection."""
        schema = self.settings.history_schema or self.connection.dialect.bookkeeping_schema
        return schema, f"{self.settings.history_prefix}{table}"

    def ddl(self) -> str:
        """Return the statements that create the tables, or bring those of an older release to this one."""
        from ahjo_tasks.history.tables import shared_tables

        tables = shared_tables(self.settings, self.connection.dialect)
        present = self._present(tables)
        with self.connection.sqlalchemy_connection() as sa_connection:
            statements = tables.missing(sa_connection, present)
            return "\n".join(f"{statement};" for statement in statements)

    def prepare(self) -> bool:
        """Create the tables where they are missing, and bring those of an older release to this one.

        Return whether there were none.
        """
        existed = self.exists()
        if self._version == TABLES_VERSION:
            return False
        from ahjo_tasks.history.tables import shared_tables

        tables = shared_tables(self.settings, self.connection.dialect)
        try:
            present = self._present(tables)
            with self.connection.undone_on_error(), self.connection.sqlalchemy_transaction() as sa_connection:
                tables.create(sa_connection, self.connection.dialect, present)
                self._write([f"UPDATE {self._named('state')} SET tables_version = {TABLES_VERSION}"])
        except StatementError:
            if existed or not self.exists():  # another project's first run may have made them in the meantime
                raise
        self._version = TABLES_VERSION
        return not existed

    def _present(self, tables: HistoryTables) -> set[str]:
        """Return the names of the tables that are there, as far as this login can see."""
        return existing_tables(self.connection, tables.names, self.name_of("state")[0])

    def state(self) -> State | None:
        """Return the last finished deploy."""
        rows = self._rows("state", project=self.project)
        return _state(rows[0]) if rows else None

    def last_state(self) -> State | None:
        """Return it, outside of a transaction by one query; None where nothing was deployed."""
        if self.connection.transactional and not self.exists():  # an error would end the transaction
            return None
        own, table = self._literal(self.project), self._named("state")
        try:
            columns, rows = self.connection.result_sets(
                f"SELECT s.*, {self._newest_version} AS newest_version FROM {table} s WHERE s.project = {own}"
            )[0]
        except StatementError:
            if self.exists():
                raise
            return None
        if not rows:
            return None
        row = dict(zip(columns, rows[0], strict=True))
        self._check_version(row["newest_version"])
        return _state(row)

    def last_run(self) -> LastRun | None:
        """Return the last run, by one query where there is a history; None where nothing was deployed."""
        own = self._literal(self.project)
        runs, state = self._named("runs"), self._named("state")
        last = f"SELECT MAX(run_id) FROM {runs} WHERE project = {own}"
        try:
            rows = self.connection.query(
                "SELECT r.run_id, r.status, r.ended, COALESCE(NULLIF(r.login, ''), r.os_user), r.git_commit, r.error,"
                " CASE WHEN COALESCE(s.catalog_version, '') <> '' THEN s.files END, r.session"
                f" FROM {runs} r LEFT JOIN {state} s ON s.project = r.project"
                f" WHERE r.project = {own} AND r.run_id = ({last})"
            )
        except StatementError:
            if self.exists():
                raise
            return None
        return self._judged([LastRun(*(str(value or "") for value in rows[0]))])[0] if rows else None

    def files(self) -> dict[str, FileRecord]:
        """Return what each file left in the database."""
        records = self._records(self._rows("objects", project=self.project))
        records.pop(TABLES_OF_REVISIONS, None)
        return records

    def revision_tables(self) -> FileRecord:
        """Return the tables that revisions made, as the last revision left them."""
        rows = self._rows("objects", project=self.project, file=TABLES_OF_REVISIONS)
        return self._records(rows).get(TABLES_OF_REVISIONS) or FileRecord(TABLES_OF_REVISIONS, "")

    def schemas(self) -> str:
        """Return the schemas of the project's objects and of what they use, one a line; empty for the database."""
        table = self._named("objects")
        own = self._literal(self.project)
        rows = self.connection.query(f"SELECT DISTINCT schema_name FROM {table} WHERE project = {own}")
        schemas = {str(name) for (name,) in rows if name}
        text = "\n".join(sorted(with_used_schemas(self.connection, schemas)))
        return text if len(text) <= LONGEST_SCHEMAS else ""

    def others(self) -> dict[ObjectKey, str]:
        """Return the objects that other projects in the database have deployed, each with its project."""
        columns, table = "kind, schema_name, name, table_name, project", self._named("objects")
        own = self._literal(self.project)
        rows = self.connection.query(f"SELECT {columns} FROM {table} WHERE project <> {own}")
        return {ObjectKey(*(str(value or "") for value in key)): str(project) for *key, project in rows}

    @staticmethod
    def _records(rows: Iterable[Mapping[str, Any]]) -> dict[str, FileRecord]:
        found: dict[str, dict[ObjectKey, Fingerprint]] = defaultdict(dict)
        texts: dict[str, dict[ObjectKey, str]] = defaultdict(dict)
        hashes: dict[str, tuple[str, str]] = {}
        for row in rows:
            key = ObjectKey(row["kind"], row["schema_name"] or "", row["name"], row["table_name"] or "")
            found[row["file"]][key] = _fingerprint(row)
            texts[row["file"]][key] = row["text_hash"] or ""
            hashes[row["file"]] = (row["file_hash"], row["run_id"] or "")
        return {
            file: FileRecord(file, hashes[file][0], objects, hashes[file][1], texts[file])
            for file, objects in found.items()
        }

    def runs(self, limit: int) -> list[Run]:
        """Return the last runs, the newest first."""
        last = self._run_ids()[:limit]
        since = f"run_id >= {self._literal(last[-1])}" if last else "1 = 0"
        rows = sorted(self._rows("runs", since, project=self.project), key=_run_id, reverse=True)
        return self._judged([_run(row) for row in rows])

    def _run_ids(self) -> list[str]:
        """Return the ids of all runs, the newest first."""
        own = self._where(project=self.project)
        rows = self.connection.query(f"SELECT run_id FROM {self._named('runs')} WHERE {own} ORDER BY run_id DESC")
        return [str(row[0]) for row in rows]

    def run(self, run_id: str) -> Run | None:
        """Return the run with this id, or the only one whose id begins or ends with it."""
        part = run_id.translate(LIKE_SIGNS)
        alike = f"({self._like('run_id', f'{part}%')} OR {self._like('run_id', f'%{part}')})"
        rows = self._rows("runs", alike, project=self.project)
        exact = [row for row in rows if row["run_id"] == run_id] or rows
        return self._judged([_run(exact[0])])[0] if len(exact) == 1 else None

    def _judged(self, runs: list[AnyRun]) -> list[AnyRun]:
        """Return the runs with the status `interrupted` for one that has not ended and does not hold the deploy lock.

        Where that cannot be seen, as on a replica, it stays `started`.
        """
        begun = [run for run in runs if run.status == STARTED]
        if not begun or not self._sees_lock():
            return runs
        dialect = self.connection.dialect
        holder = dialect.lock_holder(self.connection, dialect.deploy_lock(self.project))
        held = holder.session if holder is not None else None
        ended = [] if held == "" else [run for run in begun if run.session != held]
        return [replace(run, status=INTERRUPTED) if run in ended else run for run in runs]

    def _sees_lock(self) -> bool:
        query, state = self.connection.dialect.sees_locks_sql, self.state()
        if state is not None and state.origin(self.connection.dialect.database_identity(self.connection)):
            return False
        return not query or bool(self.connection.query(query)[0][0])

    def run_of_session(self, session: str) -> Run | None:
        """Return the run that the session with this number has begun and not ended, of any project."""
        runs = [_run(row) for row in self._rows("runs", session=session, status=STARTED)]
        return max(runs, key=lambda run: run.run_id, default=None)

    def steps(self, run_id: str) -> list[StepRecord]:
        """Return the steps of a run, in order."""
        rows = self._rows("steps", run_id=run_id)
        return [_step(row) for row in sorted(rows, key=lambda row: int(row["number"]))]

    def story(self, label: str, *, of_all: bool = False) -> list[tuple[Run, StepRecord]]:
        """Return the steps that dealt with a file or an object, the newest first, each with its run.

        With `of_all`, those of all projects in the database.
        """
        pattern = f"%{label.translate(LIKE_SIGNS)}%"
        dropped = f"{self._where(kind='drop')} AND {self._like('reason', pattern)}"
        named = f"({self._like('label', pattern)} OR {dropped})"
        concerned = f"run_id IN (SELECT run_id FROM {self._named('steps')} WHERE {named})"
        own = {} if of_all else {"project": self.project}
        known = {run.run_id: run for run in map(_run, self._rows("runs", concerned, **own))}
        rows = self._rows("steps", named)
        pairs = [(known[row["run_id"]], _step(row)) for row in rows if row["run_id"] in known]
        return sorted(pairs, key=lambda pair: (pair[0].run_id, pair[1].number), reverse=True)

    def run_of_revision(self, revision: str) -> Run | None:
        """Return the last run that brought the database to a revision."""
        done = (run for run, step in self.story(revision) if step.status == "ok" and revision in step.label.split())
        return next(done, None)

    def last_run_with(self, kind: str) -> str:
        """Return the id of the last run in which a step of a kind ended well; empty where none did."""
        own, literal = self._literal(self.project), self._literal(kind)
        rows = self.connection.query(
            f"SELECT MAX(s.run_id) FROM {self._named('steps')} s JOIN {self._named('runs')} r ON r.run_id = s.run_id"
            f" WHERE r.project = {own} AND s.kind = {literal} AND s.status = 'ok'"
        )
        return str(rows[0][0] or "")

    def last_steps(self, kinds: Iterable[str], before: str = "") -> dict[str, StepRecord]:
        """Return the last step of each label that was not rolled back, as `last_deployed` does, by one query."""
        own = f"run_id IN (SELECT run_id FROM {self._named('runs')} WHERE {self._where(project=self.project)})"
        earlier = (f"run_id < {self._literal(before)}",) if before else ()
        rows = self._rows("steps", own, *earlier, status="ok", kind=[*kinds])
        return {row["label"]: _step(row) for row in sorted(rows, key=lambda row: (_run_id(row), row["number"]))}

    def last_deployed(self, label: str) -> StepRecord | None:
        """Return the last step that deployed a file and was not rolled back.

        The hash of its text is empty where there is a secret in it.
        """
        done = (step for _run, step in self.story(label) if step.label == label and step.status == "ok")
        return next(done, None)

    def last_text(self, label: str) -> str | None:
        """Return the text that a file was last deployed with; None where none was kept."""
        step = self.last_deployed(label)
        return self.text(step.text_hash) if step is not None else None

    def text(self, text_hash: str) -> str | None:
        """Return a text that was deployed; None where it was not kept."""
        rows = self._rows("texts", project=self.project, text_hash=text_hash)
        return zlib.decompress(base64.b64decode(rows[0]["content"])).decode("utf-8", "surrogatepass") if rows else None

    # -- writing -------------------------------------------------------------------------------------------------------

    def start(self, run: Run) -> Run:
        """Write that a run begins, and that those which have not ended were interrupted; return it with its id."""
        run = replace(run, run_id=new_run_id(run.started), session=self._session(run))
        self._write([self._interrupted, *self.insert("runs", [vars(run)])])
        return run

    def reopen(self, run: Run) -> Run:
        """Write that another action of a run begins, maybe in another session; return the run."""
        run = replace(run, status=STARTED, ended=None, session=self._session(run))
        self._write([self._update("runs", vars(run), run_id=run.run_id)])
        return run

    def _session(self, run: Run) -> str:
        query = self.connection.dialect.session_sql
        return str(self.connection.query(query)[0][0]) if query else str(run.pid)

    @property
    def _interrupted(self) -> str:
        """Statement that the runs which have not ended were interrupted, for the deploy lock is held by this one."""
        return self._update("runs", {"status": INTERRUPTED}, project=self.project, status=STARTED)

    def invalidate(self, refreshed: Sequence[str] = ()) -> None:
        """Forget the version of the catalog before objects change, so that a deploy after a crash compares all.

        Of the files that are refreshed what they ran is forgotten, too: until they have run again they are due.
        """
        forget = {"file_hash": ""}
        of_files = (self._update("objects", forget, project=self.project, file=some) for some in _portions(refreshed))
        self._write([self._update("state", {"catalog_version": None}, project=self.project), *of_files])

    def recall(self, hashes: Mapping[str, str]) -> None:
        """Write again what refreshed files ran: nothing is done that they would have to run for."""
        self._write(
            self._update("objects", {"file_hash": ran}, project=self.project, file=label)
            for label, ran in hashes.items()
        )

    def write_steps(self, run: Run, steps: Sequence[StepRecord], texts: Mapping[str, str]) -> None:
        """Write steps of a run, and the texts that are not kept yet."""
        rows = ({"run_id": run.run_id, **vars(step)} for step in steps)
        if steps:
            self._write(chain(self.insert("steps", rows), self.insert("texts", self.new_texts(texts))))

    def new_texts(self, texts: Mapping[str, str], *, empty: bool = False) -> Iterator[dict[str, str]]:
        """Return the rows of the texts, by their hashes, that are not kept yet; all of them for an empty history."""
        known = set[str]()
        for some in [] if empty else _portions(list(texts)):
            kept = self._where(project=self.project, text_hash=some)
            rows = self.connection.query(f"SELECT text_hash FROM {self._named('texts')} WHERE {kept}")
            known |= {str(row[0]) for row in rows}
        new = ((name, text) for name, text in texts.items() if name not in known)
        return ({"project": self.project, "text_hash": name, "content": _packed(text)} for name, text in new)

    def write_files(self, records: Sequence[FileRecord], removed: Iterable[str] = ()) -> None:
        """Replace what is known of some files; forget the removed ones."""
        names = [*(record.file for record in records), *removed]
        forgotten = (self.delete("objects", project=self.project, file=some) for some in _portions(names))
        rows = (row for record in records for row in self._object_rows(record))
        self._write(chain(forgotten, self.insert("objects", rows)))

    def _object_rows(self, record: FileRecord) -> Iterable[dict[str, str]]:
        for key, fingerprint in record.objects.items():
            yield {
                "object_id": hash_text("\n".join((self.project, record.file, *key))),
                "project": self.project,
                "file": record.file,
                "file_hash": record.hash,
                "kind": key.kind,
                "schema_name": key.schema,
                "name": key.name,
                "table_name": key.table,
                "definition": fingerprint.definition,
                "rights": fingerprint.rights,
                "comments": fingerprint.comments,
                "text_hash": record.texts.get(key, ""),
                "run_id": record.run_id,
            }

    def write_state(self, state: State) -> None:
        """Write the state after a finished deploy."""
        self._write(self.state_rows(state))

    def state_rows(self, state: State) -> list[str]:
        """Return the statements that write it."""
        row = {**vars(state), "tables_version": TABLES_VERSION}
        return [self.delete("state", project=self.project), *self.insert("state", [row])]

    def keep_state(self, state: State) -> None:
        """Write the state after a comparison that found nothing to do, and which runs have not come to their end."""
        if self.state() != state:
            self._write([*self.state_rows(state), self._interrupted])

    def end(self, run: Run) -> None:
        """Write how a run ended, and forget the runs beyond `history_keep`."""
        names = ("status", "ended", "error", "actions", "plan_hash")
        self._write([self._update("runs", {name: getattr(run, name) for name in names}, run_id=run.run_id)])
        self._forget_old_runs()

    def _forget_old_runs(self) -> None:
        old = self._run_ids()[self.settings.history_keep :]
        if not old:
            return
        kept = (f"SELECT text_hash FROM {self._named(table)} WHERE text_hash <> ''" for table in ("steps", "objects"))
        unused = " AND ".join(f"text_hash NOT IN ({hashes})" for hashes in kept)
        runs = [self.delete(table, run_id=some) for some in _portions(old) for table in ("steps", "runs")]
        self._write([*runs, self.delete("texts", unused, project=self.project)])

    # -- SQL -----------------------------------------------------------------------------------------------------------

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the statements that insert rows, which have the same columns, as many by each as servers take."""
        quote, part, size, head = self.connection.dialect.quote, list[str](), 0, ""
        for row in rows:
            values = f"({', '.join(map(self._literal, row.values()))})"
            if part and (len(part) == LONGEST_LIST or size + len(values) > LONGEST_INSERT):
                yield head + ", ".join(part)
                part, size = [], 0
            head = head or f"INSERT INTO {self._named(table)} ({', '.join(map(quote, row))}) VALUES "
            part.append(values)
            size += len(values)
        if part:
            yield head + ", ".join(part)

    def delete(self, table: str, *conditions: str, **equal: object) -> str:
        """Return the statement that deletes rows."""
        return f"DELETE FROM {self._named(table)} WHERE {self._where(*conditions, **equal)}"

    def _update(self, table: str, values: Mapping[str, object], **equal: object) -> str:
        quote = self.connection.dialect.quote
        listed = ", ".join(f"{quote(name)} = {self._literal(value)}" for name, value in values.items())
        return f"UPDATE {self._named(table)} SET {listed} WHERE {self._where(**equal)}"

    def _where(self, *conditions: str, **equal: object) -> str:
        """Return a condition: all of these, and columns that are equal to a value or to one of a list."""
        parts = list(conditions)
        for name, value in equal.items():
            values = value if isinstance(value, list | tuple) else [value]
            parts.append(f"{self.connection.dialect.quote(name)} IN ({', '.join(map(self._literal, values))})")
        return " AND ".join(parts)

    def _like(self, column: str, pattern: str) -> str:
        return f"{column} LIKE {self._literal(pattern)} ESCAPE '!'"

    def _literal(self, value: object) -> str:
        return value if isinstance(value, Expression) else self.connection.dialect.literal(value)

    def _write(self, statements: Iterable[str]) -> None:
        """Run statements in one transaction, if there are any."""
        waiting = iter(statements)
        first = next(waiting, None)
        if first is not None:
            with self.connection.transaction():
                for statement in chain((first,), waiting):
                    self.connection.execute(statement)

    def _rows(self, name: str, *conditions: str, **equal: object) -> list[dict[str, Any]]:
        where = self._where(*conditions, **equal)
        columns, rows = self.connection.result_sets(f"SELECT * FROM {self._named(name)} WHERE {where}")[0]
        return [dict(zip(columns, row, strict=True)) for row in rows]


def run_with_lock(connection: Connection, settings: Settings, holder: Holder | None) -> Run | None:
    """Return the run of the holder of the deploy lock; None where nobody is it, or has recorded nothing yet."""
    store = HistoryStore(connection, settings)
    return store.run_of_session(holder.session) if holder is not None and holder.session and store.exists() else None


def _state(row: Mapping[str, Any]) -> State:
    return State(**{name: row[name] or "" for name in State.__dataclass_fields__ if name in row})


def _run_id(row: Mapping[str, Any]) -> str:
    return str(row["run_id"])


def _run(row: Mapping[str, Any]) -> Run:
    return _converted(row, Run)


def _step(row: Mapping[str, Any]) -> StepRecord:
    return _converted(row, StepRecord)


def _converted(row: Mapping[str, Any], to: type[Record]) -> Record:
    """Return a row as a record; NULL is the default. Some databases give 0 and 1 for false and true."""
    import msgspec

    values = {name: value for name, value in row.items() if value is not None}
    return msgspec.convert(values, to, strict=False)


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Divide values into portions of as many as a list in a statement may have on every database."""
    return (values[start : start + LONGEST_LIST] for start in range(0, len(values), LONGEST_LIST))


def _fingerprint(row: Mapping[str, Any]) -> Fingerprint:
    return Fingerprint(_hash(row["definition"]), _hash(row["rights"]), row["comments"])


def _hash(value: str) -> str:
    """Return a hash; a script on a database without a function for it has written the text itself."""
    return hash_definition(value.removeprefix(AS_TEXT)) if value.startswith(AS_TEXT) else value


def _packed(text: str) -> str:
    content = text.encode("utf-8", "surrogatepass")
    window, memory = SMALL if len(content) <= SMALL_TEXT else LARGE
    packer = zlib.compressobj(6, zlib.DEFLATED, window, memory)
    return base64.b64encode(packer.compress(content) + packer.flush()).decode("ascii")
