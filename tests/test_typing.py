"""A project's tasks.py is checked by mypy --strict, and a decorated function keeps its types."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from projects import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TASKS = '''"""Actions of a project."""

from ahjo_tasks import ActionContext, action, library, multiaction, namespace
from ahjo_tasks.actions.deploy import deploy as standard_deploy


@action
def count(ctx: ActionContext, table: str, limit: int = 5) -> int:
    """Count the rows of a table."""
    rows = library.query(ctx, f"SELECT * FROM {table}")
    ctx.console.print(f"{ctx.backend.my_key} {ctx.settings.target_database_name}")
    return min(len(rows), limit)


@action(affects_database=True, help={"loud": "Print more."})
def deploy(ctx: ActionContext, loud: bool = False) -> None:
    """Deploy, then count."""
    standard_deploy(ctx, skip_git_update=True)
    rows = count(ctx, "item", limit=3)
    ctx.console.print(f"{(rows or 0) + 1} {loud}")


nightly = multiaction("nightly", "deploy", "count")
ns = namespace(count, deploy, nightly, config="dev.jsonc")
'''
WRONG = """

def wrong(ctx: ActionContext) -> None:
    count(ctx, 5)
    deploy(ctx, quiet=True)
    standard_deploy(ctx, skip_git_update="yes")
    text: str = count(ctx, "item")
    reveal_type(count(ctx, "item"))
"""


def check(folder: Path, text: str) -> tuple[int, list[str]]:
    """The exit code and the messages of mypy."""
    (folder / "tasks.py").write_text(text, encoding="utf-8")
    (folder / "mypy.ini").write_text(f"[mypy]\nmypy_path = {ROOT}\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "tasks.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "ahjo_tasks" / "py.typed").is_file()


def test_a_projects_tasks_pass_mypy_strict_and_mistakes_in_calls_do_not(tmp_path: Path) -> None:
    assert check(tmp_path, TASKS) == (0, [])
    code, lines = check(tmp_path, TASKS + WRONG)
    assert code == 1
    expected = ("[arg-type]", "[call-arg]", "[arg-type]", "[assignment]", 'Revealed type is "int | None"')
    messages = [line.replace("builtins.", "") for line in lines if ": error: " in line or "Revealed" in line]
    assert len(messages) == len(expected), lines
    assert all(word in line for word, line in zip(expected, messages, strict=True)), lines
