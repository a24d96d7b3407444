"""The tools that users would take instead: the project in each one's own layout, and its command.

Every SQL file is a migration of its own, numbered in an order that works, behind one that creates the tables. A changed
view is one more.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, ClassVar, Protocol

from benchmarks.environment import MissingError
from benchmarks.project import SourceFile, migration_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.databases import Database
    from benchmarks.environment import Tools

EVERY = ("postgresql", "mysql", "sqlite")
BOOKS = ("schema_migrations",)
"""The tables in which dbmate keeps what it did."""
TABLES = SourceFile("tables", "tables", migration_sql())

ENV_PY = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine({url!r}).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


class Peer(Protocol):
    """One tool. `dialects` are the databases that it is measured on, and `why` says what is wrong with others."""

    name: str
    dialects: Sequence[str]
    why: str

    def find(self, tools: Tools) -> None:
        """Find its programs; raise MissingError where they cannot be had."""

    def prepare(self, folder: Path, files: Iterable[SourceFile], database: Database) -> None:
        """Write a project in the tool's own layout."""

    def change(self, folder: Path, number: int, file: SourceFile) -> None:
        """Write the change of one file; `number` is the first that is free."""

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command that deploys the project."""

    def environ(self, database: Database) -> Mapping[str, str]:
        """Return the variables that the command needs."""


class Migrations:
    """What peers with numbered files have in common."""

    name: str
    dialects: Sequence[str] = EVERY
    why = ""
    path: ClassVar[str]
    text: ClassVar[str] = "{text}"

    def prepare(self, folder: Path, files: Iterable[SourceFile], database: Database) -> None:
        """Write the files, the one with the tables first, and what configures the tool."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, file in enumerate((TABLES, *files), 1):
            self.change(folder, number, file)
        self.configure(folder, database)

    def configure(self, folder: Path, database: Database) -> None:
        """Write what configures the tool."""

    def change(self, folder: Path, number: int, file: SourceFile) -> None:
        """Write one file."""
        place = folder / self.path.format(number=number, name=word(file.name))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.text.format(number=number, text=file.text), encoding="utf-8")

    def environ(self, database: Database) -> Mapping[str, str]:
        """Return no variables."""
        del database
        return {}


class Dbmate(Migrations):
    """Each file in a transaction."""

    name = "dbmate"
    path = "migrations/{number:05}_{name}.sql"
    text = "-- migrate:up\n{text}\n-- migrate:down\n"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        self._program = tools.python_peer("dbmate")

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        schemes = {"postgresql": "postgres", "sqlite": "sqlite:", "mysql": "mysql"}
        url = database.url(schemes[database.dialect]) + ("?sslmode=disable" * (database.dialect == "postgresql"))
        migrations = str(folder / "migrations")
        return [self._program, "--url", url, "--migrations-dir", migrations, "--no-dump-schema", "up"]


class Alembic(Migrations):
    """A revision for every file, all in one transaction where the database has it."""

    name = "alembic"
    path = "versions/r{number:05}.py"
    ini = "[alembic]\nscript_location = %(here)s\npath_separator = os\n"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        self._program = tools.python_peer("alembic")

    def configure(self, folder: Path, database: Database) -> None:
        """Write alembic.ini and env.py."""
        schemes = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "sqlite": "sqlite:///"}
        (folder / "alembic.ini").write_text(self.ini, encoding="utf-8")
        env = ENV_PY.format(url=database.url(schemes[database.dialect]))
        (folder / "env.py").write_text(env, encoding="utf-8")

    def change(self, folder: Path, number: int, file: SourceFile) -> None:
        """Write a revision; but for PostgreSQL's, drivers take one statement at a time."""
        whole = "$body$" in file.text
        statements = [file.text] if whole else file.text.split(";\n")
        known = f"r{number - 1:05}" if number > 1 else None
        lines = [f"    op.execute({each!r})" for each in statements if each.strip()]
        head = f"from alembic import op\n\nrevision = 'r{number:05}'\ndown_revision = {known!r}\n\n\ndef upgrade():\n"
        place = folder / self.path.format(number=number)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        del folder, database
        return [self._program, "upgrade", "head"]


class Yoyo(Migrations):
    """Each file in a transaction, cut into statements by sqlparse."""

    name = "yoyo"
    path = "migrations/{number:05}.{name}.sql"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        self._program = tools.python_peer("yoyo")

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        schemes = {"postgresql": "postgresql+psycopg", "mysql": "mysql", "sqlite": "sqlite:///"}
        url = database.url(schemes[database.dialect])
        return [self._program, "apply", "--batch", "--no-config-file", "-d", url, str(folder / "migrations")]


class Pyway(Migrations):
    """Each file and its record in a connection of its own."""

    name = "pyway"
    path = "migrations/V{number:05}_0__{name}.sql"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        self._program = tools.python_peer("pyway")

    def configure(self, folder: Path, database: Database) -> None:
        """Write .pyway.conf."""
        types = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}
        backend = database.backend()
        values = {
            "migration_dir": "migrations",
            "table": "pyway",
            "type": types[database.dialect],
            "host": backend.get("target_server_hostname", "none"),
            "port": backend.get("sql_port", ""),
            "name": backend["target_database_name"],
            "username": backend.get("username", "none"),
            "password": backend.get("password", ""),
        }
        lines = [f"database_{name}: {value}\n" for name, value in values.items() if value != ""]
        (folder / "pyway.conf").write_text("".join(lines), encoding="utf-8")

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        del database
        return [self._program, "-c", str(folder / "pyway.conf"), "migrate"]


class Postgrator(Migrations):
    """Each file and its record in a call."""

    name = "postgrator"
    dialects: Sequence[str] = ("postgresql", "mysql")
    why = "it needs the npm package sqlite3, which fetches its program from elsewhere"
    path = "migrations/{number:05}.do.{name}.sql"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        self._command = [tools.program("node", "nodejs"), tools.node_peer("postgrator-cli/index.js")]

    def configure(self, folder: Path, database: Database) -> None:
        """Write .postgratorrc.json."""
        backend = database.backend()
        values = {
            "driver": {"postgresql": "pg", "mysql": "mysql"}[database.dialect],
            "migrationPattern": "migrations/*",
            "host": backend["target_server_hostname"],
            "port": backend["sql_port"],
            "database": backend["target_database_name"],
            "username": backend["username"],
            "password": backend["password"],
        }
        (folder / ".postgratorrc.json").write_text(json.dumps(values), encoding="utf-8")

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        del folder, database
        return self._command


class NodePgMigrate(Migrations):
    """All files in one transaction."""

    name = "node-pg-migrate"
    dialects: Sequence[str] = ("postgresql",)
    why = "it is for PostgreSQL alone"
    path = "migrations/{number:05}_{name}.sql"
    text = "-- Up Migration\n{text}\n-- Down Migration\n"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        program = tools.node_peer("node-pg-migrate/bin/node-pg-migrate.js")
        self._command = [tools.program("node", "nodejs"), program, "-m", "migrations", "up"]

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        del folder, database
        return self._command

    def environ(self, database: Database) -> Mapping[str, str]:
        """Return the address."""
        return {"DATABASE_URL": database.url()}


class Liquibase(Migrations):
    """A changelog of SQL for every file, each in a transaction."""

    name = "liquibase"
    dialects: Sequence[str] = ("postgresql", "mysql")
    why = "its package from npm lacks a library that the driver for SQLite needs"
    path = "sql/{number:05}_{name}.sql"
    text = "--liquibase formatted sql\n--changeset bench:{number} {option}\n{text}"
    changelog = """\
<?xml version="1.0" encoding="UTF-8"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
    http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <includeAll path="sql" relativeToChangelogFile="true"/>
</databaseChangeLog>
"""

    def find(self, tools: Tools) -> None:
        """Find Java and the libraries."""
        self._java = tools.program("java", "default-jre-headless")
        self._libraries = tools.node_peer("liquibase/dist/liquibase/internal/lib")

    def configure(self, folder: Path, database: Database) -> None:
        """Write the changelog that includes the others."""
        del database
        (folder / "changelog.xml").write_text(self.changelog, encoding="utf-8")

    def change(self, folder: Path, number: int, file: SourceFile) -> None:
        """Write one changelog; a body of PostgreSQL is not to be cut."""
        place = folder / self.path.format(number=number, name=word(file.name))
        place.parent.mkdir(parents=True, exist_ok=True)
        option = "splitStatements:false" if "$body$" in file.text else ""
        place.write_text(self.text.format(number=number, option=option, text=file.text), encoding="utf-8")

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        backend = database.backend()
        kind = {"postgresql": "postgresql", "mysql": "mariadb"}[database.dialect]
        host, port, name = (backend[key] for key in ("target_server_hostname", "sql_port", "target_database_name"))
        address = f"jdbc:{kind}://{host}:{port}/{name}"
        login = [f"--username={backend['username']}", f"--password={backend['password']}"]
        program = [self._java, "-cp", f"{self._libraries}/*", "liquibase.integration.commandline.LiquibaseCommandLine"]
        where = ["--changelog-file=changelog.xml", f"--url={address}", *login]
        return [*program, f"--search-path={folder}", "update", *where]


class Sqitch(Migrations):
    """The database's own client for every change."""

    name = "sqitch"
    dialects: Sequence[str] = ("postgresql", "sqlite")
    why = "it keeps what it did in a database of its own there, which the benchmarks do not make"
    path = "deploy/c{number:05}.sql"
    text = "BEGIN;\n{text}\nCOMMIT;\n"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        self._program = tools.program("sqitch", "sqitch libdbd-pg-perl libdbd-sqlite3-perl sqlite3")

    def configure(self, folder: Path, database: Database) -> None:
        """Write sqitch.conf."""
        engine = {"postgresql": "pg", "sqlite": "sqlite"}[database.dialect]
        (folder / "sqitch.conf").write_text(f"[core]\n\tengine = {engine}\n", encoding="utf-8")

    def change(self, folder: Path, number: int, file: SourceFile) -> None:
        """Write one change, and plan it."""
        super().change(folder, number, file)
        plan, head = folder / "sqitch.plan", "%syntax-version=1.0.0\n%project=bench\n\n" if number == 1 else ""
        line = f"c{number:05} 2026-01-01T00:00:00Z Bench <bench@example.org> # {word(file.name)}\n"
        with plan.open("w" if number == 1 else "a", encoding="utf-8") as out:
            out.write(head + line)

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return the command."""
        del folder
        schemes = {"postgresql": "db:pg", "sqlite": "db:sqlite:"}
        return [self._program, "deploy", "--no-verify", database.url(schemes[database.dialect])]

    def environ(self, database: Database) -> Mapping[str, str]:
        """Return who deploys."""
        del database
        return {"SQITCH_FULLNAME": "Bench", "SQITCH_EMAIL": "bench@example.org"}


class Predecessor:
    """The predecessor: files of its folders, tried in any order until all are there."""

    name = "the predecessor"
    dialects: Sequence[str] = ("postgresql",)
    why = "it is made for SQL Server, and of others deploys to PostgreSQL"

    def find(self, tools: Tools) -> None:
        """Find its program."""
        self._program = tools.predecessor("ahjo")

    def prepare(self, folder: Path, files: Iterable[SourceFile], database: Database) -> None:
        """Write its folders, a revision for the tables, and a config with files for the login."""
        backend = database.backend()
        contents = {file.path: for_predecessor(file.text) for file in files}
        contents["alembic.ini"] = "[alembic]\nscript_location = alembic\npath_separator = os\n"
        contents["alembic/env.py"] = ENV_PY.format(url=database.url("postgresql+psycopg2"))
        contents["alembic/versions/r1.py"] = (
            "from alembic import op\n\nrevision = 'r1'\ndown_revision = None\n\n\n"
            f"def upgrade():\n    op.execute({migration_sql()!r})\n"
        )
        password = b64encode(str(backend.pop("password")).encode()).decode()
        contents |= {"user.txt": f"cred={backend.pop('username')}", "password.txt": f"cred={password}"}
        own = {
            "sql_driver": None,
            "allowed_actions": "ALL",
            "username_file": "user.txt",
            "password_file": "password.txt",
        }
        contents["dev.json"] = json.dumps({"BACKEND": {**backend, **own, "display_db_info": False}})
        contents["ahjo_actions.py"] = ""
        for path, text in contents.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")

    def change(self, folder: Path, number: int, file: SourceFile) -> None:
        """Write the file anew."""
        del number
        (folder / file.path).write_text(for_predecessor(file.text), encoding="utf-8")

    def command(self, folder: Path, database: Database) -> Sequence[str]:
        """Return two commands: one for the objects, and one for the data."""
        del folder, database
        ahjo, flags = self._program, "dev.json -ni -sm -sg"
        kinds = " ".join(f"database/{kind}" for kind in ("functions", "views", "procedures"))
        return ["/bin/sh", "-c", f"'{ahjo}' deploy-files {flags} --files {kinds} && '{ahjo}' data {flags}"]

    def environ(self, database: Database) -> Mapping[str, str]:
        """Return no variables."""
        del database
        return {}


def every() -> list[Peer]:
    """Return all peers."""
    return [
        Dbmate(),
        NodePgMigrate(),
        Postgrator(),
        Alembic(),
        Yoyo(),
        Pyway(),
        Liquibase(),
        Sqitch(),
        Predecessor(),
    ]


def find(tools: Tools) -> tuple[list[Peer], dict[str, str]]:
    """Return the peers that are here, and why others are not."""
    found, missing = [], {}
    for peer in every():
        try:
            peer.find(tools)
        except MissingError as error:
            missing[peer.name] = str(error)
        else:
            found.append(peer)
    return found, missing


def word(name: str) -> str:
    """Return a name without what a file's name must not have."""
    return name.rpartition(".")[2]


def for_predecessor(text: str) -> str:
    """Return a text as the predecessor's splitter wants it: a quote without a tag, and nothing behind the last one."""
    return text.replace("$body$", "$$").rstrip().removesuffix(";") + "\n"
