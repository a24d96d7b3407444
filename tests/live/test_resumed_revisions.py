"""A revision whose statements stay where they are is continued: at each of them a run may fail or be killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from inside import deployed
from kills import in_revision, killed
from revisions import revision

if TYPE_CHECKING:
    from pathlib import Path

    from inside import Deployed
    from targets import Target

STATEMENTS = (
    "CREATE TABLE item (id INTEGER, unused INTEGER)",
    "CREATE TABLE shop (id INTEGER)",
    "INSERT INTO item VALUES (1, 0)",
    "INSERT INTO item VALUES (2, 0)",
    "ALTER TABLE item ADD COLUMN name VARCHAR(10)",
    "UPDATE item SET name = CONCAT('n', id)",
    "CREATE INDEX item_name ON item (name)",
    "INSERT INTO shop VALUES (10)",
    "ALTER TABLE item DROP COLUMN unused",
    "ALTER TABLE shop RENAME TO store",
    "INSERT INTO store VALUES (11)",
    "CREATE VIEW named AS SELECT name FROM item",
    "DROP INDEX item_name ON item",
    "INSERT INTO item VALUES (3, 'c')",
)
CONTENT = {"item": [(1, "n1"), (2, "n2"), (3, "c")], "store": [(10,), (11,)], "named": [("c",), ("n1",), ("n2",)]}
LAST = len(STATEMENTS)


def calls(*statements: str, between: str = "\n    ") -> str:
    return between.join(f"op.execute({statement!r})" for statement in statements)


def content(live: Deployed) -> dict[str, list[tuple[Any, ...]]]:
    return {table: sorted(live.rows(f"SELECT * FROM {table}")) for table in CONTENT}


def is_over(live: Deployed) -> bool:
    """Whether the revision is recorded, and nothing of its progress is left."""
    heads = live.rows("SELECT version_num FROM alembic_version")
    return heads == [("a1",)] and not live.rows("SELECT file FROM ahjo_data WHERE kind = 'migration'")


@pytest.fixture
def mysql(mysql_target: Target, tmp_path: Path) -> Deployed:
    live = deployed(mysql_target, tmp_path / "project")
    live.reconfigure(lock_timeout=20)
    revision(live, "a1", None, calls(*STATEMENTS))
    return live


@pytest.mark.parametrize("done", [False, True], ids=["not begun", "not recorded"])
def test_a_revision_that_is_killed_at_each_statement_is_continued(mysql: Deployed, done: bool) -> None:
    for number in range(LAST):
        killed(mysql, "deploy", kill=in_revision(1 + number % 3, done=done))
    mysql.succeed("deploy")
    assert content(mysql) == CONTENT
    assert is_over(mysql)


@pytest.mark.parametrize("statement", [1, 7, 10, 12])
def test_a_revision_that_is_killed_once_is_continued(mysql: Deployed, statement: int) -> None:
    killed(mysql, "deploy", kill=in_revision(statement, done=True))
    mysql.succeed("deploy")
    assert content(mysql) == CONTENT
    assert is_over(mysql)


def test_a_revision_goes_on_after_it_was_mended(mysql: Deployed) -> None:
    for number in range(1, LAST, 3):
        revision(mysql, "a1", None, calls(*STATEMENTS[:number], "INSERT INTO nowhere VALUES (1)"))
        failed = mysql.fail("deploy")
        assert "1146" in failed.err
        assert "The next run goes on after them." in failed.err
    revision(mysql, "a1", None, calls(*STATEMENTS))
    done = mysql.succeed("deploy")
    assert "a1: continues after" in done.text
    assert "is not known" not in done.text
    assert content(mysql) == CONTENT
    assert is_over(mysql)


def test_a_done_part_that_has_changed_is_refused(mysql: Deployed) -> None:
    killed(mysql, "deploy", kill=in_revision(7, done=False))
    revision(mysql, "a1", None, calls(STATEMENTS[0], "CREATE TABLE shop (id BIGINT)", *STATEMENTS[2:]))
    failed = mysql.fail("deploy")
    assert "a1.py:10: " in failed.err
    assert (
        "statement 2 of a1, which an earlier run did, has changed: now it is CREATE TABLE shop (id BIGINT)"
        in failed.err
    )
    revision(mysql, "a1", None, calls(*STATEMENTS[:2]))
    assert "has changed: now there is none" in mysql.fail("deploy").err
    revision(mysql, "a1", None, calls(*STATEMENTS))
    mysql.succeed("deploy")
    assert content(mysql) == CONTENT


def test_a_done_part_that_was_undone_by_hand_is_done_again(mysql: Deployed) -> None:
    killed(mysql, "deploy", kill=in_revision(3, done=True))
    mysql.by_hand("DROP TABLE shop")
    assert "table shop is not there, which an earlier run changed" in mysql.fail("deploy").err
    mysql.by_hand("DROP TABLE item")
    assert "a1: nothing is left of what an earlier run did: it starts over" in mysql.succeed("deploy").text
    assert content(mysql) == CONTENT


def test_what_was_done_is_forgotten_when_a_revision_is_stamped(mysql: Deployed) -> None:
    killed(mysql, "deploy", kill=in_revision(3, done=True))
    mysql.by_hand("DROP TABLE shop, item", "CREATE TABLE other (id INTEGER)")
    mysql.succeed("alembic", "stamp a1")
    assert is_over(mysql)


def test_a_statement_of_which_nothing_can_be_told_is_named(mysql: Deployed) -> None:
    revision(mysql, "a1", None, calls("CREATE TABLE item (id INTEGER)", "ALTER TABLE item MODIFY id BIGINT"))
    killed(mysql, "deploy", kill=in_revision(2, done=True))
    done = mysql.succeed("deploy")
    assert "whether this statement was done is not known. It runs now: ALTER TABLE item MODIFY id BIGINT" in done.text


def test_a_revision_that_looks_what_is_there_is_continued(mysql: Deployed) -> None:
    guarded = (
        "for name in ('one', 'two', 'three'):\n        if name not in sa.inspect(op.get_bind()).get_table_names():\n"
    )
    guarded += (
        "            op.execute(f'CREATE TABLE {name} (id INTEGER)')\n    op.execute('INSERT INTO two VALUES (1)')"
    )
    revision(mysql, "a1", None, guarded)
    for number in (1, 2):
        killed(mysql, "deploy", kill=in_revision(number, done=True))
    mysql.succeed("deploy")
    assert mysql.rows("SELECT * FROM two") == [(1,)]
    assert is_over(mysql)


def test_settings_and_temporary_tables_are_made_again(mysql: Deployed) -> None:
    before = ("SET @rate = 5", "CREATE TEMPORARY TABLE rate (id INTEGER)", "INSERT INTO rate VALUES (7)")
    after = (
        "CREATE TABLE item (id INTEGER)",
        "INSERT INTO item SELECT id + @rate FROM rate",
        "INSERT INTO item VALUES (1)",
    )
    revision(mysql, "a1", None, calls(*before, *after))
    killed(mysql, "deploy", kill=in_revision(2, done=True))
    mysql.succeed("deploy")
    assert sorted(mysql.rows("SELECT id FROM item")) == [(1,), (12,)]


def test_a_downgrade_is_continued(mysql: Deployed) -> None:
    down = calls("DROP VIEW named", "DROP TABLE store", "DROP TABLE item")
    revision(mysql, "a1", None, calls(*STATEMENTS), down)
    mysql.succeed("deploy")
    for _ in range(3):
        killed(mysql, "downgrade", kill=in_revision(1, done=True))
    mysql.succeed("downgrade")
    assert not mysql.has("item")
    mysql.succeed("deploy")
    assert content(mysql) == CONTENT


OUTSIDE = """op.execute("CREATE TABLE item (id INTEGER)")
    op.execute("INSERT INTO item VALUES (1)")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY one ON item (id)")
        op.execute("INSERT INTO item VALUES (2)")
        op.execute("CREATE INDEX CONCURRENTLY two ON item (id)")
    op.execute("INSERT INTO item VALUES (3)")
    op.execute("CREATE TABLE shop (id INTEGER)")"""


@pytest.mark.parametrize("statement", range(1, 8))
@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_revision_that_leaves_its_transaction_is_continued(live: Deployed, statement: int) -> None:
    live.reconfigure(lock_timeout=20)
    revision(live, "a1", None, OUTSIDE)
    done = statement != 4
    killed(live, "deploy", kill=in_revision(statement, done=done))
    finished = live.succeed("deploy")
    assert sorted(live.rows("SELECT id FROM item")) == [(1,), (2,), (3,)] or "is not known" in finished.text
    assert live.has("shop")
    assert is_over(live)


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_an_index_that_was_left_invalid_does_not_count_as_made(live: Deployed) -> None:
    unique = """with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY one ON item (id)")"""
    revision(live, "a1", None, calls("CREATE TABLE item (id INTEGER)", "INSERT INTO item VALUES (1), (1)"))
    revision(live, "a2", "a1", unique)
    live.fail("deploy")
    live.target.query("DELETE FROM item", live.database)
    assert "hint: DROP INDEX CONCURRENTLY one, and run again" in live.fail("deploy").err
    live.target.query("DROP INDEX one", live.database)
    live.succeed("deploy")
    assert live.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one'::regclass") == [(True,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_revision_of_one_transaction_leaves_no_record(live: Deployed) -> None:
    revision(live, "a1", None, calls("CREATE TABLE item (id INTEGER)", "INSERT INTO nowhere VALUES (1)"))
    live.fail("deploy")
    assert not live.rows("SELECT file FROM ahjo_data WHERE kind = 'migration'")
    assert "goes on" not in live.fail("deploy").text
