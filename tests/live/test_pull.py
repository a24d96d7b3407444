"""Pull: a database that is there becomes a project, for which there is nothing to do, and which builds it again."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inside import Deployed, connection_errors, deployed
from shared import SHARED, needs_shared

from ahjo_tasks.database.catalog import read_catalog, read_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from targets import Target

SCRIPTS = Path(__file__).parent / "pulled"
KEY_INDEXES = (
    "SELECT k.name FROM sys.key_constraints k"
    " JOIN sys.indexes i ON i.object_id = k.parent_object_id AND i.index_id = k.unique_index_id"
)
LACKING = re.compile('not currently supported|escape_hatch|is not immutable|cannot create index on relation|near "]"')
"""Words of a server that merely speaks SQL Server's protocol about what it lacks."""
USED = (
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.author (id int NOT NULL CONSTRAINT pk_author PRIMARY KEY, name nvarchar(50))",
    "CREATE TABLE kinds (c smallint, d int)",
)
"""What the features of SQL Server use."""
OURS = re.compile("ahjo_|alembic_version|git_version")
INI = "[alembic]\nscript_location = %(here)s/alembic\npath_separator = os\n"
ENV = "from ahjo_tasks.alembic_env import run\n\nrun(None)\n"
TEMPLATE = Path(__file__).parents[2] / "project_template" / "common" / "alembic" / "script.py.mako"


def with_alembic(live: Deployed) -> Deployed:
    """Give the project what revisions need, and none."""
    live.write("alembic.ini", INI)
    live.write("alembic/env.py", ENV)
    live.write("alembic/script.py.mako", TEMPLATE.read_text(encoding="utf-8"))
    live.write("alembic/versions/.gitkeep", "")
    return live


def files(live: Deployed) -> dict[str, str]:
    """The SQL files of a project by their paths."""
    return {
        path.relative_to(live.directory).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((live.directory / "database").rglob("*.*"))
    }


def statements(live: Deployed) -> str:
    """The body of the first revision."""
    (revision,) = (live.directory / "alembic/versions").glob("*.py")
    return revision.read_text(encoding="utf-8").partition("def upgrade")[2]


def described(live: Deployed) -> dict[object, object]:
    """What the catalog tells of tables and other objects; MySQL writes the name of the database into views.

    Of a renamed module SQL Server keeps the text with its old name.
    """
    with live.connection() as connection:
        tables, catalog = read_tables(connection), read_catalog(connection)
    own = ("ahjo_", "alembic_version", "git_version", "word_")
    shown: dict[object, object] = {key: text for key, text in (tables or {}).items() if not key.name.startswith(own)}
    assert shown
    texts = {key: None if key.name == "newer" else value for key, value in catalog.items()}
    return shown | {key: value for key, value in texts.items() if (live.target.name, key.kind) != ("mysql", "view")}


def features() -> dict[str, list[str]]:
    """The batches of mssql_more.sql under the line that names what of SQL Server they make."""
    parts = re.split(r"^-- (.+)\n", (SCRIPTS / "mssql_more.sql").read_text(encoding="utf-8"), flags=re.MULTILINE)
    batches = (re.split(r"^GO\n", text, flags=re.MULTILINE) for text in parts[2::2])
    return {name: list(filter(str.strip, texts)) for name, texts in zip(parts[1::2], batches, strict=True)}


def refused(live: Deployed, statements: Sequence[str]) -> str:
    """Run statements; return why a server that merely speaks SQL Server's protocol cannot: nothing of them is left."""
    with live.target.connect(live.database) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN TRANSACTION")
        try:
            for statement in statements:
                cursor.execute(statement)
            lacking = renamed(cursor, statements)
        except connection_errors(connection) as error:
            if not LACKING.search(str(error)):
                raise
            lacking = str(error)
        cursor.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION" if lacking else "COMMIT TRANSACTION")
        return lacking


def renamed(cursor: Any, statements: Sequence[str]) -> str:
    """Say which names such a server has not kept as they are."""
    cursor.execute("SELECT 1 FROM sys.table_types WHERE name LIKE '@%'")
    if cursor.fetchall():
        return "it lists the table of a function as a type"
    for name in re.findall(r"INDEX (\w+) ON ", "".join(statements)):
        cursor.execute(f"SELECT 1 FROM sys.indexes WHERE name = '{name}'")
        if not cursor.fetchall():
            return "it gives indexes names of its own"
    return ""


def pull(target: Target, directory: Path, script: str, *more: list[str]) -> Deployed:
    """The project of a database that a script made, past this tool, with what the server takes of more statements."""
    live = with_alembic(deployed(target, directory))
    live.write("setup.sql", (SCRIPTS / f"{script}{target.name}.sql").read_text(encoding="utf-8"))
    live.succeed("deploy-files", "--files", "setup.sql")
    for statements in more:
        refused(live, statements)
    live.succeed("pull")
    return live


@pytest.fixture
def pulled(target: Target, tmp_path: Path) -> Deployed:
    """The project of a database with objects of all kinds."""
    return pull(target, tmp_path / "first", "", *(features().values() if target.name == "mssql" else ()))


def test_the_project_of_a_pulled_database_has_nothing_to_do(pulled: Deployed) -> None:
    pulled.succeed("baseline")
    plan = pulled.succeed("plan", "--check")
    assert "othing" in plan.out


def test_a_pulled_project_builds_the_same_database_elsewhere(pulled: Deployed, tmp_path: Path) -> None:
    assert rebuilt(pulled, tmp_path / "copy") == described(pulled)


@pytest.mark.parametrize("feature", features())
@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_each_feature_of_sql_server_makes_the_round_trip(target: Target, tmp_path: Path, feature: str) -> None:
    live = with_alembic(deployed(target, tmp_path / "first"))
    live.by_hand(*USED)
    lacking = refused(live, features()[feature])
    if lacking:
        pytest.skip(f"this server lacks a feature: {lacking}")
    live.succeed("pull")
    assert rebuilt(live, tmp_path / "copy") == described(live)


def rebuilt(live: Deployed, directory: Path) -> dict[object, object]:
    """What the catalog tells of the database that a pulled project builds."""
    return described(build_again(live, directory))


def build_again(live: Deployed, directory: Path) -> Deployed:
    """Deploy a pulled project to an empty database, and pull that: the same files."""
    copy = with_alembic(deployed(live.target, directory))
    (live.directory / "database").mkdir(exist_ok=True)
    shutil.copytree(live.directory / "database", copy.directory / "database", dirs_exist_ok=True)
    shutil.copytree(live.directory / "alembic", copy.directory / "alembic", dirs_exist_ok=True)
    if live.target.name == "mssql" and copy.refusal("CREATE OR ALTER VIEW replaced AS SELECT 1 AS one"):
        for path in (copy.directory / "database").rglob("*.sql"):
            path.write_text(path.read_text("utf-8").replace("CREATE OR ALTER", "CREATE"), "utf-8")
    copy.succeed("deploy")

    again = with_alembic(deployed(live.target, directory.with_name("again"), create=False))
    again.reconfigure(target_database_name=copy.database)
    again.succeed("pull")
    assert files(again) == files(live)
    assert statements(again) == statements(live)
    return copy


def told(live: Deployed) -> list[str]:
    """What the database itself tells of the objects of others: SQLite and MySQL by statements, PostgreSQL's program."""
    if live.target.name == "postgresql":
        return dumped(live)
    if live.target.name == "sqlite":
        rows = live.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    else:
        names = live.rows("SHOW FULL TABLES WHERE table_type = 'BASE TABLE'")
        rows = [live.rows(f"SHOW CREATE TABLE `{name}`")[0] for name, _type in names]
        rows += live.rows(
            "SELECT trigger_name, action_order FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
            " ORDER BY 1"
        )
    return [text for text in map(str, rows) if not OURS.search(text)]


def dumped(live: Deployed) -> list[str]:
    """The parts of what pg_dump writes of the schema, by the names of their objects."""
    program = shutil.which("pg_dump")
    if program is None:
        pytest.skip("pg_dump is not installed")
    url = live.target.database_url(live.database).set(drivername="postgresql").render_as_string(hide_password=False)
    command = [program, "--schema-only", "--no-owner", "--no-privileges", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "server version mismatch" in done.stderr:
        pytest.skip("pg_dump is older than the server")
    assert done.returncode == 0, done.stderr
    _head, *parts = done.stdout.partition("-- PostgreSQL database dump complete")[0].split("\n--\n-- Name: ")
    return sorted(part.strip().removesuffix("--").strip() for part in parts if not OURS.search(part))


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_a_lending_library_is_taken_over_and_built_again_elsewhere(target: Target, tmp_path: Path) -> None:
    """Its script has what the sample databases of the servers use: text search, partitions, sets, places, cursors."""
    live = pull(target, tmp_path / "first", "lending_")
    before = described(live)
    live.succeed("baseline")
    assert "nothing to do" in live.succeed("plan", "--check").out
    assert "nothing to do" in live.succeed("deploy").out
    assert described(live) == before
    assert rebuilt(live, tmp_path / "copy") == before


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_unusual_objects_are_built_again_as_the_database_itself_tells_them(target: Target, tmp_path: Path) -> None:
    live = pull(target, tmp_path / "first", "unusual_")
    before = told(live)
    copy = build_again(live, tmp_path / "copy")
    assert described(copy) == described(live)
    assert told(copy) == before


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_options_of_columns_that_the_server_keeps_for_itself_stay_there(live: Deployed) -> None:
    with_alembic(live).by_hand(
        "CREATE TABLE item (id INTEGER)", "ALTER TABLE item ALTER COLUMN id SET (n_distinct = 5)"
    )
    live.by_hand("UPDATE pg_attribute SET attoptions = attoptions || '{of_the_server=1}' WHERE attname = 'id'")
    live.succeed("pull")
    text = statements(live)
    assert "n_distinct=5" in text
    assert "of_the_server" not in text


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    label = "database/views/a.sql"
    before = (live.directory / label).read_text(encoding="utf-8")
    live.by_hand("DROP VIEW a", "CREATE VIEW a AS SELECT 77 AS one")

    kept = live.succeed("pull", "--select", "a")
    assert label in kept.text
    assert "--overwrite" in kept.text
    assert (live.directory / label).read_text(encoding="utf-8") == before

    live.succeed("pull", "--select", "a", "--overwrite")
    assert "77" in (live.directory / label).read_text(encoding="utf-8")
    assert "same text" in live.succeed("pull", "--select", "views").out


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_triggers_rules_and_policies_of_one_name_are_a_file_for_each_table(pulled: Deployed) -> None:
    names = {label.rpartition("/")[2] for label in files(pulled)}
    assert {"shop.author.touched.sql", "shop.base.touched.sql", "public.touched.sql"} <= names
    assert {"shop.base.ignored.sql", "shop.child.ignored.sql", "public.ignored.sql", "shop.author.own.sql"} <= names
    (pulled.directory / "database/triggers/shop.base.touched.sql").rename(pulled.directory / "database/triggers/t.sql")
    again = pulled.succeed("pull", "--select", "trigger")
    assert "had the same text already" in again.text
    assert not (pulled.directory / "database/triggers/shop.base.touched.sql").exists()


def test_the_history_of_another_tool_is_left_out_and_listed(live: Deployed) -> None:
    live = with_alembic(live)
    live.by_hand("CREATE TABLE flyway_schema_history (installed_rank INT)", "CREATE TABLE item (id INT)")
    assert "Not pulled: table flyway_schema_history, the history of Flyway" in live.succeed("pull").err
    assert "item" in statements(live)
    assert "flyway" not in statements(live)


def test_a_dry_run_and_a_wrong_name_write_nothing(live: Deployed) -> None:
    live.by_hand("CREATE VIEW a AS SELECT 77 AS one")
    assert "a.sql" in live.succeed("--dry", "pull").out
    assert "nothere" in live.fail("pull", "--select", "nothere", code=2).err
    assert not (live.directory / "database").exists()


def test_rows_of_a_table_are_pulled_so_that_they_can_be_loaded_again(live: Deployed) -> None:
    live.by_hand("CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20))")
    if live.target.name == "mssql" and not live.rows(KEY_INDEXES):
        pytest.skip("this server lists no index of a key")
    live.by_hand("INSERT INTO item VALUES (2, 'b;c')", "INSERT INTO item VALUES (1, NULL)")
    live.succeed("pull", "--data", "item")
    live.by_hand("DELETE FROM item WHERE id = 2", "UPDATE item SET name = 'x'")
    live.succeed("data")
    assert sorted(live.rows("SELECT id, name FROM item")) == [(1, None), (2, "b;c")]
    assert not (live.directory / "database/views").exists()


def test_permissions_are_pulled_on_request(postgresql_target: Target, tmp_path: Path) -> None:
    live = deployed(postgresql_target, tmp_path / "project")
    role = f"reader_{live.database}"
    live.by_hand(
        "CREATE TABLE item (id INT, name TEXT)",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        f"CREATE ROLE {role}",
        f"GRANT SELECT (name) ON item TO {role}",
        f"GRANT INSERT ON item TO {role} WITH GRANT OPTION",
        "REVOKE EXECUTE ON FUNCTION one() FROM PUBLIC",
        f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}",
    )
    grants = "SELECT relacl::text, (SELECT attacl::text FROM pg_attribute WHERE attrelid = c.oid AND attname = 'name')"
    rights = (
        f"{grants}, (SELECT proacl::text FROM pg_proc WHERE proname = 'one') FROM pg_class c WHERE relname = 'item'"
    )
    try:
        before = live.rows(rights)
        live.succeed("pull", "--permissions")
        live.by_hand(f"DROP OWNED BY {role}", f"DROP ROLE {role}", "GRANT EXECUTE ON FUNCTION one() TO PUBLIC")
        live.succeed("create-db-roles", "grant-db-permissions")
        assert live.rows(rights) == before
    finally:
        live.by_hand(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_grants_on_columns_and_routines_roles_and_members_are_pulled_on_request(target: Target, tmp_path: Path) -> None:
    live = deployed(target, tmp_path / "project")
    role, user = f"r_{live.database}"[:32], f"u_{live.database}"[:32]
    grants = [f"SHOW GRANTS FOR {user}", f"SHOW GRANTS FOR {role}"]
    live.by_hand(
        "CREATE TABLE item (id INT, name TEXT)",
        "CREATE PROCEDURE one() SELECT 1",
        f"CREATE USER {user}",
        f"CREATE ROLE {role}",
        f"GRANT SELECT (id, name) ON item TO {user}",
        f"GRANT INSERT ON item TO {role} WITH GRANT OPTION",
        f"GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE one TO {role}",
        f"GRANT {role} TO {user}",
    )
    if live.product != "MariaDB":
        grants[0] += f" USING {role}"
    try:
        before = [live.rows(query) for query in grants]
        live.succeed("pull", "--permissions")
        live.by_hand(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}", f"DROP ROLE {role}")
        if live.product != "MariaDB":
            live.by_hand(f"CREATE ROLE {role}", f"GRANT {role} TO {user}")
        done = live.succeed("create-users-roles-and-permissions")
        assert "There is no database/permissions/create_db_users.sql: nothing to do." in done.out
        assert [live.rows(query) for query in grants] == before
    finally:
        live.by_hand(f"DROP USER IF EXISTS {user}", f"DROP ROLE IF EXISTS {role}")


def test_permissions_without_any_file_are_refused(live: Deployed) -> None:
    if live.target.name != "sqlite":
        assert "the file does not exist" in live.fail("create-db-users", code=2).err


@needs_shared
def test_chinook_makes_the_round_trip(target: Target, tmp_path: Path) -> None:
    source = deployed(target, tmp_path / "source")
    shutil.copytree(SHARED / "samples" / f"chinook_{target.name}" / "database", source.directory / "database")
    source.succeed("structure", "deploy", "data")
    if target.name == "mssql" and not source.rows("SELECT 1 FROM sys.indexes WHERE name = 'IFK_AlbumArtistId'"):
        pytest.skip("this server lacks a feature: it gives indexes names of its own")

    live = with_alembic(deployed(target, tmp_path / "first", create=False))
    live.reconfigure(target_database_name=source.database)
    live.succeed("pull")
    assert rebuilt(live, tmp_path / "copy") == described(source)


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_project_without_the_template_of_revisions_is_told_so(live: Deployed) -> None:
    with_alembic(live)
    (live.directory / "alembic/script.py.mako").unlink()
    live.by_hand("CREATE TABLE item (id INTEGER)")
    assert "script.py.mako is missing" in live.fail("pull", code=2).err
    assert list(live.directory.glob("alembic/versions/*.py")) == []
