"""A plan as one script for the database's own client: guards, the SQL of all steps, and the rows of the history."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from ahjo_tasks.database.catalog import KINDS, ObjectKey
from ahjo_tasks.engine.changes import file_hash
from ahjo_tasks.engine.drop import DropStep
from ahjo_tasks.engine.migrations import MigrationStep, version_options
from ahjo_tasks.engine.offline_sql import OfflineSql
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import UsageError
from ahjo_tasks.history.store import (
    TABLES_OF_REVISIONS,
    Expression,
    HistoryStore,
    Run,
    State,
    StepRecord,
    fingerprint_version,
    hash_text,
    new_run_id,
)
from ahjo_tasks.project.kinds import OBJECTS
from ahjo_tasks.sql.scanner import OpaqueScanner
from ahjo_tasks.sql.source import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Plan, Step
    from ahjo_tasks.project.sql_file import SqlFile

COLUMNS = (
    "object_id, project, file, file_hash, kind, schema_name, name, table_name, definition, rights,"
    " comments, text_hash, run_id"
)
TRANSACTION = re.compile(r"^(BEGIN|COMMIT|BEGIN TRANSACTION|COMMIT TRANSACTION);?$", re.IGNORECASE)

SESSION = re.compile(r"\b(?:SET|RESET|USE|DISCARD|SET_CONFIG)\b", re.IGNORECASE)
"""A word of each statement that changes the session for what follows it."""


class SqlScript:
    """The script of a plan for one database. Raises UsageError for a step that has no SQL without the database."""

    def __init__(self, settings: Settings, connection: Connection, plan: Plan, run: Run) -> None:
        self._settings = settings
        self._connection = connection
        self._plan = plan
        self._dialect = connection.dialect
        self._client = self._dialect.script_client
        self._store = HistoryStore(connection, settings)
        self._run = run
        self._left_out: list[str] = []

    def text(self, target: str) -> str:
        """Return the script; what it leaves out is said at its head."""
        client = self._client
        body = [part for step in self._plan.steps for part in self._in_own_session([*self._step(step)])]
        history = [f"{part}{client.end}" for part in self._history()]
        head = [
            f"-- A deploy of {_comment(target)}; run it with: {client.call}",
            *(f"-- Left out, for inv deploy: {_comment(name)}" for name in self._left_out),
        ]
        guards = [self._ended(client.guard.format(condition=condition)) for condition in self._conditions()]
        begin, commit = ([f"{word}{client.end}"] if word else [] for word in (client.begin, client.commit))
        return "\n\n".join(["\n".join(head), client.first, *begin, *guards, *body, *history, *commit])

    def _ended(self, statements: str) -> str:
        """Return statements of the client itself, a line each, as the script ends them."""
        return f"{statements}{self._client.end}".replace(";\n", f"{self._client.end}\n")

    def _in_own_session(self, statements: list[str]) -> Iterator[str]:
        """Yield the statements of a step, and what puts the session back after some that may change it."""
        yield from (f"{self._for_client(statement)}{self._client.end}" for statement in statements)
        if self._client.reset and any(map(SESSION.search, statements)):
            database = self._dialect.quote(self._connection.database_name)
            yield self._ended(self._client.reset.format(database=database))

    def _for_client(self, sql: str) -> str:
        """Return a statement in which the client sees no variable and no command of its own."""
        scanner, source = OpaqueScanner(self._dialect.syntax, unclosed="end"), SourceText(sql)
        places, code = [0], 0
        for match in re.finditer(self._client.misread, sql):
            code = scanner.end_of_opaque(source, code, match.end())
            places += [code] if code == match.end() else []
        return self._client.apart.join(sql[start:end] for start, end in pairwise([*places, len(sql)]))

    def _step(self, step: Step) -> Iterator[str]:
        """Yield the statements of a step."""
        if step.outside_transaction or (isinstance(step, FileStep) and step.transaction_control):
            raise UsageError(f"{step.label} runs outside of a transaction: a script cannot.", hint="Use inv deploy.")
        if isinstance(step, FileStep):
            yield from (batch.text.strip().rstrip(";") for batch in step.file.batches for _ in range(batch.count))
        elif isinstance(step, DropStep):
            yield step.statement.rstrip(";")
        elif isinstance(step, MigrationStep):
            yield from self._revisions(step)
        else:
            self._left_out.append(f"{step.kind} {step.label}")

    def _revisions(self, step: MigrationStep) -> Iterator[str]:
        migrations = step.migrations
        scripts = OfflineSql(migrations, migrations.current(self._connection), self._dialect).scripts
        for revision in step.revisions:
            if revision.revision not in scripts:
                raise UsageError(
                    f"Revision {revision.revision} has no SQL without a database, so a script cannot run it.",
                    hint="inv plan shows its source; deploy it with inv deploy.",
                )
            lines = (line for line in scripts[revision.revision].splitlines() if not TRANSACTION.match(line.strip()))
            splitter = self._dialect.statement_splitter or self._dialect.splitter
            yield from (batch.text.strip().rstrip(";") for batch in splitter.split("\n".join(lines)))

    def _conditions(self) -> Iterator[str]:
        """Yield what must be true of the database where the script runs: its name, the last deploy, the revisions."""
        quote, client = self._dialect.literal, self._client
        if client.database:
            yield f"{client.database} = {quote(self._connection.database_name)}"
        last = self._store.state() if self._store.exists() else None
        if not self._store.exists():
            schema, name = self._store.name_of("state")
            names = {"name": quote(name), "schema": quote(schema) if schema else "NULL"}
            yield f"NOT EXISTS ({self._dialect.table_exists_sql.format(**names)})"
        if last:
            table = self._name(*self._store.name_of("state"))
            wanted = f"project = {quote(last.project)} AND run_id = {quote(last.run_id)}"
            yield f"(SELECT COUNT(*) FROM {table} WHERE {wanted}) = 1"
        current = [
            head
            for step in self._plan.steps
            if isinstance(step, MigrationStep)
            for head in step.migrations.current(self._connection)
        ]
        if current:
            options = version_options(self._settings, self._dialect)
            table = self._name(options["version_table_schema"], str(options["version_table"]))
            heads = ", ".join(map(quote, current))
            yield f"(SELECT COUNT(*) FROM {table} WHERE version_num IN ({heads})) = {len(current)}"

    @staticmethod
    def _name(schema: str | None, name: str) -> str:
        return f"{schema}.{name}" if schema else name

    def _history(self) -> Iterator[str]:
        """Yield what records the run, the texts, and what each file left, as the database says it at the end."""
        store = self._store
        exists = store.exists()
        if not exists:
            yield from (part.strip().rstrip(";") for part in store.ddl().split(";\n"))
        run_id = new_run_id(self._run.started)
        yield from store.insert("runs", [self._run_row(run_id)])
        files = {step.label: step.file for step in self._plan.steps if isinstance(step, FileStep)}
        texts = {hash_text(file.text): file.text for file in files.values() if file.kind in OBJECTS}
        yield from store.insert("texts", store.new_texts(texts, empty=not exists))
        yield from store.insert("steps", self._step_rows(run_id))
        if exists:
            yield from self._forgotten(files)
        yield from self._state_rows(run_id)
        if self._client.catalog:
            yield self._client.catalog
        for file in files.values():
            yield from self._fingerprints(file, run_id)

    def _run_row(self, run_id: str) -> dict[str, object]:
        """Return the row of the run: when it ran, and by which login, only the database knows."""
        client = self._client
        row = {**vars(self._run), "run_id": run_id, "status": "succeeded"}
        row["actions"] = f"script of {self._run.actions}"[:1000]
        row |= {name: Expression(client.now) for name in ("started", "ended")}
        return row | ({"login": Expression(client.login)} if client.login else {})

    def _step_rows(self, run_id: str) -> Iterator[dict[str, object]]:
        steps = [step for step in self._plan.steps if isinstance(step, FileStep | DropStep | MigrationStep)]
        for number, step in enumerate(steps, 1):
            note = StepRecord(number, step.kind, step.label, "ok", batches=step.batches_done(), reason="by a script")
            if isinstance(step, DropStep):
                note = replace(note, reason=step.file)
            if isinstance(step, FileStep):
                kept = hash_text(step.file.text) if step.file.kind in OBJECTS else ""
                note = replace(note, raw_hash=step.file.raw_hash, file_hash=file_hash(step.file, str), text_hash=kept)
            yield {"run_id": run_id, **vars(note)}

    def _forgotten(self, files: Iterable[str]) -> Iterator[str]:
        """Yield what forgets the files that ran, objects that were dropped, and tables where a revision ran."""
        store, labels = self._store, [*files]
        if any(isinstance(step, MigrationStep) for step in self._plan.steps):
            labels.append(TABLES_OF_REVISIONS)
        if labels:
            yield store.delete("objects", project=store.project, file=labels)
        for step in self._plan.steps:
            if isinstance(step, DropStep):
                definition = step.definition
                yield store.delete(
                    "objects",
                    project=store.project,
                    kind=definition.kind,
                    schema_name=definition.schema or "",
                    name=definition.name.name,
                    table_name=("", definition.table_name),
                )

    def _state_rows(self, run_id: str) -> list[str]:
        """Return what writes the state: without the version of the catalog, so that the next plan compares all."""
        identity = self._dialect.database_identity(self._connection)
        version = fingerprint_version(identity)
        state = State(self._store.project, "", identity.server, identity.database, version, run_id=run_id)
        return self._store.state_rows(state)

    def _fingerprints(self, file: SqlFile, run_id: str) -> Iterator[str]:
        """Yield what records the objects of a file, by what the database says of them when the script has run."""
        if file.kind not in OBJECTS or not file.defines_only:
            return
        quote = self._dialect.literal
        for key in _keys(file):
            object_id = hash_text("\n".join((self._store.project, file.label, *key)))
            facts = (object_id, self._store.project, file.label, file_hash(file, str))
            is_key = (
                f"kind = {quote(key.kind)} AND COALESCE(schema_name, '') = {quote(key.schema)}"
                f" AND table_name IN ('', {quote(key.table)})"
            )
            yield (
                f"INSERT INTO {self._objects_name} ({COLUMNS}) SELECT {', '.join(map(quote, facts))}, kind,"
                f" COALESCE(schema_name, ''), name, table_name, {self._combined('definition')},"
                f" {self._combined('rights')}, '', '', {quote(run_id)}"
                f" FROM ({self._catalog_rows(key)}) found WHERE {is_key}"
                " GROUP BY kind, schema_name, name, table_name"
            )

    def _catalog_rows(self, key: ObjectKey) -> str:
        """Return the query of the objects of a kind and name, with the hashes of their definitions and rights."""
        digest = self._client.digest.format(self._dialect.catalog_digest or "{}")
        shown = f"COALESCE(CASE WHEN definition <> '' THEN {digest.format('definition')} END, '') AS definition"
        rights = f"COALESCE({digest.format('rights')}, '') AS rights"
        literal, queries = self._dialect.quote_literal(key.name), self._dialect.catalog_queries
        parts = (f"{part.sql} AND {part.name} IN ({literal})" for part in queries if part.may_have(key.kind))
        rows = " UNION ALL ".join(parts)
        return f"SELECT kind, schema_name, name, table_name, {shown}, {rights} FROM ({rows}) objects"

    def _combined(self, column: str) -> str:
        """Return the expression of one hash for all rows of a name; of several, an empty one where it cannot be had."""
        several = self._client.combined.format(column)
        return f"CASE WHEN COUNT(*) = 1 THEN MIN({column}) WHEN MIN({column}) <> '' THEN {several} ELSE '' END"

    @cached_property
    def _objects_name(self) -> str:
        """Name of the table, with its schema where the settings under which the catalog is read hide it."""
        (schema, name), schema_sql = self._store.name_of("objects"), self._client.schema_sql
        schema = schema or (self._connection.query(schema_sql)[0][0] if schema_sql else None)
        return self._dialect.quote(schema, name)


def _keys(file: SqlFile) -> dict[ObjectKey, None]:
    """Return the keys of what a file creates, each once, in their order; without what is in another database."""
    default, own = file.dialect.default_schema, {"", file.database or "", "main"}
    keys: dict[ObjectKey, None] = {}
    for definition in file.definitions:
        kind, schema = KINDS.get(definition.kind, definition.kind), definition.schema
        if default or (schema or "") in own:
            known = (schema or default) if default else ""
            keys[ObjectKey(kind, known, definition.name.name, definition.table_name)] = None
    return keys


def _comment(text: str) -> str:
    return " ".join(text.split())
