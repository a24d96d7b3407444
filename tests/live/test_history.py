"""A deploy remembers: only what changed runs, hand-made changes are seen, and the history tells what happened."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import zlib
from contextlib import contextmanager
from hashlib import md5, sha256
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest
from calls import calls_to
from revisions import revision
from sqlalchemy import Column, Unicode

from ahjo_tasks.database.catalog import read_catalog, read_version
from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.history.tables import HistoryTables, _run_columns
from ahjo_tasks.project import object_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed

HISTORY = ("state", "runs", "steps", "objects", "data", "texts")
"""Tables of the history, without their prefix."""


def ran(text: str) -> list[str]:
    """Names of the views that a run deployed."""
    return [line.split("/")[-1].split(".sql")[0] for line in text.splitlines() if " ok " in line and "/views/" in line]


@pytest.fixture
def chain(live: Deployed) -> Deployed:
    """Views a, b that reads a, and c beside them; deployed once."""
    live.view("a", "SELECT 1 AS one")
    live.view("b", f"SELECT one FROM {'dbo.' if live.target.name == 'mssql' else ''}a")
    live.view("c", "SELECT 3 AS three")
    assert ran(live.succeed("deploy").text) == ["a", "b", "c"]
    return live


def test_nothing_changed_is_nothing_to_do(chain: Deployed) -> None:
    assert "nothing to do" in chain.succeed("deploy").text
    assert "nothing to do" in chain.succeed("plan", "--check").text
    assert len(json.loads(chain.succeed("history", "--format", "json").out)["runs"]) == 1
    assert "--limit must be at least 1." in chain.fail("history", "--limit", "0", code=2).err


def test_a_changed_file_runs_with_what_needs_it(chain: Deployed) -> None:
    chain.view("a", "SELECT 2 AS one")
    needing = [] if chain.target.name == "sqlite" else ["b"]  # SQLite looks names up when a view is read
    plan = chain.succeed("plan").text
    assert "    ~ a.sql  changed" in plan
    assert ("    > b.sql  refreshed: a.sql changed" in plan) is bool(needing)
    assert "c.sql" not in plan
    assert ran(chain.succeed("deploy").text) == ["a", *needing]
    assert chain.rows("SELECT one FROM b") == [(2,)]
    assert "nothing to do" in chain.succeed("deploy").text


def test_all_runs_everything(chain: Deployed) -> None:
    assert ran(chain.succeed("deploy", "--all").text) == ["a", "b", "c"]


def test_a_plan_that_would_change_something_exits_with_5(chain: Deployed) -> None:
    chain.view("c", "SELECT 4 AS three")
    chain.fail("plan", "--check", code=5)
    assert chain.rows("SELECT three FROM c") == [(3,)]


def test_what_was_changed_by_hand_is_put_back_and_kept_in_the_history(chain: Deployed) -> None:
    chain.by_hand("DROP VIEW c")
    chain.by_hand("CREATE VIEW c AS SELECT 77 AS three")
    assert "c.sql" in chain.fail("drift", code=5).text
    done = chain.succeed("deploy")
    assert ran(done.text) == ["c"]
    assert "changed by hand" in done.err
    assert chain.rows("SELECT three FROM c") == [(3,)]
    story = json.loads(chain.succeed("history", "--object", "c", "--format", "json").out)["steps"]
    assert [step["status"] for step in story] == ["ok", "found", "ok"]
    chain.succeed("drift")


def test_drift_can_stop_a_deploy_before_anything_runs(chain: Deployed) -> None:
    chain.by_hand("DROP VIEW c")
    chain.fail("deploy", "--on-drift", "stop", code=5)
    assert not chain.has("c")
    chain.reconfigure(on_drift="stop")
    chain.fail("deploy", code=5)
    chain.succeed("deploy", "--on-drift", "replace")
    assert chain.has("c")


def test_an_object_in_no_file_is_drift_and_stays(chain: Deployed) -> None:
    chain.by_hand("CREATE VIEW stranger AS SELECT 1 AS one")
    assert "stranger" in chain.fail("drift", code=5).text
    assert "nothing to do" in chain.succeed("deploy").text
    assert chain.has("stranger")


@pytest.mark.parametrize("deployed_first", [False, True])
@pytest.mark.parametrize("to", ["renamed.sql", "reports/c.sql", "b.sql"])
def test_what_another_file_creates_now_is_never_dropped(chain: Deployed, to: str, deployed_first: bool) -> None:
    views = chain.directory / "database/views"
    (views / to).parent.mkdir(exist_ok=True)
    text = (views / to).read_text("utf-8") if (views / to).exists() else ""
    end = "\nGO\n" if chain.target.name == "mssql" and text else "\n"
    (views / to).write_text(f"{text}{end}{(views / 'c.sql').read_text('utf-8')}", "utf-8")
    (views / "c.sql").unlink()
    assert "prune" not in chain.succeed("plan").text
    if deployed_first:
        chain.succeed("deploy")
    assert "- view " not in chain.succeed("plan", "--prune").text
    chain.succeed("deploy", "--prune")
    assert chain.has("c")
    assert "c.sql" not in chain.succeed("plan").text.replace("reports/c.sql", "")
    assert "nothing to do" in chain.succeed("deploy").text


def test_a_removed_file_is_listed_and_its_object_dropped_only_when_asked(chain: Deployed) -> None:
    (chain.directory / "database/views/c.sql").unlink()
    assert "    - c.sql  removed: view " in chain.succeed("plan").text
    assert "--prune drops it" in chain.succeed("plan").text
    pruned = chain.succeed("plan", "--prune").text
    assert "--prune drops it" not in pruned
    assert "    - view " in pruned
    chain.succeed("deploy")
    assert chain.has("c")
    chain.succeed("deploy", "--prune")
    assert not chain.has("c")
    assert "c.sql" not in chain.succeed("plan").text


def test_select_runs_only_what_it_names(chain: Deployed) -> None:
    chain.view("a", "SELECT 5 AS one")
    chain.view("c", "SELECT 5 AS three")
    assert ran(chain.succeed("deploy", "--select", "c").text) == ["c"]
    assert ran(chain.succeed("deploy", "--select", "./database/views/c.sql").text) == ["c"]
    assert ran(chain.succeed("deploy", "--select", "a+").text) == ["a", "b"]
    assert "nothing to do" in chain.succeed("deploy").text
    chain.fail("deploy", "--select", "nosuch", code=2)


def test_a_failed_run_is_told_and_run_again(chain: Deployed) -> None:
    chain.view("a", "SELECT 6 AS one")
    chain.view("d", "SELEC 1")
    chain.fail("deploy")
    runs = json.loads(chain.succeed("history", "--format", "json").out)["runs"]
    assert [run["status"] for run in runs] == ["failed", "succeeded"]
    (chain.directory / "database/views/d.sql").unlink()
    chain.succeed("deploy")
    assert chain.rows("SELECT one FROM a") == [(6,)]
    assert "nothing to do" in chain.succeed("deploy").text


def test_a_failed_run_leaves_nothing_where_ddl_can_be_rolled_back(chain: Deployed) -> None:
    committed = chain.target.name == "mysql"
    chain.view("a", "SELECT 6 AS one")
    chain.view("d", "SELEC 1")
    assert ("the database is as before" in chain.fail("deploy").text) is not committed
    assert chain.rows("SELECT one FROM a") == [(6 if committed else 1,)]
    run = json.loads(chain.succeed("history", "--format", "json").out)["runs"][0]["run_id"]
    steps = json.loads(chain.succeed("history", "--run", run, "--format", "json").out)["steps"]
    assert {step["status"] for step in steps} == {"ok" if committed else "rolled back", "FAIL"}


def test_a_step_has_its_hashes_and_how_far_it_came(live: Deployed) -> None:
    live.reconfigure(scripting_variables={"one": 1})
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    end = ";\nGO\n" if live.target.name == "mssql" else ";\n"
    texts = {"a": ("INSERT INTO item VALUES ($(one))", "DELETE FROM item")}
    texts["b"] = (*texts["a"], "INSERT INTO nowhere VALUES (3)")
    for name, statements in texts.items():
        live.write(f"database/data/{name}.sql", "".join(f"{statement}{end}" for statement in statements))
    live.fail("data")
    run = json.loads(live.succeed("history", "--format", "json").out)["runs"][0]["run_id"]
    done, failed = json.loads(live.succeed("history", "--run", run, "--format", "json").out)["steps"]
    whole = live.target.name == "postgresql"  # where a file is one batch
    assert (done["batches"], failed["batches"]) == ((1, 0) if whole else (2, 2))
    assert [step["raw_hash"] for step in (done, failed)] == [
        sha256((live.directory / f"database/data/{name}.sql").read_bytes()).hexdigest() for name in texts
    ]
    assert done["file_hash"] not in {"", done["raw_hash"]}
    assert (done["error"], "nowhere" in failed["error"]) == ("", True)
    assert failed["error"].startswith("database/data/b.sql:")
    assert "nowhere" in live.succeed("history", "--run", run).text


def test_the_history_compares_a_file_with_what_was_deployed(chain: Deployed) -> None:
    assert "a.sql is as it was deployed." in chain.succeed("history", "--object", "a.sql", "--diff").text
    chain.view("a", "SELECT 2 AS one")
    assert "SELECT 2 AS one" in chain.succeed("history", "--object", "a.sql", "--diff").text


def test_a_status_says_what_run_brought_a_revision(live: Deployed) -> None:
    revision(live, "a1", None)
    revision(live, "b2", "a1")
    live.succeed("deploy")
    document = json.loads(live.succeed("status", "--format", "json").out)
    (state,) = (each for each in document["objects"] if each["kind"] == "revision")
    assert (state["file"], state["run"]) == ("b2", document["last_run"]["run"])


def test_a_file_at_a_time_keeps_what_was_done_before_a_failure(chain: Deployed) -> None:
    chain.reconfigure(deploy_transaction="file")
    chain.view("a", "SELECT 6 AS one")
    chain.view("d", "SELEC 1")
    chain.fail("deploy")
    assert chain.rows("SELECT one FROM a") == [(6,)]


def test_old_runs_are_forgotten(chain: Deployed) -> None:
    chain.reconfigure(history_keep=2)
    for number in range(3):
        chain.view("c", f"SELECT {number} AS three")
        chain.succeed("deploy")
    assert len(json.loads(chain.succeed("history", "--format", "json").out)["runs"]) == 2
    files, objects = 2, 3
    assert chain.rows("SELECT COUNT(*) FROM ahjo_texts") == [(files + objects,)]


def test_the_tables_have_the_names_of_the_config_and_runs_the_hash_of_their_plan(live: Deployed) -> None:
    live.reconfigure(history_prefix="deployed_")
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    assert not live.has("ahjo_state")
    assert "nothing to do" in live.succeed("deploy").text
    live.succeed("drift")
    for value in (2, 1):
        live.view("a", f"SELECT {value} AS one")
        live.succeed("deploy")
    live.succeed("deploy", "--all")
    hashes = [row[0] for row in live.rows("SELECT plan_hash FROM deployed_runs ORDER BY run_id")]
    assert hashes[0] == hashes[2] == hashes[3] != hashes[1]


def test_baseline_records_what_is_there(live: Deployed) -> None:
    live.by_hand("CREATE VIEW a AS SELECT 1 AS one")
    live.view("a", "SELECT 1 AS one")
    live.view("b", "SELECT 2 AS two")
    done = live.succeed("baseline")
    assert "b.sql: not recorded" in done.text
    assert ran(live.succeed("deploy").text) == ["b"]


def commit(live: Deployed, tag: str = "") -> None:
    """Commit all files of the project, in a repository of its own."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    commands = [["init", "-q"], ["add", "--all"], ["commit", "-q", "-m", "files"], *([["tag", tag]] if tag else [])]
    for command in commands:
        subprocess.run([*git, *command], cwd=live.directory, check=True)


def without_history(live: Deployed) -> None:
    """Leave in the database what Ahjo leaves: objects, Alembic's table, and the row of its git table."""
    schema = "dbo." if live.target.name == "mssql" else ""
    live.by_hand(*(f"DROP TABLE {schema}ahjo_{name}" for name in HISTORY))


def test_baseline_takes_over_what_ahjo_deployed_and_no_later_change(live: Deployed) -> None:
    revision(live, "a1", None)
    for name in ("changed", "kept", "removed"):
        live.view(name, "SELECT 1 AS one")
    live.write("database/data/once.sql", "-- run: once\nINSERT INTO nowhere VALUES (1);\n")
    commit(live, "v1.0")
    live.succeed("deploy")
    without_history(live)
    live.view("changed", "SELECT 2 AS one")
    live.view("new", "SELECT 3 AS one")
    (live.directory / "database/views/removed.sql").unlink()
    commit(live)
    done = live.succeed("baseline")
    assert "Ahjo deployed v1.0 here" in done.text
    assert "3 files, 0 revisions, 1 data file" in done.text
    found = json.loads(live.succeed("status", "--format", "json").out)["objects"]
    states = {each["file"].rpartition("/")[2].partition(".")[0]: each["state"] for each in found}
    expected = {"changed": "changed", "kept": "deployed", "new": "pending", "removed": "removed", "a1": "deployed"}
    assert {name: states[name] for name in expected} == expected


def test_baseline_leaves_revisions_to_run_that_ahjo_did_not(live: Deployed) -> None:
    revision(live, "a1", None)
    commit(live)
    live.succeed("deploy")
    without_history(live)
    revision(live, "b2", "a1")
    assert "0 files, 0 revisions" in live.succeed("baseline").text
    assert "1 migration" in live.succeed("plan").text


def test_after_a_baseline_there_is_nothing_to_do(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    revision(live, "a1", None)
    commit(live, "v1.0")
    name = "dbo.a" if live.target.name == "mssql" else "a"
    live.by_hand(f"CREATE VIEW {name} AS SELECT 1 AS one")
    live.succeed("baseline")
    live.succeed("plan", "--check")
    assert "v1.0" in live.succeed("version").text


def test_a_git_version_that_is_not_in_the_repository_is_told(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    commit(live)
    live.succeed("deploy")
    without_history(live)
    shutil.rmtree(live.directory / ".git")
    live.write("README.md", "another repository")
    commit(live)
    assert "a shallow clone lacks older ones" in live.succeed("baseline").text
    assert "nothing to do" in live.succeed("plan").text


def test_a_baseline_has_run_the_data_that_runs_once(live: Deployed) -> None:
    live.write("database/data/once.sql", "-- run: once\nINSERT INTO nowhere VALUES (1);\n")
    assert "1 data file" in live.succeed("baseline").text
    assert "done by an earlier run, and to be run once" in live.succeed("data").text


def test_a_changed_variable_runs_the_file(live: Deployed) -> None:
    live.reconfigure(scripting_variables={"value": "1"})
    live.view("a", "SELECT $(value) AS one")
    live.succeed("deploy")
    live.reconfigure(scripting_variables={"value": "2"})
    live.succeed("deploy")
    assert live.rows("SELECT one FROM a") == [(2,)]


SECRET = "s3cret-value"


def history_of(live: Deployed) -> str:
    """All that the tables of the history hold, with the texts that they keep."""
    names = ("state", "runs", "steps", "objects", "data")
    texts = [zlib.decompress(base64.b64decode(row[0])).decode() for row in live.rows("SELECT content FROM ahjo_texts")]
    return "\n".join([*texts, *(repr(live.rows(f"SELECT * FROM ahjo_{name}")) for name in names)]).lower()


def plain_hashes(*texts: str) -> set[str]:
    return {made(text.encode()).hexdigest()[:32] for text in texts for made in (sha256, md5)}


def test_a_text_with_a_secret_is_kept_neither_as_text_nor_as_its_hash_and_runs_each_time(live: Deployed) -> None:
    live.reconfigure(scripting_variables={"api_password": SECRET})
    create = f"CREATE TABLE item (id INTEGER, name VARCHAR(20) DEFAULT '{SECRET}')"
    revision(live, "a1", None, f"op.execute({create!r})")
    live.view("a", "SELECT '$(api_password)' AS one")
    live.view("b", "SELECT 1 AS one")
    live.write("database/data/d.sql", "-- run: on change\nINSERT INTO item VALUES (1, '$(api_password)');\n")
    live.write("database/data/item.csv", f"id;name\n2;{SECRET}\n")
    live.write("database/data/item.load.yaml", "run: on change\n")
    live.succeed("deploy")
    for times in (1, 2):
        live.succeed("data")
        assert live.rows("SELECT COUNT(*) FROM item") == [(2 * times,)]
        assert ran(live.succeed("deploy").text) == ["a"]
    live.view("b", "SELECT 2 AS one")
    live.succeed("deploy")
    story = json.loads(live.succeed("history", "--object", "a.sql", "--format", "json").out)["steps"]
    assert {step["text_hash"] for step in story} == {""}
    text = (live.directory / "database/views/a.sql").read_text()
    script = "INSERT INTO item VALUES (1, '{0}')"
    effective = (text, text.strip(), create, script, f"1 {script}", f"-- run: on change\n{script};\n", SECRET)
    known = history_of(live)
    assert SECRET not in known
    assert "b.sql" in known
    hashes = plain_hashes(*(each.replace("$(api_password)", SECRET).replace("{0}", SECRET) for each in effective))
    assert [each for each in hashes if each in known] == []
    assert "item" not in live.here("drift").text


@pytest.mark.parametrize("target", ["mysql", "sqlite"], indirect=True)
def test_an_object_named_with_its_own_database_is_known_again(live: Deployed) -> None:
    own = live.database if live.target.name == "mysql" else "main"
    drop = "" if live.target.name == "mysql" else f"DROP VIEW IF EXISTS {own}.a;\n"
    replace = "OR REPLACE " if live.target.name == "mysql" else ""
    live.write("database/views/a.sql", f"{drop}CREATE {replace}VIEW {own}.a AS SELECT 1 AS one;\n")
    live.succeed("deploy")
    assert "nothing to do" in live.succeed("deploy").text


def test_a_named_file_outside_of_the_objects_is_not_taken_for_a_removed_one(chain: Deployed) -> None:
    chain.view("x", "SELECT 1 AS one", folder="database/other")
    chain.succeed("deploy-files", "--files", "database/other/x.sql")
    assert "x.sql" not in chain.succeed("plan").text
    chain.succeed("deploy", "--prune")
    assert chain.has("x")


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_each_change_in_the_catalog_is_seen(live: Deployed) -> None:
    live.target.query("CREATE TABLE t (id int); CREATE ROLE reader", live.database)
    statements = [
        "CREATE VIEW v AS SELECT id FROM t",
        "CREATE TYPE code FROM nvarchar(20)",
        "CREATE TYPE pairs AS TABLE (id int NOT NULL, name nvarchar(20))",
        "CREATE TRIGGER tr ON t AFTER INSERT AS SELECT 1 AS a",
        "DROP TYPE code; CREATE TYPE code FROM nvarchar(30)",
        "DROP TYPE pairs; CREATE TYPE pairs AS TABLE (id int NOT NULL, name nvarchar(30))",
    ]
    if live.rows("SELECT COUNT(*) FROM sys.database_permissions") != [(0,)]:
        statements += [
            "GRANT SELECT ON v TO reader",
            "GRANT EXECUTE ON TYPE::code TO reader",
            "DISABLE TRIGGER tr ON t",
            "CREATE SEQUENCE s START WITH 5",
            "ALTER SEQUENCE s INCREMENT BY 2",
            "CREATE SYNONYM other FOR t",
            "CREATE TRIGGER ddl ON DATABASE FOR CREATE_TABLE AS SELECT 1 AS a",
        ]
    with live.connection() as connection, live.target.connect(live.database) as other:
        cursor = other.cursor()
        seen = [(read_version(connection), read_catalog(connection))]
        for statement in statements:
            cursor.execute(statement)
            other.commit()
            version, found = read_version(connection), read_catalog(connection)
            assert version not in {earlier for earlier, _ in seen}, statement
            assert found not in [earlier for _, earlier in seen], statement
            seen.append((version, found))
        assert (read_version(connection), read_catalog(connection)) == seen[-1]


EDITS = {
    "a file": lambda live: live.view("c", "SELECT 30 AS three"),
    "a new file": lambda live: live.view("d", "SELECT 4 AS four"),
    "a variable": lambda live: live.reconfigure(scripting_variables={"value": "6"}),
    "a new revision": lambda live: revision(live, "b2", "a1"),
    "a downgraded database": lambda live: live.by_hand("DELETE FROM alembic_version"),
    "a view changed by hand": lambda live: (
        live.by_hand("DROP VIEW c"),
        live.by_hand("CREATE VIEW c AS SELECT 9 AS three"),
    ),
    "a view dropped by hand": lambda live: live.by_hand("DROP VIEW c"),
    "the record of a file": lambda live: live.by_hand("UPDATE ahjo_state SET catalog_version = NULL"),
}
STILL_NOTHING = frozenset({"the record of a file"})


@pytest.mark.parametrize("edit", EDITS)
def test_the_look_without_the_lock_misses_no_change(live: Deployed, edit: str) -> None:
    revision(live, "a1", None)
    live.reconfigure(scripting_variables={"value": "5"})
    live.view("c", "SELECT 3 AS three")
    live.view("v", "SELECT $(value) AS five")
    live.succeed("deploy")
    assert "nothing to do" in live.succeed("deploy").text
    EDITS[edit](live)
    done = live.succeed("deploy").text
    assert (" ok " in done) is (edit not in STILL_NOTHING)
    assert "nothing to do" in live.succeed("deploy").text
    assert live.rows("SELECT three FROM c") == [(30 if edit == "a file" else 3,)]
    assert live.rows("SELECT five FROM v") == [(6 if edit == "a variable" else 5,)]


def test_a_file_that_does_more_than_define_objects_runs_each_time(chain: Deployed) -> None:
    mssql = chain.target.name == "mssql"
    chain.by_hand("CREATE TABLE counted (id INTEGER)")
    name, end = ("dbo.counted", "\nGO\n") if mssql else ("counted", ";\n")
    chain.view("d", f"SELECT 1 AS one{end}INSERT INTO {name} VALUES (1)")
    for times in (1, 2, 3):
        chain.succeed("deploy")
        assert chain.rows(f"SELECT COUNT(*) FROM {name}") == [(times,)]


def test_only_the_changed_file_and_those_that_name_it_are_read_as_sql(live: Deployed) -> None:
    owner = "dbo." if live.target.name == "mssql" else ""
    live.view("price", "SELECT 1 AS one")
    live.view("offer", f"SELECT one FROM {owner}price")
    live.view("stock", "SELECT 3 AS three")
    live.succeed("deploy")
    live.view("price", "SELECT 2 AS one")
    with patch("ahjo_tasks.project.object_index.split", wraps=object_index.split) as split:
        live.succeed("deploy")
    assert {call.args[0].path.stem for call in split.call_args_list} == {"price", "offer"}


def committed(live: Deployed) -> Deployed:
    """Put the project under git, with all its files committed."""
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "m"],
    ):
        assert live.run("git", *command).code == 0
    return live


def modules_of_deploy(live: Deployed) -> tuple[str, set[str]]:
    """Return what a deploy in a process of its own says, and the modules that it has loaded."""
    program = (
        "import sys; from invoke.program import Program; from ahjo_tasks import namespace;"
        "Program(namespace=namespace()).run(['inv', 'deploy', '--config', 'dev.json'], exit=False);"
        "print('modules', *sys.modules)"
    )
    done = live.run(sys.executable, "-c", program)
    return done.text, set(done.out.partition("modules ")[2].split())


def test_nothing_changed_reads_no_sql_and_loads_neither_alembic_nor_sqlalchemy(live: Deployed) -> None:
    revision(live, "a1", None)
    live.view("c", "SELECT 3 AS three")
    committed(live).succeed("deploy")
    text, modules = modules_of_deploy(live)
    assert "nothing to do" in text
    assert "ahjo_tasks.engine.unchanged" in modules
    assert modules.isdisjoint({"alembic", "ahjo_tasks.sql.references", "ahjo_tasks.project.sql_file"})
    assert ("sqlalchemy" in modules) is (live.target.name == "mssql")  # its drivers need it


@pytest.mark.parametrize("edit", ["a file", "a new revision"])
def test_alembic_and_sqlalchemy_are_loaded_only_where_a_revision_may_be_pending(live: Deployed, edit: str) -> None:
    revision(live, "a1", None)
    live.view("c", "SELECT 3 AS three")
    live.succeed("deploy")
    EDITS[edit](live)
    text, modules = modules_of_deploy(live)
    assert " ok " in text
    assert ("alembic" in modules) is (edit != "a file")
    assert ("sqlalchemy" in modules) is (edit != "a file" or live.target.name == "mssql")


ROUND_TRIPS = {"postgresql": 7, "mysql": 9, "sqlite": 7}
"""Calls of a deploy that has nothing to do: to set the session up, and for the state, the identity, the revisions, the
version of the catalog, the facts that are shown, and the git version."""


def whole_reads(read: Mock) -> int:
    """Return how often the fingerprints of all objects were read."""
    return sum(len(call.args) == 1 for call in read.call_args_list)


@pytest.mark.parametrize("target", list(ROUND_TRIPS), indirect=True)
def test_nothing_changed_takes_few_round_trips_and_no_lock(live: Deployed) -> None:
    revision(live, "a1", None)
    live.view("c", "SELECT 3 AS three")
    committed(live).succeed("deploy")
    with calls_to(live.target.name) as calls:
        assert "nothing to do" in live.succeed("deploy").text
    assert len(calls) <= ROUND_TRIPS[live.target.name], calls
    assert not [call for call in calls if "advisory_lock" in call or "GET_LOCK" in call]


def test_where_only_files_differ_all_objects_are_looked_at_once_to_plan(chain: Deployed) -> None:
    chain.by_hand("CREATE VIEW stranger AS SELECT 1 AS one")
    chain.succeed("deploy")
    chain.view("c", "SELECT 4 AS three")
    with (
        patch("ahjo_tasks.database.catalog.read_catalog", wraps=read_catalog) as read,
        patch("ahjo_tasks.database.catalog.read_version", wraps=read_version) as version,
    ):
        before, first = chain.succeed("plan").text, whole_reads(read)
        chain.by_hand("DROP VIEW b", "CREATE VIEW b AS SELECT 77 AS one")
        after, second = chain.succeed("plan").text, whole_reads(read)
    if dialect(chain.target.name).hashes_make_version:
        assert (first, second, version.call_count) == (1, 2, 0)
    else:
        assert (first, second, version.call_count) == (0, 1, 2)
    assert ("    ~ c.sql  changed" in before, "    ! b.sql" in before, "    ! b.sql" in after) == (True, False, True)


def test_a_full_comparison_that_finds_nothing_is_remembered(chain: Deployed) -> None:
    chain.by_hand("CREATE VIEW stranger AS SELECT 1 AS one")
    chain.succeed("deploy")
    before = chain.rows("SELECT catalog_version FROM ahjo_state")
    chain.by_hand("DROP VIEW stranger")
    chain.succeed("deploy")
    assert chain.rows("SELECT catalog_version FROM ahjo_state") != before
    assert len(json.loads(chain.succeed("history", "--format", "json").out)["runs"]) == 1


NEWER_COLUMN = "region"


@contextmanager
def a_later_release(live: Deployed) -> Iterator[None]:
    """Have the tables one more column and one more table, in version 2."""
    made = _run_columns

    def columns() -> list[Column[Any]]:
        return [*made(), Column(NEWER_COLUMN, Unicode(50), nullable=False, server_default="")]

    def tables(self: HistoryTables, *arguments: Any) -> None:
        create_all(self, *arguments)
        self.notes = self._table("notes", [Column("note", Unicode(50), primary_key=True)])  # type: ignore[attr-defined]

    create_all = HistoryTables.__init__
    with (
        patch("ahjo_tasks.history.tables._run_columns", columns),
        patch("ahjo_tasks.history.tables._shared", HistoryTables),
        patch.object(HistoryTables, "__init__", tables),
        patch("ahjo_tasks.history.store.TABLES_VERSION", 2),
    ):
        yield


def test_a_later_release_reads_older_tables_and_brings_them_to_its_own(chain: Deployed) -> None:
    with a_later_release(chain):
        assert len(json.loads(chain.succeed("history", "--format", "json").out)["runs"]) == 1
        assert "nothing to do" in chain.succeed("plan").text
        assert chain.rows("SELECT tables_version FROM ahjo_state") == [(1,)]
        chain.view("c", "SELECT 4 AS three")
        assert ran(chain.succeed("deploy").text) == ["c"]
        assert chain.rows("SELECT tables_version FROM ahjo_state") == [(2,)]
        assert len(chain.rows(f"SELECT {NEWER_COLUMN} FROM ahjo_runs")) == 2
        assert chain.has("ahjo_notes")
        assert len(json.loads(chain.succeed("history", "--format", "json").out)["runs"]) == 2
        assert "nothing to do" in chain.succeed("deploy").text


def test_an_older_release_refuses_newer_tables(chain: Deployed) -> None:
    chain.reconfigure(project="other")
    with a_later_release(chain):
        chain.view("d", "SELECT 1 AS one")
        chain.succeed("deploy")
    chain.reconfigure(project="")
    chain.view("c", "SELECT 4 AS three")
    chain.write("database/data/x.sql", "SELECT 1;\n")
    for command in ("deploy", "plan", "status", "drift", "history", "data", "baseline"):
        assert "newer release of ahjo-tasks" in chain.fail(command, code=2).text, command
    assert chain.rows("SELECT three FROM c") == [(3,)]


SELECTED = [
    ("a", "a"),
    ("A", "a"),
    ("a.sql", "a"),
    ("views/a.sql", "a"),
    ("database/views/a.sql", "a"),
    ("./database/views/a.sql+", "ab"),
    ("./database/views/*.sql", "abc"),
    ("./a+", ""),
    ('"a"', "a"),
    ("`a`", "a"),
    ("[a]", "a"),
    ("a+", "ab"),
    ('"a"+', "ab"),
    ("deep", "c"),
    ("deep/", "c"),
    ("views/deep", "c"),
    ("views", "abc"),
    ("views+", "abc"),
    ("database/views/*.sql", "abc"),
    ("*/deep/*", "c"),
    ("changed", ""),
    ("changed+", ""),
    ("eep", ""),
    ("view", ""),
]


@pytest.mark.parametrize(("word", "names"), SELECTED)
def test_what_a_word_of_select_means(sqlite: Deployed, word: str, names: str) -> None:
    sqlite.view("a", "SELECT 1 AS one")
    sqlite.view("b", "SELECT one FROM a")
    sqlite.view("c", "SELECT 3 AS three", folder="database/views/deep")
    sqlite.succeed("deploy")
    if not names and "changed" not in word:
        refused = sqlite.fail("deploy", "--select", word, code=2)
        assert f"{word.removesuffix('+')} is not a file, object or folder of the project" in refused.err
        return
    done = sqlite.succeed("deploy", "--select", word).text
    assert [name.rpartition("/")[2] for name in ran(done)] == list(names)


def test_a_word_of_select_that_is_no_name_gets_the_nearest_one(sqlite: Deployed) -> None:
    sqlite.view("customers", "SELECT 1 AS one", folder="database/views/sales")
    for word, near in (("custmers", "customers"), ("slaes", "sales"), ("sales/custmers.sql", "sales/customers.sql")):
        assert f"Did you mean {near}?" in sqlite.fail("deploy", "--select", word, code=2).err
    assert not sqlite.has("customers")


def test_what_was_rolled_back_leaves_nothing_to_refresh(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.view("b", "SELECT one FROM a")
    live.write("database/views/c.sql", "CREATE VIEW c AS SELECT one FROM b")
    live.succeed("deploy")
    for flags in [("--select", "c"), *([("--all",)] if live.target.name in {"sqlite", "postgresql"} else [])]:
        live.fail("deploy", *flags)
        assert "nothing to do" in live.succeed("plan", "--check").out
        assert "3 deployed" in live.succeed("status").out
    before = (live.directory / "database/views/a.sql").read_text()
    live.view("a", "SELECT 2 AS one, nothing FROM nowhere")
    live.fail("deploy")
    live.write("database/views/a.sql", before)
    assert "nothing to do" in live.succeed("plan", "--check").out


@pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)
@pytest.mark.parametrize("cause", ["revision", "view"])
def test_what_a_failed_deploy_was_to_refresh_is_refreshed_by_the_next_one(live: Deployed, cause: str) -> None:
    live.reconfigure(deploy_transaction="file")
    revision(live, "a1", None, 'op.execute("CREATE TABLE item (id INTEGER)")')
    live.view("b", "SELECT * FROM item")
    live.view("z", "SELECT * FROM b")
    live.succeed("deploy")
    if cause == "revision":
        revision(live, "b2", "a1", 'op.execute("ALTER TABLE item ADD name VARCHAR(9)")')
    else:
        live.view("b", "SELECT item.*, 1 AS one FROM item")
    live.view("a", f"SELECT nothing FROM {'item' if cause == 'revision' else 'b'}")
    live.fail("deploy")
    (live.directory / "database/views/a.sql").unlink()
    assert "refreshed: a failed deploy did not reach it" in live.succeed("plan").out
    live.succeed("deploy")
    assert live.rows(f"SELECT {'name' if cause == 'revision' else 'one'} FROM z") == []
    assert "nothing to do" in live.succeed("plan", "--check").out
