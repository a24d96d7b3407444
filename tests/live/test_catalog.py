"""What changes an object changes its fingerprint, and the version of the catalog with it; upkeep and rows do not."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import pytest
from inside import until

from ahjo_tasks.database.catalog import (
    Catalog,
    ObjectKey,
    combined_version,
    read_catalog,
    read_catalog_with_texts,
    read_changed,
    read_definitions,
    read_mark,
    read_tables,
    read_version,
    with_used_schemas,
)
from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed

    from ahjo_tasks.database.connection import Connection

SETUP = {
    "postgresql": """
        CREATE TABLE t (id int PRIMARY KEY, price numeric NOT NULL, note text);
        CREATE TABLE u (id int, on_day date DEFAULT DATE '2020-02-01');
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TYPE pair AS (a int, b int);
        CREATE DOMAIN positive AS int CHECK (VALUE > 0);
        CREATE SEQUENCE numbers;
        CREATE VIEW v AS SELECT id, price, 'sad'::mood AS mood, DATE '2020-02-01' AS day FROM t;
        CREATE MATERIALIZED VIEW m AS SELECT id, price FROM t;
        CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
        CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
        CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
        CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
        CREATE RULE ru AS ON DELETE TO u DO INSTEAD NOTHING;
        CREATE POLICY po ON t USING (id > 0);
        CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
        CREATE COLLATION co FROM "C";
        CREATE STATISTICS st (dependencies) ON id, price FROM t""",
    "mysql": """
        CREATE TABLE t (id int PRIMARY KEY, price int NOT NULL, note varchar(50));
        CREATE TABLE u (id int);
        CREATE VIEW v AS SELECT id, price FROM t;
        CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC RETURN a;
        CREATE PROCEDURE p(IN a int) SELECT a;
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.price = 1;
        CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE DO SET @x = 1""",
    "sqlite": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, price INT, note TEXT);
        CREATE TABLE u (id INT);
        CREATE VIEW v AS SELECT id, price FROM t;
        CREATE TRIGGER tr AFTER DELETE ON t BEGIN DELETE FROM u WHERE id = OLD.id; END""",
    "mssql": """
        CREATE TABLE dbo.t (id int PRIMARY KEY, price int NOT NULL, note varchar(50));
        CREATE VIEW dbo.v AS SELECT id, price FROM dbo.t;
        CREATE PROCEDURE dbo.p AS SELECT 1;
        CREATE FUNCTION dbo.f(@a int) RETURNS int AS BEGIN RETURN @a END;
        CREATE SEQUENCE dbo.numbers;
        CREATE TRIGGER dbo.tr ON dbo.t AFTER INSERT AS SELECT 1;
        CREATE TYPE dbo.code FROM int;
        CREATE TYPE dbo.listing AS TABLE (id int)""",
}

SEEN = {
    "postgresql": (
        "ALTER TABLE t DISABLE TRIGGER tr",
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "ALTER TYPE mood ADD VALUE 'glad'",
        "ALTER TYPE pair ADD ATTRIBUTE c int",
        "ALTER VIEW v RENAME COLUMN price TO cost",
        "ALTER VIEW v SET (security_barrier = true)",
        "ALTER VIEW v ALTER COLUMN cost SET DEFAULT 7",
        "ALTER FUNCTION f(int) SECURITY DEFINER",
        "ALTER FUNCTION f(int) SET search_path = pg_catalog",
        "ALTER FUNCTION f(int) STABLE",
        "ALTER FUNCTION f(int) COST 7",
        "CREATE FUNCTION f(a bigint) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER PROCEDURE p() SECURITY DEFINER",
        "ALTER POLICY po ON t USING (id > 1)",
        "ALTER POLICY po ON t TO current_user",
        "CREATE OR REPLACE RULE ru AS ON DELETE TO u DO ALSO NOTHING",
        "ALTER TABLE u DISABLE RULE ru",
        "ALTER DOMAIN positive ADD CHECK (VALUE < 10)",
        "ALTER DOMAIN positive SET DEFAULT 5",
        "ALTER DOMAIN positive SET NOT NULL",
        "ALTER SEQUENCE numbers INCREMENT 5",
        "ALTER SEQUENCE numbers CYCLE",
        "CREATE INDEX mi ON m (id)",
        "DROP INDEX mi",
        "ALTER TABLE t RENAME COLUMN price TO amount",
        "ALTER TABLE t RENAME TO t2",
        "ALTER TABLE t2 RENAME TO t",
        "GRANT SELECT ON v TO PUBLIC",
        "GRANT UPDATE (cost) ON v TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC",
        "GRANT USAGE ON SEQUENCE numbers TO PUBLIC",
        "ALTER VIEW v OWNER TO pg_monitor",
        "ALTER FUNCTION f(int) OWNER TO pg_monitor",
        "ALTER TYPE mood OWNER TO pg_monitor",
        "ALTER VIEW v SET SCHEMA side",
        "DROP AGGREGATE total(int)",
        "DROP OPERATOR === (int, int)",
        "CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION etf()",
        "ALTER EVENT TRIGGER et DISABLE",
        "DROP EVENT TRIGGER et",
    ),
    "mysql": (
        "ALTER VIEW v AS SELECT id FROM t",
        "ALTER SQL SECURITY INVOKER VIEW v AS SELECT id FROM t",
        "CREATE OR REPLACE VIEW v AS SELECT id FROM t WHERE id > 1 WITH CHECK OPTION",
        "ALTER FUNCTION f SQL SECURITY INVOKER",
        "ALTER FUNCTION f READS SQL DATA",
        "CREATE OR REPLACE FUNCTION f(a bigint) RETURNS int DETERMINISTIC RETURN a",
        "CREATE OR REPLACE FUNCTION f(a bigint) RETURNS bigint DETERMINISTIC RETURN a",
        "CREATE OR REPLACE FUNCTION f(a bigint) RETURNS bigint NOT DETERMINISTIC RETURN a",
        "CREATE OR REPLACE PROCEDURE p(OUT a int) SET a = 1",
        "CREATE OR REPLACE PROCEDURE p(OUT b int) SET b = 1",
        "CREATE OR REPLACE TRIGGER tr AFTER INSERT ON t FOR EACH ROW SET @y = 1",
        "DROP TRIGGER tr; CREATE TRIGGER tr AFTER INSERT ON u FOR EACH ROW SET @y = 1",
        "ALTER EVENT ev ENABLE",
        "ALTER EVENT ev ON SCHEDULE EVERY 2 DAY",
        "ALTER EVENT ev DO SET @x = 2",
        "ALTER EVENT ev RENAME TO ev2",
        "CREATE TABLE old (id int); CREATE VIEW w AS SELECT id FROM old",
        "SET sql_mode = 'ORACLE'; CREATE PACKAGE pk AS FUNCTION g RETURN INT; END",
        "CREATE OR REPLACE PACKAGE pk AS FUNCTION g RETURN INT; FUNCTION h RETURN INT; END",
        "DROP PACKAGE pk; SET sql_mode = DEFAULT",
        "RENAME TABLE v TO v2",
        "DROP TRIGGER tr",
    ),
    "sqlite": (
        "ALTER TABLE t RENAME COLUMN price TO cost",
        "ALTER TABLE t RENAME TO t2",
        "ALTER TABLE u RENAME TO u2",
        "DROP VIEW v; CREATE VIEW v AS SELECT id FROM t2",
        "DROP TRIGGER tr; CREATE TRIGGER tr BEFORE DELETE ON t2 BEGIN SELECT 1; END",
        "DROP TRIGGER tr",
        "CREATE VIEW w AS SELECT 1 AS one",
        "DROP VIEW w",
    ),
    "mssql": (
        "DROP VIEW dbo.v; CREATE VIEW dbo.v AS SELECT id FROM dbo.t",
        "DROP PROCEDURE dbo.p; CREATE PROCEDURE dbo.p @a int AS SELECT 1",
        "DROP FUNCTION dbo.f; CREATE FUNCTION dbo.f(@a int) RETURNS bigint AS BEGIN RETURN @a END",
        "SET ANSI_NULLS OFF; DROP FUNCTION dbo.f; CREATE FUNCTION dbo.f(@a int) RETURNS int AS BEGIN RETURN 1 END",
        "DISABLE TRIGGER dbo.tr ON dbo.t",
        "ENABLE TRIGGER dbo.tr ON dbo.t",
        "DROP TRIGGER dbo.tr; CREATE TRIGGER dbo.tr ON dbo.t AFTER DELETE AS SELECT 1",
        "EXEC sp_rename 'dbo.p', 'q', 'OBJECT'",
        "DROP TYPE dbo.code; CREATE TYPE dbo.code FROM bigint",
        "DROP TYPE dbo.listing; CREATE TYPE dbo.listing AS TABLE (id bigint)",
        "DROP TYPE dbo.code",
        "DROP TYPE dbo.listing",
        "CREATE VIEW dbo.w AS SELECT 1 AS one",
        "DROP TRIGGER dbo.tr",
        "DROP VIEW dbo.v",
    ),
}

SEEN_BY_MICROSOFT = (
    "ALTER VIEW dbo.v AS SELECT id FROM dbo.t",
    "CREATE OR ALTER VIEW dbo.v AS SELECT price FROM dbo.t",
    "ALTER FUNCTION dbo.f(@a int) RETURNS int AS BEGIN RETURN @a + 1 END",
    "ALTER TRIGGER dbo.tr ON dbo.t AFTER DELETE AS SELECT 1",
    "ALTER SCHEMA side TRANSFER dbo.v",
    "ALTER AUTHORIZATION ON OBJECT::dbo.v TO guest",
    "GRANT SELECT ON dbo.v TO public",
    "GRANT SELECT (id) ON dbo.v TO public",
    "DENY SELECT ON dbo.v TO public",
    "CREATE SYNONYM dbo.s FOR dbo.t",
    "CREATE TRIGGER watch ON DATABASE FOR CREATE_TABLE AS SELECT 1",
    "ALTER PROCEDURE dbo.p AS SELECT 2",
    "ALTER PROCEDURE dbo.p @a int AS SELECT 1",
    "ALTER SEQUENCE dbo.numbers INCREMENT BY 5",
    "ALTER SEQUENCE dbo.numbers CYCLE",
    "DROP SEQUENCE dbo.numbers",
)
"""Each alone, for a server that merely speaks SQL Server's protocol may lack the statement or its catalog view."""
LISTED = {
    r"GRANT|DENY": ("permissions", "SELECT TOP 1 class FROM sys.database_permissions"),
    r"\w+ SEQUENCE": ("sequences", "SELECT name FROM sys.sequences"),
}

SEEN_BY_VERSION = {
    "postgresql": (
        "ALTER STATISTICS st SET STATISTICS 50",
        "DROP STATISTICS st",
        "DROP COLLATION co",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE PUBLICATION pub FOR TABLE t",
        "ALTER PUBLICATION pub SET (publish = 'insert')",
        "DROP PUBLICATION pub",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w",
        "CREATE FOREIGN TABLE ft (id int) SERVER srv",
        "ALTER FOREIGN TABLE ft ADD COLUMN name text",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "GRANT USAGE ON SCHEMA side TO PUBLIC",
    ),
}
"""Changes of kinds that no record of a file has: a deploy compares, and finds nothing."""

NOT_SEEN = {
    "postgresql": (
        "COMMENT ON VIEW v IS 'x'",
        "COMMENT ON FUNCTION f(int) IS 'x'",
        "CREATE TEMP TABLE tt (id int DEFAULT 1 CHECK (id > 0))",
        "CREATE TEMP VIEW tv AS SELECT 1 AS one",
        "VACUUM",
        "VACUUM FULL t",
        "ANALYZE",
        "REINDEX TABLE t",
        "TRUNCATE t",
        "INSERT INTO t VALUES (1, 2, 'x')",
        "REFRESH MATERIALIZED VIEW m",
        "SELECT nextval('numbers')",
        "SET search_path = pg_catalog",
        "SET DateStyle = 'German'",
        "SET IntervalStyle = 'iso_8601'",
        "SET TimeZone = 'Asia/Tokyo'",
        "SET quote_all_identifiers = on",
        "CREATE ROLE {other}",
        "CREATE DATABASE {other}",
    ),
    "mysql": (
        "ALTER TABLE t COMMENT = 'x'",
        "CREATE TEMPORARY TABLE tt (id int)",
        "ANALYZE TABLE t",
        "OPTIMIZE TABLE t",
        "FLUSH TABLES",
        "TRUNCATE t",
        "INSERT INTO t VALUES (1, 2, 'x')",
        "ALTER TABLE t FORCE",
        "SET sql_mode = 'ANSI_QUOTES'",
        "SET sql_quote_show_create = 0",
        "SET NAMES latin1",
        "SET time_zone = '+09:00'",
        "SET group_concat_max_len = 4",
        "CREATE DATABASE {other}; CREATE VIEW {other}.v AS SELECT 1 AS one",
    ),
    "sqlite": (
        "INSERT INTO t VALUES (1, 2, 'x')",
        "REINDEX",
        "VACUUM",
        "ANALYZE",
        "PRAGMA optimize",
        "CREATE TEMP VIEW tv AS SELECT 1 AS one",
        "CREATE TEMP TABLE tt (id INT)",
        "ATTACH ':memory:' AS other; CREATE VIEW other.v AS SELECT 1 AS one",
        "BEGIN; CREATE VIEW w AS SELECT 1 AS one; ROLLBACK",
    ),
    "mssql": (
        "INSERT INTO dbo.t VALUES (1, 2, 'x')",
        "CREATE TABLE #tt (id int)",
        "UPDATE dbo.t SET price = 3",
        "DELETE FROM dbo.t",
        "TRUNCATE TABLE dbo.t",
        "DECLARE @n bigint = NEXT VALUE FOR dbo.numbers",
        "EXEC sys.sp_addextendedproperty 'MS_Description', 'x', 'SCHEMA', 'dbo', 'VIEW', 'v'",
        "SET QUOTED_IDENTIFIER OFF",
        "SET ANSI_NULLS OFF",
        "SET DATEFORMAT ymd",
        "BEGIN TRANSACTION; CREATE TABLE dbo.gone (id int); ROLLBACK",
    ),
}

UPKEEP_OF_VERSION = {
    "postgresql": {"CREATE ROLE {other}", "CREATE DATABASE {other}"} ^ set(NOT_SEEN["postgresql"]),
    "sqlite": {"INSERT INTO t VALUES (1, 2, 'x')", "REINDEX", "PRAGMA optimize"},
}
"""Statements that leave the version alone, too: after them a deploy compares nothing."""

EXTRA = {
    "mssql": "CREATE SCHEMA side",
    "postgresql": "CREATE FUNCTION etf() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE SCHEMA side",
}


def run(connection: Connection, live: Deployed, text: str) -> None:
    for statement in re.split(r"; (?!END|FUNCTION)", text.replace("{other}", f"{live.database}_x")):
        connection.execute(statement)


@pytest.fixture
def filled(live: Deployed) -> Deployed:
    with live.connection() as connection:
        for statement in SETUP[live.target.name].split(";\n"):
            connection.execute(statement)
        for statement in EXTRA.get(live.target.name, "").split("; "):
            if statement:
                connection.execute(statement)
    return live


def test_what_changes_an_object_changes_fingerprint_and_version(filled: Deployed) -> None:
    missed = []
    with filled.connection() as connection:
        for statement in SEEN[filled.target.name]:
            catalog, version = read_catalog(connection), read_version(connection)
            if connection.dialect.hashes_make_version and combined_version(catalog, connection.dialect) != version:
                missed.append(f"version of the fingerprints before: {statement}")
            run(connection, filled, statement)
            if read_catalog(connection) == catalog:
                missed.append(f"fingerprint: {statement}")
            if read_version(connection) == version:
                missed.append(f"version: {statement}")
    assert missed == []


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
@pytest.mark.parametrize("statement", SEEN_BY_MICROSOFT)
def test_what_only_microsofts_server_may_have_changes_them_too(filled: Deployed, statement: str) -> None:
    with filled.connection() as connection:
        for pattern, (kind, query) in LISTED.items():
            if re.match(pattern, statement) and not connection.query(query):
                pytest.skip(f"this server lists no {kind}")
        catalog, version = read_catalog(connection), read_version(connection)
        refused = connection.try_execute(statement)
        if refused is not None and "not currently supported" in refused:
            pytest.skip(f"this server lacks a statement: {refused}")
        assert refused is None
        assert read_catalog(connection) != catalog
        if read_version(connection) == version:
            dates = "SELECT name FROM sys.objects WHERE name = 'p' AND modify_date = create_date"
            assert statement.startswith("ALTER PROCEDURE")
            assert connection.query(dates)
            pytest.skip("this server keeps no dates of changes")


IN_OTHER_WAYS = (
    "PREPARE s FROM 'CREATE OR REPLACE VIEW v AS SELECT 2 AS id'; EXECUTE s",
    "EXECUTE IMMEDIATE 'CREATE OR REPLACE VIEW v AS SELECT 3 AS id'",
    "BEGIN NOT ATOMIC CREATE OR REPLACE VIEW v AS SELECT 4 AS id; END",
    "CREATE PROCEDURE remake() CREATE OR REPLACE VIEW v AS SELECT 5 AS id; CALL remake()",
    "CREATE SEQUENCE numbers",
    "DROP TABLE t",
)


TRIGGER = "CREATE TRIGGER tr BEFORE DELETE ON t FOR EACH ROW SET @z = 1"


def look(connection: Connection) -> Catalog:
    """Read all objects behind a mark, as soon as no other session is running a statement."""
    until(lambda: read_mark(connection))
    mark, catalog = read_mark(connection), read_catalog(connection)
    catalog.mark = mark
    return catalog


@pytest.fixture
def counting(filled: Deployed) -> Iterator[tuple[Deployed, Connection]]:
    """A connection to MariaDB, which counts the statements of each session."""
    with filled.connection() as connection:
        if connection.product != "MariaDB":
            pytest.skip("MySQL does not tell which sessions have changed objects")
        yield filled, connection


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_what_another_session_changes_is_noticed_by_counters(counting: tuple[Deployed, Connection]) -> None:
    live, connection = counting
    missed = []
    with live.connection() as other:
        for statement in (*SEEN["mysql"], *IN_OTHER_WAYS):
            known = look(connection)
            if read_changed(connection, known, {"nothing"}, {"view"}) != (known, {}):
                missed.append(f"nothing has happened before: {statement}")
            run(other, live, statement)
            if read_changed(connection, known, {"v", "f", "p", "tr", "ev"}) is not None:
                missed.append(statement)
    assert missed == []


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_what_the_session_itself_changes_is_read_by_its_names(counting: tuple[Deployed, Connection]) -> None:
    live, connection = counting
    run(connection, live, "CREATE OR REPLACE VIEW w AS SELECT 1 AS one; CREATE OR REPLACE VIEW `ä` AS SELECT 1 AS one")
    for own, kinds, statement in (
        (
            {"v", "w"},
            {"view"},
            "CREATE OR REPLACE VIEW v AS SELECT 7 AS id; CREATE OR REPLACE VIEW w AS SELECT 2 AS one",
        ),
        ({"F"}, {"function"}, "CREATE OR REPLACE FUNCTION f(a bigint) RETURNS int DETERMINISTIC RETURN a + 1"),
        ({"ä", "q"}, {"view", "procedure"}, "ALTER VIEW `ä` AS SELECT 8 AS one; CREATE PROCEDURE q() SELECT 1"),
        ({"numbers"}, {"sequence"}, "CREATE SEQUENCE numbers"),
        ({"ev", "tr"}, {"event", "trigger"}, "ALTER EVENT ev ENABLE; DROP TRIGGER tr; " + TRIGGER),
        ({"w"}, (), "DROP VIEW w"),
        ({"t"}, (), "DROP TABLE t"),
    ):
        known = look(connection)
        run(connection, live, statement)
        catalog, texts = read_changed(connection, known, own, kinds) or (known, {})
        assert catalog == read_catalog(connection) != known, statement
        assert texts == (read_definitions(connection, texts) if kinds else {})
        assert {key.name.lower() for key in texts} == ({name.lower() for name in own} if kinds else set()), statement
        assert read_changed(connection, known, set()) is None


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_there_is_no_mark_while_another_session_runs_a_statement(counting: tuple[Deployed, Connection]) -> None:
    live, connection = counting
    assert look(connection).mark
    connection.execute("LOCK TABLES t READ")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(live.by_hand, "DROP TABLE t")
        try:
            until(lambda: not read_mark(connection))
        finally:
            connection.execute("UNLOCK TABLES")
        waiting.result()
    assert look(connection).mark


@pytest.mark.parametrize("target", sorted(SEEN_BY_VERSION), indirect=True)
def test_changes_of_other_kinds_change_the_version(filled: Deployed) -> None:
    missed = []
    with filled.connection() as connection:
        for statement in SEEN_BY_VERSION[filled.target.name]:
            version = read_version(connection)
            run(connection, filled, statement)
            if read_version(connection) == version:
                missed.append(statement)
    assert missed == []


def test_upkeep_and_rows_and_other_databases_change_no_fingerprint(filled: Deployed) -> None:
    noticed = []
    other = f"{filled.database}_x"
    with filled.connection() as connection:
        try:
            for statement in NOT_SEEN[filled.target.name]:
                catalog, version = read_catalog(connection), read_version(connection)
                run(connection, filled, statement)
                if read_catalog(connection) != catalog:
                    noticed.append(f"fingerprint: {statement}")
                quiet = statement in UPKEEP_OF_VERSION.get(filled.target.name, {statement})
                if quiet and read_version(connection) != version:
                    noticed.append(f"version: {statement}")
        finally:
            if filled.target.name in {"postgresql", "mysql"}:
                connection.try_execute(f"DROP DATABASE IF EXISTS {other}")
            if filled.target.name == "postgresql":
                connection.try_execute(f"DROP ROLE IF EXISTS {other}")
    assert noticed == []


READERS = {
    "postgresql": (
        "CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        "GRANT pg_read_all_data TO {role}",
        "DROP ROLE {role}",
    ),
    "mysql": (
        "CREATE USER {role} IDENTIFIED BY 'secret'",
        "GRANT SELECT, EXECUTE ON * TO {role}",
        "DROP USER {role}",
    ),
}


@pytest.mark.parametrize("target", sorted(READERS), indirect=True)
def test_what_a_login_cannot_see_is_not_changed_by_hand(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    body = "LANGUAGE sql AS 'SELECT 7'" if live.target.name == "postgresql" else "DETERMINISTIC RETURN 7"
    live.write("database/functions/seven.sql", f"CREATE OR REPLACE FUNCTION seven() RETURNS int {body};\n")
    live.succeed("deploy")
    role, (create, grant, drop) = f"{live.database}_r", READERS[live.target.name]
    live.by_hand(*(text.format(role=role) for text in (create, grant)))
    owner = {name: live.backend.get(name) for name in ("username", "password")}
    try:
        live.reconfigure(username=role, password="secret")
        live.succeed("drift")
        assert "nothing to do" in live.succeed("plan", "--check").text
        live.succeed("status")
        live.succeed("history")
    finally:
        live.reconfigure(**owner)
        live.by_hand(*drop.format(role=role).split("; "))
    live.by_hand("DROP VIEW a", "CREATE VIEW a AS SELECT 2 AS one")
    live.fail("drift", code=5)


class Tenants(NamedTuple):
    """Statements in other schemas than the project's, which is the default one and uses something of `side`."""

    uses: tuple[str, ...]
    tenant: tuple[str, ...]
    change: str


TENANTS = {
    "postgresql": Tenants(
        ("CREATE TABLE side.st (id int)", "CREATE VIEW public.sv AS SELECT id FROM side.st"),
        (
            "CREATE SCHEMA tenant; CREATE TABLE tenant.x (id serial PRIMARY KEY CHECK (id > 0))",
            "CREATE TYPE tenant.y AS ENUM ('a'); ALTER TYPE tenant.y ADD VALUE 'b'",
            "CREATE VIEW tenant.v AS SELECT 1 AS one; GRANT SELECT ON tenant.v TO PUBLIC",
            "CREATE FUNCTION tenant.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ),
        "ALTER TABLE side.st RENAME COLUMN id TO number",
    ),
    "mssql": Tenants(
        ("CREATE TYPE side.code FROM int", "CREATE TYPE dbo.codes AS TABLE (id side.code)"),
        (
            "CREATE SCHEMA tenant",
            "CREATE TABLE tenant.x (id int PRIMARY KEY CHECK (id > 0))",
            "CREATE TYPE tenant.y FROM int; CREATE TYPE tenant.z AS TABLE (id tenant.y)",
            "CREATE VIEW tenant.v AS SELECT 1 AS one; GRANT SELECT ON tenant.v TO public",
            "CREATE TRIGGER tenant.tr ON tenant.x AFTER INSERT AS SELECT 1",
            "DISABLE TRIGGER tenant.tr ON tenant.x",
        ),
        "CREATE TYPE side.more FROM bigint",
    ),
}


@pytest.mark.parametrize("target", sorted(TENANTS), indirect=True)
def test_the_version_of_some_schemas_leaves_out_those_of_other_tenants(filled: Deployed) -> None:
    tenants, default = TENANTS[filled.target.name], {"postgresql": "public", "mssql": "dbo"}[filled.target.name]
    with filled.connection() as connection:
        for statement in tenants.uses:
            connection.execute(statement)
        own, all_used = read_version(connection, [default]), with_used_schemas(connection, {default})
        assert all_used == {default, "side"}
        used = read_version(connection, all_used)
        for statement in tenants.tenant:
            run(connection, filled, statement)
            assert read_version(connection, all_used) == used, statement
        connection.execute(tenants.change)
        assert read_version(connection, [default]) == own
        assert read_version(connection, all_used) != used


@pytest.mark.parametrize("target", sorted(TENANTS), indirect=True)
def test_what_another_tenant_does_costs_no_comparison(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.by_hand("CREATE SCHEMA tenant", "CREATE VIEW tenant.v AS SELECT 1 AS one")
    with patch("ahjo_tasks.engine.deployment.read_catalog", side_effect=AssertionError):
        assert "nothing to do" in live.succeed("deploy").text
    live.succeed("drift")
    live.by_hand("DROP VIEW a", "CREATE VIEW a AS SELECT 2 AS one")
    assert "changed by hand" in live.succeed("deploy").err


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_an_error_that_ends_the_transaction_is_told_while_tables_are_read(
    live: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.by_hand("CREATE TABLE t (id int)")
    with live.connection() as connection:
        monkeypatch.setattr("ahjo_tasks.database.catalog._describe_tables", lambda *_: connection.query("SELECT 1 / 0"))
        assert read_tables(connection) is None
        with pytest.raises(StatementError, match=r"(?i)zero"), connection.one_transaction():
            read_tables(connection)


TABLE = """
    CREATE SCHEMA sales;
    CREATE TABLE sales.part (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE sales.t (id int PRIMARY KEY, of_part int REFERENCES sales.part, name varchar(20) COLLATE "C",
        price numeric(8, 2) CONSTRAINT positive CHECK (price > 0),
        twice numeric GENERATED ALWAYS AS (price * 2) STORED);
    CREATE INDEX by_name ON sales.t (lower(name)) WHERE price > 1"""
TABLE_CHANGES = (
    "ADD note text",
    'ALTER name TYPE varchar(30) COLLATE "C"',
    "ALTER name TYPE varchar(30)",
    "ALTER name SET NOT NULL",
    "ALTER price SET DEFAULT 5",
    "ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    "ALTER id SET GENERATED BY DEFAULT",
    "RENAME name TO title",
    "ALTER twice DROP EXPRESSION",
    "DROP CONSTRAINT positive",
    "ADD UNIQUE (price)",
    "ADD EXCLUDE USING btree (title WITH =)",
    "ALTER CONSTRAINT t_of_part_fkey DEFERRABLE",
    "DROP CONSTRAINT t_of_part_fkey",
    "DROP CONSTRAINT t_pkey",
)
"""Each is one change of sales.t, after those before it."""
INDEX_CHANGES = (
    "DROP INDEX sales.by_name",
    "CREATE UNIQUE INDEX by_name ON sales.t (id)",
    "COMMENT ON TABLE sales.t IS 'sold'",
    "COMMENT ON COLUMN sales.t.price IS 'in euro'",
    "COMMENT ON INDEX sales.by_name IS 'for the search'",
    "COMMENT ON CONSTRAINT t_price_key ON sales.t IS 'once'",
)


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_table_is_described_otherwise_after_each_change_and_the_same_after_none(live: Deployed) -> None:
    key = ObjectKey("table", "sales", "t")
    with live.connection() as connection:
        connection.execute(TABLE)
        first = (read_tables(connection) or {})[key]
        connection.execute("CREATE TABLE sales.more PARTITION OF sales.part FOR VALUES FROM (0) TO (9)")
        connection.execute("SET search_path = sales; SET quote_all_identifiers = on; ANALYZE sales.t")
        assert (read_tables(connection) or {})[key] == first
        seen = [first]
        for statement in (*(f"ALTER TABLE sales.t {change}" for change in TABLE_CHANGES), *INDEX_CHANGES):
            connection.execute(statement)
            seen.append((read_tables(connection) or {})[key])
            assert seen[-1] != seen[-2], statement


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_queries_of_the_catalog_are_not_compiled_and_leave_the_setting(filled: Deployed) -> None:
    asked = "SELECT current_setting('jit')"
    with filled.connection() as connection:
        connection.execute("SET jit = on")
        assert connection.dialect.query_catalog(connection, asked) == [("off",)]
        with connection.one_transaction():
            assert connection.dialect.query_catalog(connection, asked) == [("off",)]
            assert connection.query(asked) == [("on",)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_a_run_changes_bit_by_bit_in_one_transaction_is_read_by_its_names(filled: Deployed) -> None:
    with filled.connection() as connection:
        known = look(connection)
        with connection.transaction():
            connection.execute("CREATE OR REPLACE VIEW v2 AS SELECT 1 AS one")
            catalog, texts = read_changed(connection, known, {"v2"}) or (known, {})
            assert (catalog, texts) == read_with(connection, {"v2"})
            known, known.mark, known.changed = catalog, read_mark(connection), frozenset({"v2"})
            connection.execute("CREATE OR REPLACE VIEW v3 AS SELECT 2 AS two")
            catalog, texts = read_changed(connection, known, {"v3"}) or (known, {})
            assert (catalog, texts) == read_with(connection, {"v2", "v3"})
            filled.by_hand("CREATE VIEW other AS SELECT 1 AS one")
            assert read_changed(connection, known, {"v3"}) is None


def read_with(connection: Connection, names: set[str]) -> tuple[Catalog, dict[ObjectKey, str]]:
    """Return all fingerprints, and the texts of the objects with these names."""
    return read_catalog(connection), read_catalog_with_texts(connection, names)[1]
