"""docs/from-ahjo.md, row by row: what it says is there is there, what it says is not is not."""

from __future__ import annotations

import io
import json
import re
import tomllib
from base64 import b64encode
from contextlib import redirect_stdout, suppress
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import pytest
from msgspec.structs import fields
from projects import ROOT

from ahjo_tasks import cli, namespace
from ahjo_tasks.cli import front, standalone
from ahjo_tasks.config.document import read
from ahjo_tasks.config.settings import Settings
from ahjo_tasks.dialects import dialect
from ahjo_tasks.project import batches, sqlfiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLLECTION = namespace(directory=ROOT)
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
SETTINGS = Settings(allowed_actions="ALL")
GENERAL = {"--version", "--project-dir", "--help", "--config"}


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
    if row.present:
        module, _, function = SCRIPTS[row.name].partition(":")
        assert callable(getattr(import_module(module), function))


@of("Actions")
def test_actions(row: Row) -> None:
    assert (row.name in COLLECTION.task_names) == row.present


@of("Flags")
def test_flags(row: Row) -> None:
    assert accepts(*row.name.split()) == row.present


def accepts(program: str, *words: str) -> bool:
    """Whether the program takes the flag, which is the last word; an action may stand before it."""
    *actions, flag = words
    if program == "ahjo-config":
        return re.search(rf"(?<!\S){flag}[ ,\n]", config_help()) is not None
    if program in {"ahjo-scan", "ahjo-install-git-hook"}:
        return flag in standalone.parser(program)._option_string_actions
    given = [*actions, flag] if program == "ahjo" else handed_on(program, flag)
    if given[0].startswith("-"):
        return front._spelled(given[0])[0] in GENERAL
    if given[0] not in COLLECTION.task_names:
        return False
    known = {*front._flags(COLLECTION[given[0]]), *GENERAL}
    return all(front._spelled(word)[0] in known for word in given[1:])


def handed_on(program: str, flag: str) -> list[str]:
    """What a companion makes of its flag for `ahjo`."""
    taken: list[str] = []
    with patch.object(cli, "ahjo", taken.extend):
        getattr(cli, SCRIPTS[program].partition(":")[2])([flag])
    return taken


def config_help() -> str:
    out = io.StringIO()
    with redirect_stdout(out), suppress(SystemExit):
        cli.config(["--help"])
    return out.getvalue()


@of("Config keys")
def test_config_keys(row: Row) -> None:
    known = {field.encode_name for field in fields(Settings)}
    assert (row.name.removesuffix(".<x>") in known) == row.present


def test_no_config_key_is_without_a_row() -> None:
    listed = {row.name.removesuffix(".<x>") for row in ROWS if row.section == "Config keys"}
    new = {field.encode_name for field in fields(Settings)} - listed
    assert new == {
        *("environment", "username", "password", "trusted_connection", "login_password_file", "lock_timeout"),
        *("scripting_variables", "sqlcmd_directives", "data_loading", "log_format"),
        *("database_edition", "database_service_objective", "database_elastic_pool"),
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
    from ahjo_tasks.adopt.project import combined

    text = "from ahjo.action import action\n\n@action()\ndef a(context):\n    pass\n"
    return "ns = namespace(a)" in combined([("ahjo_actions.py", text, None)])


def credentials(folder: Path) -> bool:
    from ahjo_tasks.credentials import Credentials

    write(folder, "user", "cred=sa\n")
    write(folder, "password", f"cred={b64encode(b'secret').decode()}\n")
    settings = Settings(allowed_actions="ALL", username_file="user", password_file="password")
    quiet: Any = SimpleNamespace(hide=lambda _secret: None, interactive=False)
    return Credentials(settings, folder, quiet).login() == ("sa", "secret")


def git_version(folder: Path) -> bool:
    from ahjo_tasks.git import version

    write(folder, "git_version.json", '{"repository": "r", "branch": "b", "commit": "v1"}')
    return version(folder) == ("r", "b", "v1")


def upgrade_file(folder: Path) -> bool:
    from ahjo_tasks.upgrade.listing import read_listing

    path = write(folder, "upgrade_actions.jsonc", '{"v2": ["deploy", ["step", {"batch": 5}]], /* last */}')
    return [call.action for call in read_listing(path)["v2"].calls] == ["deploy", "step"]


def descriptions(folder: Path) -> bool:
    from ahjo_tasks.metadata.files import read_files

    write(folder, "columns.json", '{"s.t.c": {"Description": "x"}, "s.t.d": {}}')
    return read_files(folder).kinds["column"] == {"s.t.c": {"Description": "x"}, "s.t.d": {}}


def defaults(folder: Path) -> bool:
    from ahjo_tasks.metadata.files import read_files

    write(folder, "columns_default.json", '{"created": {"Description": "when"}}')
    return read_files(folder).defaults == {"created": {"Description": "when"}}


def scan_rules(folder: Path) -> bool:
    from ahjo_tasks.scan.rules_file import read_rules

    text = "- name: hetu\n  filepath: [database/, alembic/]\n- name: sql_insert\n  schemas: store\n"
    text += "- name: own\n  pattern: a+\n"
    return [rule.name for rule in read_rules(write(folder, "rules.yaml", text))] == ["hetu", "sql_insert", "own"]


def scan_ignore(folder: Path) -> bool:
    from ahjo_tasks.scan.finding import Finding
    from ahjo_tasks.scan.ignore_file import read_ignored

    path = write(
        folder, "ignore.yaml", "- file_path: a.sql\n  matches: [x@y.fi]\n- file_path: b.sql\n  rules: [email]\n"
    )
    ignored = read_ignored(path)
    found = [Finding(name, 1, 1, 1, 7, "email", "x@y.fi") for name in ("a.sql", "b.sql")]
    return all(finding in ignored for finding in found)


def several_projects(folder: Path) -> bool:
    from ahjo_tasks.projects.listing import read_listing

    (folder / "shop").mkdir()
    write(folder, "shop/c.json", "{}")
    projects = '{"shop": {"config": "c.json", "actions": ["init"]}}'
    path = write(folder, "all.jsonc", f'{{"projects_path": {json.dumps(str(folder))}, "projects": {projects}}}')
    return [project.name for project in read_listing(path).projects] == ["shop"]


def sql_name(folder: Path) -> bool:
    from ahjo_tasks.deploy.drop import plan_drop
    from ahjo_tasks.project.layout import Project

    write(folder, "database/views/dbo.v.sql", "SELECT 1\n")
    plan = plan_drop(Project(folder, dialect("mssql")).read(["view"]))
    return [step.label for step in plan.steps] == ["view dbo.v"]


def separator(_folder: Path) -> bool:
    return [(batch.text.strip(), batch.count) for batch in batches.split("a\n go 2\nb\nGO\n", "go")] == [
        ("a", 2),
        ("b", 1),
    ]


def filled(folder: Path, name: str, text: str) -> str:
    path = write(folder, "database/views/a.b.sql", text)
    return sqlfiles.read(path, "view", dialect(name), label="a", variables={"NAME": "x"}).text


def variables(folder: Path) -> bool:
    return all(filled(folder, name, "SELECT $(NAME)") == "SELECT x" for name in ("mssql", "postgresql", "sqlite"))


def colon_variables(folder: Path) -> bool:
    return filled(folder, "postgresql", "SELECT :NAME") != "SELECT :NAME"


def migrations(folder: Path) -> bool:
    from ahjo_tasks.deploy.migrations import Migrations

    ini = write(folder, "alembic.ini", "[alembic]\nscript_location = alembic\n")
    write(folder, "alembic/versions/20240101_00_00_00_a1_x.py", 'revision = "a1"\ndown_revision = None\n')
    return [script.revision for script in Migrations(ini, SETTINGS, None).pending(())] == ["a1"]


def env_file(folder: Path) -> bool:
    from ahjo_tasks.adopt.project import adopt

    write(folder, "ahjo_actions.py", "")
    write(folder, "alembic/env.py", "from ahjo.context import Context\n")
    return adopt(folder, None).kept == {"alembic/env.py": "alembic/env.py.before-adopt"}


def columns_of(table: Any) -> list[str]:
    return [column.name for column in table.columns]


def git_table(_folder: Path) -> bool:
    from ahjo_tasks.deploy.stamp import git_table as table

    return columns_of(table(SETTINGS, dialect("sqlite"))) == ["Repository", "Branch", "Commit", "Timestamp"]


def log_table(_folder: Path) -> bool:
    from ahjo_tasks.logs.database import log_table as table

    before = "id timestamp module level message user ahjo_version git_version git_repository"
    return columns_of(table(SETTINGS)) == before.split()


def results_table(_folder: Path) -> bool:
    from ahjo_tasks.testing.saved_results import default_table

    before = {"batch_id", "start_time", "end_time", "test_name", "issue", "result", "test_file", "datadate"}
    return set(columns_of(default_table(SETTINGS))) == before


def log_file(folder: Path) -> bool:
    from ahjo_tasks.logs.file import FileLog

    log = FileLog(folder / "ahjo.log")
    log("info", "said")
    log.close()
    line = (folder / "ahjo.log").read_text(encoding="utf-8")
    return re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[ahjo\] INFO said\n", line) is not None


def csv_separator(_folder: Path) -> bool:
    from ahjo_tasks.export.csv_form import CsvForm

    return CsvForm().separator == ";"


def differences(_folder: Path) -> bool:
    from ahjo_tasks.compare.comparison import comparisons

    (asked,) = comparisons({"file_a": "a.csv", "file_b": "b.csv", "key_cols": ["id"]}, {}, "")
    return asked.output == "differences.csv" and asked.separator == ";"


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
    "schema.object.sql": sql_name,
    "GO": separator,
    "$(NAME)": variables,
    ":NAME in PostgreSQL files": colon_variables,
    "alembic.ini, alembic/versions": migrations,
    "alembic/env.py": env_file,
    "git table": git_table,
    "log table": log_table,
    "test table": results_table,
    "ahjo.log": log_file,
    "to-csv file": csv_separator,
    "differences.csv": differences,
}


@of("Files and tables")
def test_formats(row: Row, tmp_path: Path) -> None:
    assert FORMATS[row.name](tmp_path) == row.present
