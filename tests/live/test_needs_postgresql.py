"""What files of PostgreSQL need of each other, as the server's catalogs say it; the cases stand in the SQL file."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project.dependencies import order_files
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.project.sql_file import SqlFile, read
from ahjo_tasks.sql.references.model import Strength

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from targets import Target

FIRST_OWN_OID = 16384
CASES = re.split(r"(?m)^-- =+ ", Path(__file__).with_name("needs_postgresql.sql").read_text(encoding="utf-8"))[1:]
CATALOGS = (
    *("pg_namespace", "pg_class", "pg_proc", "pg_type", "pg_trigger", "pg_constraint", "pg_rewrite", "pg_attrdef"),
    *("pg_operator", "pg_opclass", "pg_cast", "pg_collation", "pg_policy", "pg_ts_config", "pg_ts_dict"),
    *("pg_foreign_server", "pg_foreign_data_wrapper", "pg_event_trigger", "pg_statistic_ext"),
)
OBJECTS = " UNION ALL ".join(
    f"SELECT '{name}', oid::bigint FROM {name} WHERE oid >= {FIRST_OWN_OID}" for name in CATALOGS
)
DEPENDENCIES = f"""
SELECT classid::regclass::text, objid::bigint, refclassid::regclass::text, refobjid::bigint
FROM pg_depend WHERE refobjid >= {FIRST_OWN_OID}
"""
Edges = set[tuple[str, str]]


class Database:
    """An empty database in one transaction, and the file that each object in it belongs to."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.owners: dict[object, str] = {}
        self.edges: Edges = set()
        self.dependencies: set[object] = set()

    def rows(self, query: str) -> set[Any]:
        return set(self.connection.execute(query).fetchall())

    def run(self, file: SqlFile) -> str:
        """Run a file, and return the server's error; nothing of such a file stays."""
        try:
            with self.connection.transaction():
                self.connection.execute(file.text)
                self.connection.execute("RESET search_path")
        except psycopg.Error as error:
            return str(error)
        return ""

    def learn(self, file: SqlFile) -> None:
        """Note what a file has created, and what of other files the catalogs say that it needs."""
        self.owners |= {row: file.name for row in self.rows(OBJECTS) if row not in self.owners}
        rows = self.rows(DEPENDENCIES)
        ends = {end for row in rows - self.dependencies for end in (row[:2], row[2:])}
        self.edges |= {(file.name, self.owners[end]) for end in ends if self.owners.get(end, file.name) != file.name}
        self.dependencies = rows


@contextmanager
def empty(url: str) -> Iterator[Database]:
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")  # all that follows is in this transaction
        yield Database(connection)
        connection.rollback()


@pytest.fixture(scope="module")
def url(open_target: Any) -> Iterator[str]:
    with open_target("postgresql") as target:
        yield _new_database(target)


def _new_database(target: Target) -> str:
    assert target.url is not None
    server, name = target.url.set(drivername="postgresql"), target.new_database_name()
    with psycopg.connect(
        server.set(database="postgres").render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.set(database=name).render_as_string(hide_password=False)


def files_of(case: str, folder: Path) -> list[SqlFile]:
    files = []
    for part in re.split(r"(?m)^-- ", case)[1:]:
        name, _, text = part.partition("\n")
        path = folder / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        files.append(read(path, "view", dialect("postgresql"), label=path.name))
    return files


@pytest.mark.parametrize("case", CASES, ids=[case.partition("\n")[0] for case in CASES])
def test_the_needs_are_those_of_the_catalogs(url: str, tmp_path: Path, case: str) -> None:
    files = files_of(case, tmp_path)
    ordered = order_files(files)
    needs = {
        (files[user].name, files[used].name): need.strength
        for user, others in ObjectIndex(files).needs().items()
        for used, need in others.items()
    }

    with empty(url) as database:
        for file in ordered.files:
            assert database.run(file) == "", file.name
            database.learn(file)
        true = database.edges
    missed = {edge for edge in true - implied(needs.keys()) if without(url, ordered.files, *edge)}
    certain = {edge for edge, strength in needs.items() if strength is Strength.CREATION} - true
    false = {(user, used) for user, used in certain if not without(url, files, user, used)}

    assert not ordered.notes
    assert not missed
    assert not false


BASE_TYPE = """
-- label
CREATE TYPE label (INPUT = label_in, OUTPUT = label_out, LIKE = text);
-- label_in
CREATE FUNCTION label_in(cstring) RETURNS label LANGUAGE internal IMMUTABLE STRICT AS 'textin';
-- label_out
CREATE FUNCTION label_out(label) RETURNS cstring LANGUAGE 'internal' IMMUTABLE STRICT AS 'textout';
"""


def test_functions_that_read_and_write_a_type_come_before_it(url: str, tmp_path: Path) -> None:
    files = order_files(files_of(BASE_TYPE, tmp_path)).files

    with empty(url) as database:
        assert [database.run(file) for file in files] == ["", "", ""]


def implied(edges: Iterable[tuple[str, str]]) -> Edges:
    """The edges, and those that follow from them."""
    result = set(edges)
    while more := {(a, d) for a, b in result for c, d in result if b == c} - result:
        result |= more
    return result


def without(url: str, files: Sequence[SqlFile], user: str, used: str) -> bool:
    """Tell whether a file fails where another one is left out."""
    with empty(url) as database:
        left = [file for file in order_files(files).files if file.name not in {user, used}]
        for file in left:
            database.run(file)
        return database.run(next(file for file in files if file.name == user)) != ""
