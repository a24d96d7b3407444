"""Deploys of a project that people edit end where a first deploy of it would, and leave nothing to do.

AHJO_TEST_EDITED_PROJECTS is the number of projects for each database; the suite tries a few.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from edited_projects import COLUMNS, TABLES, EditedProject
from inside import Deployed, deployed

from ahjo_tasks.database.catalog import read_catalog, read_definitions

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = range(int(os.environ.get("AHJO_TEST_EDITED_PROJECTS", "2")))
EDITS = 12


@pytest.mark.parametrize("seed", SEEDS)
def test_edits_end_where_a_first_deploy_does(live: Deployed, tmp_path: Path, seed: int) -> None:
    project = EditedProject(live.directory, live.target.name, seed)
    prepare(live)
    edits: list[str] = []
    for number in range(EDITS):
        edit = project.edit()
        first = deployed(live.target, tmp_path / f"first-{number}")
        prepare(first)
        project.folder = first.directory
        project.write()
        if first.here("deploy").code:
            project.folder = live.directory
            project.undo()  # as where another view needs a column that is gone
            continue
        project.folder = live.directory
        edits.append(edit)

        done = live.here("deploy", "--prune")

        assert done.code == 0, f"{edits}\n{done.text}"
        assert definitions(live) == definitions(first), edits
        assert live.here("plan", "--prune", "--check").code == 0, edits


def prepare(project: Deployed) -> None:
    """Create the tables that the objects read."""
    columns = ", ".join(f"{column} int" for column in COLUMNS)
    project.by_hand(*(f"CREATE TABLE {table} ({columns})" for table in TABLES))
    if project.target.name == "postgresql":
        project.by_hand("CREATE SCHEMA other")


def definitions(project: Deployed) -> dict[str, str]:
    """The texts of all objects, by their kinds and names."""
    with project.connection() as connection:
        found = read_definitions(connection, read_catalog(connection))
    return {str(key): text.replace(project.database, "database") for key, text in found.items()}


VIEW = "CREATE OR REPLACE VIEW shown AS SELECT {} AS x;\n"
MATERIALIZED = "DROP MATERIALIZED VIEW IF EXISTS shown;\nCREATE MATERIALIZED VIEW shown AS SELECT {} AS x;\n"
FUNCTION = "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
PROCEDURE = "CREATE OR REPLACE PROCEDURE f(a int) LANGUAGE sql AS 'SELECT 1';\n"


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("before", "now", "kind"), [(VIEW, MATERIALIZED, "VIEW"), (MATERIALIZED, VIEW, "MATERIALIZED VIEW")]
)
def test_a_view_becomes_one_of_the_other_kind(live: Deployed, before: str, now: str, kind: str) -> None:
    live.write("database/views/shown.sql", before.format(1))
    live.view("reads_it", "SELECT x FROM public.shown")
    live.succeed("deploy")
    live.by_hand("GRANT SELECT ON shown TO PUBLIC", f"COMMENT ON {kind} shown IS 'of the old kind'")

    live.write("database/views/shown.sql", now.format(2))
    live.succeed("deploy")

    assert live.here("plan", "--check").code == 0
    assert live.rows("SELECT x FROM reads_it") == [(2,)]
    assert "=r/" in str(live.rows("SELECT relacl::text FROM pg_class WHERE relname = 'shown'"))


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("before", "now", "kind"), [(FUNCTION, PROCEDURE, "p"), (PROCEDURE, FUNCTION, "f")])
def test_a_routine_becomes_one_of_the_other_kind(live: Deployed, before: str, now: str, kind: str) -> None:
    live.write("database/functions/f.sql", before)
    live.succeed("deploy")
    live.write("database/functions/f.sql", now)
    live.succeed("deploy")
    assert live.rows("SELECT prokind::text FROM pg_proc WHERE proname = 'f'") == [(kind,)]
    assert live.here("plan", "--check").code == 0


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_table_in_the_place_of_a_view_stays(live: Deployed) -> None:
    live.by_hand("CREATE TABLE shown (x int)", "INSERT INTO shown VALUES (7)")
    live.view("shown", "SELECT 1 AS x")

    done = live.fail("deploy")

    assert '"shown" is not a view' in done.err
    assert live.rows("SELECT x FROM shown") == [(7,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_moved_function_leaves_none_with_other_parameters(live: Deployed) -> None:
    function = "CREATE OR REPLACE FUNCTION {} RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    old = live.write("database/functions/old.sql", function.format("f(a int)") + function.format("f(a int, b int)"))
    live.write("database/functions/other.sql", function.format("f(a text)"))
    live.succeed("deploy")

    old.unlink()
    live.write("database/functions/new.sql", function.format("public.f(a bigint)") + function.format("f(a int, b int)"))
    live.succeed("deploy")

    found = live.rows("SELECT pg_get_function_identity_arguments(oid) FROM pg_proc WHERE proname = 'f' ORDER BY 1")
    assert found == [("a bigint",), ("a integer, b integer",), ("a text",)]


@pytest.mark.parametrize("target", ["postgresql", "mssql"], indirect=True)
def test_removed_objects_are_dropped_before_what_they_use(live: Deployed) -> None:
    head, schema = "CREATE OR REPLACE VIEW public.{}", "public"
    if live.target.name == "mssql":
        head, schema = "DROP VIEW IF EXISTS dbo.{0};\nGO\nCREATE VIEW dbo.{0} WITH SCHEMABINDING", "dbo"
    used = live.write("database/views/used.sql", f"{head.format('used')} AS SELECT 1 AS x;\n")
    user = live.write("database/views/z.sql", f"{head.format('z')} AS SELECT x FROM {schema}.used;\n")
    live.succeed("deploy")
    live.write("database/views/used.sql", used.read_text().replace("AS SELECT 1", "AS SELECT /* later */ 1"))
    live.succeed("deploy")

    used.unlink()
    user.unlink()
    live.succeed("deploy", "--prune")

    assert not live.has(f"{schema}.used")
    assert not live.has(f"{schema}.z")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_is_used_by_nobodys_object_is_not_dropped_and_its_user_named(live: Deployed) -> None:
    live.view("used", "SELECT 1 AS x")
    live.succeed("deploy")
    live.by_hand("CREATE VIEW nobodys AS SELECT x FROM used")
    (live.directory / "database" / "views" / "used.sql").unlink()

    done = live.fail("deploy", "--prune")

    assert "hint: Used by view nobodys: drop or change it first." in done.err
    assert live.has("used")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_an_object_that_moved_to_another_schema_is_pruned_from_the_old_one(live: Deployed) -> None:
    text = "DROP MATERIALIZED VIEW IF EXISTS {0}.m;\nCREATE MATERIALIZED VIEW {0}.m AS SELECT 1 AS x;\n"
    live.by_hand("CREATE SCHEMA other")
    live.write("database/views/m.sql", text.format("public"))
    live.succeed("deploy")
    live.write("database/views/m.sql", text.format("other"))

    said = live.succeed("plan").text
    live.succeed("deploy", "--prune")

    assert "no longer creates view public.m, which stays" in said
    assert live.has("other.m")
    assert not live.has("public.m")


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_if_not_exists_is_refused_also_in_a_file_that_moved(live: Deployed) -> None:
    text = "CREATE VIEW IF NOT EXISTS v AS SELECT {} AS x;\n"
    old = live.write("database/views/old.sql", text.format(1))
    live.succeed("deploy")
    old.unlink()

    live.write("database/views/new.sql", text.format(1))
    assert "IF NOT EXISTS" not in live.succeed("plan").text
    live.write("database/views/new.sql", text.format(2))
    done = live.fail("deploy", code=2)

    assert "CREATE ... IF NOT EXISTS would leave it as it is" in done.err


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_mariadb_is_told_to_drop_a_trigger_that_moves_to_another_table(live: Deployed) -> None:
    if live.product != "MariaDB":
        pytest.skip("a statement of MariaDB alone")
    text = "CREATE OR REPLACE TRIGGER fires BEFORE INSERT ON {} FOR EACH ROW SET @x = 1;\n"
    prepare(live)
    live.write("database/triggers/fires.sql", text.format("t0"))
    live.succeed("deploy")
    live.write("database/triggers/fires.sql", text.format("t1"))

    done = live.fail("deploy")

    assert "hint: MariaDB replaces no trigger of another table: write DROP TRIGGER IF EXISTS before it." in done.err


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_a_file_no_longer_creates_is_known_after_a_failed_deploy_too(live: Deployed) -> None:
    function = "CREATE OR REPLACE FUNCTION {} RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    live.write("database/functions/f.sql", function.format("f(a int)") + function.format("gone()"))
    live.succeed("deploy")
    wrong = live.write(
        "database/functions/a.sql", "CREATE OR REPLACE FUNCTION a() RETURNS int LANGUAGE sql AS 'wrong';\n"
    )
    live.fail("deploy", "--all")

    wrong.unlink()
    live.write("database/functions/f.sql", function.format("f(a bigint)"))
    assert "gone, which stays" in live.succeed("plan").text
    live.succeed("deploy", "--prune")

    assert live.rows("SELECT proargtypes::regtype[]::text FROM pg_proc WHERE proname IN ('f', 'gone')") == [
        ("[0:0]={bigint}",)
    ]
