"""A forked command is as one that was started."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from projects import STARTED, RunningProject, make_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: elsewhere commands are started")
TASKS = """
import os, signal, sys
from pathlib import Path
from invoke import task
from ahjo_tasks import namespace

@task
def show(ctx):
    print(Path.cwd(), os.environ.get("SHOWN"), os.environ.get("OTHER"), sys.path[0], sys.argv[1:], sys.stdin.read())
    print("Gr\\u00fc\\u00dfe", file=sys.stderr)

@task
def die(ctx):
    os.kill(os.getpid(), signal.SIGKILL)

@task
def chatter(ctx):
    print("x" * 1_000_000)

ns = namespace(show, die, chatter)
"""


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    return make_project(tmp_path, {"allowed_actions": "ALL", "sql_dialect": "sqlite"}, tasks=TASKS)


@pytest.mark.parametrize("command", [("inv", "show"), ("inv", "nothing"), ("ahjo", "--version"), ("ahjo", "nothing")])
def test_it_has_the_code_and_the_output_of_one_that_was_started(
    project: RunningProject, command: tuple[str, ...]
) -> None:
    program, *arguments = command
    forked = (
        project.inv(*arguments, config=None, SHOWN="1") if program == "inv" else project.ahjo(*arguments, SHOWN="1")
    )
    started = project.run(*STARTED[program], *arguments, SHOWN="1")
    assert forked == started


def test_one_leaves_nothing_to_the_next(project: RunningProject) -> None:
    assert " 1 None " in project.inv("show", config=None, SHOWN="1").out
    assert " None 2 " in project.inv("show", config=None, OTHER="2").out


def test_the_signal_that_ended_it_is_told(project: RunningProject) -> None:
    assert project.inv("die", config=None).code == -9


def test_all_that_it_prints_arrives(project: RunningProject) -> None:
    assert project.inv("chatter", config=None).out == "x" * 1_000_000 + "\n"
