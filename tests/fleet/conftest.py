"""A project on SQLite in a real git repository, with a tag for every version."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from inside import Deployed, deployed
from projects import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from targets import Target

TASKS = '''
from ahjo_tasks import action, namespace


@action(affects_database=True, iterable=["names"])
def note(ctx, text="", batch=0, loud=False, names=None):
    """Write down how this was called, and by which version."""
    values = f"{VERSION} {text!r} {batch!r} {loud!r} {names!r}"
    ctx.database.connection.execute("INSERT INTO notes (text) VALUES ('" + values.replace("'", "''") + "')")


@action(affects_database=True)
def fail(ctx):
    """Fail."""
    ctx.database.connection.execute("SELECT * FROM nowhere")


VERSION = "{version}"
ns = namespace(note, fail)
'''


@dataclass(frozen=True)
class Versioned(Deployed):
    """A deployed project with tags."""

    def git(self, *arguments: str) -> str:
        result = subprocess.run(
            ["git", *arguments], cwd=self.directory, capture_output=True, text=True, encoding="utf-8", check=True
        )
        return result.stdout.strip()

    def release(self, tag: str, tasks: str = TASKS) -> None:
        """Commit a view that says the version, and actions that know it, and tag both."""
        self.write(
            "database/views/about.sql", f"DROP VIEW IF EXISTS about;\nCREATE VIEW about AS SELECT '{tag}' AS version;\n"
        )
        if tasks:
            self.write("tasks.py", tasks.replace("{version}", tag))
        self.commit(tag)
        self.git("tag", tag)

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def lists(self, versions: dict[str, Any]) -> None:
        """Commit an upgrade file."""
        self.write("upgrade_actions.jsonc", json.dumps(versions))
        self.commit("upgrade file")

    @property
    def version(self) -> str:
        return str(self.rows("SELECT [Commit] FROM git_version")[0][0])

    @property
    def notes(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT text FROM notes ORDER BY rowid")]

    @property
    def about(self) -> str:
        return str(self.rows("SELECT version FROM about")[0][0])


@pytest.fixture
def make(sqlite_target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Versioned]:
    """A project at `tags`, deployed at the first of them; its checkout is at the last."""
    kept = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PYTHONPATH": str(ROOT)}
    people = {f"GIT_{who}_{what}": "ann@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for name, value in (kept | people).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def created(*tags: str, **extra: object) -> Versioned:
        plain = deployed(sqlite_target, tmp_path / "shop", **extra)
        project = Versioned(plain.directory, plain.target, plain.backend)
        project.write(".gitignore", "*.db*\n*.log\n__pycache__/\n")
        project.git("init", "--quiet", "--initial-branch", "main")
        project.target.query("CREATE TABLE notes (text TEXT)", project.database)
        for tag in tags:
            project.release(tag)
            if tag == tags[0]:
                project.succeed("deploy")
        return project

    return created


@pytest.fixture
def shop(make: Callable[..., Versioned]) -> Versioned:
    """Tags v1, v2 and v3; the database is at v1."""
    return make("v1", "v2", "v3")
