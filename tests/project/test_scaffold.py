from __future__ import annotations

import json
import os
import py_compile
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import yaml
from invoke.program import Program
from projects import RunningProject

from ahjo_tasks.actions.namespace import namespace
from ahjo_tasks.cli import init_project
from ahjo_tasks.config.json_text import parse as parse_jsonc
from ahjo_tasks.config.loader import load
from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.project import scaffold
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.files import ProjectFiles
from ahjo_tasks.project.kinds import KINDS, OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    Script = Callable[..., list[str]]

DIALECTS = scaffold.databases()
EVERYWHERE = {
    ".ahjo/config.schema.json",
    ".gitignore",
    "Makefile",
    "README.md",
    "alembic.ini",
    "alembic/env.py",
    "alembic/script.py.mako",
    "database/data/testdata/purchase.sql",
    "database/tests/product_sales.sql",
    "invoke.yaml",
    "tasks.py",
}


def create(name: str, parent: Path, dialect: str, suffix: str, **connection: Any) -> list[Path]:
    """Create a project and return its files, sorted."""
    folder = scaffold.project_folder(name, parent)
    files = scaffold.draft(folder.name, dialect, suffix, scaffold.ServerAddress(**connection))
    scaffold.write(folder, files)
    return sorted(folder / file for file in files)


def created(parent: Path, dialect: str = "sqlite", suffix: str = "jsonc", **connection: Any) -> Path:
    create("Shop", parent, dialect, suffix, **connection)
    return parent / "shop"


def backend(project: Path) -> dict[str, Any]:
    return dict(load(next(project.glob("dev.*")), environ={}).backend)


# -- what is created -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("suffix", scaffold.FORMATS)
def test_every_database_has_a_project_in_every_format(tmp_path: Path, dialect: str, suffix: str) -> None:
    files = create("shop", tmp_path, dialect, suffix)
    on_disk = sorted(path for path in (tmp_path / "shop").rglob("*") if path.is_file())
    assert files == on_disk
    names = {path.relative_to(tmp_path / "shop").as_posix() for path in files}
    assert {*EVERYWHERE, f"dev.{suffix}"} <= names
    assert len([name for name in names if name.startswith("alembic/versions/")]) == 1
    assert len([name for name in names if name.startswith("database/views/")]) == 2


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("suffix", scaffold.FORMATS)
def test_the_config_loads_without_a_warning_and_says_the_same_in_every_format(
    tmp_path: Path, dialect: str, suffix: str
) -> None:
    loaded = load(created(tmp_path, dialect, suffix) / f"dev.{suffix}", environ={})
    assert loaded.warnings == ()
    assert loaded.settings.allowed_actions == "ALL"
    assert loaded.settings.sql_dialect == scaffold.database_of(dialect)
    (tmp_path / "other").mkdir()
    assert loaded.backend == load(created(tmp_path / "other", dialect, "json") / "dev.json", environ={}).backend


@pytest.mark.parametrize("suffix", scaffold.FORMATS)
def test_the_config_names_a_schema_that_is_there(tmp_path: Path, suffix: str) -> None:
    project = created(tmp_path, "mssql", suffix)
    text = (project / f"dev.{suffix}").read_text(encoding="utf-8")
    named = re.search(r'\$schema(?:=|": ")([^"\s]+)', text)
    assert named
    assert "Settings" in json.loads((project / named[1]).read_text(encoding="utf-8"))["$defs"]


def test_json_is_plain_json_and_the_others_explain(tmp_path: Path) -> None:
    texts = {
        suffix: scaffold.draft("shop", "mssql", suffix, scaffold.ServerAddress())[f"dev.{suffix}"]
        for suffix in scaffold.FORMATS
    }
    plain = json.loads(texts["json"])
    assert parse_jsonc(texts["jsonc"], "dev.jsonc")[0] == plain
    assert yaml.safe_load(texts["yaml"])["BACKEND"] == plain["BACKEND"]
    assert "// " in texts["jsonc"]
    assert "# " in texts["yaml"]


def test_the_connection_is_filled_in(tmp_path: Path) -> None:
    project = created(tmp_path, "mysql", host="db.example", port=3307, database='sh"op', username="anna")
    result = backend(project)
    assert result["target_server_hostname"] == "db.example"
    assert result["sql_port"] == 3307
    assert result["target_database_name"] == 'sh"op'
    assert result["username"] == "anna"
    assert "username_file" not in result


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_password_is_in_a_config(tmp_path: Path, dialect: str) -> None:
    assert "password" not in backend(created(tmp_path, dialect))


def test_an_unknown_login_is_kept_outside_of_the_project(tmp_path: Path) -> None:
    result = backend(created(tmp_path, "postgresql"))
    assert result["username_file"] == "~/.ahjo/shop_username"
    assert result["password_file"] == "~/.ahjo/shop_password"


def test_sqlite_keeps_its_file_in_the_project(tmp_path: Path) -> None:
    assert backend(created(tmp_path))["target_database_name"] == "shop.db"
    assert "*.db" in (tmp_path / "shop" / ".gitignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_of_the_template_is_left_unfilled(tmp_path: Path, dialect: str) -> None:
    project = created(tmp_path, dialect)
    for path in (path for path in project.rglob("*") if path.is_file()):
        assert "{{" not in path.read_text(encoding="utf-8"), path
        assert "dot_" not in path.name
        assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_its_python_compiles(tmp_path: Path, dialect: str) -> None:
    result = list(created(tmp_path, dialect).rglob("*.py"))
    assert len(result) == 3
    for path in result:
        py_compile.compile(str(path), cfile=str(tmp_path / "compiled"), doraise=True)


def test_revisions_are_named_by_date(tmp_path: Path) -> None:
    (revision,) = (created(tmp_path) / "alembic" / "versions").iterdir()
    assert re.fullmatch(r"\d{8}_\d\d_\d\d_\d\d_[0-9a-f]{12}_\w+\.py", revision.name)


# -- its SQL ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_objects_come_in_the_order_of_their_sql_not_of_their_names(tmp_path: Path, dialect: str) -> None:
    project = ProjectFiles(created(tmp_path, dialect), dialect_named(dialect))
    files = project.read([kind for kind in OBJECTS if kind not in project.dialect.unsupported_kinds])
    labels = [file.name.rpartition(".")[2] for file in ordered(files)]
    routines = [] if dialect == "sqlite" else ["raised_price"]
    after = [] if dialect == "sqlite" else ["raise_prices"]
    assert labels == [*routines, "product_sales", "best_seller", *after]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_object_file_creates_the_object_of_its_name(tmp_path: Path, dialect: str) -> None:
    project = ProjectFiles(created(tmp_path, dialect), dialect_named(dialect))
    for file in project.read([kind for kind in OBJECTS if kind not in project.dialect.unsupported_kinds]):
        assert [(created.kind, str(created.name)) for created in file.definitions] == [(file.kind, file.name)]


@pytest.mark.parametrize(
    ("dialect", "batches"),
    [
        ("sqlite", {"product_sales": 2, "product": 1}),
        ("postgresql", {"product_sales": 1, "raise_prices": 1, "product": 1}),
        ("mysql", {"product_sales": 1, "raise_prices": 2, "raised_price": 2, "product": 1}),
        ("mssql", {"product_sales": 2, "raise_prices": 2, "raised_price": 2, "product": 1}),
    ],
)
def test_files_are_cut_as_the_database_wants(tmp_path: Path, dialect: str, batches: dict[str, int]) -> None:
    project = ProjectFiles(created(tmp_path, dialect), dialect_named(dialect))
    kinds = [kind for kind in (*OBJECTS, "data") if kind not in project.dialect.unsupported_kinds]
    result = {file.name.rpartition(".")[2]: len(file.batches) for file in project.read(kinds)}
    assert {name: result[name] for name in batches} == batches


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_file_is_of_a_kind_that_the_database_lacks(tmp_path: Path, dialect: str) -> None:
    project = ProjectFiles(created(tmp_path, dialect), dialect_named(dialect))
    assert [path for kind in project.dialect.unsupported_kinds if kind in KINDS for path in project.paths(kind)] == []


@pytest.mark.parametrize("dialect", [dialect for dialect in DIALECTS if dialect != "sqlite"])
def test_permission_scripts_are_examples_whose_variables_are_whole(tmp_path: Path, dialect: str) -> None:
    files = sorted((created(tmp_path, dialect) / "database" / "permissions").iterdir())
    assert len(files) == 4
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert all(not line or line.startswith("--") for line in text.splitlines()), path
        assert len(re.findall(r"\$\(\w+\)", text)) == text.count("$("), path


# -- names and refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("Shop", "shop"),
        ("My Web Shop", "my_web_shop"),
        (" a-b.c ", "abc"),
        ("Kauppa ä 2", "kauppa__2"),
        ("x/../y", "xy"),
    ],
)
def test_a_name_is_normalised(argument: str, expected: str) -> None:
    assert scaffold.normalized(argument) == expected


@pytest.mark.parametrize("argument", ["", "   ", "ää", "../..", "_"])
def test_a_name_of_nothing_is_refused(tmp_path: Path, argument: str) -> None:
    with pytest.raises(UsageError, match="not a valid project name"):
        create(argument, tmp_path, "sqlite", "jsonc")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    kept = tmp_path / "shop" / "kept.txt"
    kept.parent.mkdir()
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(AhjoError, match="exists already") as refused:
        create("shop", tmp_path, "sqlite", "jsonc")
    assert refused.value.exit_code == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]


@pytest.mark.parametrize(
    ("dialect", "suffix", "connection"),
    [
        ("oracle", "jsonc", {}),
        ("sqlite", "toml", {}),
        ("sqlite", "jsonc", {"host": "localhost"}),
        ("sqlite", "jsonc", {"port": 1}),
        ("sqlite", "jsonc", {"username": "anna"}),
    ],
)
def test_an_answer_that_makes_no_sense_leaves_nothing(
    tmp_path: Path, dialect: str, suffix: str, connection: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        create("shop", tmp_path, dialect, suffix, **connection)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        create("shop", tmp_path / "nowhere", "sqlite", "jsonc")


def test_a_failure_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(AhjoError, match="No space left"):
        create("shop", tmp_path, "sqlite", "jsonc")
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_make_one_project(tmp_path: Path) -> None:
    def attempt(_: int) -> bool:
        try:
            return bool(create("shop", tmp_path, "sqlite", "jsonc"))
        except AhjoError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_two_names_live_side_by_side(tmp_path: Path) -> None:
    first = create("first", tmp_path, "sqlite", "jsonc")
    second = create("second", tmp_path, "sqlite", "jsonc")
    assert not set(first) & set(second)
    assert len(first) == len(second)


# -- the action ------------------------------------------------------------------------------------------------------


def run(folder: Path, *arguments: str, **environ: str) -> int:
    """The exit code of `inv init-project ARGUMENTS` in a folder."""
    program = Program(namespace=namespace(directory=folder))
    try:
        with patch.dict(os.environ, environ):
            program.run(["inv", "init-project", *arguments], exit=True)
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Script:
    """`questions = answers("shop", "y")`: a terminal where these are typed in turn."""

    def typed(*lines: str) -> list[str]:
        asked: list[str] = []
        left = iter(lines)

        def answer(prompt: str) -> str:
            asked.append(prompt)
            return next(left)

        monkeypatch.setattr("builtins.input", answer)
        monkeypatch.setattr("ahjo_tasks.console.Console.interactive", property(lambda _: True))
        return asked

    return typed


def test_the_name_needs_no_flag(folder: Path) -> None:
    assert run(folder, "shop", "--dialect", "sqlite", "--dry") == 0
    assert not (folder / "shop").exists()
    assert run(folder, "--dialect", "sqlite", "shop") == 0
    assert (folder / "shop" / "dev.jsonc").is_file()


def test_the_predecessors_command_takes_the_name_alike(folder: Path) -> None:
    init_project(["shop", "--dialect", "sqlite", "-ni"])
    assert (folder / "shop" / "dev.jsonc").is_file()


def test_flags_are_enough(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--dialect", "postgresql", "--format", "yaml", "--host", "db", "--port", "5433", "--username", "anna")
    assert run(folder, "--name", "My Shop", *flags, "--database", "sales", "--non-interactive") == 0
    result = backend(folder / "my_shop")
    assert (result["target_server_hostname"], result["sql_port"], result["username"]) == ("db", 5433, "anna")
    assert result["target_database_name"] == "sales"
    message = capsys.readouterr().out
    for command in ("cd my_shop", "inv test-connection --config dev.yaml", "inv complete-build --config dev.yaml"):
        assert f"  {command}\n" in message


def test_jsonc_is_the_usual_format(folder: Path) -> None:
    assert run(folder, "--name", "shop", "--dialect", "sqlite") == 0
    assert (folder / "shop" / "dev.jsonc").is_file()


def test_another_place_is_possible(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "with blank").mkdir()
    assert run(folder, "--name", "shop", "--dialect", "sqlite", "--project-dir", "with blank") == 0
    assert (folder / "with blank" / "shop" / "tasks.py").is_file()
    assert f'cd "{Path("with blank", "shop")}"' in capsys.readouterr().out


def test_what_no_flag_tells_is_asked(folder: Path, answers: Script) -> None:
    asked = answers("My Shop", "MySQL", "db.example.org", "3307", "", "me", "", "", "y")
    assert run(folder) == 0
    config = backend(folder / "my_shop")
    assert (config["sql_dialect"], config["target_server_hostname"], config["sql_port"]) == (
        "mysql",
        "db.example.org",
        3307,
    )
    assert (config["target_database_name"], config["username"]) == ("my_shop", "me")
    assert (folder / "my_shop" / "dev.jsonc").is_file()
    assert [question.split()[0] for question in asked] == [
        "Name",
        "Database,",
        "Server",
        "Port",
        "Name",
        "Login",
        "Format",
        "Connect,",
        "Create",
    ]
    assert "my_shop" in asked[-1]
    assert str(folder) in asked[-1]


def test_names_that_people_use_are_taken_and_other_answers_asked_for_again(
    folder: Path, answers: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    answers("shop", "oracle", "Postgres", "", "54x2", "70000", "5433", "", "", "toml", "JSON", "", "y")
    assert run(folder) == 0
    config = json.loads((folder / "shop" / "dev.json").read_text(encoding="utf-8"))["BACKEND"]
    assert config["sql_dialect"].startswith("postgresql")
    assert config["sql_port"] == 5433
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Warning: ")]
    assert [re.findall("'[^']*'", line) for line in warnings] == [["'oracle'"], ["'54x2'"], ["'70000'"], ["'toml'"]]


def next_commands(printed: str) -> list[str]:
    return [line.split()[1] for line in printed.partition("Next:\n")[2].splitlines() if line.startswith("  inv")]


@pytest.mark.parametrize(
    ("sql", "commands"),
    [
        (None, ["plan", "complete-build", "status"]),
        ("VACUUM", ["plan", "deploy", "status"]),
        ("CREATE TABLE item (id INTEGER)", ["pull", "baseline", "plan"]),
    ],
)
def test_the_next_commands_suit_what_is_in_the_database(
    folder: Path, sql: str | None, commands: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if sql:
        with closing(sqlite3.connect(folder / "old.db")) as connection:
            connection.execute(sql)
    assert run(folder, "shop", "--dialect", "sqlite", "--database", str(folder / "old.db")) == 0
    assert next_commands(capsys.readouterr().out) == commands
    assert (folder / "old.db").exists() == bool(sql)


def test_a_project_of_a_database_with_objects_has_none_of_the_sample(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "old.db")) as connection:
        connection.execute("CREATE TABLE item (id INTEGER)")
    assert run(folder, "shop", "--dialect", "sqlite", "--database", str(folder / "old.db")) == 0
    shop = RunningProject(folder / "shop")
    for command in (["pull"], ["baseline"], ["plan", "--check"]):
        done = shop.inv(*command, config="dev.jsonc")
        assert done.code == 0, done.text
    assert "nothing to do" in done.out
    (revision,) = (folder / "shop/alembic/versions").glob("*.py")
    assert "item" in revision.read_text(encoding="utf-8")


def test_a_connection_that_fails_keeps_the_answers(
    folder: Path, answers: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    answers("shop", "postgres", "127.0.0.1", "1", "sales", "anna", "", "y", "y")
    assert run(folder, AHJO_PASSWORD="x") == 0
    config = backend(folder / "shop")
    assert (config["sql_port"], config["target_database_name"], config["username"]) == (1, "sales", "anna")
    printed = capsys.readouterr()
    assert "Warning: The connection failed: " in printed.err
    assert next_commands(printed.out) == ["test-connection", "doctor", "plan"]


def test_empty_answers_mean_sqlite_and_jsonc(folder: Path, answers: Script) -> None:
    answers("shop", "", "", "", "yes")
    assert run(folder) == 0
    assert backend(folder / "shop")["sql_dialect"] == "sqlite"


@pytest.mark.parametrize("answer", ["n", "", "yse"])
def test_anything_but_yes_creates_nothing(
    folder: Path, answers: Script, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answers("shop", "", "", "", answer)
    assert run(folder) == 3
    assert list(folder.iterdir()) == []
    assert "declined" in capsys.readouterr().err


def test_an_existing_folder_is_told_before_more_is_asked(folder: Path, answers: Script) -> None:
    (folder / "shop").mkdir()
    assert len(answers("shop")) == 0
    assert run(folder) == 1


def test_non_interactive_does_not_ask_on_a_terminal(folder: Path, answers: Script) -> None:
    asked = answers()
    assert run(folder, "--name", "shop", "--dialect", "sqlite", "--non-interactive") == 0
    assert asked == []


def test_the_environment_can_say_so_too(folder: Path, answers: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHJO_NON_INTERACTIVE", "1")
    asked = answers()
    assert run(folder, "--name", "shop", "--dialect", "sqlite") == 0
    assert asked == []


@pytest.mark.parametrize(
    ("flags", "missing"),
    [((), "--name"), (("--dialect", "sqlite"), "--name"), (("--name", "shop"), "--dialect")],
)
def test_without_a_terminal_a_missing_answer_is_wrong_usage(
    folder: Path, flags: tuple[str, ...], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, *flags) == 2
    assert missing in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("port", ["abc", "70000", "-1", "²"])
def test_a_port_is_a_number(folder: Path, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--name", "shop", "--dialect", "mysql", f"--port={port}") == 2
    assert "--port" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_dry_run_creates_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--name", "shop", "--dialect", "sqlite", "--dry") == 0
    assert "nothing is created" in capsys.readouterr().out
    assert list(folder.iterdir()) == []


def test_the_ahjo_command_starts_a_project_in_a_folder_with_tasks_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tasks.py").write_text("raise RuntimeError('not for a new project')\n", encoding="utf-8")
    init_project(["-d", str(folder), "--name", "shop", "--dialect", "sqlite", "-ni"])
    assert (folder / "shop" / "tasks.py").is_file()
    assert "Next:" in capsys.readouterr().out
