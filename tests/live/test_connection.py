"""SQL text reaches every server as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ahjo_tasks.errors import StatementError
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed

    from ahjo_tasks.database.connection import Connection

TRICKY = (
    "%s %(a)s %% :name ::int ? ?? {0} {fn x} {{ \\ \\n $1 $$ $tag$ @x ä € \U0001d518 \u00a0 \t ; -- /* '' \" ` [ ] #"
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def connection(live: Deployed) -> Iterator[Connection]:
    with live.connection() as opened:
        yield opened


def same(connection: Connection, text: str) -> None:
    assert connection.query(f"SELECT {connection.dialect.quote_literal(text)}") == [(text,)]


def test_no_character_is_a_parameter(connection: Connection) -> None:
    same(connection, TRICKY.replace("\t", ""))
    same(connection, "one line\nand another")
    assert connection.query("SELECT 1 /* ? %s :x {fn y} */ -- ? %s :x {") == [(1,)]


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
@given(text=TEXTS)
@QUICK
def test_any_text_in_is_the_text_out(connection: Connection, text: str) -> None:
    same(connection, text)


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@given(text=TEXTS | st.text("\\';-x", min_size=1))
@QUICK
def test_a_text_ends_where_it_ends_also_where_the_server_takes_backslashes(connection: Connection, text: str) -> None:
    connection.execute("SET standard_conforming_strings = off")
    same(connection, text)


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_no_statement_is_prepared_however_often_it_is_repeated(connection: Connection) -> None:
    """A pooler may run each transaction in another session of the server, which does not know what was prepared."""
    for _ in range(10):
        assert connection.query("SELECT count(*) FROM pg_prepared_statements") == [(0,)]


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
@given(text=TEXTS)
@QUICK
def test_any_name_is_quoted(connection: Connection, text: str) -> None:
    name = f"n{text[:15]}"
    connection.execute("DROP TABLE IF EXISTS " + connection.dialect.quote(name))
    connection.execute(f"CREATE TABLE {connection.dialect.quote(name)} (id INTEGER)")
    assert connection.query(f"SELECT * FROM {connection.dialect.quote(name)}") == []
    connection.execute("DROP TABLE " + connection.dialect.quote(name))


def test_a_nul_character_is_refused_or_passed_but_never_the_end_of_the_text(connection: Connection) -> None:
    try:
        rows = connection.query("SELECT 1 -- \0\n + 1")
    except StatementError:
        return
    assert rows == [(2,)]


def test_an_error_after_another_leaves_the_connection_usable(connection: Connection) -> None:
    for _ in range(2):
        with pytest.raises(StatementError, match="nowhere"):
            connection.execute("SELECT * FROM nowhere")
    assert connection.query("SELECT 1") == [(1,)]


def test_sqlalchemy_lent_twice_leaves_the_transaction_of_the_first_alone(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (id INTEGER)")
    with connection.sqlalchemy_connection() as lent, lent.begin():
        lent.exec_driver_sql("INSERT INTO t VALUES (1)")
        with connection.sqlalchemy_connection() as again:
            assert again.exec_driver_sql("SELECT id FROM t").all() == [(1,)]
    assert connection.query("SELECT id FROM t") == [(1,)]


@pytest.mark.parametrize("used", [False, True], ids=["of the driver", "of SQLAlchemy"])
def test_a_connection_that_is_closed_already_is_closed_without_a_word(
    live: Deployed, used: bool, caplog: pytest.LogCaptureFixture
) -> None:
    project = Project(live.directory, live.directory / "dev.json", {})
    connection = project.database.connection
    if used:
        with connection.sqlalchemy_connection():
            pass
    connection.dbapi_connection.close()
    project.close(keep=False)
    assert caplog.text == ""


def test_sqlalchemy_joins_a_transaction_that_is_open(live: Deployed) -> None:
    with live.connection() as connection:
        connection.execute("CREATE TABLE t (id INTEGER)")
        with connection.one_transaction():
            connection.execute("INSERT INTO t VALUES (1)")
            with connection.sqlalchemy_transaction() as sa_connection:
                sa_connection.exec_driver_sql("INSERT INTO t VALUES (2)")
            connection.execute("INSERT INTO t VALUES (3)")
        assert sorted(connection.query("SELECT id FROM t")) == [(1,), (2,), (3,)]


def test_a_connection_that_sqlalchemy_has_looked_at_has_no_open_transaction(live: Deployed) -> None:
    with live.connection() as connection, connection.sqlalchemy_connection() as sa_connection:
        assert connection.transaction_state != "open"
        assert not sa_connection.in_transaction()
