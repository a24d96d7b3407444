"""An empty database of PostgreSQL that says by its catalogs which file needs which."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from ahjo_tasks.project.dependencies import order_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from targets import Target

    from ahjo_tasks.project.sql_file import SqlFile

FIRST_OWN_OID = 16384
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

    def run(self, text: str) -> str:
        """Run a file, and return the server's error; nothing of such a file stays."""
        try:
            with self.connection.transaction():
                self.connection.execute(text.encode())
                self.connection.execute("RESET search_path")
        except psycopg.Error as error:
            return str(error)
        return ""

    def learn(self, file: str) -> None:
        """Note what a file has created, and what of other files the catalogs say that it needs."""
        self.owners |= {row: file for row in self.rows(OBJECTS) if row not in self.owners}
        rows = self.rows(DEPENDENCIES)
        ends = {end for row in rows - self.dependencies for end in (row[:2], row[2:])}
        self.edges |= {(file, self.owners[end]) for end in ends if self.owners.get(end, file) != file}
        self.dependencies = rows


@contextmanager
def empty(url: str) -> Iterator[Database]:
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")  # all that follows is in this transaction
        yield Database(connection)
        connection.rollback()


def new_database(target: Target) -> str:
    assert target.url is not None
    server, name = target.url.set(drivername="postgresql"), target.new_database_name()
    with psycopg.connect(
        server.set(database="postgres").render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.set(database=name).render_as_string(hide_password=False)


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
            database.run(file.text)
        return database.run(next(file.text for file in files if file.name == user)) != ""
