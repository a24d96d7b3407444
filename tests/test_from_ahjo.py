"""docs/from-ahjo.md, row by row: what it says is there is there, what it says is not is not."""

from __future__ import annotations

import ast
import json
import re
import sqlite3
import tomllib
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import msgspec
import pytest
from cli_runner import quietly, sqlite
from msgspec.structs import fields
from projects import ROOT, make_project

from ahjo_tasks import Action, cli, namespace
from ahjo_tasks.cli import standalone
from ahjo_tasks.config.document import read
from ahjo_tasks.config.secret import Secret
from ahjo_tasks.config.settings import Settings
from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project import sql_file
from ahjo_tasks.sql.splitters.mssql import SPLITTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from projects import Outcome

COLLECTION = namespace(directory=ROOT)
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
SETTINGS = Settings(allowed_actions="ALL")


class Row(NamedTuple):
    section: str
    name: str
    status: str
    note: str

    @property
    def present(self) -> bool:
        return self.status in {"kept", "changed"}


def rows() -> list[Row]:
    found, section = [], ""
    for line in (ROOT / "docs" / "from-ahjo.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif match := re.fullmatch(r"\| `(.+?)` \| (\w+) \| ?(.*?) ?\|", line):
            found.append(Row(section, *match.groups()))
    return found


ROWS = rows()


def of(section: str) -> Any:
    chosen = [row for row in ROWS if row.section == section]
    assert chosen
    return pytest.mark.parametrize("row", chosen, ids=lambda row: row.name)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}: {row.name}")
def test_a_row_says_what_differs(row: Row) -> None:
    assert row.status in {"kept", "changed", "dropped"}
    assert row.note or row.status == "kept"


def test_nothing_has_two_rows() -> None:
    names = [(row.section, row.name) for row in ROWS]
    assert len(set(names)) == len(names)


@of("Programs")
def test_programs(row: Row) -> None:
    assert (row.name in SCRIPTS) == row.present


@of("Actions")
def test_actions(row: Row) -> None:
    assert (row.name in COLLECTION.task_names) == row.present


LONG = {
    "-v": "--version",
    "-d": "--project-dir",
    "-ni": "--non-interactive",
    "-c": "--confirm",
    "-sm": "--skip-metadata-update",
    "-sg": "--skip-git-update",
    "-sa": "--skip-alembic-update",
    "-r": "--search-rules",
    "-ig": "--ignore-config",
    "-st": "--stage",
    "-q": "--quiet",
    "-in": "--init",
    "-ai": "--add-results-to-ignore",
    "-co": "--convert-to",
    "-o": "--output",
    "-p": "--plot",
}
"""The predecessor's short flags; `-c` of ahjo-config is another one."""
SWITCHES = {LONG[short] for short in ("-ni", "-c", "-sm", "-sg", "-sa", "-st", "-q", "-in", "-ai", "-p")}
SEVERAL = {"--files", "--keys", "--columns"}


@of("Flags")
def test_flags(row: Row, tmp_path: Path) -> None:
    program, *actions, flag = row.name.split()
    long = LONG.get(flag, flag)
    if program == "ahjo-config":
        assert converts(tmp_path, flag)
    elif long == "--plot":
        assert handed_on(program, flag) == handed_on(program)
    elif not actions and program == "ahjo":
        assert general(tmp_path, flag, long)
    elif long == "--project-dir" and program == "ahjo-upgrade":
        assert handed_on(program, flag, "elsewhere")[-1] == "elsewhere"
        assert general(tmp_path, flag, long)
    else:
        given = [] if long in SWITCHES else ["a", "b"] if program == "ahjo" and long == "--files" else ["a"]
        found = received(tmp_path, program, *actions, flag, *given)
        wanted = True if long in SWITCHES else given if long in SEVERAL else given[0]
        value = found.get(long.removeprefix("--").replace("-", "_"))
        assert (value in {"a", Path("a")} if wanted == "a" and value else value == wanted) == row.present


def received(folder: Path, program: str, *words: str) -> dict[str, Any]:
    """The values that the action of a call gets; none when the call is refused."""
    if program in standalone.PROGRAMS:
        return vars(standalone.parser(program).parse_args(list(words)))
    make_project(folder, sqlite())
    got: dict[str, Any] = {}
    start = getattr(cli, SCRIPTS[program].partition(":")[2])
    with patch.object(Action, "__call__", lambda _self, _ctx, **values: got.update(values)):
        quietly(
            lambda: start([*words, "dev.json"] if program != "ahjo" else [words[0], "dev.json", *words[1:]]), folder
        )
    return got


def general(folder: Path, flag: str, long: str) -> bool:
    """What `ahjo` itself does with a flag."""
    if long == "--version":
        return quietly(lambda: cli.ahjo([flag]), folder).out.startswith("ahjo ")
    (folder / "elsewhere").mkdir()
    make_project(folder / "project", sqlite(), tasks=HERE)
    return "hello from there" in quietly(lambda: cli.ahjo(["hello", flag, "../project"]), folder / "elsewhere").out


HERE = """
from ahjo_tasks import action, namespace


@action
def hello(ctx):
    print("hello from there")


ns = namespace(hello)
"""


def handed_on(program: str, *words: str) -> list[str]:
    """What a companion makes of its flags for `ahjo`."""
    taken: list[str] = []
    with patch.object(cli, "ahjo", taken.extend):
        getattr(cli, SCRIPTS[program].partition(":")[2])(list(words))
    return taken


def converts(folder: Path, flag: str) -> bool:
    """Whether ahjo-config works with this spelling of one of its flags."""
    source, target = write(folder, "a.json", '{"BACKEND": {"a": 1}}'), folder / "a.yaml"
    given = {"--convert-to": "yaml", "--config": str(source), "--output": str(target)}
    short = {"-co": "--convert-to", "-c": "--config", "-o": "--output"}
    words = [word for long, value in given.items() for word in (flag if short.get(flag) == long else long, value)]
    cli.config(words)
    return (flag in words) and read(target).value == {"BACKEND": {"a": 1}}


ANY: Any = object()
"""A default that differs from the predecessor's, as the row says."""
KEYS: dict[str, tuple[Any, Any]] = {
    "allowed_actions": (["deploy"], ANY),
    "skipped_actions": (["data"], ()),
    "sql_port": (14330, None),
    "target_server_hostname": ("db", None),
    "target_database_name": ("shop", None),
    "sql_dialect": ("postgresql", ANY),
    "sql_driver": ("ODBC Driver 17 for SQL Server", ANY),
    "sqlalchemy.url": ("sqlite:///a.db", None),
    "sqlalchemy.<x>": (True, {}),
    "sqla_url_query_map": ({"Encrypt": "yes"}, {}),
    "odbc_trust_server_certificate": ("yes", None),
    "odbc_encrypt": ("no", None),
    "username_file": ("user", None),
    "password_file": ("password", None),
    "azure_authentication": ("AzureIdentity", None),
    "azure_identity_settings": ({"token_url": "https://x/.default"}, {}),
    "connect_resiliently": (False, True),
    "connect_retry_count": (3, None),
    "connect_retry_interval": (1, 10),
    "target_database_protected": (True, False),
    "display_db_info": (False, True),
    "context_connectable_type": ("connection", "engine"),
    "transaction_mode": ("commit_as_you_go", "begin_once"),
    "alembic_version_table": ("versions", "alembic_version"),
    "alembic_version_table_schema": ("s", ANY),
    "git_table": ("git", "git_version"),
    "git_table_schema": ("s", ANY),
    "url_of_remote_git_repository": ("https://git.example.org/shop", None),
    "git_version_info_path": ("git.json", None),
    "upgrade_actions_file": ("up.yaml", "./upgrade_actions.jsonc"),
    "database_collation": ("Finnish_Swedish_CI_AS", ANY),
    "catalog_collation_type_desc": ("SQL_Latin1_General_CP1_CI_AS", "DATABASE_DEFAULT"),
    "database_compatibility_level": (150, None),
    "database_data_path": ("/data/a.mdf", None),
    "database_log_path": ("/data/a.ldf", None),
    "database_init_size": (50, 100),
    "database_max_size": (5000, 100000),
    "database_file_growth": (10, 500),
    "metadata_allowed_schemas": (["s"], None),
    "db_permissions": ([{"source": "a.sql", "variables": {"A": "b"}}], ANY),
    "db_permission_invoke_method": ("sqlcmd", "sqlalchemy"),
    "db_permissions_variables": ({"A": "b"}, {}),
    "test_variables": ({"A": "b"}, {}),
    "save_test_results_to_db": (True, False),
    "test_table_name": ("results", "ahjo_tests"),
    "test_table_schema": ("s", ANY),
    "create_test_table_if_not_exists": (False, True),
    "test_view_name": ("vw", "vwAhjoTests"),
    "test_view_schema": ("s", ANY),
    "exit_on_test_failure": (True, False),
    "enable_database_logging": (True, False),
    "log_table": ("log", "ahjo_log"),
    "log_table_schema": ("s", ANY),
    "windows_event_log": (True, False),
    "enable_sqlalchemy_logging": (True, False),
    "color_console_logging": (False, True),
    "compare": ({"file_a": "a.csv", "file_b": "b.csv"}, {}),
    "ahjo_action_files": ([{"source_file": "a.py", "name": "A"}], ANY),
}
"""By key: a value as an old config has it, and the predecessor's default."""


@of("Config keys")
def test_config_keys(row: Row, tmp_path: Path) -> None:
    from ahjo_tasks.config.loader import load

    value, default = KEYS[row.name]
    written = row.name.replace("<x>", "echo")
    needed = {"allowed_actions": "ALL", "target_server_hostname": "h", "sql_port": 1, "target_database_name": "d"}
    path = write(tmp_path, "a.json", json.dumps({"BACKEND": {**needed, written: value}}))
    name = {"sqlalchemy.url": "sqlalchemy_url", "sqlalchemy.<x>": "sqlalchemy"}.get(row.name, row.name)
    found = json.loads(msgspec.json.encode(getattr(load(path, environ={}).settings, name), enc_hook=Secret.reveal))
    assert found == ({"echo": value} if name == "sqlalchemy" else value)
    if default is not ANY:
        assert getattr(SETTINGS, name) == default
    else:
        assert row.status == "changed" or row.name in {"sql_driver", "db_permissions"}
    assert name in READ, "no action heeds it"


def _read_names() -> set[str]:
    """The attributes that the package asks for, anywhere but where configs are read."""
    package = ROOT / "ahjo_tasks"
    files = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] != "config"]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    named = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return named | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


READ = _read_names()


def test_no_config_key_is_without_a_row() -> None:
    listed = {row.name.removesuffix(".<x>") for row in ROWS if row.section == "Config keys"}
    new = {field.encode_name for field in fields(Settings)} - listed
    assert new == {
        *("environment", "username", "password", "trusted_connection", "login_password_file", "lock_timeout"),
        *("connect_timeout", "statement_timeout", "stall_timeout"),
        *("scripting_variables", "sqlcmd_directives", "data_loading", "log_format"),
        *("database_edition", "database_service_objective", "database_elastic_pool"),
        *("project", "history_schema", "history_prefix", "history_keep", "on_drift", "drift_ignore"),
        *("deploy_transaction", "deploy_retries"),
    }


# -- formats ----------------------------------------------------------------------------------------------------------


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def json_config(folder: Path) -> bool:
    path = write(folder, "a.json", '\ufeff{"BACKEND": {"a": 1, /**/ "b": [2,], // x\n}}')
    return read(path).value == {"BACKEND": {"a": 1, "b": [2]}}


def yaml_config(folder: Path) -> bool:
    return all(
        read(write(folder, name, "BACKEND: {a: 1}\n")).value["BACKEND"] == {"a": 1} for name in ("a.yaml", "a.yml")
    )


def local(folder: Path) -> bool:
    from ahjo_tasks.config.loader import load

    write(folder, "local.json", '{"BACKEND": {"target_database_name": "mine"}}')
    backend = '{"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "$"}'
    path = write(folder, "a.json", f'{{"LOCAL": "local.json", "BACKEND": {backend}}}')
    return load(path, environ={}).settings.target_database_name == "mine"


def action_file(folder: Path) -> bool:
    from ahjo_tasks.project.adopt import combined

    text = "from ahjo.action import action\n\n@action()\ndef a(context):\n    pass\n"
    return "ns = namespace(a)" in combined([("ahjo_actions.py", text, None)])


def credentials(folder: Path) -> bool:
    from ahjo_tasks.database.credentials import Credentials

    write(folder, "user", "cred=sa\n")
    write(folder, "password", f"cred={b64encode(b'secret').decode()}\n")
    settings = Settings(allowed_actions="ALL", username_file="user", password_file="password")
    quiet: Any = SimpleNamespace(hide=lambda _secret: None, interactive=False)
    return Credentials(settings, folder, quiet).login() == ("sa", "secret")


def git_version(folder: Path) -> bool:
    from ahjo_tasks.engine.stamp import project_version

    write(folder, "git_version.json", '{"repository": "r", "branch": "b", "commit": "v1"}')
    return project_version(folder) == ("r", "b", "v1")


def upgrade_file(folder: Path) -> bool:
    from ahjo_tasks.fleet.upgrade_path import read_upgrade_file

    path = write(folder, "upgrade_actions.jsonc", '{"v2": ["deploy", ["step", {"batch": 5}]], /* last */}')
    return [call.action for call in read_upgrade_file(path)["v2"].calls] == ["deploy", "step"]


def descriptions(folder: Path) -> bool:
    from ahjo_tasks.descriptions.files import read_files

    write(folder, "columns.json", '{"s.t.c": {"Description": "x"}, "s.t.d": {}}')
    return read_files(folder).kinds["column"] == {"s.t.c": {"Description": "x"}, "s.t.d": {}}


def defaults(folder: Path) -> bool:
    from ahjo_tasks.descriptions.files import read_files

    write(folder, "columns_default.json", '{"created": {"Description": "when"}}')
    return read_files(folder).defaults == {"created": {"Description": "when"}}


def scan_rules(folder: Path) -> bool:
    from ahjo_tasks.scan.config_files import read_rules

    text = "- name: hetu\n  filepath: [database/, alembic/]\n- name: sql_insert\n  schemas: store\n"
    text += "- name: own\n  pattern: a+\n"
    return [rule.name for rule in read_rules(write(folder, "rules.yaml", text))] == ["hetu", "sql_insert", "own"]


def scan_ignore(folder: Path) -> bool:
    from ahjo_tasks.scan.config_files import read_ignored
    from ahjo_tasks.scan.findings import Finding

    path = write(
        folder, "ignore.yaml", "- file_path: a.sql\n  matches: [x@y.fi]\n- file_path: b.sql\n  rules: [email]\n"
    )
    ignored = read_ignored(path)
    found = [Finding(name, 1, 1, 1, 7, "email", "x@y.fi") for name in ("a.sql", "b.sql")]
    return all(finding in ignored for finding in found)


def several_projects(folder: Path) -> bool:
    from ahjo_tasks.fleet.project_list import read_project_list

    (folder / "shop").mkdir()
    write(folder, "shop/c.json", "{}")
    projects = '{"shop": {"config": "c.json", "actions": ["init"]}}'
    path = write(folder, "all.jsonc", f'{{"projects_path": {json.dumps(str(folder))}, "projects": {projects}}}')
    return [project.name for project in read_project_list(path).projects] == ["shop"]


def sql_name(folder: Path) -> bool:
    from ahjo_tasks.engine.drop import plan_drop
    from ahjo_tasks.project.files import ProjectFiles

    write(folder, "database/views/dbo.v.sql", "SELECT 1\n")
    plan = plan_drop(ProjectFiles(folder, dialect("mssql")).read(["view"]))
    return [step.label for step in plan.steps] == ["view dbo.v"]


def separator(_folder: Path) -> bool:
    return [(batch.text.strip(), batch.count) for batch in SPLITTER.split("a\n go 2\nb\nGO\n")] == [
        ("a", 2),
        ("b", 1),
    ]


def filled(folder: Path, name: str, text: str) -> str:
    path = write(folder, "database/views/a.b.sql", text)
    return sql_file.read(path, "view", dialect(name), label="a", variables={"NAME": "x"}).text


def variables(folder: Path) -> bool:
    return all(filled(folder, name, "SELECT $(NAME)") == "SELECT x" for name in ("mssql", "postgresql", "sqlite"))


def colon_variables(folder: Path) -> bool:
    return filled(folder, "postgresql", "SELECT :NAME") != "SELECT :NAME"


REVISION = 'revision = "a1"\ndown_revision = None\n\n\ndef upgrade():\n    pass\n'


def migrations(folder: Path) -> bool:
    from ahjo_tasks.engine.migrations import Migrations

    ini = write(folder, "alembic.ini", "[alembic]\nscript_location = alembic\n")
    write(folder, "alembic/versions/20240101_00_00_00_a1_x.py", REVISION)
    return [script.revision for script in Migrations(ini, SETTINGS, None).pending(())] == ["a1"]


def env_file(folder: Path) -> bool:
    from ahjo_tasks.project.adopt import adopt

    write(folder, "ahjo_actions.py", "")
    write(folder, "alembic/env.py", "from ahjo.context import Context\n")
    return adopt(folder, None).kept == {"alembic/env.py": "alembic/env.py.before-adopt"}


def columns_of(table: Any) -> list[str]:
    return [column.name for column in table.columns]


def git_table(_folder: Path) -> bool:
    from ahjo_tasks.engine.stamp import git_table as table

    return columns_of(table(SETTINGS, dialect("sqlite"))) == ["Repository", "Branch", "Commit", "Timestamp"]


def log_table(_folder: Path) -> bool:
    from ahjo_tasks.console.log_table import log_table as table

    before = "id timestamp module level message user ahjo_version git_version git_repository"
    return columns_of(table(SETTINGS)) == before.split()


def results_table(_folder: Path) -> bool:
    from ahjo_tasks.database.dialects import dialect
    from ahjo_tasks.testing.saved_results import default_table

    before = {"batch_id", "start_time", "end_time", "test_name", "issue", "result", "test_file", "datadate"}
    return set(columns_of(default_table(SETTINGS, dialect("mssql")))) == before


def log_file(folder: Path) -> bool:
    from ahjo_tasks.console.logs import FileLog

    log = FileLog(folder / "ahjo.log")
    log("info", "said")
    log.close()
    line = (folder / "ahjo.log").read_text(encoding="utf-8")
    return re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[ahjo\] INFO said\n", line) is not None


def ran(folder: Path, *words: str, backend: dict[str, Any] | None = None, **environ: str) -> Outcome:
    """`ahjo WORDS` on a database that is there."""
    made = make_project(folder, sqlite(**(backend or {})))
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS old (x)")
    return quietly(lambda: cli.ahjo(list(words)), made.directory, yes=True, **environ)


def tables(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        return {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE tbl_name NOT LIKE 'ahjo%'")
        }


def whole_structure(folder: Path) -> bool:
    write(folder, "database/create_db_structure.sql", "CREATE TABLE a (x);\nCREATE TABLE b (x);\n")
    return ran(folder, "structure", "dev.json").code == 0 and tables(folder) == {"old", "a", "b"}


def obsolete(folder: Path) -> bool:
    write(folder, "database/drop_obsolete_objects.sql", "DROP TABLE old;\n")
    return ran(folder, "drop-obsolete", "dev.json").code == 0 and not tables(folder)


def permission_files(folder: Path) -> bool:
    actions = {"create-db-roles": "create_db_roles", "add-users-to-roles": "add_users_to_db_roles"}
    actions |= {name.replace("_", "-"): name for name in ("grant_db_permissions", "create_db_users")}
    paths = {action: f"database/permissions/{name}.sql" for action, name in actions.items()}
    for path in paths.values():
        write(folder, path, "CREATE ROLE $(who);\n")
    server = {
        "sql_dialect": "postgresql",
        "target_server_hostname": "127.0.0.1",
        "sql_port": 1,
        "username": "a",
        "password": "b",
    }
    said = {path: ran(folder, action, "dev.json", backend=server).err for action, path in paths.items()}
    return all(path in text and "who" in text for path, text in said.items())


def revision_template(folder: Path) -> bool:
    write(folder, "alembic.ini", "[alembic]\nscript_location = alembic\n")
    write(folder, "alembic/env.py", "")
    write(folder, "alembic/script.py.mako", "# ours: ${message}\n")
    (folder / "alembic" / "versions").mkdir()
    ran(folder, "alembic", "dev.json", "revision -m first")
    return [path.read_text("utf-8").strip() for path in folder.glob("alembic/versions/*.py")] == ["# ours: first"]


def sqlalchemy_log(folder: Path) -> bool:
    git_version(folder)
    ran(folder, "update-git-version", "dev.json", backend={"enable_sqlalchemy_logging": True})
    text = (folder / "sqlalchemy.log").read_text(encoding="utf-8")
    return "[sqlalchemy.engine" in text and "INSERT INTO git_version" in text


def default_csv(folder: Path) -> bool:
    ran(folder, "to-csv", "dev.json", "--query", "SELECT 1 AS a")
    (path,) = folder.glob("query_result_*.csv")
    return re.fullmatch(r"query_result_\d{8}_\d{6}\.csv", path.name) is not None


def csv_text(folder: Path) -> bool:
    query = "SELECT 'x;y' AS a, 'ä' AS b, NULL AS c"
    ran(folder, "to-csv", "dev.json", "--query", query, "--output", "out.csv")
    return (folder / "out.csv").read_text(encoding="utf-8").splitlines() == ["a;b;c", '"x;y";ä;']


def differences(folder: Path) -> bool:
    write(folder, "a.csv", "id;x\n1;2\n2;5\n")
    write(folder, "b.csv", "id;x\n1;3\n4;5\n")
    ran(folder, "compare", "dev.json", "--file-a", "a.csv", "--file-b", "b.csv", "--keys", "id")
    return (folder / "differences.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "id;_source;a_x;b_x;x_comp",
        "1;both;2;3;Different",
        "2;A_only;5;;Missing",
        "4;B_only;;5;Missing",
    ]


def config_variable(folder: Path) -> bool:
    return ran(folder, "test-connection", AHJO_CONFIG_PATH=str(folder / "dev.json")).code == 0


FORMATS: dict[str, Callable[[Path], bool]] = {
    "*.json, *.jsonc config": json_config,
    "*.yaml, *.yml config": yaml_config,
    "LOCAL": local,
    "ahjo_actions.py": action_file,
    "cred= files": credentials,
    "git_version.json": git_version,
    "upgrade_actions.jsonc": upgrade_file,
    "docs/db_objects/*.json": descriptions,
    "columns_default.json": defaults,
    "ahjo_scan_rules.yaml": scan_rules,
    "ahjo_scan_ignore.yaml": scan_ignore,
    "multi-project file": several_projects,
    "database/create_db_structure.sql": whole_structure,
    "database/drop_obsolete_objects.sql": obsolete,
    "database/permissions/*.sql": permission_files,
    "schema.object.sql": sql_name,
    "GO": separator,
    "$(NAME)": variables,
    ":NAME in PostgreSQL files": colon_variables,
    "alembic.ini, alembic/versions": migrations,
    "alembic/script.py.mako": revision_template,
    "alembic/env.py": env_file,
    "git table": git_table,
    "log table": log_table,
    "test table": results_table,
    "ahjo.log": log_file,
    "sqlalchemy.log": sqlalchemy_log,
    "query_result_<time>.csv": default_csv,
    "to-csv file": csv_text,
    "differences.csv": differences,
    "AHJO_CONFIG_PATH": config_variable,
}


@of("Files and tables")
def test_formats(row: Row, tmp_path: Path) -> None:
    assert FORMATS[row.name](tmp_path) == row.present
