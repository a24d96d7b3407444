"""Plans on every database: as a script for its own client, by a login that may only read, saved for one database."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from revisions import revision

from ahjo_tasks import api
from ahjo_tasks.database.catalog import read_catalog, read_tables, read_version

if TYPE_CHECKING:
    from pathlib import Path

    from inside import Deployed

CLIENTS = {"sqlite": "sqlite3", "postgresql": "psql", "mysql": "mysql"}


def run_script(live: Deployed, script: Path, *flags: str) -> int:
    """Run a script with the database's own client and these flags; return its exit code."""
    client = CLIENTS.get(live.target.name, "")
    if not shutil.which(client or "none"):
        pytest.skip(f"no client for {live.target.name}")
    url = live.target.database_url(live.database)
    where = {
        "sqlite3": [str(url.database)],
        "psql": [f"-h{url.host}", f"-p{url.port}", f"-U{url.username}", "-d", live.database, "-f", "-"],
        "mysql": [f"-h{url.host}", f"-P{url.port}", f"-u{url.username}", live.database],
    }[client]
    environ = {**os.environ, "PGPASSWORD": str(url.password), "MYSQL_PWD": str(url.password)}
    with script.open() as text:
        done = subprocess.run([client, *flags, *where], stdin=text, env=environ, capture_output=True, check=False)
    return done.returncode


def test_a_plan_is_a_script_for_the_databases_own_client(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.view("a", "SELECT 2 AS one")
    live.view("b", "SELECT 'it''s; $(x) :y' AS two")
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert live.rows("SELECT one FROM a") == [(1,)]
    assert run_script(live, live.directory / "plan.sql") == 0
    assert live.rows("SELECT one FROM a") == [(2,)]
    assert live.rows("SELECT two FROM b") == [("it's; $(x) :y",)]
    assert live.rows("SELECT status FROM ahjo_runs") == [("succeeded",), ("succeeded",)]
    assert run_script(live, live.directory / "plan.sql") != 0, "the guard refuses a second time"
    assert live.rows("SELECT COUNT(*) FROM ahjo_runs") == [(2,)]
    assert "nothing to do" in live.succeed("plan", "--check").text
    assert "script of " in live.succeed("history").text
    assert live.succeed("drift").code == 0


def test_a_revision_in_a_script_writes_what_it_writes_by_itself(live: Deployed) -> None:
    calls = [
        'item = op.create_table("item", sa.Column("name", sa.String(40)))',
        """op.execute("INSERT INTO item VALUES ('100% a:b it''s')")""",
        """op.bulk_insert(item, [{"name": "50% :c %s %% 'd'"}])""",
    ]
    revision(live, "a1", None, "\n    ".join(calls), 'op.drop_table("item")')
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert run_script(live, live.directory / "plan.sql") == 0
    written = sorted(live.rows("SELECT name FROM item"))
    live.succeed("downgrade")
    live.succeed("deploy")
    assert sorted(live.rows("SELECT name FROM item")) == written
    assert written == [("100% a:b it's",), ("50% :c %s %% 'd'",)]


OWN_ENVIRONMENT = """from alembic import context

if context.is_offline_mode():
    context.configure(url={url!r}, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_an_env_file_of_ones_own_renders_the_same_sql(live: Deployed) -> None:
    revision(live, "a1", None, """op.execute("CREATE TABLE item (name VARCHAR(9) DEFAULT '50% %s')")""")
    url = live.target.database_url(live.database).render_as_string(hide_password=False)
    live.write("alembic/env.py", OWN_ENVIRONMENT.format(url=url))
    assert "DEFAULT '50% %s'" in live.succeed("plan").out


MISREAD = {
    "sqlite": "SELECT '\n/\n' AS text, 6\n/\n2\nAS\nGO",
    "mysql": "SELECT '\ndelimiter x\n' AS text, 3\nAS\ndelimiters , 4 AS two\nFROM (SELECT 1) AS one",
    "postgresql": "SELECT ':USER :''HOST'' ' AS text, (ARRAY[1, 2, 3])[1:PORT] AS \":PORT\" FROM (SELECT 2 AS PORT) p",
}
"""SQL in which the client sees a variable or a command of its own."""


@pytest.mark.parametrize("target", [*MISREAD], indirect=True)
def test_a_client_reads_a_script_as_the_server_would(live: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    text = MISREAD[live.target.name]
    live.view("a", text)
    live.view("b", "SELECT 'ä漢😀' AS \"ü\"" if live.target.name != "mysql" else "SELECT 'ä漢😀' AS `ü`")
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    with monkeypatch.context() as environ:
        environ.setenv("LC_ALL", "C")
        environ.setenv("PGCLIENTENCODING", "LATIN1")
        assert run_script(live, live.directory / "plan.sql") == 0
    assert live.rows("SELECT * FROM a") == live.rows(text)
    assert live.rows("SELECT * FROM b") == [("ä漢😀",)]
    assert "nothing to do" in live.succeed("plan", "--check").text


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_script_says_how_the_comments_of_routines_are_kept(live: Deployed) -> None:
    text = "DELIMITER //\nCREATE OR REPLACE PROCEDURE p() BEGIN -- why\n SELECT 1; END\n//\n"
    live.write("database/procedures/p.sql", text)
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    call = (live.directory / "plan.sql").read_text().splitlines()[0].split("run it with: ")[1]
    assert run_script(live, live.directory / "plan.sql", *(word for word in call.split() if word.startswith("--"))) == 0
    assert "-- why" in live.rows("SHOW CREATE PROCEDURE p")[0][2]


SESSION = {
    "mysql": "SET NAMES latin1; SET sql_mode = 'ANSI_QUOTES', time_zone = '+05:00'; USE mysql;",
    "postgresql": "SET search_path TO other; SET LOCAL DateStyle = 'German'; SET ROLE pg_monitor;",
}
"""What a file may set for the session; the file after it begins in one of its own."""


@pytest.mark.parametrize("target", [*SESSION], indirect=True)
def test_a_file_of_a_script_leaves_the_session_as_it_was(live: Deployed) -> None:
    if live.target.name == "postgresql":
        live.target.query("CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO pg_monitor", live.database)
    name = "`{}`.`a`" if live.target.name == "mysql" else "other.a"
    create = f"CREATE OR REPLACE VIEW {name.format(live.database)} AS SELECT 1 AS one;"
    live.write("database/views/a.sql", f"{SESSION[live.target.name]} {create}")
    live.view("b", '-- depends: a\nSELECT "one" AS text' if live.target.name == "mysql" else "SELECT 'ä' AS text")
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert run_script(live, live.directory / "plan.sql") == 0
    assert live.rows("SELECT text FROM b") == [("one" if live.target.name == "mysql" else "ä",)]
    assert "nothing to do" in live.succeed("plan", "--check").text


def test_a_script_for_an_empty_database_begins_the_history(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert run_script(live, live.directory / "plan.sql") == 0
    assert live.rows("SELECT label, status FROM ahjo_steps") == [("database/views/a.sql", "ok")]
    assert run_script(live, live.directory / "plan.sql") != 0, "the guard refuses a second time"
    assert "nothing to do" in live.succeed("plan", "--check").text
    live.view("a", "SELECT 2 AS one")
    assert "-CREATE" in live.succeed("plan", "--diff").text.replace("-DROP VIEW IF EXISTS a; ", "-"), "its text is kept"
    live.by_hand("DROP VIEW a", "CREATE VIEW a AS SELECT 3 AS one")
    assert "view public.a was changed by hand" in live.fail("drift", code=5).text.replace("view a ", "view public.a ")


def test_a_script_migrates_and_drops_what_was_removed(live: Deployed) -> None:
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True))')
    live.view("a", "SELECT id FROM item" if live.target.name != "mssql" else "SELECT id FROM dbo.item")
    live.view("b", "SELECT 1 AS one")
    live.succeed("deploy")
    revision(live, "b2", "a1", 'op.add_column("item", sa.Column("price", sa.Integer))')
    (live.directory / "database/views/b.sql").unlink()
    live.succeed("plan", "--prune", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert run_script(live, live.directory / "plan.sql") == 0
    assert live.rows("SELECT version_num FROM alembic_version") == [("b2",)]
    assert not live.has("b")
    assert "nothing to do" in live.succeed("plan", "--check", "--prune").text
    live.succeed("drift")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_script_records_the_rule_of_each_table(live: Deployed) -> None:
    live.target.query("CREATE SCHEMA s; CREATE TABLE s.a (id int); CREATE TABLE b (id int)", live.database)
    for table in ("s.a", "b"):
        rule = f"CREATE OR REPLACE RULE same AS ON DELETE TO {table} DO INSTEAD NOTHING;\n"
        live.write(f"database/rules/{table}.sql", rule)
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert run_script(live, live.directory / "plan.sql") == 0
    assert "nothing to do" in live.succeed("plan", "--check").text
    live.target.query("DROP RULE same ON s.a", live.database)
    assert "rule same on s.a was dropped by hand" in live.fail("drift", code=5).text
    (live.directory / "database/rules/b.sql").unlink()
    live.succeed("plan", "--prune", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert run_script(live, live.directory / "plan.sql") == 0
    live.succeed("drift")
    assert live.rows("SELECT tablename FROM pg_rules WHERE rulename = 'same'") == [("a",)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_script_records_overloads_and_rights(live: Deployed) -> None:
    one = "CREATE OR REPLACE FUNCTION f({0}) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
    live.write(
        "database/functions/f.sql",
        one.format("a integer") + one.format("a text") + "GRANT EXECUTE ON FUNCTION f(integer) TO PUBLIC;",
    )
    live.succeed("plan", "--format", "sql", "--output", str(live.directory / "plan.sql"))
    assert run_script(live, live.directory / "plan.sql") == 0
    assert "nothing to do" in live.succeed("plan", "--check").text
    live.succeed("drift")
    live.by_hand("ALTER FUNCTION f(text) STABLE")
    assert "function public.f was changed by hand" in live.fail("drift", code=5).text


def test_a_difference_is_that_from_what_was_deployed_not_from_what_was_rolled_back(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.view("a", "SELECT 2 AS one")
    live.view("b", "SELECT nothing FROM nowhere; SELEC")
    live.fail("deploy")
    live.view("a", "SELECT 3 AS one")
    for command in (("plan", "--diff"), ("history", "--object", "database/views/a.sql", "--diff")):
        removed = [line for line in live.succeed(*command).out.splitlines() if line.strip().startswith("-")]
        left = live.rows("SELECT one FROM a")[0][0]
        assert any(f"SELECT {left} AS one" in line for line in removed), removed


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_is_refreshed_names_what_changed(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.view("b", "SELECT one FROM a")
    live.view("c", "SELECT one FROM b")
    live.succeed("deploy")
    live.view("a", "SELECT 2 AS one")
    lines = live.succeed("plan").out.splitlines()
    assert [line for line in lines if " > " in line] == [f"    > {name}.sql  refreshed: a.sql changed" for name in "bc"]


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_planning_creates_and_changes_nothing_in_the_database(live: Deployed) -> None:
    def contents() -> object:
        with live.connection() as connection:
            return read_catalog(connection), read_tables(connection), read_version(connection)

    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer, primary_key=True))')
    live.view("a", "SELECT 1 AS one")
    before = contents()
    commands = (("plan",), ("plan", "--format", "sql"), ("deploy", "--dry"), ("status",))
    for command in commands:
        live.succeed(*command)
    live.fail("drift", code=5)
    assert contents() == before
    live.succeed("deploy")
    revision(live, "b2", "a1", 'op.drop_table("item")')
    live.view("a", "SELECT 2 AS one")
    live.view("b", "SELECT 2 AS one")
    before = contents()
    for command in (*commands, ("plan", "--diff", "--out", str(live.directory / "plan.json"))):
        live.succeed(*command)
    assert contents() == before


def test_a_saved_plan_is_applied_once_and_for_its_own_database(live: Deployed) -> None:
    revision(live, "a1", None)
    live.view("a", "SELECT 1 AS one")
    file = str(live.directory / "plan.json")
    live.succeed("plan", "--out", file)
    live.succeed("deploy", "--plan", file)
    assert live.has("a")
    again = live.fail("deploy", "--plan", file, code=5).text
    assert "state: " in again
    assert "files: " not in again  # nobody has changed a file: its revision was run
    live.succeed("plan", "--out", file)
    live.reconfigure(target_database_name=live.target.create_database())
    assert "identity: " in live.fail("deploy", "--plan", file, code=5).text


def test_a_plan_is_refused_after_a_change_by_hand(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.view("b", "SELECT 1 AS one")
    live.succeed("plan", "--out", str(live.directory / "plan.json"))
    with live.target.connect(live.database) as connection:
        connection.cursor().execute("DROP VIEW a")
        connection.commit()
    assert "version: " in live.fail("deploy", "--plan", str(live.directory / "plan.json"), code=5).text
    assert not live.has("b")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_plan_needs_no_right_to_write(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.view("a", "SELECT 2 AS one")
    readonly = {"options": "-c default_transaction_read_only=on"}
    live.reconfigure(sqla_url_query_map={**(live.backend.get("sqla_url_query_map") or {}), **readonly})
    for command in (("plan", "--diff"), ("status",), ("deploy", "--dry"), ("plan", "--format", "sql")):
        live.succeed(*command)
    live.fail("deploy")
    assert live.rows("SELECT one FROM a") == [(1,)]


SPELLINGS = {
    "sqlite": ("view_{0}", "VIEW_{0}", '"View_{0}"', "[view_{0}]", "`view_{0}`", "main.view_{0}"),
    "postgresql": ("view_{0}", "VIEW_{0}", '"view_{0}"', "public.view_{0}", 'PUBLIC."view_{0}"', 'U&"view\\005f{0}"'),
    "mysql": ("view_{0}", "`view_{0}`"),
}
"""The ways in which the files of a database may name a view."""


def random_view(number: int, generator: random.Random, spellings: tuple[str, ...]) -> tuple[str, str]:
    """Return the name and query of a view that reads some of those before it, spelled in one of several ways."""
    used = generator.sample(range(number), min(number, generator.choice([0, 1, 1, 2])))
    sources = [generator.choice(spellings).format(f"{each:02}") for each in used]
    columns = ", ".join(["1 AS one", *(f"s{place}.one AS c{place}" for place in range(len(used)))])
    tables = ", ".join(f"{source} s{place}" for place, source in enumerate(sources))
    return f"view_{number:02}", f"SELECT {columns}{f' FROM {tables}' if tables else ''}"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("target", sorted(SPELLINGS), indirect=True)
def test_a_deploy_that_reads_few_files_runs_what_the_plan_of_all_files_says(live: Deployed, seed: int) -> None:
    generator = random.Random(seed)
    views = [random_view(number, generator, SPELLINGS[live.target.name]) for number in range(20)]
    for name, query in views:
        live.view(name, query, f"database/{generator.choice(['views', 'views/more', 'views/other'])}")
    live.view("unrelated", "SELECT 1 AS one -- view_01")
    api.deploy(live.directory)
    for path in generator.sample(sorted(live.directory.glob("database/views/**/*.sql")), 2):
        path.write_text(path.read_text() + "-- changed\n")
    name, query = generator.choice(views)
    other = query.replace("1 AS one", "2 AS one", 1)
    if live.target.name == "sqlite":
        live.by_hand(f"DROP VIEW {name}", f"CREATE VIEW {name} AS {other}")
    else:
        live.by_hand(f"CREATE OR REPLACE VIEW {name} AS {other}")
    entries = api.plan(live.directory).changes
    done = api.deploy(live.directory)
    assert {step.label for step in done.steps} == {entry.file for entry in entries}
    reasons = {step.label: step.reason for step in api.steps(live.directory, run=done.run_id) if step.status == "ok"}
    assert reasons == {entry.file: entry.reason or entry.status for entry in entries}
    assert [step.status for step in done.steps] == ["ok"] * len(entries)
    assert api.deploy(live.directory).steps == ()
    assert api.drift(live.directory).changes == ()
