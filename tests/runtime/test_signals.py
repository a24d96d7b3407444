"""A signal that ends `inv` before its first task, or between tasks, is one line and the exit code of a shell."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest
from cli_runner import sqlite
from projects import make_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: signals are not the same on Windows")
STOPS = pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")]
)
STARTING = """import signal
from ahjo_tasks import namespace

signal.raise_signal({number})
ns = namespace()
"""
IN_A_CALLBACK = """import signal, weakref
from ahjo_tasks import namespace

class Thing:
    pass

thing = Thing()
watched = weakref.ref(thing, lambda _gone: signal.raise_signal({number}))
del thing
ns = namespace()
"""
IN_A_TASK = """import signal
from invoke import task
from ahjo_tasks import namespace

@task
def plain(ctx):
    try:
        signal.raise_signal({number})
    finally:
        print("tidied")

ns = namespace(plain)
"""


@STOPS
@pytest.mark.parametrize("tasks", [STARTING, IN_A_CALLBACK], ids=["starting", "in a callback"])
def test_a_signal_before_the_first_task_is_one_line(
    tmp_path: Path, tasks: str, number: signal.Signals, code: int, word: str
) -> None:
    project = make_project(tmp_path, sqlite(), tasks=tasks.format(number=int(number)))
    done = project.run(sys.executable, "-m", "invoke", "init", "--config", "dev.json")
    assert (done.code, done.out, done.err) == (code, "", f"{word} before anything ran.\n")
    assert not list(tmp_path.glob("*.db"))


def test_ctrl_c_in_a_task_that_is_no_action_is_one_line(tmp_path: Path) -> None:
    project = make_project(tmp_path, sqlite(), tasks=IN_A_TASK.format(number=int(signal.SIGINT)))
    done = project.inv("plain")
    assert (done.code, done.out, done.err) == (130, "tidied\n", "Interrupted.\n")


def test_sigterm_in_a_task_that_is_no_action_is_pythons(tmp_path: Path) -> None:
    project = make_project(tmp_path, sqlite(), tasks=IN_A_TASK.format(number=int(signal.SIGTERM)))
    assert project.inv("plain").code == -signal.SIGTERM


def test_a_program_that_loads_the_package_keeps_its_handlers(tmp_path: Path) -> None:
    program = (
        "import signal; import ahjo_tasks.actions.deploy; print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
    )
    project = make_project(tmp_path, sqlite())
    assert project.run(sys.executable, "-c", program).out == "True\n"
