"""What is wrong with the project's files is found before anything ran: exit code 2; after a step ran it is 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from projects import make_project

from ahjo_tasks import action, multiaction

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks import ActionContext

WRONG = {
    "cycle": {
        "database/views/a.sql": "-- depends: b\nCREATE VIEW a AS SELECT 1 AS x;",
        "database/views/b.sql": "-- depends: a\nCREATE VIEW b AS SELECT 1 AS x;",
    },
    "encoding": {"database/views/a.sql": b"CREATE VIEW a AS SELECT '\xe4' AS x;"},
    "quote": {"database/views/a.sql": "CREATE VIEW a AS SELECT 'x AS x;"},
    "kind": {"database/schemas/a.sql": "CREATE SCHEMA a;"},
    "depends": {"database/views/a.sql": "-- depends: nothing\nCREATE VIEW a AS SELECT 1 AS x;"},
    "transaction": {"database/views/a.sql": "-- transaction: perhaps\nCREATE VIEW a AS SELECT 1 AS x;"},
}


def lay_out(directory: Path, files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("files", WRONG.values(), ids=WRONG)
def test_what_is_found_before_anything_ran_ends_with_2(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    project = make_project(tmp_path, sqlite())
    lay_out(tmp_path, files)
    name = "structure" if "database/schemas/a.sql" in files else "deploy"
    assert inv(project, "init", "--config", "dev.json", yes=True).code == 0
    done = inv(project, name, "--config", "dev.json", yes=True)
    assert done.code == 2, done.text
    assert "exit=2" in done.out


def test_what_is_found_after_a_step_ran_ends_with_1(tmp_path: Path) -> None:
    project = make_project(tmp_path, sqlite())
    lay_out(tmp_path, WRONG["quote"])
    done = inv(project, "both", "--config", "dev.json", ns=(multiaction("both", "init", "deploy"),), yes=True)
    assert done.code == 1, done.text
    dry = inv(project, "both", "--config", "dev.json", "--dry", ns=(multiaction("both", "init", "deploy"),), yes=True)
    assert dry.code == 2, dry.text


def test_each_action_of_a_chain_counts_for_itself(tmp_path: Path) -> None:
    @action
    def fine(ctx: ActionContext) -> None:
        """Do what works."""
        ctx.console.result(1, 1, "x", "ok", seconds=0)

    project = make_project(tmp_path, sqlite())
    lay_out(tmp_path, WRONG["quote"])
    done = inv(project, "fine", "deploy", "--dry", "--config", "dev.json", ns=(fine,), yes=True)
    assert done.code == 2, done.text
