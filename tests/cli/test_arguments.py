from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import quietly, sqlite
from projects import Outcome, RunningProject, make_project

from ahjo_tasks import cli
from ahjo_tasks.errors import TerminatedError
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACTIONS = '''
from ahjo_tasks import action

@action(iterable=["numbers"])
def show(ctx, name="nobody", numbers=None, level=0, loud=False, quiet=True, output=""):
    """Show the flags."""
    ctx.console.print(f"<{name} {numbers} {level} {loud} {quiet} {output}>")
'''
OVERRIDE = '''
from ahjo_tasks import action

@action(affects_database=True)
def deploy(ctx):
    """Deploy my way."""
    ctx.console.print("<{name}>")
'''


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:
    """What an action file brought in leaves with its test."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if not name.startswith(("ahjo_tasks", "sqlalchemy", "alembic", "msgspec", "invoke")):
            del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    made = RunningProject(tmp_path)
    made.configure(sqlite())
    made.write("ahjo_actions.py", ACTIONS)
    for name in "ab":
        made.write(f"database/views/{name}.sql", f"CREATE VIEW {name} AS SELECT 1 AS x;")
    return made


def ahjo(project: RunningProject, *arguments: str, **options: Any) -> Outcome:
    """`ahjo ARGUMENTS` in this process, where nobody can be asked."""
    return quietly(lambda: cli.ahjo(list(arguments)), project.directory, **options)


def shown(done: Outcome) -> str:
    return next((line for line in done.out.splitlines() if line.startswith("<")), done.text)


# -- the forms of a call -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "dev.json", "-ni"),
        ("init", "-ni", "dev.json"),
        ("-ni", "init", "dev.json"),
        ("init", "dev.json", "--non-interactive"),
        ("init", "dev.json", "--non_interactive"),
        ("init", "-ni", "--config", "dev.json"),
        ("init", "-ni", "--config=dev.json"),
    ],
)
def test_options_stand_before_or_after_the_config(project: RunningProject, arguments: tuple[str, ...]) -> None:
    done = ahjo(project, *arguments)
    assert done.code == 0, done.text
    assert (project.directory / "shop.db").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ("--files", "database/views/a.sql", "database/views/b.sql", "-ni"),
        ("-ni", "--files", "database/views/a.sql", "--files", "database/views/b.sql"),
        ("--files=database/views", "-ni"),
        ("-ni", "-sa", "-sg", "--files", "database/views/a.sql", "database/views/b.sql"),
    ],
)
@pytest.mark.parametrize("name", ["deploy", "deploy-files", "deploy_files"])
def test_the_predecessors_files_are_understood(project: RunningProject, flags: tuple[str, ...], name: str) -> None:
    ahjo(project, "init", "dev.json", "-ni")
    done = ahjo(project, name, "dev.json", *flags)
    assert done.code == 0, done.text
    assert "Plan: 2 views" in done.out
    if "-sg" in flags:
        assert "git" not in done.out


def test_files_before_the_config_do_not_swallow_it(project: RunningProject) -> None:
    ahjo(project, "init", "dev.json", "-ni")
    done = ahjo(project, "deploy-files", "-ni", "--files", "database/views/a.sql", "dev.json")
    assert "Plan: 1 view\n" in done.out, done.text


@pytest.mark.parametrize("flag", ["--object_type", "--object-type"])
def test_the_object_type_may_have_an_underscore(project: RunningProject, flag: str) -> None:
    ahjo(project, "init", "dev.json", "-ni")
    ahjo(project, "deploy", "dev.json", "-ni")
    done = ahjo(project, "drop-files", "dev.json", "-ni", flag, "view", "--files", "database/views/a.sql")
    assert "1/1 drop view a" in done.out, done.text


@pytest.mark.parametrize(
    ("flags", "seen"),
    [
        (("--name", "Anna"), "<Anna [] 0 False True >"),
        (("--name=Anna Berg",), "<Anna Berg [] 0 False True >"),
        (("--name=a=b",), "<a=b [] 0 False True >"),
        (("-n", "Anna"), "<Anna [] 0 False True >"),
        (("--level", "-5"), "<nobody [] -5 False True >"),
        (("--level=-5",), "<nobody [] -5 False True >"),
        (("--numbers", "1", "-2", "3.5"), "<nobody ['1', '-2', '3.5'] 0 False True >"),
        (("--loud", "--no-quiet"), "<nobody [] 0 True False >"),
        (("--output", "rows.json"), "<nobody [] 0 False True rows.json>"),
    ],
)
def test_the_flags_of_a_projects_own_action(project: RunningProject, flags: tuple[str, ...], seen: str) -> None:
    assert shown(ahjo(project, "show", "dev.json", *flags)) == seen
    assert shown(ahjo(project, "show", *flags, "dev.json")) == seen


@pytest.mark.parametrize("flag", ["-ni", "--non-interactive", "-sm", "-sg", "-sa", "--skip-git-update"])
def test_what_the_predecessor_took_with_every_action_does_not_hurt(project: RunningProject, flag: str) -> None:
    for words in ((flag, "dev.json"), ("dev.json", flag)):
        assert shown(ahjo(project, "show", *words)).startswith("<nobody")
        assert ahjo(project, "version", *words).code == 1, "there is no database, and no complaint of the flag"


def test_a_dry_run_changes_nothing(project: RunningProject) -> None:
    for arguments in (("--dry", "init", "dev.json"), ("init", "dev.json", "--dry"), ("init", "--dry", "dev.json")):
        done = ahjo(project, *arguments)
        assert (done.code, "Plan: create" in done.out) == (0, True), done.text
    assert not (project.directory / "shop.db").exists()


def test_the_environment_may_name_the_config(project: RunningProject) -> None:
    assert shown(ahjo(project, "show", AHJO_CONFIG_PATH="dev.json")) == "<nobody [] 0 False True >"


# -- calls that make no sense ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("depoly", "dev.json"), "Did you mean deploy?"),
        (("deploy", "dev.json", "--skip-git"), "Did you mean --skip-git-update?"),
        (("show", "dev.json", "--nmae", "x"), "Did you mean --name?"),
        (("deploy", "dev.json", "more"), "Unexpected argument 'more'"),
        (("show", "dev.json", "--name"), "--name needs a value"),
        (("show", "dev.json", "--name", "--dry"), "--name needs a value"),
        (("show", "dev.json", "-d", "nosuch"), "--project-dir needs"),
        (("show", "nosuch.json"), "nosuch.json: no such file"),
        (("-ni",), "No action is given"),
        (("deploy", "-c", "dev.json"), "Did you mean --config?"),
        (("-c", "dev.json", "deploy"), "The action comes first: ahjo ACTION dev.json"),
        (("--help", "nosuch"), "There is no action 'nosuch'"),
    ],
)
def test_a_mistake_ends_with_2_and_a_word_of_help(
    project: RunningProject, arguments: tuple[str, ...], words: str
) -> None:
    done = ahjo(project, *arguments)
    assert (done.code, words in done.err) == (2, True), done.text


# -- list, help, version -----------------------------------------------------------------------------------------------


def test_version_and_usage_need_no_project(tmp_path: Path) -> None:
    empty = RunningProject(tmp_path)
    for flag in ("--version", "-v"):
        assert ahjo(empty, flag).out == f"ahjo {__version__}\n"
    assert "ahjo deploy dev.jsonc -ni" in ahjo(empty).out
    assert "ahjo deploy dev.jsonc -ni" in ahjo(empty, "--help").out


def test_list_shows_the_projects_actions_too_with_or_without_a_config(project: RunningProject) -> None:
    for arguments in (("list",), ("list", "dev.json")):
        out = ahjo(project, *arguments).out
        assert "  show " in out
        assert "  complete-build " in out


def test_list_and_deploy_work_where_there_is_no_tasks_py(tmp_path: Path) -> None:
    assert "  deploy " in ahjo(RunningProject(tmp_path), "list").out


def test_help_is_that_of_an_ahjo_call(project: RunningProject) -> None:
    for arguments in (("--help", "deploy"), ("deploy", "--help"), ("deploy", "dev.json", "-h")):
        out = ahjo(project, *arguments).out
        assert out.startswith("Usage: ahjo deploy [CONFIG] [--options]\n")
        assert "Leave migrations out." in out


# -- where actions come from -------------------------------------------------------------------------------------------


def test_a_project_with_tasks_py_uses_it_and_no_ahjo_actions(project: RunningProject) -> None:
    project.write(
        "tasks.py", OVERRIDE.replace("{name}", "tasks") + "\nfrom ahjo_tasks import namespace\nns = namespace(deploy)\n"
    )
    assert shown(ahjo(project, "deploy", "dev.json", "-ni")) == "<tasks>"
    assert "  show " not in ahjo(project, "list").out


def test_action_files_are_added_in_order_and_the_last_one_wins(project: RunningProject) -> None:
    for name in ("one", "two"):
        project.write(f"more/{name}.py", OVERRIDE.replace("{name}", name))
    files = [{"source_file": "ahjo_actions.py"}, {"source_file": "./more/two.py"}, {"source_file": "more/one.py"}]
    project.configure(sqlite(ahjo_action_files=files))
    assert shown(ahjo(project, "deploy", "dev.json", "-ni")) == "<one>"
    assert shown(ahjo(project, "show", "dev.json")).startswith("<nobody")
    assert "<one>" in ahjo(project, "complete-build", "dev.json", "-ni").out


def test_a_missing_action_file_is_an_error(project: RunningProject) -> None:
    project.configure(sqlite(ahjo_action_files=[{"source_file": "nosuch.py"}]))
    done = ahjo(project, "show", "dev.json")
    assert (done.code, "nosuch.py does not exist" in done.err) == (2, True)


def test_an_action_file_of_the_predecessor_says_what_to_change(project: RunningProject) -> None:
    project.write("ahjo_actions.py", "from ahjo.action import action\n")
    done = ahjo(project, "deploy", "dev.json")
    assert (done.code, "from ahjo_tasks" in done.err) == (2, True)


def test_a_config_that_is_not_complete_does_not_stop_init_config(project: RunningProject) -> None:
    project.write("dev.json", '{"LOCAL": "me.json", "BACKEND": {"allowed_actions": "ALL", "password": "$"}}')
    assert ahjo(project, "init-config", "dev.json").code == 0
    assert ahjo(project, "show", "dev.json").code == 2


def test_the_project_is_found_above_its_config_or_named(project: RunningProject, tmp_path_factory: Any) -> None:
    project.configure(sqlite(), "conf/dev.json")
    assert shown(ahjo(project, "show", "conf/dev.json")).startswith("<nobody")
    elsewhere = RunningProject(tmp_path_factory.mktemp("elsewhere"))
    config = str(project.directory / "conf" / "dev.json")
    assert shown(ahjo(elsewhere, "show", config)).startswith("<nobody")
    apart = elsewhere.configure(sqlite(), "apart.json")
    assert shown(ahjo(elsewhere, "show", str(apart), "-d", str(project.directory))).startswith("<nobody")


def test_the_command_is_a_process_with_an_exit_code(tmp_path: Path) -> None:
    made = make_project(tmp_path, sqlite())
    refused = made.ahjo("init", "dev.json", yes=False)
    assert (refused.code, "--non-interactive" in refused.err) == (3, True)
    assert made.ahjo("init", "dev.json", "-ni", yes=False).code == 0


@pytest.mark.parametrize(
    ("stop", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "Interrupted before anything ran.\n"),
        (TerminatedError(), 143, "Terminated before anything ran.\n"),
    ],
)
@pytest.mark.parametrize("where", ["ahjo_tasks.cli._run", "invoke.program.Program.parse_core"])
def test_a_signal_while_the_program_starts_is_one_line(  # noqa: PLR0913, PLR0917 - the values, and fixtures
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    where: str,
    stop: KeyboardInterrupt,
    code: int,
    message: str,
) -> None:
    def stopped(*_arguments: object) -> None:
        raise stop

    monkeypatch.setattr(where, stopped)
    with pytest.raises(SystemExit) as ended:
        cli.ahjo(["list"])
    assert ended.value.code == code
    assert capsys.readouterr().err == message
