from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import inv, sqlite
from invoke.tasks import task
from projects import RunningProject, make_project

from ahjo_tasks import action, multiaction, namespace
from ahjo_tasks.actions.deploy import deploy as standard_deploy

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.runtime.context import ActionContext

CONFIG = ("--config", "dev.json")


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    made = make_project(tmp_path, sqlite())
    made.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS a;")
    return made


def said(name: str, **options: Any) -> Any:
    """An action that prints its name."""

    def body(ctx: ActionContext) -> None:
        """Say it."""
        ctx.console.print(f"<{name}>")

    return action(name=name, **options)(body)


def order(text: str) -> list[str]:
    return re.findall(r"<([\w-]+)>", text)


def test_complete_build_runs_the_steps_that_the_project_overrides(project: RunningProject) -> None:
    ns = (
        said("deploy"),
        said("testdata"),
    )
    done = inv(project, "complete-build", *CONFIG, ns=ns)
    assert done.code == 0, done.text
    assert order(done.out) == ["deploy", "testdata"]


def test_an_override_may_call_the_standard_action(project: RunningProject) -> None:
    @action(affects_database=True)
    def deploy(ctx: ActionContext) -> None:
        """Deploy, then say so."""
        standard_deploy(ctx, skip_git_update=True)
        ctx.console.print("<mine>")

    done = inv(project, "init", "deploy", *CONFIG, ns=(deploy,))
    assert done.code == 0, done.text
    assert "view database/views/v.sql" in done.out
    assert done.out.index("v.sql") < done.out.index("<mine>")
    assert "── deploy" not in done.out


def test_a_multiaction_finds_its_steps_when_it_runs(project: RunningProject) -> None:
    ns = namespace(multiaction("nightly", "one", "two"), said("one"), said("two"), directory=project.directory)
    ns.add_task(said("two-anew"), name="two")
    assert order(inv(project, "nightly", *CONFIG, ns=ns).out) == ["one", "two-anew"]


def test_a_multiaction_stops_at_the_first_failure_and_names_what_is_left(project: RunningProject) -> None:
    @action
    def broken(_ctx: ActionContext) -> None:
        """Fail."""
        raise RuntimeError("out of paper")

    ns = (
        multiaction("nightly", "one", "broken", "two"),
        said("one"),
        said("two"),
        broken,
    )
    done = inv(project, "nightly", *CONFIG, ns=ns)
    assert done.code == 1
    assert order(done.out) == ["one"]
    assert "Error: RuntimeError: out of paper" in done.err
    assert "Traceback" not in done.text
    assert "Not run: two\nnightly: OK=0 FAIL=0 SKIP=0 " in done.out


@task
def plain(_ctx: object) -> None:
    """Belong to Invoke alone."""
    print("<plain>")  # noqa: T201 - it has no console


def test_a_plain_task_of_invoke_can_be_a_step(project: RunningProject) -> None:
    ns = (
        multiaction("nightly", "plain", "one"),
        plain,
        said("one"),
    )
    assert order(inv(project, "nightly", *CONFIG, ns=ns).out) == ["plain", "one"]


def test_a_missing_step_is_found_before_anything_runs_and_leaves_the_list_whole(project: RunningProject) -> None:
    ns = (multiaction("nightly", "init", "depoly"),)
    done = inv(project, "nightly", *CONFIG, ns=ns)
    assert (done.code, "Did you mean deploy?" in done.err) == (2, True)
    assert not (project.directory / "shop.db").exists()
    assert inv(project, "--list", ns=ns).code == 0


def test_a_multiaction_that_is_its_own_step_is_refused(project: RunningProject) -> None:
    ns = (
        multiaction("one", "two"),
        multiaction("two", "one"),
    )
    done = inv(project, "one", *CONFIG, ns=ns)
    assert (done.code, "has itself as a step" in done.err) == (2, True)


# -- flags -------------------------------------------------------------------------------------------------------------


@action
def left(ctx: ActionContext, tag: str = "left", level: int = 1, loud: bool = False) -> None:
    """Show the flags."""
    ctx.console.print(f"left {tag} {level} {loud}")


@action
def right(ctx: ActionContext, text: str = "right", level: int = 2, tag: str = "own") -> None:
    """Show the flags."""
    ctx.console.print(f"right {text} {level} {tag}")


@action
def needy(ctx: ActionContext, name: str) -> None:
    """Need a name."""
    ctx.console.print(f"needy {name}")


def both() -> tuple[Any, ...]:
    return left, right, needy, multiaction("both", "left", "right"), multiaction("all", "both", "needy")


def test_each_step_keeps_its_own_defaults(project: RunningProject) -> None:
    out = inv(project, "both", *CONFIG, ns=both()).out
    assert "left left 1 False" in out
    assert "right right 2 own" in out


def test_a_flag_of_a_multiaction_reaches_every_step_that_knows_it(project: RunningProject) -> None:
    out = inv(project, "both", "--level", "7", "--loud", "--tag=x", *CONFIG, ns=both()).out
    assert "left x 7 True" in out
    assert "right right 7 x" in out


def test_steps_whose_short_flags_clash_do_not_break_the_list(project: RunningProject) -> None:
    done = inv(project, "both", "-t", "mine", *CONFIG, ns=both())
    assert "left mine 1 False" in done.out, done.text


def test_a_step_without_a_value_that_it_needs_is_found_before_anything_runs(project: RunningProject) -> None:
    done = inv(project, "all", *CONFIG, ns=both())
    assert (done.code, "left" in done.out) == (2, False)
    assert "all needs --name, for needy." in done.err
    assert "needy Anna" in inv(project, "all", "--name", "Anna", *CONFIG, ns=both()).out


@pytest.mark.parametrize("flags", [("needy", "--dry"), ("left", "--tag", "--dry"), ("left", "--tag", "-R")])
def test_a_dry_flag_swallowed_as_a_value_stops_the_action(project: RunningProject, flags: tuple[str, ...]) -> None:
    done = inv(project, *flags, *CONFIG, ns=both())
    assert done.code == 2
    assert f"got {flags[-1]} as its value" in done.err
    assert not re.search("^(needy|left) ", done.out, re.MULTILINE)


@pytest.mark.parametrize("value", ["-5", "--fast", "- - -"])
def test_other_values_with_a_dash_are_values(project: RunningProject, value: str) -> None:
    assert f"left {value} 1" in inv(project, "left", "--tag", value, *CONFIG, ns=both()).out


def test_no_short_flag_of_an_action_hides_one_of_invoke(project: RunningProject) -> None:
    @action
    def show(ctx: ActionContext, file: str = "", dialect: str = "", redo: bool = False) -> None:
        """Show."""
        ctx.console.print(f"show {file!r} {ctx.settings.target_database_name}")

    done = inv(project, "show", "-f", "dev.json", ns=(show,))
    assert "show '' shop.db" in done.out, done.text


def test_an_action_of_a_project_may_have_the_flags_of_the_confirmation_itself(project: RunningProject) -> None:
    @action(affects_database=True)
    def load(ctx: ActionContext, non_interactive: bool = False) -> None:
        """Load."""
        ctx.console.print(f"load {non_interactive}")

    done = inv(project, "load", "--non-interactive", *CONFIG, ns=(load,), yes=False)
    assert "load True" in done.out, done.text


def test_help_explains_the_flags_however_often_it_is_asked(project: RunningProject) -> None:
    ns = namespace(directory=project.directory)  # as `ahjo` has it; `inv` copies every action
    for _ in range(2):
        out = inv(project, "--help", "deploy", ns=ns).out
        assert "Leave migrations out." in out
        assert "Do not ask for confirmation." in out
        assert "Name of the protected database" in out


# -- exit codes --------------------------------------------------------------------------------------------------------


SHELL = """
from ahjo_tasks import action, namespace

@action
def shell(ctx):
    \"\"\"Run a command that fails.\"\"\"
    ctx.run("exit 7")

ns = namespace(shell)
"""


@pytest.mark.parametrize("code", [2, 3, 4, 5, 7])
def test_a_command_that_fails_ends_with_1_because_our_codes_have_causes_of_their_own(
    project: RunningProject, code: int
) -> None:
    project.write("tasks.py", SHELL.replace("exit 7", f"exit {code}"))
    done = project.inv("shell", "config")
    assert done.code == 1
    assert "exit=1" in done.out
    assert f"ended with exit code {code}" in done.err
    assert "allowed_actions" not in done.out


COMMANDS = {
    "shown": ("echo seen >&2; exit 7", {}, 1, "Error: The command ended with exit code 7: echo seen >&2; exit 7\n"),
    "hidden": ("echo said >&2; exit 7", {"hide": True}, 1, "exit 7\n  said\n"),
    "hidden output": ("seq 30; exit 7", {"hide": True}, 1, "exit 7\n  11\n  12\n"),
    "signal": ("kill -9 $$", {}, 137, "Error: The command was ended by signal 9: kill -9 $$\n"),
    "signal, by a shell": ("sh -c 'kill -9 $$'; exit $?", {}, 137, "ended with exit code 137"),
    "time": ("sleep 9", {"timeout": 1}, 1, "Error: The command did not end within 1 s: sleep 9\n"),
    "lines": ("\nexit 2\n# and more", {}, 1, "exit code 2: exit 2 ...\n"),
}


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX")
@pytest.mark.parametrize(("command", "options", "code", "said"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_fails_is_named_with_what_it_said(
    project: RunningProject, command: str, options: dict[str, Any], code: int, said: str
) -> None:
    run = f"ctx.run({command!r}, **{options!r})"
    project.write("tasks.py", SHELL.replace('ctx.run("exit 7")', run))
    done = project.inv("shell")
    assert done.code == code
    assert said in done.err
    assert f"exit={code}" in done.out


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_each_kind_of_failure_has_its_code(project: RunningProject, code: int) -> None:
    from ahjo_tasks import errors

    kinds = {
        1: errors.AhjoError,
        2: errors.UsageError,
        3: errors.NotPermittedError,
        4: errors.LockedError,
        5: errors.DifferenceError,
    }

    @action
    def fail(_ctx: ActionContext) -> None:
        """Fail."""
        raise kinds[code]("so it is", hint="do this")

    done = inv(project, "fail", *CONFIG, ns=(fail,))
    assert done.code == code
    assert done.err == "Error: so it is\n  hint: do this\n"
    assert done.out.endswith(f"exit={code}\n")


def test_ctrl_c_ends_with_130(project: RunningProject) -> None:
    @action
    def wait(_ctx: ActionContext) -> None:
        """Be interrupted."""
        raise KeyboardInterrupt

    done = inv(project, "wait", *CONFIG, ns=(wait,))
    assert done.code == 130
    assert "Interrupted" in done.err


def test_an_action_without_any_config_still_runs(tmp_path: Path) -> None:
    assert order(inv(make_project(tmp_path), "one", ns=(said("one"),)).out) == ["one"]
