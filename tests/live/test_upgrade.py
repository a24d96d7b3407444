"""Upgrades on every database: what a server does to the sessions of a database that a version creates anew."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from inside import until
from projects import ROOT

if TYPE_CHECKING:
    from inside import Deployed

HELD = '''
import time
from pathlib import Path

from ahjo_tasks import action, namespace

HERE = Path({folder!r})


@action
def hold(ctx):
    """Say that this is running, and wait until nobody wants it to."""
    (HERE / "holding").touch()
    until = time.monotonic() + 20
    while not (HERE / "go on").exists() and time.monotonic() < until:
        time.sleep(0.05)


ns = namespace(hold)
'''


@pytest.fixture
def tagged(live: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A project with the tags v1 and v2, whose database holds v1; its action `hold` waits for a file `go on`."""
    people = {f"GIT_{who}_{what}": "ann@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for name, value in (people | {"GIT_CONFIG_GLOBAL": os.devnull, "PYTHONPATH": str(ROOT)}).items():
        monkeypatch.setenv(name, value)
    live.write(".gitignore", "*.db*\n*.log\n__pycache__/\nholding\ngo on\n")
    live.write("tasks.py", HELD.format(folder=str(live.directory)))
    git(live, "init", "--quiet", "--initial-branch", "main")
    commit(live, "v1")
    live.succeed("update-git-version")
    commit(live, "v2")
    return live


def git(project: Deployed, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project.directory, check=True, capture_output=True)


def commit(project: Deployed, tag: str = "") -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--allow-empty", "--message", tag or "more")
    if tag:
        git(project, "tag", tag)


def lists(project: Deployed, **versions: list[str]) -> None:
    project.write("upgrade_actions.jsonc", json.dumps(versions))
    commit(project)


def stamp(project: Deployed) -> str:
    quoted = {"postgresql": '"Commit"', "mysql": "`Commit`"}.get(project.target.name, "[Commit]")
    return str(project.rows(f"SELECT {quoted} FROM git_version")[0][0])


def test_a_version_may_create_the_database_anew(tagged: Deployed) -> None:
    lists(tagged, v2=["init", "deploy"])
    tagged.succeed("upgrade")
    assert stamp(tagged) == "v2"


def test_a_second_upgrade_stays_out_although_the_first_creates_the_database_anew(tagged: Deployed) -> None:
    lists(tagged, v2=["init", "deploy", "hold"])
    with tagged.started("upgrade") as first:
        until((tagged.directory / "holding").exists)
        second = tagged.fail("upgrade", code=4)
        assert "locked by" in second.err
        (tagged.directory / "go on").touch()
        said, _ = first.communicate()
    assert first.returncode == 0, said
    assert stamp(tagged) == "v2"
