"""Drift: what differs in a database from what the last deploy left, with the difference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from revisions import revision

if TYPE_CHECKING:
    from inside import Deployed

ITEM = (
    'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),'
    ' sa.Column("name", sa.String(20)))'
)


@pytest.fixture
def views(live: Deployed) -> Deployed:
    """Views a and b, deployed."""
    live.view("a", "SELECT 1 AS one")
    live.view("b", "SELECT 2 AS two")
    live.succeed("deploy")
    return live


def drift(live: Deployed) -> dict[str, dict[str, Any]]:
    """The entries of `inv drift`, which must find some, by file or name."""
    report = json.loads(live.fail("drift", "--format", "json", code=5).out)
    return {entry["file"].split("/")[-1]: entry for entry in report["changes"]}


def test_a_change_by_hand_is_shown_with_the_difference(views: Deployed) -> None:
    views.by_hand("DROP VIEW b", "CREATE VIEW b AS SELECT 77 AS two")
    shown = drift(views)
    assert set(shown) == {"b.sql"}
    assert shown["b.sql"]["status"] == "changed by hand"
    lines = shown["b.sql"]["diff"].splitlines()
    assert [line for line in lines if line.startswith("-") and "77" not in line and "2" in line]
    assert [line for line in lines if line.startswith("+") and "77" in line]
    assert "77" in views.fail("drift", code=5).out


def test_a_dropped_object_and_a_file_that_is_not_deployed_are_drift(views: Deployed) -> None:
    views.by_hand("DROP VIEW a")
    views.view("c", "SELECT 3 AS three")
    shown = drift(views)
    assert "dropped by hand" in shown["a.sql"]["reason"]
    assert shown["c.sql"]["status"] == "new"
    assert set(shown) == {"a.sql", "c.sql"}


def test_a_changed_file_hides_no_change_by_hand(views: Deployed) -> None:
    views.by_hand("DROP VIEW b", "CREATE VIEW b AS SELECT 77 AS two")
    views.view("b", "SELECT 3 AS two")
    assert drift(views)["b.sql"]["status"] == "changed by hand"


def test_an_annotation_names_the_file_or_the_object(views: Deployed) -> None:
    views.by_hand("DROP VIEW b", "CREATE VIEW b AS SELECT 9 AS nine", "CREATE VIEW strange AS SELECT 1 AS one")
    b, strange, counts = views.fail("drift", "--format", "github", code=5).out.splitlines()
    assert b.startswith("::warning file=database/views/b.sql,title=ahjo drift::changed by hand: view ")
    assert strange.startswith("::warning title=ahjo drift::")
    assert strange.endswith("strange: in no file")
    assert counts.startswith("::notice title=ahjo drift::1 changed by hand, 1 in no file")


def test_a_removed_file_is_listed(views: Deployed) -> None:
    (views.directory / "database/views/b.sql").unlink()
    assert drift(views)["b.sql"]["status"] == "removed"


def test_the_config_leaves_objects_out(views: Deployed) -> None:
    views.by_hand("CREATE VIEW tmp_one AS SELECT 1 AS one")
    assert set(drift(views)) >= {next(name for name in drift(views) if name.endswith("tmp_one"))}
    views.reconfigure(drift_ignore=["view/*/tmp_*"])
    views.succeed("drift")


def test_a_text_with_a_secret_is_not_shown(views: Deployed) -> None:
    views.reconfigure(scripting_variables={"api_password": "s3cret-value"})
    views.by_hand("DROP VIEW b", "CREATE VIEW b AS SELECT 's3cret-value' AS two")
    shown = views.fail("drift", "--format", "json", code=5).text
    assert "s3cret-value" not in shown
    assert "a secret is in its text" in shown


def test_a_table_of_a_revision_is_compared_with_what_the_last_one_left(live: Deployed) -> None:
    revision(live, "a1", None, ITEM)
    live.succeed("deploy")
    live.succeed("drift")
    live.by_hand("ALTER TABLE item ADD price INTEGER")
    entry = drift(live)["item" if live.target.name in {"sqlite", "mysql"} else next(iter(drift(live)))]
    assert entry["kind"] == "table"
    assert "+column price" in entry["diff"]
    revision(live, "b2", "a1", 'op.create_table("other", sa.Column("id", sa.Integer))')
    live.succeed("deploy")
    assert len(drift(live)) == 1  # what another revision did not change still differs
    revision(live, "c3", "b2", 'op.drop_column("item", "price")')
    live.succeed("deploy")
    live.succeed("drift")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_a_revision_or_the_structure_creates_is_in_a_file(live: Deployed) -> None:
    mood = 'sa.Enum("sad", "ok", name="mood")'
    made = f'op.create_table("item", sa.Column("id", sa.Integer), sa.Column("mood", {mood}))'
    revision(live, "a1", None, made + '; op.execute("CREATE SEQUENCE \\"Order No\\"")')
    live.write("database/tables/t.sql", "CREATE DOMAIN year AS int;\nCREATE TABLE t (y year);\n")
    live.view("a", "SELECT 1 AS one")
    live.succeed("structure", "deploy", "drift")
    live.by_hand("CREATE SEQUENCE theirs", "CREATE TYPE moody AS ENUM ('x')")
    assert set(drift(live)) == {"public.theirs", "public.moody"}


def test_tables_of_applications_are_not_drift(live: Deployed) -> None:
    revision(live, "a1", None, ITEM)
    live.by_hand("CREATE TABLE theirs (id INTEGER)")
    live.succeed("deploy")
    live.by_hand("ALTER TABLE theirs ADD price INTEGER", "CREATE TABLE more (id INTEGER)")
    live.succeed("drift")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_grants_comments_and_partitions(live: Deployed) -> None:
    revision(
        live,
        "a1",
        None,
        ITEM + '; op.execute("CREATE TABLE log (at DATE) PARTITION BY RANGE (at)")',
    )
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.by_hand("CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')")
    live.succeed("drift")
    live.by_hand("GRANT SELECT ON a TO PUBLIC", "COMMENT ON COLUMN item.name IS 'words'")
    shown = drift(live)
    assert "rights or indexes of view public.a" in shown["a.sql"]["reason"]
    assert "comments of table public.item" in shown["public.item"]["reason"]
    assert "nothing to do" in live.succeed("plan").text


def described(verb: str, *levels: str, text: str = "x") -> str:
    """Call the procedure of SQL Server that describes an object of dbo, or a part of it."""
    value = "" if verb == "drop" else f"N'{text}', "
    names = "', '".join(("SCHEMA", "dbo", *levels))
    return f"EXEC sp_{verb}extendedproperty 'MS_Description', {value}'{names}'"


COMMENTED = {
    "postgresql": {
        "views/a.sql": "CREATE OR REPLACE VIEW a AS SELECT 1 AS one;\nCOMMENT ON VIEW a IS 'ours';\n",
        "functions/f.sql": "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';\n",
        "types/mood.sql": "CREATE TYPE mood AS ENUM ('sad', 'ok');\n",
    },
    "mysql": {
        "functions/f.sql": "CREATE OR REPLACE FUNCTION f(a int) RETURNS int DETERMINISTIC COMMENT 'ours' RETURN a;\n",
        "procedures/p.sql": "CREATE OR REPLACE PROCEDURE p() SELECT 1;\n",
    },
    "mssql": {
        "views/a.sql": f"CREATE VIEW a AS SELECT 1 AS one\nGO\n{described('add', 'VIEW', 'a', text='ours')}\n",
        "functions/f.sql": "CREATE FUNCTION f(@a int) RETURNS int AS BEGIN RETURN @a END\n",
        "procedures/p.sql": "CREATE PROCEDURE p @b int AS SELECT 1\n",
        "types/code.sql": "CREATE TYPE dbo.code FROM int\n",
    },
}
"""Files of objects, some with a comment."""
COMMENTS = {
    "postgresql": [
        ("COMMENT ON VIEW a IS 'theirs'", "COMMENT ON VIEW a IS 'ours'", "view public.a"),
        ("COMMENT ON VIEW a IS NULL", "COMMENT ON VIEW a IS 'ours'", "view public.a"),
        ("COMMENT ON COLUMN a.one IS 'x'", "COMMENT ON COLUMN a.one IS NULL", "view public.a"),
        ("COMMENT ON FUNCTION f(int) IS 'x'", "COMMENT ON FUNCTION f(int) IS NULL", "function public.f"),
        ("COMMENT ON TYPE mood IS 'x'", "COMMENT ON TYPE mood IS NULL", "type public.mood"),
    ],
    "mysql": [
        ("ALTER FUNCTION f COMMENT 'theirs'", "ALTER FUNCTION f COMMENT 'ours'", "function f"),
        ("ALTER PROCEDURE p COMMENT 'x'", "ALTER PROCEDURE p COMMENT ''", "procedure p"),
    ],
    "mssql": [
        (
            described("update", "VIEW", "a", text="theirs"),
            described("update", "VIEW", "a", text="ours"),
            "view dbo.a",
        ),
        (described("drop", "VIEW", "a"), described("add", "VIEW", "a", text="ours"), "view dbo.a"),
        (described("add", "FUNCTION", "f", text="käsin"), described("drop", "FUNCTION", "f"), "function dbo.f"),
        (described("add", "PROCEDURE", "p"), described("drop", "PROCEDURE", "p"), "procedure dbo.p"),
        (described("add", "TYPE", "code"), described("drop", "TYPE", "code"), "type dbo.code"),
    ],
}
"""Comments by hand, what takes each back, and the object."""


@pytest.mark.parametrize("target", sorted(COMMENTED), indirect=True)
def test_comments_by_hand_are_shown_and_run_nothing(live: Deployed) -> None:
    for name, text in COMMENTED[live.target.name].items():
        live.write(f"database/{name}", text)
    live.succeed("deploy")
    live.succeed("drift")
    for comment, undo, name in COMMENTS[live.target.name]:
        live.by_hand(comment)
        (entry,) = drift(live).values()
        assert entry["reason"] == f"comments of {name} were changed by hand"
        live.view("other", f"SELECT {len(comment)} AS n")
        live.succeed("deploy")  # what another file changes leaves it as it is
        assert len(drift(live)) == 1
        live.by_hand(undo)
        live.succeed("drift")


DESCRIBED = {
    "sequence dbo.q": (("SEQUENCE", "q"), "SELECT 1 FROM sys.sequences"),
    "view dbo.a": (("VIEW", "a", "COLUMN", "one"), "SELECT 1 FROM sys.extended_properties WHERE class = 1"),
    "procedure dbo.p": (("PROCEDURE", "p", "PARAMETER", "@b"), "SELECT 1 FROM sys.extended_properties WHERE class = 2"),
}
"""What to describe of an object of SQL Server, and a query that finds it where the server lists such things."""


@pytest.mark.parametrize("name", DESCRIBED)
@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_descriptions_of_what_only_microsofts_server_may_list_are_shown(live: Deployed, name: str) -> None:
    live.write("database/sequences/q.sql", "CREATE SEQUENCE dbo.q\n")
    live.write("database/views/a.sql", "CREATE VIEW a AS SELECT 1 AS one\n")
    live.write("database/procedures/p.sql", COMMENTED["mssql"]["procedures/p.sql"])
    live.succeed("deploy")
    levels, listed = DESCRIBED[name]
    with live.connection() as connection:
        refused = connection.try_execute(described("add", *levels))
    if refused is not None and "not currently supported" in refused:
        pytest.skip(f"this server lacks a statement: {refused}")
    assert refused is None
    if not live.rows(listed):
        pytest.skip(f"this server lists no description of a {levels[-2].lower()}")
    (entry,) = drift(live).values()
    assert entry["reason"] == f"comments of {name} were changed by hand"


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_rights_by_hand_are_still_shown_after_a_deploy_of_another_file(views: Deployed) -> None:
    views.by_hand("GRANT SELECT ON a TO PUBLIC")
    views.view("b", "SELECT 3 AS two")
    views.succeed("deploy")
    assert "rights or indexes of view public.a" in drift(views)["a.sql"]["reason"]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_the_difference_of_a_dropped_view_has_its_query_alone(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.by_hand("DROP VIEW a")
    lines = live.fail("drift", code=5).out.splitlines()
    removed = [line.strip() for line in lines if line.startswith("        -") and "---" not in line]
    assert removed == ["- SELECT 1 AS one;"]
