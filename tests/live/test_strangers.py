"""What somebody else changes during a run is named at its end, and taken for nothing of ours."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from revisions import revision

from ahjo_tasks.engine.executor import PlanExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed

    from ahjo_tasks.engine.plan import Step


@pytest.fixture
def busy(live: Deployed) -> Deployed:
    """Views a, b and c, deployed a file at a time."""
    live.reconfigure(deploy_transaction="file")
    for name in "abc":
        live.view(name, "SELECT 1 AS one")
    live.succeed("deploy")
    return live


@contextmanager
def meanwhile(live: Deployed, *statements: str) -> Iterator[None]:
    """Have somebody else send statements when the step of c has ended."""
    notify = PlanExecutor._notify
    left = list(statements)

    def told(executor: PlanExecutor, status: str, step: Step, **values: Any) -> None:
        notify(executor, status, step, **values)
        if status == "ok" and step.label.endswith("c.sql") and left:
            live.by_hand(*left)
            left.clear()

    with patch.object(PlanExecutor, "_notify", told):
        yield
    assert not left


def in_schema(live: Deployed, name: str) -> str:
    schema = {"postgresql": "public.", "mssql": "dbo."}.get(live.target.name, "")
    return f"view {schema}{name}"


def test_changes_by_somebody_else_during_a_run_are_named(busy: Deployed) -> None:
    busy.view("c", "SELECT 2 AS one")
    with meanwhile(busy, "DROP VIEW b", "CREATE VIEW b AS SELECT 66 AS one", "CREATE VIEW x AS SELECT 1 AS one"):
        done = busy.succeed("deploy")
    assert f"{in_schema(busy, 'b')} was changed by somebody else during the run" in done.err
    assert f"{in_schema(busy, 'x')} was changed by somebody else during the run" in done.err
    assert f"{in_schema(busy, 'c')} was" not in done.err
    story = json.loads(busy.succeed("history", "--object", f"{in_schema(busy, 'b')}", "--format", "json").out)["steps"]
    assert story[0]["status"] == "found"
    assert story[0]["text_hash"]
    assert "b.sql" in busy.fail("drift", code=5).text
    assert "changed by hand" in busy.succeed("deploy").err
    assert busy.rows("SELECT one FROM b") == [(1,)]
    assert "nothing to do" in busy.succeed("deploy").text


def test_what_a_run_itself_changes_is_nobody_elses(busy: Deployed) -> None:
    revision(busy, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer), sa.Column("price", sa.Integer))')
    owner = "dbo." if busy.target.name == "mssql" else ""
    busy.view("d", f"SELECT id, price FROM {owner}item")
    busy.view("e", f"SELECT id FROM {owner}d")
    busy.write("database/views/made.sql", f"CREATE VIEW {owner}made AS SELECT 1 AS one")
    busy.succeed("deploy")
    busy.view("d", f"SELECT id FROM {owner}item")
    (busy.directory / "database/views/made.sql").unlink()
    revision(busy, "b2", "a1", 'op.execute("CREATE VIEW by_revision AS SELECT 1 AS one")')
    (busy.directory / "database/views/c.sql").unlink()
    done = busy.succeed("deploy", "--prune", "--non-interactive")
    assert "somebody else" not in done.text
    assert "nothing to do" in busy.succeed("deploy").text


ORACLE = "SET sql_mode = ORACLE;\nDELIMITER $$\nCREATE OR REPLACE {}; END;\n$$\n"
HALF = "half(n INT) RETURN INT"


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_body_that_goes_with_its_package_is_dropped_by_nobody_else(busy: Deployed) -> None:
    busy.write("database/packages/price.sql", ORACLE.format(f"PACKAGE price AS FUNCTION {HALF}"))
    body = f"PACKAGE BODY price AS FUNCTION {HALF} AS BEGIN RETURN n / 2; END"
    busy.write("database/package_bodies/price.sql", ORACLE.format(body))
    busy.succeed("deploy")
    busy.write("database/packages/price.sql", "-- alone\n" + ORACLE.format(f"PACKAGE price AS FUNCTION {HALF}"))
    assert "somebody else" not in busy.succeed("deploy", "--select", "database/packages/price.sql").text
    again = busy.succeed("deploy")
    assert "by hand" not in again.text
    assert "package_bodies/price.sql" in again.text
    assert "nothing to do" in busy.succeed("deploy").text


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mssql"], indirect=True)
def test_a_change_of_what_the_run_has_just_deployed_is_named_and_put_back(busy: Deployed) -> None:
    busy.view("c", "SELECT 2 AS one")
    busy.view("d", "SELECT 2 AS one")
    with meanwhile(busy, "DROP VIEW c", "CREATE VIEW c AS SELECT 66 AS one"):
        done = busy.succeed("deploy")
    assert f"{in_schema(busy, 'c')} was changed by somebody else during the run" in done.err
    assert "c.sql" in busy.fail("drift", code=5).text
    assert "c.sql" in busy.succeed("deploy").err
    assert busy.rows("SELECT one FROM c") == [(2,)]
    assert "nothing to do" in busy.succeed("deploy").text


@pytest.mark.parametrize("mode", ["run", "file"])
def test_files_that_are_done_together_are_nobody_elses(busy: Deployed, mode: str) -> None:
    """Those that share a call, and those that are created again with what they need: recorded after each call."""
    busy.reconfigure(deploy_transaction=mode)
    owner = "dbo." if busy.target.name == "mssql" else ""
    for name, source in (("d", ""), ("e", f" FROM {owner}d"), ("f", f" FROM {owner}e")):
        busy.view(name, f"SELECT 1 AS one, 2 AS two{source}")
    with patch.multiple("ahjo_tasks.engine.recorder", GROUP=0.0, WAIT_FACTOR=0):
        first = busy.succeed("deploy")
        for name, source in (("d", ""), ("e", f" FROM {owner}d"), ("f", f" FROM {owner}e")):
            busy.view(name, f"SELECT 2 AS two{source}")
        second = busy.succeed("deploy")
    for done in (first, second):
        assert "somebody else" not in done.text
        assert done.text.count(" ok ") == 3
    assert "nothing to do" in busy.succeed("deploy").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_it_is_named_in_one_transaction_and_beside_a_file_that_runs_each_time(busy: Deployed) -> None:
    busy.reconfigure(deploy_transaction="run")
    busy.view("c", "SELECT 2 AS one")
    busy.view("s", "SELECT 1 AS one; SELECT 1")
    with meanwhile(busy, "CREATE OR REPLACE VIEW b AS SELECT 66 AS one"):
        assert "view public.b was changed by somebody else during the run" in busy.succeed("deploy").err
    assert busy.rows("SELECT one FROM b") == [(66,)]
    busy.succeed("deploy")
    assert busy.rows("SELECT one FROM b") == [(1,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_comes_with_an_object_is_nobody_elses_and_no_drift(live: Deployed) -> None:
    name = live.database
    live.write(
        "database/materialized_views/m.sql",
        "DROP MATERIALIZED VIEW IF EXISTS m;\nCREATE MATERIALIZED VIEW m AS SELECT 1 AS one, 2 AS two;\n"
        "CREATE UNIQUE INDEX by_one ON m (one);\nCREATE INDEX ON m (two);\n",
    )
    live.write(
        "database/functions/noted.sql",
        "CREATE OR REPLACE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;\n",
    )
    live.write(
        "database/triggers/noted.sql",
        f"DROP EVENT TRIGGER IF EXISTS {name};\n"
        f"CREATE EVENT TRIGGER {name} ON ddl_command_end EXECUTE FUNCTION noted();\n",
    )
    assert "somebody else" not in live.succeed("deploy").err
    live.succeed("drift")
    assert "3 unchanged" in live.succeed("plan").out
    live.by_hand("DROP INDEX by_one")
    assert "m.sql" in live.fail("drift", code=5).out
    live.succeed("deploy", "--all")
    live.succeed("drift")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", [f"{'long_' * 13}name", f'"{"ä" * 32}"'])
def test_a_name_of_which_the_server_stores_the_first_part_is_found(live: Deployed, name: str) -> None:
    live.write("database/views/z.sql", f"CREATE OR REPLACE VIEW {name} AS SELECT 1 AS one;\n")
    live.write("database/views/a.sql", f"CREATE OR REPLACE VIEW a AS SELECT one FROM {name};\n")
    assert "somebody else" not in live.succeed("deploy").err
    assert "2 unchanged" in live.succeed("plan").out
    live.succeed("drop")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "changed"),
    [
        ("ALTER TABLE item RENAME COLUMN price TO cost", "view public.d"),
        ("ALTER FUNCTION rate() RENAME TO quote", "view public.d"),
        ("ALTER VIEW d ALTER COLUMN price SET DEFAULT 1", "view public.d"),
        ("CREATE RULE quiet AS ON DELETE TO b DO INSTEAD NOTHING", "rule quiet on public.b"),
        ("CREATE TYPE mood AS ENUM ('good')", "type public.mood"),
        ("DROP FUNCTION unused()", "function public.unused"),
    ],
)
def test_what_the_texts_of_others_follow_is_looked_at(busy: Deployed, statement: str, changed: str) -> None:
    busy.by_hand(
        "CREATE TABLE item (price INTEGER)",
        "CREATE FUNCTION rate() RETURNS INTEGER LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION unused() RETURNS INTEGER LANGUAGE sql AS 'SELECT 1'",
    )
    busy.view("d", "SELECT price * rate() AS price FROM item")
    busy.succeed("deploy")
    busy.view("c", "SELECT 2 AS one")
    with meanwhile(busy, statement):
        done = busy.succeed("deploy")
    assert f"{changed} was" in done.err
    assert "view public.c was" not in done.err
