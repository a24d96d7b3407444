"""Write the objects of a database into a project: a file for each, a first revision for tables, rows as CSV."""

from __future__ import annotations

import json
import re
from collections import Counter
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.data.csv import CsvFormat, write_csv
from ahjo_tasks.database.catalog import read_tables
from ahjo_tasks.engine.query import Query
from ahjo_tasks.errors import UsageError
from ahjo_tasks.project.kinds import KINDS, OBJECTS, plural
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.utils import atomic_write, load_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.scripts import ObjectScript, ScriptReader, TableScripts
    from ahjo_tasks.engine.migrations import Migrations
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.sql_file import SqlFile

HISTORY = ("state", "runs", "steps", "objects", "texts", "data", "mark")
TOOLS = {
    "flyway_schema_history": "Flyway",
    "databasechangelog": "Liquibase",
    "databasechangeloglock": "Liquibase",
    "__refactorlog": "SSDT",
}
"""Tables of other tools, in lower case."""
UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*%]|^\.|[. ]$')
"""Characters that some file system does not take."""
PERMISSIONS = ("create_db_roles", "grant_db_permissions", "add_users_to_db_roles")
"""The files that the actions of these names run."""
RUN = """for statement in (
{statements}
    ):
        op.execute(sa.text(statement.replace(":", r"\\:")))"""


class PulledFile(NamedTuple):
    """A file to write; `kept` is the reason why it is not written, and `same` is true if it has the text already."""

    path: Path
    label: str
    text: str
    kept: str = ""
    same: bool = False


class Pull:
    """Files that a database becomes in a project. Methods raise StatementError and SourceError; none writes."""

    def __init__(self, files: ProjectFiles, connection: Connection, settings: Settings, *, definer: bool) -> None:
        self._files = files
        self._settings = settings
        self._connection = connection
        reader = files.dialect.script_reader
        self._reader: ScriptReader = load_object(reader)(connection, own_tables(settings), definer=definer)

    @property
    def missing(self) -> Sequence[str]:
        """Objects of the database that cannot be pulled, with reasons, once the others were read."""
        return [*dict.fromkeys(self._reader.missing), *self._histories]

    @cached_property
    def _histories(self) -> list[str]:
        """The tables in which other tools keep their history."""
        tables = sorted(key.name for key in read_tables(self._connection) or ())
        return [
            f"table {name}, the history of {TOOLS[name.lower()]}: this tool keeps its own"
            for name in tables
            if name.lower() in TOOLS
        ]

    @cached_property
    def tables(self) -> TableScripts:
        """The statements of all tables."""
        return self._reader.tables()

    def objects(self, patterns: Sequence[str], *, overwrite: bool) -> Iterator[PulledFile]:
        """Yield the files of the objects whose names, kinds or folders match a pattern; without one, of all.

        Raises UsageError for a pattern that matches nothing.
        """
        scripts = list(self._reader.objects())
        for pattern in patterns:
            if not any(_matches(script, pattern) for script in scripts):
                raise UsageError(f"Nothing in the database matches {pattern}.")
        taken: set[str] = set()
        count = Counter((script.kind, str(script)) for script in scripts)
        for script in scripts:
            if not patterns or any(_matches(script, pattern) for pattern in patterns):
                shared = count[script.kind, str(script)] > 1  # as triggers of two tables
                name = f"{script.table}.{script.name}" if shared else script.name
                yield self._file(script, f"{script.schema}.{name}".lstrip("."), taken, overwrite=overwrite)

    def permissions(self, *, overwrite: bool) -> Iterator[PulledFile]:
        """Yield the files of roles, grants and members, as far as there are any."""
        from ahjo_tasks.database.scripts import script

        for name, statements in zip(PERMISSIONS, self._reader.permissions(), strict=True):
            if statements:
                path = self._files.database / "permissions" / f"{name}.sql"
                yield self._kept_or_written(path, script(*statements), overwrite=overwrite)

    def rows(self, table: str, *, overwrite: bool) -> Iterator[PulledFile]:
        """Yield the CSV file of a table's rows, and the options that let it be loaded again.

        Raises UsageError where there is no such table.
        """
        from sqlalchemy import inspect

        schema, _dot, name = table.rpartition(".")
        schema = schema or self._files.dialect.default_schema or ""
        with self._connection.sqlalchemy_connection() as sa_connection:
            inspector = inspect(sa_connection)
            if not inspector.has_table(name, schema=schema or None):
                raise UsageError(f"--data: there is no table {table}.")
            key = inspector.get_pk_constraint(name, schema=schema or None)["constrained_columns"]
            columns = [
                column["name"]
                for column in inspector.get_columns(name, schema=schema or None)
                if not column.get("computed")
            ]
        path = self._files.database / "data" / f"{schema}{'.' if schema else ''}{name}.csv"
        yield self._kept_or_written(path, self._csv(schema, name, columns, key), overwrite=overwrite)
        options = f"mode: upsert\nkey: {json.dumps(key)}\n" if key else "run: once\n"
        yield self._kept_or_written(path.with_suffix(".load.yaml"), options, overwrite=overwrite)

    def _csv(self, schema: str, table: str, columns: Sequence[str], key: Sequence[str]) -> str:
        quote = self._files.dialect.quote
        order = f" ORDER BY {', '.join(map(quote, key))}" if key else ""
        query = f"SELECT {', '.join(map(quote, columns))} FROM {quote(schema, table)}{order}"
        with TemporaryDirectory() as folder, Query.of(query, self._files.dialect).open(self._connection) as rows:
            path = Path(folder) / "rows.csv"
            write_csv(rows, path, CsvFormat())
            return path.read_bytes().decode("utf-8")

    def _file(self, script: ObjectScript, name: str, taken: set[str], *, overwrite: bool) -> PulledFile:
        kind = KINDS[script.kind]
        owner = self._owners.get((kind.creates, script.schema.lower(), script.name.lower(), script.table.lower()))
        if owner is not None and len(owner.definitions) > 1 and not _only_creates(owner, script):
            return PulledFile(owner.path, owner.label, script.text, "it creates other objects, too")
        path = owner.path if owner is not None else self._new_path(kind.folders[0], name, taken)
        return self._kept_or_written(path, script.text, overwrite=overwrite)

    def _kept_or_written(self, path: Path, text: str, *, overwrite: bool) -> PulledFile:
        label = self._files.label(path)
        if not path.exists():
            return PulledFile(path, label, text)
        if path.read_bytes() == text.encode():
            return PulledFile(path, label, text, "it has the text already", same=True)
        return PulledFile(path, label, text, "" if overwrite else "it is there already; --overwrite replaces it")

    def _new_path(self, folder: str, name: str, taken: set[str]) -> Path:
        """Return a path that no other object has, also where the file system does not tell letters by their case."""
        safe = UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)
        number, label = 1, f"{folder}/{safe}"
        while label.casefold() in taken:
            number += 1
            label = f"{folder}/{safe}~{number}"
        taken.add(label.casefold())
        return self._files.database / f"{label}.sql"

    @cached_property
    def _owners(self) -> dict[tuple[str, str, str, str], SqlFile]:
        """The files that create objects now, by kind, schema, name and table; by no table, too."""
        default = self._files.dialect.default_schema or ""
        owners = {}
        for file in self._files.read(OBJECTS, self._settings.scripting_variables):
            for item in file.definitions:
                table = item.table or Name(None, "")
                schema = (item.name.schema or table.schema or default).lower()
                for of in {"", table.name.lower()}:
                    owners[item.kind, schema, item.name.name.lower(), of] = file
        return owners


def own_tables(settings: Settings) -> frozenset[str]:
    """Return the names of the tables that we, Alembic and other tools keep in a database, in lower case."""
    names = (
        settings.alembic_version_table,
        settings.git_table,
        settings.test_table_name,
        settings.log_table,
        *(f"ahjo_{name}" for name in HISTORY),
    )
    return frozenset(name.lower() for name in names) | TOOLS.keys()


def _matches(script: ObjectScript, pattern: str) -> bool:
    names = (str(script), script.name, script.kind, plural(script.kind), f"{script.kind} {script}")
    return any(fnmatch(name.lower(), pattern.strip("/").lower()) for name in names)


def _only_creates(file: SqlFile, script: ObjectScript) -> bool:
    """Test whether all that a file creates has the name of the object, as overloads have."""
    return {item.name.name.lower() for item in file.definitions} == {script.name.lower()}


def write(files: Sequence[PulledFile]) -> None:
    """Write the files that are to be written, each whole. Raises UsageError where that cannot be done."""
    for file in files:
        if not file.kept:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(file.path, overwrite=True) as part:
                part.write_bytes(file.text.encode("utf-8", "surrogatepass"))


def write_revision(migrations: Migrations, tables: TableScripts, database: str, connection: Connection) -> Path:
    """Write the first revision, by the project's own template, and return its path.

    A database that other revisions made keeps the number of the last one, so that it is at this one. Raises
    SourceError.
    """
    from alembic.util import rev_id

    current = migrations.current(connection)
    directory = migrations.script
    template = Path(directory.dir) / "script.py.mako"
    if not template.is_file():
        raise UsageError(
            f"The tables were not written: {template} is missing, from which Alembic writes revisions.",
            hint="Take it from a new project (ahjo init-project), or from what `alembic init` writes.",
        )
    directory.messaging_opts = {"quiet": True}
    script = directory.generate_revision(
        current[0] if len(current) == 1 else rev_id(),
        f"tables of {database}",
        upgrades=_run(tables.create),
        downgrades=_run(tables.drop),
        imports="",
        refresh=False,
    )
    if script is None:
        raise UsageError("Alembic did not write the revision.", hint="Look at revision_environment in alembic.ini.")
    return Path(script.path)


def _run(statements: Sequence[str]) -> str:
    """Return the code that runs statements as they are: a colon marks no parameter."""
    return RUN.format(statements="\n".join(f"        {_literal(statement)}," for statement in statements))


def _literal(text: str) -> str:
    """Return a literal of Python that a person can read."""
    raw = '"""' not in text and not text.endswith(('"', "\\")) and "\r" not in text and text.isprintable()
    if "\n" not in text:
        return f'r"""{text}"""' if raw and ('"' in text or "\\" in text) else repr(text)
    plain = '"""' not in text and not text.endswith(('"', "\\"))
    return f'r"""{text}"""' if plain and all(char.isprintable() or char in "\n\t" for char in text) else repr(text)
