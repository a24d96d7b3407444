from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from revisions import revision

if TYPE_CHECKING:
    from inside import Deployed

ITEM = 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))'
BOTH = 'op.create_table("half", sa.Column("id", sa.Integer)); op.execute("INSERT INTO nowhere (id) VALUES (1)")'
ONE_TRANSACTION = {"context_connectable_type": "connection", "transaction_mode": "begin_once"}
SCHEMAS = pytest.mark.parametrize("target", ["postgresql", "mssql"], indirect=True)


def recorded(live: Deployed, table: str = "alembic_version") -> list[str]:
    return [row[0] for row in live.rows(f"SELECT version_num FROM {table}")] if live.has(table) else []


def test_a_failing_migration_is_named_with_its_line_and_what_was_applied_before(live: Deployed) -> None:
    revision(live, "a1", None, ITEM)
    revision(live, "b2", "a1", BOTH)
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT id FROM item;\n")
    live.reconfigure(deploy_transaction="file")
    failed = live.fail("deploy")
    assert "versions/b2.py:9: " in failed.err
    assert "nowhere" in failed.err
    assert "    9 |     op.create_table" in failed.err
    assert "Committed before: a1;" in failed.err
    assert recorded(live) == ["a1"]
    assert not live.has("v")
    assert live.has("half") == (live.target.name == "mysql")
    if live.target.name == "mysql":
        assert f"{live.product} keeps the statements of the migration before the one that failed" in failed.err


def test_one_transaction_takes_migrations_back_with_all_the_rest(live: Deployed) -> None:
    live.reconfigure(**ONE_TRANSACTION)
    revision(live, "a1", None, ITEM)
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT id FROM nowhere;\n")
    if live.target.name == "sqlite":  # looks at a view's tables only when it is read
        live.write("database/views/v.sql", "CREATE VIEW v AS SELECT;\n")
    live.fail("deploy")
    if live.target.name != "mysql":
        assert not live.has("item")
        assert recorded(live) == []
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT id FROM item;\n")
    live.succeed("deploy")
    assert recorded(live) == ["a1"]
    assert live.has("v")


def test_what_python_raises_in_a_migration_is_placed_too(sqlite: Deployed) -> None:
    revision(sqlite, "a1", None, "raise RuntimeError('out of cheese')")
    failed = sqlite.fail("deploy")
    assert "versions/a1.py:9: out of cheese (RuntimeError)" in failed.err
    sqlite.write("alembic/versions/a1.py", "revision = 'a1'\ndown_revision = None\ndef upgrade(:\n")
    assert "versions/a1.py:3: " in sqlite.fail("deploy", code=2).err


def test_several_heads_are_named_with_the_way_to_join_them(sqlite: Deployed) -> None:
    revision(sqlite, "a1", None, ITEM)
    revision(sqlite, "b2", "a1")
    revision(sqlite, "c3", "a1")
    failed = sqlite.fail("deploy", code=2)
    assert "there are 2 heads" in failed.err
    assert "alembic merge" in failed.err
    assert not sqlite.has("item")


@pytest.mark.parametrize("again", [("deploy",), ("alembic", "upgrade heads")])
def test_branches_with_labels_of_their_own_are_all_brought_to_their_heads(
    sqlite: Deployed, again: tuple[str, ...]
) -> None:
    revision(sqlite, "a1", None, ITEM)
    revision(sqlite, "a2", "a1")
    revision(sqlite, "b1", None, 'op.create_table("other", sa.Column("id", sa.Integer))')
    for name, more in (("a1", 'branch_labels = ("shop",)'), ("b1", 'branch_labels = ("crm",)\ndepends_on = "a1"')):
        path = sqlite.directory / f"alembic/versions/{name}.py"
        path.write_text(path.read_text().replace("down_revision", f"{more}\ndown_revision"))
    assert "3 revisions" in sqlite.succeed("deploy", "--dry").out
    sqlite.succeed(*again)
    assert sorted(recorded(sqlite)) == ["a2", "b1"]
    assert "revision" not in sqlite.succeed("deploy").out
    sqlite.succeed("downgrade")
    assert recorded(sqlite) == []


def test_a_label_of_both_heads_tells_them_not_apart(sqlite: Deployed) -> None:
    path = revision(sqlite, "a1", None, ITEM)
    path.write_text(path.read_text().replace("down_revision", 'branch_labels = ("shop",)\ndown_revision'))
    revision(sqlite, "b2", "a1")
    revision(sqlite, "c3", "a1")
    assert "branch_labels" in sqlite.fail("deploy", code=2).err


def test_scripts_may_lie_in_a_package(sqlite: Deployed) -> None:
    revision(sqlite, "a1", None, ITEM)
    (sqlite.directory / "alembic").rename(sqlite.directory / "shopdb_of_test")
    sqlite.write("shopdb_of_test/__init__.py", "")
    sqlite.write(
        "alembic.ini", "[alembic]\nscript_location = shopdb_of_test:.\nprepend_sys_path = .\npath_separator = os\n"
    )
    sqlite.succeed("deploy")
    assert recorded(sqlite) == ["a1"]


@pytest.mark.parametrize("ini", ["[alembic]\nsqlalchemy.url = driver://user@localhost/other\n", ""])
def test_settings_of_alembic_may_stand_in_pyproject(sqlite: Deployed, ini: str) -> None:
    revision(sqlite, "a1", None, ITEM)
    (sqlite.directory / "alembic").rename(sqlite.directory / "steps")
    (sqlite.directory / "steps/versions").rename(sqlite.directory / "steps/more")
    (sqlite.directory / "alembic.ini").unlink()
    if ini:
        sqlite.write("alembic.ini", ini)
    locations = 'script_location = "%(here)s/steps"\nversion_locations = ["%(here)s/steps/more"]\n'
    sqlite.write("pyproject.toml", f"[tool.alembic]\n{locations}")
    sqlite.succeed("deploy")
    assert recorded(sqlite) == ["a1"]
    assert "nothing to do" in sqlite.succeed("deploy").out
    sqlite.write("steps/more/b2.py", (sqlite.directory / "steps/more/a1.py").read_text().replace("'a1'", "'b2'"))
    assert "b2" in sqlite.fail("deploy", code=2).err
    sqlite.write("pyproject.toml", "[tool.alembic\n")
    assert "pyproject.toml" in sqlite.fail("deploy", code=2).err


@SCHEMAS
@pytest.mark.parametrize("first", [("deploy",), ("alembic", "upgrade head")])
def test_a_schema_that_the_config_names_for_our_tables_is_created(live: Deployed, first: tuple[str, ...]) -> None:
    live.reconfigure(alembic_version_table="at", alembic_version_table_schema="made by us")
    revision(live, "a1", None, ITEM)
    live.succeed(*first)
    assert live.rows('SELECT version_num FROM "made by us"."at"') == [("a1",)]


def test_a_revision_that_no_file_has_is_said_so(sqlite: Deployed) -> None:
    revision(sqlite, "a1", None, ITEM)
    sqlite.succeed("deploy")
    (sqlite.directory / "alembic/versions/a1.py").unlink()
    revision(sqlite, "b2", None)
    assert "a1" in sqlite.fail("deploy", code=2).err
    assert "a1" in sqlite.succeed("version").out


@SCHEMAS
def test_the_version_table_is_where_the_config_says(live: Deployed) -> None:
    live.target.query("CREATE SCHEMA own", live.database)
    live.reconfigure(alembic_version_table="at", alembic_version_table_schema="own")
    revision(live, "a1", None, ITEM)
    assert "revision  none" in live.succeed("version").out
    live.succeed("deploy")
    assert recorded(live, "own.at") == ["a1"]
    assert "a1" in live.succeed("version").out
    assert "nothing to do" in live.succeed("deploy").out


@SCHEMAS
def test_the_version_table_is_there_offline_too(live: Deployed) -> None:
    live.reconfigure(alembic_version_table="at", alembic_version_table_schema="own")
    revision(live, "a1", None, ITEM)
    command = (sys.executable, "-m", "alembic", "-x", "main_config=dev.json", "upgrade", "head", "--sql")
    written = live.run(*command)
    assert written.code == 0, written.text
    assert "CREATE TABLE own.at" in written.out


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_migration_may_leave_its_transaction_for_a_while(live: Deployed) -> None:
    block = (
        'op.execute("CREATE TABLE item (id integer)")\n'
        "    with op.get_context().autocommit_block():\n"
        '        op.execute("CREATE INDEX CONCURRENTLY i ON item (id)")'
    )
    revision(live, "a1", None, block)
    revision(live, "b2", "a1", 'op.add_column("item", sa.Column("more", sa.Text))')
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT more FROM item;\n")
    live.reconfigure(**ONE_TRANSACTION)
    refused = live.fail("deploy")
    assert "a1.py: It runs a block outside of a transaction" in refused.err
    assert not live.has("item")
    live.reconfigure(context_connectable_type="engine")
    live.succeed("deploy")
    assert recorded(live) == ["b2"]


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_migration_that_vacuums_in_its_transaction_is_told_how_to_leave_it(live: Deployed) -> None:
    revision(live, "a1", None, 'op.execute("VACUUM")')
    assert "with op.get_context().autocommit_block():" in live.fail("deploy").err


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_migration_may_vacuum_outside_of_its_transaction(live: Deployed) -> None:
    block = (
        'op.execute("CREATE TABLE item (id integer)")\n'
        "    with op.get_context().autocommit_block():\n"
        '        op.execute("VACUUM")\n'
        '    op.execute("INSERT INTO item VALUES (1)")'
    )
    revision(live, "a1", None, block)
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT id FROM item;\n")
    assert "its 2 transactions" in live.succeed("plan").text
    live.succeed("deploy")
    assert (recorded(live), live.rows("SELECT id FROM v")) == (["a1"], [(1,)])
    assert live.rows("SELECT status FROM ahjo_runs") == [("succeeded",)]
    assert "nothing to do" in live.succeed("deploy").text


def test_what_follows_a_commit_of_a_migration_is_committed_with_its_version(live: Deployed) -> None:
    committing = 'op.execute("CREATE TABLE item (id integer)")\n    op.get_bind().commit()\n    {}'
    revision(live, "a1", None, committing.format('op.execute("CREATE TABLE more (id integer)")'))
    live.succeed("deploy")
    assert recorded(live) == ["a1"]
    assert live.has("more")
    revision(live, "b2", "a1", 'op.execute("INSERT INTO item VALUES (1)")\n    op.get_bind().commit()')
    revision(live, "c3", "b2", 'op.execute("INSERT INTO item VALUES (2)")')
    live.succeed("deploy")
    assert recorded(live) == ["c3"]
    assert live.rows("SELECT id FROM item ORDER BY id") == [(1,), (2,)]


@pytest.mark.parametrize("target", ["postgresql", "sqlite"], indirect=True)
def test_a_migration_that_rolls_back_takes_back_no_other_one(live: Deployed) -> None:
    revision(live, "a1", None, 'op.execute("CREATE TABLE item (id integer)")')
    caught = (
        "try:\n"
        '        op.execute("CREATE TABLE item (id integer)")\n'
        "    except sa.exc.DBAPIError:\n"
        "        op.get_bind().rollback()\n"
        '    op.execute("CREATE TABLE more (id integer)")'
    )
    revision(live, "b2", "a1", caught)
    live.succeed("deploy")
    assert recorded(live) == ["b2"]
    assert live.has("item")
    assert live.has("more")


def test_a_script_that_sqlite3_commits_is_not_said_to_be_rolled_back(sqlite: Deployed) -> None:
    script = 'op.get_bind().connection.cursor().executescript("CREATE TABLE item (id integer); CREATE TABLE more (id)")'
    revision(sqlite, "a1", None, script)
    sqlite.succeed("deploy")
    assert sqlite.has("more")
    hidden = 'getattr(op.get_bind().connection.cursor(), "execute" + "script")("CREATE TABLE last (id)")'
    revision(sqlite, "b2", "a1", hidden)
    failed = sqlite.fail("deploy")
    assert "It ended the transaction that it ran in" in failed.err
    assert "what it committed stays" in failed.err
    assert sqlite.has("last")


@pytest.mark.parametrize("mode", [{}, ONE_TRANSACTION], ids=["file by file", "one transaction"])
def test_a_rebuilt_table_keeps_the_rows_of_its_children(sqlite: Deployed, mode: dict[str, str]) -> None:
    sqlite.reconfigure(**mode)
    for statement in (
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) ON DELETE CASCADE)",
        "INSERT INTO parent VALUES (1, 'x')",
        "INSERT INTO child VALUES (1, 1)",
    ):
        sqlite.rows(statement)
    rebuilt = 'with op.batch_alter_table("parent", recreate="always") as table:\n        table.drop_column("name")'
    revision(sqlite, "a1", None, rebuilt)
    sqlite.succeed("deploy")
    assert sqlite.rows("SELECT * FROM child") == [(1, 1)]
    revision(sqlite, "b2", "a1", 'op.execute("DELETE FROM parent")')
    assert "rows without their parents in: child" in sqlite.fail("deploy").err
    assert sqlite.rows("SELECT * FROM parent") == [(1,)]


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
def test_a_revision_whose_table_is_there_already_is_not_advised_like_a_file(live: Deployed) -> None:
    revision(live, "a1", None, ITEM)
    live.by_hand("CREATE TABLE item (id INT)")
    failed = live.fail("deploy")
    assert "inv baseline records an existing database as deployed" in failed.err
    assert "CREATE OR REPLACE" not in failed.err
