"""Going back to the texts before a run, and rehearsing a deploy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from revisions import revision

if TYPE_CHECKING:
    from inside import Deployed

ITEM = 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))'
PRICE = 'op.add_column("item", sa.Column("price", sa.Integer))'


def last_run(live: Deployed) -> str:
    return str(json.loads(live.succeed("history", "--format", "json").out)["runs"][0]["run_id"])


@pytest.fixture
def changed(live: Deployed) -> Deployed:
    """Views a and b over item; in a second run b was changed, and c created."""
    revision(live, "a1", None, ITEM)
    dbo = "dbo." if live.target.name == "mssql" else ""
    live.view("a", f"SELECT id FROM {dbo}item")
    live.view("b", "SELECT 1 AS one")
    live.succeed("deploy")
    live.view("b", "SELECT 2 AS one")
    live.view("c", "SELECT 3 AS three")
    live.succeed("deploy")
    return live


def test_objects_go_back_to_the_texts_before_a_run(changed: Deployed) -> None:
    run = last_run(changed)
    dry = changed.succeed("rollback", "--run", run, "--dry").text
    assert "b.sql" in dry
    assert changed.rows("SELECT one FROM b") == [(2,)]
    changed.succeed("rollback", "--run", run)
    assert changed.rows("SELECT one FROM b") == [(1,)]
    assert not changed.has("c")
    assert changed.has("a")
    assert json.loads(changed.succeed("history", "--format", "json").out)["runs"][0]["actions"] == "rollback"
    plan = changed.succeed("plan").text
    assert "b.sql" in plan
    assert "c.sql" in plan
    changed.succeed("deploy")
    assert changed.rows("SELECT one FROM b") == [(2,)]


def test_what_a_run_dropped_is_created_again(changed: Deployed) -> None:
    changed.view("b", "SELECT 2 AS one, 5 AS five")
    (changed.directory / "database/views/c.sql").unlink()
    changed.succeed("deploy", "--prune")
    assert not changed.has("c")
    story = changed.succeed("history", "--object", "c").out
    assert "drop view" in story
    diff = changed.succeed("history", "--object", "database/views/c.sql", "--diff").out
    assert any(line.strip().startswith("-") and "SELECT 3 AS three" in line for line in diff.splitlines()), diff
    changed.succeed("rollback", "--run", last_run(changed))
    assert changed.rows("SELECT one, three FROM b, c") == [(2, 3)]
    assert "c.sql" in changed.succeed("plan").text, "it is still removed from the project"


def test_what_a_run_created_in_a_file_that_was_there_goes(changed: Deployed) -> None:
    path = changed.directory / "database/views/b.sql"
    path.write_text(re.sub(r"\bb\b", "bb", path.read_text()))
    changed.succeed("deploy", "--prune")
    assert (changed.has("b"), changed.has("bb")) == (False, True)
    changed.succeed("rollback", "--run", last_run(changed))
    assert (changed.has("b"), changed.has("bb")) == (True, False)


def test_a_file_that_got_another_name_goes_back_to_its_text(changed: Deployed) -> None:
    (changed.directory / "database/views/b.sql").unlink()
    changed.view("b", "SELECT 7 AS one", folder="database/views/deep")
    changed.succeed("deploy")
    assert changed.rows("SELECT one FROM b") == [(7,)]
    changed.succeed("rollback", "--run", last_run(changed))
    assert changed.rows("SELECT one FROM b") == [(2,)]
    assert "1 changed, 2 unchanged" in changed.succeed("plan").out


def test_a_story_is_that_of_the_object_and_not_of_names_that_it_is_a_part_of(changed: Deployed) -> None:
    changed.view("abc", "SELECT 1 AS one")
    changed.succeed("deploy")
    assert "abc.sql" not in changed.succeed("history", "--object", "c").out
    assert "abc.sql" in changed.succeed("history", "--object", "ab").out


def test_what_a_run_created_goes_before_or_behind_what_it_changed(live: Deployed) -> None:
    dbo = "dbo." if live.target.name == "mssql" else ""
    live.view("a", "SELECT 1 AS one")
    live.view("b", "SELECT 2 AS two")
    live.succeed("deploy")
    live.view("under", "SELECT 5 AS five")
    live.view("a", f"SELECT five AS one FROM {dbo}under")
    live.view("b", "SELECT 2 AS two, 3 AS three")
    live.view("above", f"SELECT three FROM {dbo}b")
    live.succeed("deploy")
    live.succeed("rollback", "--run", last_run(live))
    assert live.rows("SELECT one FROM a") == [(1,)]
    assert live.rows("SELECT * FROM b") == [(2,)]
    assert not live.has("under")
    assert not live.has("above")


def test_the_question_names_what_is_dropped(changed: Deployed) -> None:
    run = last_run(changed)
    refused = changed.fail("rollback", "--run", run, code=3, AHJO_NON_INTERACTIVE="")
    assert "drops" in refused.text
    assert "c" in refused.text.split("drops", 1)[1]
    assert changed.has("c")


def test_it_is_refused_where_a_later_revision_changed_a_table(changed: Deployed) -> None:
    dbo = "dbo." if changed.target.name == "mssql" else ""
    changed.view("a", f"SELECT id, 1 AS more FROM {dbo}item")
    changed.succeed("deploy")
    run = last_run(changed)
    revision(changed, "b2", "a1", PRICE)
    changed.succeed("deploy")
    refused = changed.fail("rollback", "--run", run, code=2)
    assert "a.sql reads item" in refused.err
    assert changed.rows("SELECT more FROM a") == []


def test_it_is_refused_where_the_table_is_read_through_another_view(changed: Deployed) -> None:
    dbo = "dbo." if changed.target.name == "mssql" else ""
    changed.view("d", f"SELECT id FROM {dbo}a")
    changed.succeed("deploy")
    changed.view("d", f"SELECT id, 1 AS more FROM {dbo}a")
    changed.succeed("deploy")
    run = last_run(changed)
    revision(changed, "b2", "a1", PRICE)
    changed.succeed("deploy")
    assert "d.sql reads item through database/views/a.sql" in changed.fail("rollback", "--run", run, code=2).err


def test_it_is_not_refused_for_a_word_in_a_comment_or_a_text(changed: Deployed) -> None:
    for number in (1, 2):
        changed.view("b", f"SELECT {number} AS one, 'item' AS what /* of item */")
        changed.succeed("deploy")
    run = last_run(changed)
    revision(changed, "b2", "a1", PRICE)
    changed.succeed("deploy")
    changed.succeed("rollback", "--run", run)
    assert changed.rows("SELECT one FROM b") == [(1,)]


def test_it_is_refused_where_no_text_was_kept(live: Deployed) -> None:
    live.reconfigure(scripting_variables={"api_password": "s3cret-value"})
    live.view("a", "SELECT '$(api_password)' AS one")
    live.succeed("deploy")
    live.succeed("deploy")
    assert "not in the history" in live.fail("rollback", "--run", last_run(live), code=2).err
    live.fail("rollback", "--run", "nosuch", code=2)


def test_a_rehearsal_leaves_nothing(changed: Deployed) -> None:
    revision(changed, "b2", "a1", PRICE)
    changed.view("b", "SELECT 5 AS one")
    changed.write(
        "database/tests/t.sql", "SELECT 'b' AS test_name, CASE one WHEN 5 THEN 'ok' ELSE 'no' END AS result FROM b;\n"
    )
    before = last_run(changed)
    if changed.target.name == "mysql":
        assert "cannot roll" in changed.fail("rehearse", code=2).err
    else:
        shown = changed.succeed("rehearse").text
        assert "1/1 passed" in shown
        assert "rolled back" in shown
    assert changed.rows("SELECT one FROM b") == [(2,)]
    assert changed.rows("SELECT version_num FROM alembic_version") == [("a1",)]
    assert last_run(changed) == before


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mssql"], indirect=True)
def test_a_rehearsal_tells_what_would_fail(changed: Deployed) -> None:
    changed.view("b", "SELEC 5 AS one")
    changed.fail("rehearse")
    changed.view("b", "SELECT 5 AS one")
    changed.write("database/tests/t.sql", "SELECT 'b' AS test_name, 'no' AS result;\n")
    changed.reconfigure(exit_on_test_failure=True)
    assert "All of it was rolled back" in changed.fail("rehearse").out
    changed.write("database/views/d.sql", "-- transaction: off\nCREATE VIEW d AS SELECT 1 AS one;\n")
    assert "d.sql" in changed.fail("rehearse", code=2).err
    assert changed.rows("SELECT one FROM b") == [(2,)]
    assert not changed.has("d")
