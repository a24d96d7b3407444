from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import inv, quietly, sqlite
from projects import RunningProject, make_project

from ahjo_tasks.project import scaffold

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = ("--config", "dev.json")


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    """A project with one revision and an empty database."""
    draft = scaffold.draft("shop", "sqlite", "json", scaffold.ServerAddress(None, None, None, None))
    scaffold.write(tmp_path / "shop", draft)
    made = make_project(tmp_path / "shop", sqlite())
    (made.directory / "shop.db").touch()
    return made


def alembic(project: RunningProject, command: str, *more: str, **options: Any) -> Any:
    return inv(project, "alembic", command, *CONFIG, *more, **options)


def test_a_command_runs_on_the_database_of_the_config(project: RunningProject) -> None:
    assert "-> 5c0d1e7a94b2 product and purchase" in alembic(project, "upgrade +1").out
    assert "5c0d1e7a94b2 (head)" in alembic(project, "current").out
    assert "<- 5c0d1e7a94b2" in alembic(project, "downgrade -1").out


def test_words_behind_two_dashes_are_the_command_too(project: RunningProject) -> None:
    done = inv(project, "alembic", *CONFIG, "--", "history", "--verbose")
    assert done.code == 0
    assert "product and purchase" in done.out
    assert "Rev: 5c0d1e7a94b2 (head)" in done.out


@pytest.mark.parametrize(
    "words",
    [
        ("history -v", *CONFIG),
        (*CONFIG, "history -v"),
        ("--debug", *CONFIG, "history -v"),
        ("--command", "history -v", *CONFIG),
        (*CONFIG, "--command=history -v"),
    ],
    ids=" ".join,
)
def test_the_command_stands_where_it_likes(project: RunningProject, words: tuple[str, ...]) -> None:
    done = inv(project, "alembic", *words)
    assert "Rev: 5c0d1e7a94b2 (head)" in done.out
    assert done.code == 0


@pytest.mark.parametrize(
    "words",
    [("--dry", "upgrade head", *CONFIG), (*CONFIG, "--dry", "upgrade head"), ("upgrade head", "--dry", *CONFIG)],
)
def test_a_flag_is_never_taken_for_the_command(project: RunningProject, words: tuple[str, ...]) -> None:
    done = inv(project, "alembic", *words, yes=False)
    assert "Plan: alembic upgrade head (dry run" in done.out
    assert done.code == 0


def test_a_task_is_never_taken_for_the_command(project: RunningProject) -> None:
    done = inv(project, "alembic", "current", "version", *CONFIG)
    assert done.code == 0
    assert "Alembic revision" in done.out
    assert "alembic needs a command" in inv(project, "alembic", "version", *CONFIG).err
    assert "Run a command of Alembic" in inv(project, "alembic", "--help").out


def test_what_changes_the_database_asks_and_what_reads_does_not(project: RunningProject) -> None:
    assert alembic(project, "upgrade head", yes=False).code == 3
    assert alembic(project, "stamp head", yes=False).code == 3
    assert alembic(project, "current", yes=False).code == 0
    assert alembic(project, "upgrade head --sql", yes=False).code == 0
    assert alembic(project, "upgrade head", "--non-interactive", yes=False).code == 0


def test_a_forbidden_alembic_does_not_run(project: RunningProject) -> None:
    project.configure(sqlite(allowed_actions=["deploy"]))
    assert alembic(project, "current").code == 3


def test_a_dry_run_says_what_it_would_run(project: RunningProject) -> None:
    done = alembic(project, "upgrade head", "--dry")
    assert "Plan: alembic upgrade head" in done.out
    assert "5c0d1e7a94b2" not in alembic(project, "current").out


def test_offline_mode_prints_sql_and_changes_nothing(project: RunningProject) -> None:
    done = alembic(project, "upgrade head --sql")
    assert "CREATE TABLE product" in done.out
    assert "5c0d1e7a94b2" not in alembic(project, "current").out


def test_differences_have_their_exit_code(project: RunningProject) -> None:
    assert alembic(project, "current --check-heads").code == 5
    assert alembic(project, "upgrade head").code == 0
    assert alembic(project, "current --check-heads").code == 0


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("upgrde +1", 2, "Error: Alembic has no command 'upgrde'.\n  hint: Did you mean upgrade?"),
        ("downgrade nowhere", 2, "Error: Can't locate revision identified by 'nowhere'"),
        ("frobnicate", 2, "Alembic has no command 'frobnicate'."),
        ("", 2, "alembic needs a command"),
    ],
)
def test_a_mistake_is_a_message(project: RunningProject, command: str, code: int, said: str) -> None:
    done = alembic(project, command)
    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.text


def test_what_the_server_refuses_is_a_message(project: RunningProject) -> None:
    (revision,) = (project.directory / "alembic" / "versions").glob("*.py")
    text = revision.read_text(encoding="utf-8")
    revision.write_text(text.replace("def upgrade():", "def upgrade():\n    op.execute('FROB')"), "utf-8")
    done = alembic(project, "upgrade head")
    assert done.code == 1
    assert '"FROB"' in done.err
    assert "--debug" not in done.err


def test_a_project_without_migrations_is_told(tmp_path: Path) -> None:
    made = make_project(tmp_path / "bare", sqlite())
    done = alembic(made, "upgrade head")
    assert done.code == 2
    assert "has no migrations" in done.err


def api(project: RunningProject, *arguments: str) -> Any:
    program = "import sys; from ahjo_tasks.cli import alembic_api; sys.exit(alembic_api())"
    return project.run(sys.executable, "-c", program, *arguments)


def test_the_predecessors_program_hands_its_arguments_on(project: RunningProject) -> None:
    done = api(project, "-x", "main_config=dev.json", "history")
    assert done.code == 0
    assert done.out.splitlines()[0].startswith("alembic-api ")
    assert "product and purchase" in done.out


def test_our_errors_keep_their_exit_code_there(project: RunningProject) -> None:
    done = api(project, "current")
    assert done.code == 2
    assert "Alembic has no config to work on" in done.err
    assert "Traceback" not in done.text


def test_alembics_own_program_shows_our_errors_in_a_sentence(project: RunningProject) -> None:
    done = project.run(sys.executable, "-m", "alembic", "current")
    assert done.code == 255 if os.name == "posix" else done.code != 0
    assert "FAILED: Alembic has no config to work on" in done.text
    assert "Traceback" not in done.text


def test_the_front_takes_it(project: RunningProject) -> None:
    from ahjo_tasks.cli import ahjo

    for words in (["dev.json", "--command", "history"], ["history", "dev.json"], ["dev.json", "history"]):
        done = quietly(partial(ahjo, ["alembic", *words]), project.directory)
        assert "product and purchase" in done.out
    said = ["alembic", "dev.json", "-ni", "--", "revision", "-m", "what it is about"]
    assert quietly(lambda: ahjo(said), project.directory).code == 0
    assert list((project.directory / "alembic" / "versions").glob("*what_it_is_about.py"))


@pytest.mark.parametrize(
    "words", [("revision", "-m", "two words"), ("revision -m 'two words'",)], ids=["words", "one word"]
)
def test_words_behind_two_dashes_are_as_the_shell_gave_them(project: RunningProject, words: tuple[str, ...]) -> None:
    for call in (project.inv, project.ahjo):
        named = ("dev.json",) if call == project.ahjo else ("--config", "dev.json")
        done = call("alembic", *named, "--", *words, **({"config": None} if call == project.inv else {}))
        assert done.code == 0, done.text
    made = [path.name for path in (project.directory / "alembic" / "versions").iterdir()]
    assert sum(name.endswith("_two_words.py") for name in made) == 2, made


BY_ITSELF = """from alembic import context
from sqlalchemy import create_engine

with create_engine({url}).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
OWN_URL = 'context.config.get_main_option("sqlalchemy.url")'
CHAIN = ("upgrade +1", "downgrade -1", "upgrade 5c0d", "upgrade head", "downgrade base", "stamp head", "stamp base")


def test_an_env_that_connects_to_the_url_of_the_config_arrives(project: RunningProject) -> None:
    project.write("alembic/env.py", BY_ITSELF.format(url=OWN_URL))
    for command in CHAIN:
        done = alembic(project, command)
        assert done.code == 0, done.text


@pytest.mark.parametrize("start", ["base", "head"])
def test_one_that_goes_elsewhere_fails_whatever_the_destination(project: RunningProject, start: str) -> None:
    if start == "head":
        assert alembic(project, "upgrade head").code == 0
    project.write("alembic/env.py", BY_ITSELF.format(url="'sqlite:///other.db'"))
    arrives = {"base": "downgrade stamp base", "head": "upgrade stamp head"}[start]
    for command in CHAIN:
        is_there = command.split()[0] in arrives and command.split()[1] in {start, "5c0d"}
        done = alembic(project, command)
        assert done.code == (0 if is_there else 1), (command, done.text)
        assert ("shop.db, the database of the config" in " ".join(done.err.split())) == (not is_there), done.text
