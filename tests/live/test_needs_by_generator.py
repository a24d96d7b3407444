"""What the files of random projects need of each other, as each database says it.

AHJO_TEST_RANDOM_PROJECTS is the number of projects for each database; the suite tries a few.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from catalogs import empty, implied, new_database, without
from random_projects import MySQLProject, PostgreSQLProject, SQLiteProject

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project.dependencies import order_files
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.project.sql_file import SqlFile, read
from ahjo_tasks.sql.references.model import Strength

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from targets import Target

SEEDS = range(int(os.environ.get("AHJO_TEST_RANDOM_PROJECTS", "6")))
OBJECTS = 40
LEAST_PRECISION = 0.99
TEXT_BODY = "LANGUAGE sql AS"
"""Words in files whose bodies the catalogs do not take apart."""
SCHEMA = "CREATE SCHEMA"
"""The head of files that come first wherever a name or a search path has a schema."""


@pytest.fixture(scope="module")
def postgresql(open_target: Any) -> Iterator[str]:
    """The URL of an empty database."""
    with open_target("postgresql") as target:
        yield new_database(target)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_needs_of_a_random_project_are_those_of_the_catalogs(postgresql: str, tmp_path: Path, seed: int) -> None:
    with empty(postgresql) as database:
        project = PostgreSQLProject(seed, database.run)
        project.write(OBJECTS)
    assert len(project.refused) < len(project.files) / 2, project.refused
    files = write_files(project.files, tmp_path, "postgresql")
    ordered = order_files(files)
    needs = {
        (files[user].name, files[used].name): need.strength
        for user, others in ObjectIndex(files).needs().items()
        for used, need in others.items()
    }

    with empty(postgresql) as database:
        for file in ordered.files:
            assert database.run(file.text) == "", file.text
            database.learn(file.name)
        true = database.edges
    missed = {edge for edge in true - implied(needs) if without(postgresql, files, *edge)}
    unjudged = {file.name for file in files if TEXT_BODY in file.text or file.text.startswith(SCHEMA)}
    certain = {edge for edge, strength in needs.items() if strength is Strength.CREATION and not unjudged & {*edge}}
    false = {edge for edge in certain - true if not without(postgresql, files, *edge)}

    assert not missed, told(files, missed)
    assert len(false) <= (1 - LEAST_PRECISION) * len(certain), told(files, false)


def write_files(texts: dict[str, str], folder: Path, name: str) -> list[SqlFile]:
    files = []
    for stem, text in texts.items():
        path = folder / f"{stem}.sql"
        path.write_text(text, encoding="utf-8")
        files.append(read(path, "view", dialect(name), label=path.name))
    return files


def told(files: list[SqlFile], edges: set[tuple[str, str]]) -> str:
    """The texts at both ends of some edges."""
    texts = {file.name: file.text for file in files}
    return "\n\n".join(f"{texts[user]}\n=> {texts[used]}" for user, used in edges)


class SQLite:
    """A database in memory, all of whose objects are looked at by preparing statements."""

    project = SQLiteProject
    heads = frozenset({"VIEW", "TRIGGER", "INDEX"})
    """The kinds of objects that can be judged: a table may name another one that is not there."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)

    def run(self, text: str) -> str:
        """Run a file; nothing of it stays where it fails or what it creates cannot be used."""
        self.connection.execute("SAVEPOINT file")
        try:
            self.connection.execute(text)
            broken = self.broken(head(text))
        except sqlite3.Error as error:
            broken = str(error)
        if broken:
            self.connection.execute("ROLLBACK TO file")
        self.connection.execute("RELEASE file")
        return broken

    def broken(self, created: tuple[str, str]) -> str:
        """What is wrong with an object; empty for what can be used."""
        kind, name = created
        found = self.connection.execute("SELECT tbl_name FROM sqlite_master WHERE name = ?", [name]).fetchall()
        if not found:
            return "it is gone"
        self.connection.execute("SAVEPOINT look")
        try:
            if kind == "TRIGGER":
                self._drop_other_triggers(name)
                self.connection.execute(f'EXPLAIN INSERT INTO "{found[0][0]}" DEFAULT VALUES')
            elif kind == "VIEW":
                self.connection.execute(f'EXPLAIN SELECT * FROM "{name}"')
        except sqlite3.Error as error:
            return str(error)
        finally:
            self.connection.execute("ROLLBACK TO look")
            self.connection.execute("RELEASE look")
        return ""

    def _drop_other_triggers(self, kept: str) -> None:
        for (name,) in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            if name != kept:
                self.connection.execute(f'DROP TRIGGER "{name}"')

    @contextmanager
    def removed(self, created: tuple[str, str], _text: str) -> Iterator[None]:
        """Take an object away for a while."""
        self.connection.execute("SAVEPOINT removed")
        self.connection.execute(f'DROP {created[0]} "{created[1]}"')
        yield
        self.connection.execute("ROLLBACK TO removed")
        self.connection.execute("RELEASE removed")


class MySQL:
    """A database of its own on a server; its views are read to see whether they can be used."""

    project = MySQLProject
    heads = frozenset({"VIEW"})

    def __init__(self, connection: Any) -> None:
        self.cursor = connection.cursor()

    def _error(self, text: str) -> str:
        try:
            self.cursor.execute(text)
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            return str(error) or "error"
        self.cursor.fetchall()
        return ""

    def run(self, text: str) -> str:
        return self._error(text) or self.broken(head(text))

    def broken(self, created: tuple[str, str]) -> str:
        return self._error(f"EXPLAIN SELECT * FROM `{created[1]}`") if created[0] == "VIEW" else ""

    @contextmanager
    def removed(self, created: tuple[str, str], text: str) -> Iterator[None]:
        """Take an object away for a while; a function has no other way back than its text."""
        kind, name = created
        function = kind == "FUNCTION"
        away, back = f"RENAME TABLE `{name}` TO away_for_now", f"RENAME TABLE away_for_now TO `{name}`"
        assert self._error(f"DROP FUNCTION `{name}`" if function else away) == ""
        yield
        assert self._error(text if function else back) == ""


def head(text: str) -> tuple[str, str]:
    """The kind and the name of the object that a file creates."""
    match = re.match(r"CREATE (\w+) (?:([\"`])(.+?)\2|(\w+))", text)
    assert match, text
    return match[1], match[3] or match[4]


@contextmanager
def opened(target: Target) -> Iterator[SQLite | MySQL]:
    """An empty database."""
    if target.name == "sqlite":
        yield SQLite()
        return
    with target.connect(target.create_database()) as connection:
        yield MySQL(connection)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["sqlite", "mysql"])
def test_what_cannot_be_used_without_another_object_needs_it(
    open_target: Any, tmp_path: Path, name: str, seed: int
) -> None:
    with open_target(name) as target:
        with opened(target) as database:
            project = database.project(seed, database.run)
            project.write(OBJECTS // 2)
        assert len(project.refused) < len(project.files), project.refused
        files = write_files(project.files, tmp_path, name)
        ordered = order_files(files)
        with opened(target) as database:
            assert [(file.text, error) for file in ordered.files if (error := database.run(file.text))] == []
            true = true_needs(database, files)
    judged = {file.name for file in files if head(file.text)[0] in database.heads}
    needs = {
        (files[user].name, files[used].name): need.strength
        for user, others in ObjectIndex(files).needs().items()
        for used, need in others.items()
    }
    sure = {edge for edge, strength in needs.items() if strength is not Strength.MAYBE and edge[0] in judged}

    assert not true - implied(needs), told(files, true - implied(needs))
    assert not sure - true, told(files, sure - true)


def true_needs(database: SQLite | MySQL, files: list[SqlFile]) -> set[tuple[str, str]]:
    """The pairs of files of which the first one's object cannot be used without the other's."""
    users = [(file.name, head(file.text)) for file in files if head(file.text)[0] in database.heads]
    found = set()
    for file in files:
        with database.removed(head(file.text), file.text):
            found |= {(user, file.name) for user, created in users if user != file.name and database.broken(created)}
    return found
